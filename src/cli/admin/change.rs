//! Shows what a command would change, and lets the user decide.

use std::{fmt::Write as _, sync::Arc};

use maskinporten::{admin::AdminRequest, json};
use serde_json::Value;

use crate::cli::{
    args::{ChangeArguments, ListFormat},
    dialogue, prompt,
    report::{self, Exit, Failure, Report},
    signals,
};

/// What a command would change.
pub(super) struct Plan {
    /// The difference, a line for each part of it; nothing would change if it is empty.
    pub(super) difference: Vec<String>,
    /// What would be sent.
    pub(super) requests: Vec<AdminRequest>,
}

impl Plan {
    /// Does what [`Plan::confirm`] does where Ctrl-C is handled meanwhile; returns the plan if it is to be carried out.
    pub(super) async fn confirmed(
        self,
        arguments: ChangeArguments,
        format: ListFormat,
        report: &Arc<Report>,
    ) -> Result<Option<Self>, Failure> {
        let report = Arc::clone(report);
        signals::blocking(move || Ok(self.confirm(arguments, format, &report)?.then_some(self))).await
    }

    /// Shows the difference, and returns whether it is to be made: with `--yes`, or when the user on the terminal agrees.
    ///
    /// With `--dry-run` the difference is the output, as JSON the requests.
    pub(super) fn confirm(
        &self,
        arguments: ChangeArguments,
        format: ListFormat,
        report: &Report,
    ) -> Result<bool, Failure> {
        if arguments.dry_run {
            report::print(self.shown(format).as_bytes())?;
            return Ok(false);
        }
        if self.difference.is_empty() {
            report.note("nothing to change");
            return Ok(false);
        }
        if !report.is_quiet() {
            report::eprint(&self.text());
        }
        if arguments.yes {
            return Ok(true);
        }
        if !prompt::has_terminal() {
            let message = "nothing was changed, because there is no terminal to ask on".to_owned();
            let hint = "pass --yes to make the change, or --dry-run to see it";
            return Err(Failure::plain(Exit::Usage, "not_confirmed", message, Some(hint.to_owned())));
        }
        if dialogue::decide("Make this change?", report)? {
            return Ok(true);
        }
        Err(Failure::plain(Exit::Other, "declined", "nothing was changed".to_owned(), None))
    }

    fn shown(&self, format: ListFormat) -> String {
        if format == ListFormat::Json {
            let requests: Value = self.requests.iter().map(AdminRequest::to_json).collect();
            return json::indented(&requests) + "\n";
        }
        self.text()
    }

    fn text(&self) -> String {
        self.difference.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    }
}
