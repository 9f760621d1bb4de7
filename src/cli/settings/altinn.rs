//! Parses the exchange at Altinn, and what Altinn's APIs want in a request besides the token.

use std::path::Path;

use maskinporten::{
    altinn::{AltinnExchange, AltinnPlatform, TokenProvider},
    environment::{AltinnEnvironment, Environment},
    http::Endpoint,
    printer::Header,
    text::shown_path,
    tokens::TokenEndpoint,
};
use secrecy::ExposeSecret as _;

use super::{
    SettingSources, client_authentication,
    definition::{API_KEY, SUBSCRIPTION_KEY},
    origin::Layer,
    server,
    sources::Found,
};
use crate::cli::report::{Exit, Failure};

const URL: &str = "altinn-url";
const ENVIRONMENT: &str = "altinn-env";
const TEST: &str = "altinn-test";

/// The keys of Altinn's APIs: the setting of the file, that of the key itself, and the header that it is sent in.
const KEYS: [(&str, &str, &str); 2] =
    [("api-key-file", API_KEY, "ApiKey"), ("subscription-key-file", SUBSCRIPTION_KEY, "Ocp-Apim-Subscription-Key")];

/// Parses the exchange; `None` if tokens are used as they are. `endpoint` is where they come from.
pub(super) fn exchange(
    sources: &SettingSources,
    environment: Option<Environment>,
    endpoint: &TokenEndpoint,
) -> Result<Option<AltinnExchange>, Failure> {
    if !is_exchanged(sources) {
        return Ok(None);
    }
    let platform = platform(sources, environment)?;
    confine(sources, &platform, endpoint.is_loopback())?;
    let for_test_organisation = server::is_on(sources, TEST);
    Ok(Some(AltinnExchange { platform, provider: TokenProvider::Maskinporten, for_test_organisation }))
}

/// Whether tokens are exchanged: by `--altinn`, or by an option that is only for the exchange.
pub(crate) fn is_exchanged(sources: &SettingSources) -> bool {
    server::is_on(sources, "altinn") || [URL, ENVIRONMENT, TEST].into_iter().any(|name| is_option(sources, name))
}

fn is_option(sources: &SettingSources, name: &'static str) -> bool {
    sources.find(name).is_some_and(|found| found.origin.layer == Layer::Option)
}

/// Returns the platform that issued a token: the one that options name, or that of its issuer, or that of the settings.
pub(crate) fn issuing_platform(
    sources: &SettingSources,
    environment: Option<Environment>,
    issuer: &str,
) -> Result<AltinnPlatform, Failure> {
    let is_named = [URL, ENVIRONMENT].into_iter().any(|name| is_option(sources, name));
    if let Some(platform) = AltinnPlatform::of_issuer(issuer).filter(|_| !is_named) {
        return Ok(platform);
    }
    let platform = platform(sources, environment)?;
    confine(sources, &platform, Endpoint::parse(issuer).is_ok_and(|issuer| issuer.is_loopback()))?;
    Ok(platform)
}

/// Returns the platform that the settings name, or else the one that belongs to the environment.
pub(crate) fn platform(sources: &SettingSources, environment: Option<Environment>) -> Result<AltinnPlatform, Failure> {
    let Some(found) = sources.find_one_of(&[URL, ENVIRONMENT])? else {
        let own = environment.and_then(AltinnEnvironment::of).map(AltinnPlatform::of);
        // Not `missing`, which the settings of every token are.
        return own.ok_or_else(|| {
            let hint = Some("pass --altinn-env with prod, tt02, at22 or another one, or --altinn-url URL".to_owned());
            Failure::plain(Exit::Configuration, "altinn_env", "no environment of Altinn was given".to_owned(), hint)
        });
    };
    let platform = if found.name == URL {
        found.parse(AltinnPlatform::parse)?.value
    } else {
        AltinnPlatform::of(AltinnEnvironment::parse(found.text()).ok_or_else(|| {
            let names = AltinnEnvironment::ALL.map(AltinnEnvironment::name).join(", ");
            let message = format!("{} is not a known environment of Altinn", found.origin.label);
            found.failure(ENVIRONMENT, message, format!("use one of {names}"))
        })?)
    };
    let altinn = platform.environment();
    if let Some((ours, theirs)) = environment.zip(altinn).filter(|(ours, theirs)| !accepts(*theirs, *ours)) {
        let message = format!("Altinn's {theirs} accepts no tokens from Maskinporten's {ours}");
        let hint = "leave out --altinn-env and --altinn-url, or pass the --env that belongs to it: prod with prod, test \
                    with tt02";
        return Err(found.failure("conflict", message, hint));
    }
    Ok(platform)
}

/// Whether an environment of Altinn may accept tokens from one of Maskinporten. Which test environments belong together
/// changes; production and the simulator are always apart.
fn accepts(altinn: AltinnEnvironment, maskinporten: Environment) -> bool {
    let is_production = maskinporten == Environment::Prod;
    maskinporten != Environment::Local && (altinn == AltinnEnvironment::Prod) == is_production
}

/// Checks that a project file, which came with the folder, sends tokens to Altinn only, or to a simulator those of a
/// simulator: whoever receives a token can use it. `is_local` is whether the token's issuer is on this machine.
fn confine(sources: &SettingSources, platform: &AltinnPlatform, is_local: bool) -> Result<(), Failure> {
    let project = sources.find(URL).filter(|found| found.origin.layer == Layer::ProjectFile);
    let is_safe = platform.environment().is_some() || platform.base().is_loopback() && is_local;
    match project {
        Some(found) if !is_safe => {
            let host = platform.base().host();
            let message = format!("{} would send a token to {host}, which is not Altinn", found.origin.label);
            let hint = "if you trust the file, name it with --config, or write the address in your own config file";
            Err(found.failure("config_address", message, hint))
        }
        _ => Ok(()),
    }
}

/// Returns the headers that a request to Altinn's APIs has besides the token; none if tokens are not exchanged.
pub(crate) fn headers(sources: &SettingSources) -> Result<Vec<Header>, Failure> {
    if !is_exchanged(sources) {
        return Ok(Vec::new());
    }
    let accept = Header::new("Accept", "application/json").ok();
    Ok(accept.into_iter().chain(keys(sources)?).collect())
}

/// Returns the headers with the keys of Altinn's APIs that the settings have.
pub(super) fn keys(sources: &SettingSources) -> Result<Vec<Header>, Failure> {
    let keys = KEYS.into_iter().map(|(file, key, header)| key_header(sources, file, key, header));
    keys.filter_map(Result::transpose).collect()
}

fn key_header(
    sources: &SettingSources,
    file: &'static str,
    key: &'static str,
    name: &str,
) -> Result<Option<Header>, Failure> {
    let Some(found) = sources.find_one_of(&[file, key])? else { return Ok(None) };
    let secret = if found.name == key { found.secret() } else { key_in(&found)? };
    let header = Header::new(name, secret.expose_secret()).ok().filter(|header| !header.is_empty());
    header.map(Some).ok_or_else(|| {
        let message =
            format!("the key in {} is empty, or has characters that a header cannot have", found.origin.label);
        failure(message, "copy the key that Altinn has sent you, without anything else")
    })
}

fn key_in(found: &Found) -> Result<secrecy::SecretString, Failure> {
    client_authentication::secret_line(Path::new(found.text())).map_err(|error| {
        let message = format!("could not read the key in `{}`: {error}", shown_path(found.text()));
        failure(message, &format!("check the path in {}", found.origin.label))
    })
}

fn failure(message: String, hint: &str) -> Failure {
    Failure::plain(Exit::Configuration, "api_key", message, Some(hint.to_owned()))
}
