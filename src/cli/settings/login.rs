//! The settings of the login of a person: the server, the client, and what is asked for.

use std::time::Duration;

use maskinporten::{
    altinn::{AltinnExchange, TokenProvider},
    environment::{Environment, IdentityProvider, KnownIssuer, Service, is_maskinporten_issuer},
    grant::{ClientAuthentication, Grant},
    http::Endpoint,
    login::{AuthenticationLevel, LoginRequest, LoginServer, RedirectUri},
    tokens::TokenEndpoint,
};

use super::{
    KeySettings, NetworkSettings, SettingSources, altinn, file_reads::TIMEOUT, grant, origin::Layer, server,
    sources::Found,
};
use crate::cli::report::{Exit, Failure, Report};

/// How long a login may take unless `--timeout` says otherwise.
const USUAL_TIME: Duration = Duration::from_mins(5);

/// Settings of a grant that a login does not have.
const GRANT_ONLY: [&str; 8] =
    ["consumer-org", "pid", "system-user", "external-ref", "consent", "consent-from", "claim", "claim-json"];

/// The settings of the login of a person.
pub(crate) struct PersonLoginSettings {
    pub(crate) server: LoginServer,
    /// The client, and what it asks for.
    pub(crate) grant: Grant,
    /// What the login asks for.
    pub(crate) request: LoginRequest,
    /// The key, if the client authenticates itself with one.
    pub(crate) key: Option<KeySettings>,
    pub(crate) network: NetworkSettings,
    /// How long to wait for the person.
    pub(crate) time: Duration,
    /// The exchange of the access token at Altinn, if there is one.
    pub(crate) altinn: Option<AltinnExchange>,
}

impl PersonLoginSettings {
    /// Parses the settings; `is_public` is whether the client has no key and no secret.
    pub(crate) fn parse(sources: &mut SettingSources, is_public: bool, report: &Report) -> Result<Self, Failure> {
        sources.refuse_empty_options()?;
        refuse_grant_options(sources)?;
        let provider = provider(sources)?;
        let environment = environment(sources, report)?;
        let issuer = issuer(sources, provider, environment)?;
        let network = NetworkSettings::parse(sources)?;
        let is_option = sources.find(TIMEOUT).is_some_and(|found| found.origin.layer == Layer::Option);
        let time = if is_option { network.retry_policy.timeout } else { USUAL_TIME };
        let grant = grant::login_grant(sources, &issuer, is_public)?;
        let redirect_uri = match sources.find("redirect-uri") {
            Some(found) => found.parse(RedirectUri::parse)?.value,
            None => RedirectUri::parse(RedirectUri::DEFAULT).map_err(|error| Failure::new(Exit::Other, &error))?,
        };
        let is_named = sources.find("idp-issuer").is_some();
        let text = |name| sources.find(name).map(|found| found.text().to_owned());
        let request = LoginRequest {
            levels: levels(sources, Some(provider).filter(|_| !is_named))?,
            ui_locales: text("ui-locale"),
            ..LoginRequest::new(redirect_uri)
        };
        let signs = matches!(grant.client_authentication, Some(ClientAuthentication::PrivateKeyJwt));
        let key = signs.then(|| KeySettings::parse(sources)).transpose()?;
        let altinn = exchange(sources, environment, &issuer)?;
        sources.erase_secrets();
        let server = LoginServer { token_endpoint: token_endpoint(sources)?, ..network.login_server(&issuer) };
        Ok(Self { server, grant, request, key, network, time, altinn })
    }
}

/// Refuses options that a login would ignore.
pub(super) fn refuse_grant_options(sources: &SettingSources) -> Result<(), Failure> {
    let given = GRANT_ONLY.into_iter().filter_map(|name| sources.find(name));
    match given.into_iter().find(|found| found.origin.layer == Layer::Option) {
        Some(found) => {
            let message = format!("{} is not for the login of a person", found.origin.label);
            Err(found.failure("conflict", message, "leave it out"))
        }
        None => Ok(()),
    }
}

fn provider(sources: &SettingSources) -> Result<IdentityProvider, Failure> {
    let Some(found) = sources.find("idp") else { return Ok(IdentityProvider::Idporten) };
    IdentityProvider::parse(found.text()).ok_or_else(|| {
        let message = format!("{} is not a known service for logins", found.origin.label);
        found.failure("idp", message, "use one of idporten, ansattporten")
    })
}

/// Parses `--env`; the simulator's values are added to the sources when its address is known.
pub(super) fn environment(sources: &SettingSources, report: &Report) -> Result<Option<Environment>, Failure> {
    let Some(found) = sources.find("env") else { return Ok(None) };
    let Some(environment) = Environment::parse(found.text()) else {
        let names = Environment::ALL.map(Environment::name).join(", ");
        let message = format!("{} is not a known environment", found.origin.label);
        return Err(found.failure("env", message, format!("use one of {names}")));
    };
    if let Some(reason) = environment.retired() {
        report.warning(reason);
    }
    Ok(Some(environment))
}

/// Returns the issuer that is named, or that of the provider in the environment.
fn issuer(
    sources: &mut SettingSources,
    provider: IdentityProvider,
    environment: Option<Environment>,
) -> Result<String, Failure> {
    if sources.is_legacy {
        return audience(sources);
    }
    let local = if environment == Some(Environment::Local) { Some(sources.add_local_login(provider)?) } else { None };
    if let Some(found) = sources.find("idp-issuer") {
        return named_issuer(&found);
    }
    if let Some(local) = local {
        return Ok(provider.local_issuer(&local));
    }
    let hint = "pass --env test or --env prod (--env local for the simulator)";
    let environment = environment.ok_or_else(|| sources.missing(&["env"], "environment", hint))?;
    provider.issuer(environment).ok_or_else(|| {
        let message = format!("{provider} has no environment {environment}");
        Failure::plain(Exit::Configuration, "env", message, Some(hint.to_owned()))
    })
}

/// Returns the audience as the issuer, which it is in the original's person mode.
fn audience(sources: &SettingSources) -> Result<String, Failure> {
    let found = server::audience(sources)?;
    if is_maskinporten_issuer(found.text()) {
        let message = format!("{} is Maskinporten, where no person can log in", found.origin.label);
        let hint = "pass the issuer of ID-porten, and its endpoints: --audience https://test.idporten.no";
        return Err(found.failure("audience", message, hint));
    }
    named_issuer(&found)
}

/// Returns the token endpoint in place of that of the metadata, which only the original's command line names.
fn token_endpoint(sources: &SettingSources) -> Result<Option<Endpoint>, Failure> {
    let found = sources.find("token-endpoint").filter(|_| sources.is_legacy);
    found.map(|found| Ok(found.parse(Endpoint::parse)?.value)).transpose()
}

/// Parses `--idp-issuer`. A project file came with the folder, so it may only name ID-porten, Ansattporten and this machine.
fn named_issuer(found: &Found) -> Result<String, Failure> {
    let endpoint = found.parse(Endpoint::parse)?.value;
    let is_known = KnownIssuer::find(found.text()).is_some_and(|known| known.service == Service::Idporten);
    if found.origin.layer == Layer::ProjectFile && !is_known && !endpoint.is_loopback() {
        let host = endpoint.host();
        let message = format!("{} would send the person to {host}, which is not ID-porten", found.origin.label);
        let hint = "if you trust the file, name it with --config, or write the address in your own config file";
        return Err(found.failure("config_address", message, hint));
    }
    Ok(found.text().trim().to_owned())
}

fn levels(sources: &SettingSources, provider: Option<IdentityProvider>) -> Result<Vec<AuthenticationLevel>, Failure> {
    let Some(found) = sources.find("acr") else { return Ok(Vec::new()) };
    let levels = found.text().split_whitespace().map(|text| AuthenticationLevel::parse(text, provider));
    levels.collect::<Option<_>>().ok_or_else(|| {
        let message = format!("{} is not a level of authentication", found.origin.label);
        found.failure("acr", message, "pass --acr substantial or --acr high")
    })
}

pub(super) fn exchange(
    sources: &SettingSources,
    environment: Option<Environment>,
    issuer: &str,
) -> Result<Option<AltinnExchange>, Failure> {
    let endpoint = Endpoint::parse(issuer).map_err(|error| Failure::new(Exit::Configuration, &error))?;
    let exchange = altinn::exchange(sources, environment, &TokenEndpoint::Fixed(endpoint))?;
    Ok(exchange.map(|exchange| AltinnExchange { provider: TokenProvider::Idporten, ..exchange }))
}
