//! Finds the keys that a token is verified with. What the token itself points to is never enough: `jku`, `x5u`, `jwk` and an
//! unknown `iss` are not followed, and `x5c` counts only up to a known root.

use std::path::Path;

use maskinporten::{
    client,
    environment::{Environment, KnownIssuer, LocalEnvironment, Service},
    file,
    http::Endpoint,
    inspect::{Expectations, Inspection, Jwt},
    keystore::{Certificate, KeySet},
    text::shown_path,
};
use openssl::x509::X509;
use serde_json::Value;

use super::expected::Expected;
use crate::cli::{
    progress::Progress,
    report::{Exit, Failure, Report},
    settings::{NetworkSettings, SettingSources, named_issuer, named_platform},
};

/// The size limit of a public key set.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// The roots of enterprise certificates (`CertificateAuthoritiesProperties.java` of Digdir's validator).
const PRODUCTION_ROOTS: [&str; 4] = [
    "Buypass Class 3 Root CA",
    "Buypass Class 3 Root CA G2 ST",
    "Buypass Class 3 Root CA G2 HT",
    "Commfides Root CA - G3",
];

/// The roots of test certificates, of the same source.
const TEST_ROOTS: [&str; 3] =
    ["Buypass Class 3 Test4 Root CA", "Buypass Class 3 Test4 Root CA G2 ST", "Commfides Root CA - G3 - TEST"];

/// The keys that a token is verified with.
pub(super) enum FoundKeys {
    Set(KeySet),
    /// Those of certificates that one of these roots vouches for.
    Roots(Vec<Certificate>),
    /// None, for this reason.
    None(String),
}

/// Returns the issuers that are known here: those of the simulator, and the Altinn that the settings name.
pub(in crate::cli) fn known(sources: &SettingSources) -> Result<Vec<KnownIssuer>, Failure> {
    let altinn = named_platform(sources)?.map(|platform| KnownIssuer {
        identifier: platform.issuer(),
        service: Service::Altinn,
        environment: "custom",
        retired: None,
    });
    Ok(local().into_iter().chain(altinn).collect())
}

/// Returns the issuers of the simulator that was started last, if there is one.
fn local() -> Vec<KnownIssuer> {
    note().map(|note| KnownIssuer::local(&note)).unwrap_or_default()
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
    // What a client signs has no issuer that the environment could be compared with, so an expected one is a fault.
    claims.issuer = of_environment;
    if let Some(keys) = named_keys {
        return Ok((keys, claims));
    }
    if inspection.kind.is_client_assertion() {
        return Ok((certificates(jwt), claims));
    }
    claims.issuer = claims.issuer.or_else(|| known.map(|known| known.identifier.clone()));
    let Some(known) = known.filter(|known| claims.issuer.as_ref() == Some(&known.identifier)) else {
        if claims.issuer.is_none()
            && jwt.fault().is_none()
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
    match jwt.fault() {
        // No key can verify it, so none is fetched.
        Some(fault) => Ok((FoundKeys::None(fault.to_string()), claims)),
        None => Ok((published(known, network, report).await?, claims)),
    }
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
///
/// They count only up to one of these roots.
fn certificates(jwt: &Jwt) -> FoundKeys {
    if jwt.header().contains_key("x5c") {
        return FoundKeys::Roots(known_roots(jwt));
    }
    let why = "not checked: only the server knows the key (pass the client's public keys with --jwks FILE)";
    FoundKeys::None(why.to_owned())
}

/// Returns the roots of enterprise certificates that this machine trusts: their names are those of Digdir's validator, their
/// keys those of the machine. The simulator has a root of its own.
fn known_roots(jwt: &Jwt) -> Vec<Certificate> {
    let audience = jwt.claims().get("aud").and_then(Value::as_str);
    if let Some(simulator) = note().filter(|note| audience == Some(&note.issuer)) {
        return simulator_root(&simulator).into_iter().collect();
    }
    let production = Environment::Prod.addresses().map(|addresses| addresses.issuer);
    let tests = TEST_ROOTS.iter().filter(|_| audience != production.as_deref());
    let names: Vec<&str> = PRODUCTION_ROOTS.iter().chain(tests).copied().collect();
    let is_known = |root: &Certificate| {
        let name = root.issuer_common_name();
        root.is_self_signed() && name.is_some_and(|name| names.contains(&name.as_str()))
    };
    let trusted = rustls_native_certs::load_native_certs().certs;
    trusted.iter().filter_map(|der| Certificate::from_der(der)).filter(is_known).collect()
}

/// Reads the root of the simulator's keystores, which is in the same folder.
fn simulator_root(simulator: &LocalEnvironment) -> Option<Certificate> {
    let pem = file::read(&simulator.keystore.with_file_name("ca.pem"), MAXIMUM_BYTES).ok()?;
    Certificate::from_der(&X509::from_pem(&pem).ok()?.to_der().ok()?)
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
