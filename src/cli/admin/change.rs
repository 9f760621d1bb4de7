//! Shows what a command would change, and lets the user decide.

use std::{fmt::Write as _, sync::Arc};

use maskinporten::admin::AdminRequest;

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
    /// Shows the difference, and returns the plan if it is to be carried out: with `--yes`, or when the user on the
    /// terminal agrees.
    ///
    /// With `--dry-run` the difference is the output, as JSON the requests.
    pub(super) async fn confirmed(
        self,
        arguments: ChangeArguments,
        format: ListFormat,
        report: &Arc<Report>,
    ) -> Result<Option<Self>, Failure> {
        if arguments.dry_run {
            match format {
                ListFormat::Json => report::print_json(&self.requests.iter().map(AdminRequest::to_json).collect())?,
                ListFormat::Table | ListFormat::Csv => report::print(self.text().as_bytes())?,
            }
            return Ok(None);
        }
        if self.difference.is_empty() {
            report.note("nothing to change");
            return Ok(None);
        }
        if !report.is_quiet() {
            report::eprint(&self.text());
        }
        if arguments.yes {
            return Ok(Some(self));
        }
        if !prompt::has_terminal() {
            let message = "nothing was changed, because there is no terminal to ask on".to_owned();
            let hint = "pass --yes to make the change, or --dry-run to see it";
            return Err(Failure::plain(Exit::Usage, "not_confirmed", message, Some(hint.to_owned())));
        }
        let asking = Arc::clone(report);
        if signals::blocking(move || dialogue::decide("Make this change?", &asking)).await? {
            return Ok(Some(self));
        }
        Err(Failure::plain(Exit::Other, "declined", "nothing was changed".to_owned(), None))
    }

    fn text(&self) -> String {
        self.difference.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    }
}
