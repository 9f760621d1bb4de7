//! Checks the connection to the server, the server's metadata and its clock.
//!
//! The metadata (RFC 8414) is fetched once. An error shows how far the request came: name resolution, connection, TLS,
//! document. The server's clock is read from the same response.

use std::time::Instant;

use super::{
    Check, CheckId,
    check_ids::{ALGORITHMS, CLOCK, CONNECTION, ENDPOINT, METADATA, METADATA_ISSUER, NAME, TLS},
    shown,
};
use crate::{
    client::{ClientError, MetadataSearch, ServerMetadata},
    http::{self, Endpoint, HttpClient, HttpError, HttpOptions, Peer, Response},
    inspect::LEEWAY,
    keystore::{Certificate, SignatureAlgorithm},
};

const SET_CLOCK: &str = "set the clock: sudo timedatectl set-ntp true (Justervesenet: ntp.justervesenet.no)";

/// From this difference between the clocks on, a slow request may exceed the server's leeway.
const WARNING_SECONDS: i64 = 3;

/// What the server's metadata must agree with.
#[derive(Debug)]
pub struct ExpectedServer<'grant> {
    /// The address of the metadata, or of its issuer.
    pub metadata: &'grant str,
    /// The audience of the grant, which is the server's issuer identifier.
    pub audience: &'grant str,
    /// The token endpoint that the grant is sent to.
    pub endpoint: &'grant Endpoint,
    /// The algorithm of the grant's signature; `None` when there is no key.
    pub algorithm: Option<SignatureAlgorithm>,
}

/// Fetches and checks the server's metadata, and returns it if it is readable.
pub async fn examine(
    expected: &ExpectedServer<'_>,
    options: &HttpOptions,
    deadline: Instant,
) -> (Vec<Check>, Option<ServerMetadata>) {
    let mut search = match MetadataSearch::new(expected.metadata) {
        Ok(search) => search,
        Err(error) => return (from(METADATA.failed(&error)), None),
    };
    let mut checks = Vec::new();
    loop {
        let client = match HttpClient::observing(search.place().clone(), options) {
            Ok(client) => client,
            Err(error) => return (from(CONNECTION.failed(&error)), None),
        };
        // Every place is on the same server.
        if checks.is_empty() {
            let name = name(&client, options).await;
            if name.verdict == super::Verdict::Fail {
                return (from(name), None);
            }
            checks.push(name);
        }
        let answer = match client.get(deadline).await {
            Ok(answer) => answer,
            Err(error) => {
                checks.extend(stopped(&client, &error));
                return (checks, None);
            }
        };
        let Some(metadata) = search.read(&answer) else { continue };
        checks.push(connected(&client));
        checks.push(tls(search.place(), client.peer()));
        checks.extend(document(search.place(), &metadata, expected));
        checks.push(clock(&answer));
        return (checks, metadata.ok());
    }
}

/// Returns a failed check, and those after it as skipped.
#[must_use]
pub fn from(failed: Check) -> Vec<Check> {
    let all: [&'static CheckId; 8] =
        [&NAME, &CONNECTION, &TLS, &METADATA, &METADATA_ISSUER, &ENDPOINT, &ALGORITHMS, &CLOCK];
    let topic = failed.topic;
    let later = all.into_iter().skip_while(|other| *other != topic).skip(1);
    std::iter::once(failed).chain(later.map(|other| other.skipped_after(topic))).collect()
}

async fn name(client: &HttpClient, options: &HttpOptions) -> Check {
    if let Some(proxy) = client.proxy() {
        return NAME.pass(format!("resolved by the proxy {proxy}"));
    }
    match http::addresses(client.endpoint(), options).await {
        Ok(addresses) => {
            let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            NAME.pass(format!("{} is {}", client.endpoint().host(), all.join(", ")))
        }
        Err(error) => NAME.failed(&error),
    }
}

fn connected(client: &HttpClient) -> Check {
    CONNECTION.pass(match client.proxy() {
        Some(proxy) => format!("through the proxy {proxy}"),
        None => "direct".to_owned(),
    })
}

fn tls(endpoint: &Endpoint, peer: Option<Peer>) -> Check {
    if endpoint.as_str().starts_with("http:") {
        return TLS.skipped("plain HTTP to this machine");
    }
    let Some(peer) = peer else { return TLS.skipped("the server sent no certificate") };
    let version = peer.tls_version.map(|version| format!(", {version}")).unwrap_or_default();
    TLS.pass(format!("{}{version}", issuer(&peer)))
}

/// Describes the issuer of the server's certificate. It is the proxy's owner when a proxy intercepts TLS.
fn issuer(peer: &Peer) -> String {
    let certificate = peer.certificates.first().and_then(|der| Certificate::from_der(der));
    let Some(certificate) = certificate else { return "a certificate that cannot be read".to_owned() };
    let until = certificate.not_after().map(|until| format!(", until {}", until.format("%Y-%m-%d")));
    format!("issued by {}{}", certificate.issuer(), until.unwrap_or_default())
}

/// Returns the checks up to the error: the steps before it succeeded.
fn stopped(client: &HttpClient, error: &HttpError) -> Vec<Check> {
    match error {
        HttpError::Handshake { .. } | HttpError::Certificate { .. } | HttpError::Tls(_) => {
            let shown = client.peer().map(|peer| format!("the server's certificate was {}", issuer(&peer)));
            let failed = TLS.failed(error).with_details(shown);
            std::iter::once(connected(client)).chain(from(failed)).collect()
        }
        error if error.reached_the_server() => {
            let reached = [connected(client), tls(client.endpoint(), client.peer())];
            reached.into_iter().chain(from(METADATA.failed(error))).collect()
        }
        error => from(CONNECTION.failed(error)),
    }
}

fn document(
    endpoint: &Endpoint,
    metadata: &Result<ServerMetadata, ClientError>,
    expected: &ExpectedServer<'_>,
) -> Vec<Check> {
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => {
            let failed = if let ClientError::UnexpectedResponse(what) = error {
                let remedy = "check the audience and, if there is a proxy, whether it answers instead of the server";
                METADATA.fail(what.to_string(), remedy)
            } else {
                METADATA.failed(error)
            };
            let after = [&METADATA_ISSUER, &ENDPOINT, &ALGORITHMS].map(|topic| topic.skipped_after(&METADATA));
            return std::iter::once(failed).chain(after).collect();
        }
    };
    vec![
        METADATA.pass(endpoint.to_string()),
        check_issuer(metadata, expected.audience),
        token_endpoint(metadata, expected.endpoint),
        algorithms(metadata, expected.algorithm),
    ]
}

fn check_issuer(metadata: &ServerMetadata, audience: &str) -> Check {
    let issuer = shown(&metadata.issuer);
    if metadata.issuer == audience {
        METADATA_ISSUER.pass(issuer)
    } else if metadata.issuer.trim_end_matches('/') == audience.trim_end_matches('/') {
        let remedy = format!("pass --audience {issuer}: some servers compare it character by character");
        METADATA_ISSUER.warning(format!("{issuer}, but the grant's audience is {audience}"), remedy)
    } else {
        let remedy = format!("if you trust this server, pass --audience {issuer}");
        METADATA_ISSUER.fail(format!("{issuer}; expected the grant's audience {audience}"), remedy)
    }
}

fn token_endpoint(metadata: &ServerMetadata, ours: &Endpoint) -> Check {
    let theirs = shown(&metadata.token_endpoint);
    if theirs.is_empty() {
        ENDPOINT.skipped("the metadata names none")
    } else if metadata.token_endpoint == ours.as_str() {
        ENDPOINT.pass(theirs)
    } else {
        let remedy = "leave out --token-endpoint, or check that both belong to the same server";
        ENDPOINT.warning(format!("{theirs}, but the grant is sent to {ours}"), remedy)
    }
}

fn algorithms(metadata: &ServerMetadata, ours: Option<SignatureAlgorithm>) -> Check {
    let theirs = shown(&metadata.algorithms.join(" "));
    match ours {
        None => ALGORITHMS.skipped("no key was opened"),
        Some(_) if metadata.algorithms.is_empty() => ALGORITHMS.skipped("the server lists none"),
        Some(ours) if metadata.algorithms.iter().any(|name| name == ours.name()) => ALGORITHMS.pass(theirs),
        Some(ours) => ALGORITHMS.fail(
            format!("the server accepts {theirs}, but the grant is signed with {ours}"),
            "use a key or an --alg that the server accepts",
        ),
    }
}

/// Compares the clocks.
fn clock(answer: &Response) -> Check {
    let Some(seconds) = answer.seconds_ahead() else { return CLOCK.skipped("the server does not send its time") };
    let found = match seconds {
        0 => "agrees with the server's clock".to_owned(),
        1.. => format!("{seconds} s ahead of the server's clock"),
        _ => format!("{} s behind the server's clock", -seconds),
    };
    match seconds.abs() {
        difference if difference >= LEEWAY.num_seconds() => CLOCK.fail(found, SET_CLOCK),
        WARNING_SECONDS.. => CLOCK.warning(found, SET_CLOCK),
        _ => CLOCK.pass(found),
    }
}
