//! `maskinporten altinn whoami`: whom an Altinn token is for.

use chrono::{DateTime, Local, Utc};
use maskinporten_token_generator::{
    clock::{Clock as _, SystemClock},
    inspect::{AltinnIdentity, Inspection},
    printer::{IdentityForm, print_identity},
};

use crate::cli::{
    args::{ReportFormat, WhoamiArguments},
    inspect,
    report::{self, Exit, Failure, Report},
};

pub(super) async fn run(arguments: &WhoamiArguments, report: &Report) -> Result<(), Failure> {
    let jwt = inspect::read_token(&arguments.token, report).await?;
    let now = SystemClock.now();
    let inspection = Inspection::new(&jwt, None, now, arguments.show_pid);
    let kind = inspection.kind;
    let identity = AltinnIdentity::find(inspection).ok_or_else(|| {
        let hint = "pass a token of Altinn's exchange; maskinporten inspect shows any token".to_owned();
        Failure::plain(Exit::Other, "not_altinn", format!("the token is not one of Altinn's: {kind}"), Some(hint))
    })?;
    for warning in &identity.warnings {
        report.warning(&warning.message);
    }
    let form = if arguments.format == ReportFormat::Json {
        IdentityForm::Json
    } else {
        let local = |at: DateTime<Utc>| at.with_timezone(&Local).fixed_offset();
        IdentityForm::Text { now, language: report.language(), local }
    };
    let mut artefact = Vec::new();
    print_identity(form, &identity, &mut artefact).map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}
