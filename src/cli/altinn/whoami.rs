//! `maskinporten altinn whoami`: whom an Altinn token is for.

use std::path::PathBuf;

use chrono::{DateTime, Local, Utc};
use maskinporten::{
    clock::{Clock as _, SystemClock},
    inspect::{AltinnIdentity, Inspection, Jwt},
    printer::{IdentityForm, print_identity},
};

use super::refresh;
use crate::cli::{
    args::{ReportFormat, WhoamiArguments},
    inspect,
    report::{self, Exit, Failure, Report},
    settings::{self, NetworkSettings, SettingSources},
};

pub(super) async fn run(arguments: WhoamiArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let mut sources = SettingSources::load(arguments.settings, config, report)?;
    sources.refuse_empty_options()?;
    settings::add_environment(&mut sources, report)?;
    let known = inspect::keys::known(&sources)?;
    let mut jwt = inspect::read_token(&arguments.token, report).await?;
    let mut confirmed_by = None;
    if arguments.ask {
        let client = refresh::issuer_of(&jwt, &sources, &NetworkSettings::parse(&sources)?)?;
        let answered = refresh::refreshed(&jwt, &client, report).await?;
        jwt = Jwt::parse(answered.expose().as_bytes()).map_err(|error| {
            Failure::new(Exit::Unreachable, &error).about("the platform's own token cannot be read")
        })?;
        confirmed_by = Some(client.platform().to_string());
    }
    let now = SystemClock.now();
    let inspection = Inspection::new(&jwt, &known, now, arguments.show_pid);
    let kind = inspection.kind;
    let identity = AltinnIdentity::find(inspection).ok_or_else(|| {
        let hint = "pass a token of Altinn's exchange; maskinporten inspect shows any token".to_owned();
        Failure::plain(Exit::Other, "not_altinn", format!("the token is not one of Altinn's: {kind}"), Some(hint))
    })?;
    let identity = AltinnIdentity { confirmed_by, ..identity };
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
