//! The settings of a kept login of a person, whose token takes the place of Maskinporten's.

use maskinporten::{
    altinn::AltinnExchange,
    environment::{Environment, IdentityProvider},
    grant::ClientAuthentication,
    grant::Grant,
    sessions::SessionInfo,
};

use super::{
    CacheSettings, KeySettings, NetworkSettings, SettingSources, grant,
    login::{environment, exchange, refuse_grant_options},
    origin::Layer,
    server,
};
use crate::cli::report::{Exit, Failure, Report};

const PERSON: &str = "person";

/// Settings that only a new login changes, besides the scopes.
const OF_LOGIN: [&str; 2] = ["resource", "authorization-details"];

/// The name of a login without a profile and an environment.
const NAMELESS: &str = "default";

/// The settings of a kept login.
pub(crate) struct PersonSettings {
    pub(crate) environment: Option<Environment>,
    pub(crate) network: NetworkSettings,
    pub(crate) cache: CacheSettings,
    /// The exchange of its tokens at Altinn, if there is one.
    pub(crate) altinn: Option<AltinnExchange>,
    /// The client that renews it. A token that is still valid needs none.
    pub(crate) client: Result<SessionClient, Failure>,
}

/// The client that renews a login.
#[derive(Debug, Clone)]
pub(crate) struct SessionClient {
    pub(crate) grant: Grant,
    /// Its key, if it authenticates itself with one.
    pub(crate) key: Option<KeySettings>,
}

/// Whether the tokens are those of a kept login.
pub(crate) fn is_person(sources: &SettingSources) -> bool {
    server::is_on(sources, PERSON)
}

/// Returns the name under which a login is kept: that of the profile, or else of the environment.
pub(crate) fn session_name(sources: &SettingSources) -> String {
    let environment = || sources.find("env").and_then(|found| Environment::parse(found.text()));
    let profile = sources.profile.clone();
    profile.or_else(|| environment().map(|own| own.name().to_owned())).unwrap_or_else(|| NAMELESS.to_owned())
}

/// Refuses a kept login where a grant is needed.
pub(super) fn refuse(sources: &SettingSources) -> Result<(), Failure> {
    let Some(found) = sources.find(PERSON).filter(|_| is_person(sources)) else { return Ok(()) };
    let message = format!("{} has no effect here: the token of a person needs no grant", found.origin.label);
    Err(found.failure("person", message, "use it with token, headers, exec, curl, serve or agent, or leave it out"))
}

impl PersonSettings {
    /// Parses the settings with which a kept login is used.
    pub(crate) fn parse(sources: &mut SettingSources, info: &SessionInfo, report: &Report) -> Result<Self, Failure> {
        sources.refuse_empty_options()?;
        refuse_grant_options(sources)?;
        check_scopes(sources, info, report)?;
        warn_of_ignored(sources, report);
        let environment = environment(sources, report)?;
        let local = (environment == Some(Environment::Local))
            .then(|| sources.add_local_login(IdentityProvider::of_issuer(&info.issuer)).err());
        let client = local.flatten().map_or_else(|| SessionClient::parse(sources, info), Err);
        let settings = Self {
            environment,
            network: NetworkSettings::parse(sources)?,
            cache: CacheSettings::parse(sources)?,
            altinn: exchange(sources, environment, &info.issuer)?,
            client,
        };
        sources.erase_secrets();
        Ok(settings)
    }
}

/// Refuses scopes of an option that the login does not have; warns of those of other sources.
fn check_scopes(sources: &SettingSources, info: &SessionInfo, report: &Report) -> Result<(), Failure> {
    let found = sources.find("scope").filter(|found| found.origin.layer != Layer::Environment);
    let Some(found) = found else { return Ok(()) };
    let asked = grant::scopes(sources)?;
    let Some(missing) = asked.iter().find(|asked| !info.scopes.split(' ').any(|own| own == *asked)) else {
        return Ok(());
    };
    let message = format!("the kept login does not have the scope `{missing}`");
    let hint = format!("log in again with it: maskinporten login --keep --scope {missing}");
    if found.origin.layer == Layer::Option {
        return Err(found.failure("session_scope", message, hint));
    }
    report.warning(&format!("{message}; {hint}"));
    Ok(())
}

/// Warns of options that only a new login can apply.
fn warn_of_ignored(sources: &SettingSources, report: &Report) {
    let given = OF_LOGIN.into_iter().filter_map(|name| sources.find(name));
    for found in given.filter(|found| found.origin.layer == Layer::Option) {
        let label = &found.origin.label;
        report.warning(&format!("{label} has no effect on a kept login: pass it to `maskinporten login`"));
    }
}

impl SessionClient {
    fn parse(sources: &SettingSources, info: &SessionInfo) -> Result<Self, Failure> {
        let [none, ..] = ClientAuthentication::METHODS;
        let grant = grant::login_grant(sources, &info.issuer, info.authentication == none)?;
        if grant.client_id.as_str() != info.client_id {
            let message = format!("the kept login is for the client `{}`, not for this one", info.client_id);
            let hint = "pass --client-id with that client, or log in again: maskinporten login --keep".to_owned();
            return Err(Failure::plain(Exit::Configuration, "session_client", message, Some(hint)));
        }
        let signs = matches!(grant.client_authentication, None | Some(ClientAuthentication::PrivateKeyJwt));
        let key = signs.then(|| KeySettings::parse(sources)).transpose()?;
        Ok(Self { grant, key })
    }
}
