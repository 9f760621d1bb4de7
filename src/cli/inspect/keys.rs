//! Finds the keys that a token is verified with. A token's own `jku`, `x5u` and `jwk` are never followed, nor is an
//! `iss` that is not known here.

use std::{fs::File, io::Read as _, path::PathBuf};

use maskinporten_token_generator::{
    client::{self, RetryPolicy},
    environment::{Environment, KnownIssuer, LocalEnvironment},
    http::{Endpoint, HttpOptions},
    inspect::{Expectations, Inspection, Jwt},
    keystore::KeySet,
};

use super::expected::Expected;
use crate::cli::{
    args::InspectArguments,
    layers::Layers,
    progress::Progress,
    report::{Exit, Failure, Report},
    resolve,
};

/// No set of public keys is larger.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Where the keys are.
pub(super) enum Found {
    Set(KeySet),
    Certificates,
    None(String),
}

/// How requests are made.
pub(super) struct Network {
    http: HttpOptions,
    retry_policy: RetryPolicy,
}

impl Network {
    pub(super) fn new(http: HttpOptions, retry_policy: RetryPolicy) -> Self {
        Self { http, retry_policy }
    }

    pub(super) fn of(arguments: &InspectArguments, config: Option<PathBuf>, report: &Report) -> Result<Self, Failure> {
        let layers = Layers::of(arguments.settings.clone(), config, report)?;
        resolve::refuse_empty(&layers)?;
        Ok(Self::new(resolve::http_options(&layers)?, resolve::retry_policy(&layers)?))
    }
}

/// The simulator that was started last, if there is one.
pub(super) fn local() -> Option<KnownIssuer> {
    note().map(|note| KnownIssuer::local(&note))
}

fn note() -> Option<LocalEnvironment> {
    LocalEnvironment::read(&LocalEnvironment::path().ok()?).ok()
}

/// The keys for a token, and what is expected of it when it is known who should have issued it.
pub(super) async fn find(
    jwt: &Jwt,
    reading: &Inspection,
    expected: Expected,
    network: &Network,
    report: &Report,
) -> Result<(Found, Expectations), Failure> {
    let known = reading.issuer.as_ref();
    let of_environment = expected.environment.map(|environment| issuer_of(environment, known)).transpose()?;
    let mut claims = expected.claims;
    let named_keys = match &expected.jwks {
        Some(jwks) => Some(Found::Set(named(jwks, network).await?)),
        None => None,
    };
    if reading.kind.is_client_assertion() {
        // An environment is whom a client's assertion is for.
        claims.audience = claims.audience.or(of_environment);
        return Ok((named_keys.unwrap_or_else(|| certificates(jwt)), claims));
    }
    claims.issuer = of_environment;
    if let Some(keys) = named_keys {
        return Ok((keys, claims));
    }
    claims.issuer = claims.issuer.or_else(|| known.map(|known| known.identifier.clone()));
    let Some(known) = known.filter(|known| claims.issuer.as_ref() == Some(&known.identifier)) else {
        let why =
            "not checked: its issuer is not known or not the expected one, so no keys are fetched (--jwks names some)";
        return Ok((Found::None(why.to_owned()), claims));
    };
    Ok((published(known, network, report).await?, claims))
}

/// A grant brings its own certificates, or else nobody but the server knows its key.
fn certificates(jwt: &Jwt) -> Found {
    if jwt.header().contains_key("x5c") {
        return Found::Certificates;
    }
    let why = "not checked: the server alone knows the key (--jwks FILE names the client's public keys)";
    Found::None(why.to_owned())
}

/// Who issues the tokens of an environment: whoever the token names, when that is one of its servers.
fn issuer_of(environment: Environment, known: Option<&KnownIssuer>) -> Result<String, Failure> {
    if let Some(known) = known.filter(|known| known.belongs_to(environment)) {
        return Ok(known.identifier.clone());
    }
    match environment.addresses() {
        Some(addresses) => Ok(addresses.issuer),
        None => Ok(LocalEnvironment::read(&LocalEnvironment::path()?)?.issuer),
    }
}

async fn published(issuer: &KnownIssuer, network: &Network, report: &Report) -> Result<Found, Failure> {
    report.detail(&format!("fetching the keys of {}", issuer.identifier));
    let _progress = Progress::start(&format!("waiting for {}", issuer.identifier), report);
    let mut http = network.http.clone();
    if issuer.environment == Environment::Local.name() && http.ca_file.is_none() {
        http.ca_file = note().and_then(|note| note.ca_file);
    }
    let retired = || Found::None("not checked: its issuer is retired and publishes no keys".to_owned());
    Ok(client::published_keys(issuer, &http, network.retry_policy).await?.map_or_else(retired, Found::Set))
}

/// The keys that `--jwks` names.
pub(super) async fn named(jwks: &str, network: &Network) -> Result<KeySet, Failure> {
    if jwks.contains("://") {
        let endpoint = Endpoint::parse(jwks);
        let endpoint = endpoint.map_err(|error| Failure::new(Exit::Usage, &error).about("--jwks cannot be used"))?;
        return Ok(client::fetch_key_set(&endpoint, &network.http, network.retry_policy).await?);
    }
    let mut bytes = Vec::new();
    let read = File::open(jwks).and_then(|file| file.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        let message = format!("could not read the public keys in `{jwks}`: {error}");
        let hint = "check the path, and that you may read it; a URL begins with https://".to_owned();
        Failure::plain(Exit::Key, "key_set_unreadable", message, Some(hint))
    })?;
    let unusable = format!("could not use the public keys in `{jwks}`");
    KeySet::parse(&bytes).map_err(|error| Failure::new(Exit::Key, &error).about(&unusable))
}
