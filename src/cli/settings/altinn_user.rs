//! The user that logs in at Altinn 2, and where.

use maskinporten::{altinn::HAL_JSON, http::Endpoint, printer::Header};

use super::{Secret, Setting, SettingSources, altinn};
use crate::cli::report::{Exit, Failure, Report};

/// A user of Altinn 2, whose password is not read yet.
#[derive(Debug)]
pub(crate) struct AltinnUserSettings {
    pub(crate) name: Setting<String>,
    pub(crate) password: Secret,
}

impl AltinnUserSettings {
    /// Finds the user.
    pub(crate) fn parse(sources: &SettingSources) -> Result<Self, Failure> {
        let name = sources.find("altinn-user");
        let name = name.ok_or_else(|| sources.missing(&["altinn-user"], "user name", "pass --user NAME"))?;
        let password = Secret::of_altinn_user(sources, &name.origin)?;
        Ok(Self { name: name.setting(name.text().to_owned()), password })
    }
}

/// Returns the address below which Altinn 2's API is: that of a setting, or of the simulator.
///
/// Altinn's own is gone, so no password is sent there.
pub(crate) fn altinn2_portal(sources: &mut SettingSources, report: &Report) -> Result<Endpoint, Failure> {
    super::add_environment(sources, report)?;
    let Some(found) = sources.find("altinn-url") else { return Err(switched_off()) };
    found.origin.refuse_project_file()?;
    Ok(found.parse(Endpoint::parse)?.value)
}

/// Returns the headers that every request to Altinn 2 has: its media type, and the keys that the settings have.
pub(crate) fn altinn2_headers(sources: &SettingSources) -> Result<Vec<Header>, Failure> {
    let accept = Header::new("Accept", HAL_JSON).ok();
    Ok(accept.into_iter().chain(altinn::keys(sources)?).collect())
}

fn switched_off() -> Failure {
    let message = "Altinn's own login with user name and password was switched off on 2026-06-19, with Altinn 2";
    let hint = "for an installation that still has it, pass --altinn-url URL; Altinn's own APIs take a token instead: \
                maskinporten headers --altinn";
    Failure::plain(Exit::Configuration, "altinn2", message.to_owned(), Some(hint.to_owned()))
}
