//! Finds the keys that a token is verified with. The `jku`, `x5u` and `jwk` of a token are never followed, nor is an
//! unknown `iss`.

use std::path::Path;

use maskinporten_token_generator::{
    client,
    environment::{Environment, KnownIssuer, LocalEnvironment},
    file,
    http::Endpoint,
    inspect::{Expectations, Inspection, Jwt},
    keystore::KeySet,
    text::shown_path,
};

use super::expected::Expected;
use crate::cli::{
    progress::Progress,
    report::{Exit, Failure, Report},
    settings::{NetworkSettings, SettingSources, named_issuer},
};

/// The size limit of a public key set.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// The keys that a token is verified with.
pub(super) enum FoundKeys {
    Set(KeySet),
    /// Those of the certificates in the token.
    Certificates,
    /// None, for this reason.
    None(String),
}

/// Returns the simulator that was started last, if there is one.
pub(super) fn local() -> Option<KnownIssuer> {
    note().map(|note| KnownIssuer::local(&note))
}

fn note() -> Option<LocalEnvironment> {
    LocalEnvironment::read(&LocalEnvironment::path().ok()?).ok()
}

/// Finds the keys for a token, and adds the expected issuer to the expectations.
pub(super) async fn find(
    jwt: &Jwt,
    inspection: &Inspection,
    expected: Expected,
    (sources, network): (&SettingSources, &NetworkSettings),
    report: &Report,
) -> Result<(FoundKeys, Expectations), Failure> {
    let known = inspection.issuer.as_ref();
    let of_environment = expected.environment.map(|environment| expected_issuer(environment, known)).transpose()?;
    let mut claims = expected.claims;
    let named_keys = match &expected.jwks {
        Some(jwks) => Some(FoundKeys::Set(named(jwks, network).await?)),
        None => None,
    };
    if inspection.kind.is_client_assertion() {
        // The environment is the audience of a client's assertion.
        claims.audience = claims.audience.or(of_environment);
        return Ok((named_keys.unwrap_or_else(|| certificates(jwt)), claims));
    }
    claims.issuer = of_environment;
    if let Some(keys) = named_keys {
        return Ok((keys, claims));
    }
    claims.issuer = claims.issuer.or_else(|| known.map(|known| known.identifier.clone()));
    let Some(known) = known.filter(|known| claims.issuer.as_ref() == Some(&known.identifier)) else {
        if claims.issuer.is_none()
            && let Some((issuer, keys)) = configured(jwt, sources, network, report).await?
        {
            // An audience that names the issuer is that of the grant.
            claims.audience = claims.audience.filter(|audience| !is_same_issuer(audience, &issuer));
            claims.issuer = Some(issuer);
            return Ok((FoundKeys::Set(keys), claims));
        }
        let why = "not checked: its issuer is unknown or not the expected one, so no keys are fetched (pass --jwks)";
        return Ok((FoundKeys::None(why.to_owned()), claims));
    };
    Ok((published(known, network, report).await?, claims))
}

/// Fetches the keys of the server that the settings name, if it may be the token's issuer.
async fn configured(
    jwt: &Jwt,
    sources: &SettingSources,
    network: &NetworkSettings,
    report: &Report,
) -> Result<Option<(String, KeySet)>, Failure> {
    let Some(issuer) = jwt.issuer().and_then(|issuer| Endpoint::parse(issuer).ok()) else { return Ok(None) };
    let server = named_issuer(sources)?.filter(|server| server.has_origin_of(&issuer));
    let Some(server) = server else { return Ok(None) };
    report.detail(&format!("fetching the keys of {server}"));
    let _progress = Progress::start(&format!("waiting for {server}"), report);
    Ok(Some(client::discovered_keys(server.as_str(), None, &network.http, network.retry_policy).await?))
}

fn is_same_issuer(left: &str, right: &str) -> bool {
    left.trim_end_matches('/') == right.trim_end_matches('/')
}

/// Returns the certificates of a grant; without any, only the server knows its key.
fn certificates(jwt: &Jwt) -> FoundKeys {
    if jwt.header().contains_key("x5c") {
        return FoundKeys::Certificates;
    }
    let why = "not checked: only the server knows the key (pass the client's public keys with --jwks FILE)";
    FoundKeys::None(why.to_owned())
}

/// Returns the issuer of an environment's tokens: the one that the token names, if it belongs to the environment.
fn expected_issuer(environment: Environment, known: Option<&KnownIssuer>) -> Result<String, Failure> {
    if let Some(known) = known.filter(|known| known.belongs_to(environment)) {
        return Ok(known.identifier.clone());
    }
    match environment.addresses() {
        Some(addresses) => Ok(addresses.issuer),
        None => Ok(LocalEnvironment::read(&LocalEnvironment::path()?)?.issuer),
    }
}

async fn published(issuer: &KnownIssuer, network: &NetworkSettings, report: &Report) -> Result<FoundKeys, Failure> {
    report.detail(&format!("fetching the keys of {}", issuer.identifier));
    let _progress = Progress::start(&format!("waiting for {}", issuer.identifier), report);
    let mut http = network.http.clone();
    if issuer.environment == Environment::Local.name() && http.ca_file.is_none() {
        http.ca_file = note().and_then(|note| note.ca_file);
    }
    let retired = || FoundKeys::None("not checked: its issuer is retired and publishes no keys".to_owned());
    Ok(client::published_keys(issuer, &http, network.retry_policy).await?.map_or_else(retired, FoundKeys::Set))
}

/// Reads the keys that `--jwks` names.
pub(super) async fn named(jwks: &str, network: &NetworkSettings) -> Result<KeySet, Failure> {
    if jwks.contains("://") {
        let endpoint = Endpoint::parse(jwks);
        let endpoint = endpoint.map_err(|error| Failure::new(Exit::Usage, &error).about("--jwks cannot be used"))?;
        return Ok(client::fetch_key_set(&endpoint, &network.http, network.retry_policy).await?);
    }
    let bytes = file::read(Path::new(jwks), MAXIMUM_BYTES).map_err(|error| {
        let message = format!("could not read the public keys in `{}`: {error}", shown_path(jwks));
        let hint = "check the path and its permissions; a URL starts with https://".to_owned();
        Failure::plain(Exit::Key, "key_set_unreadable", message, Some(hint))
    })?;
    let unusable = format!("could not use the public keys in `{}`", shown_path(jwks));
    KeySet::parse(&bytes).map_err(|error| Failure::new(Exit::Key, &error).about(&unusable))
}
