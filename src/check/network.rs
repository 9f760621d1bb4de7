//! Judges the way to the server and what the server says of itself.
//!
//! Its metadata (RFC 8414) is fetched once; what kept it from coming tells how far the way is open: the name, the
//! connection, TLS, the document. The server's clock is read from the same answer.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Check, CheckId,
    check_ids::{ALGORITHMS, CLOCK, CONNECTION, ENDPOINT, METADATA, METADATA_ISSUER, NAME, TLS},
    shown,
};
use crate::{
    client::{ServerMetadata, UnexpectedResponse, metadata_endpoint},
    http::{self, Endpoint, HttpClient, HttpError, HttpOptions, Peer, Response},
    keystore::{Certificate, SignatureAlgorithm},
};

const SET_CLOCK: &str = "set the clock: sudo timedatectl set-ntp true (Justervesenet: ntp.justervesenet.no)";

/// From so many seconds on, grants fail on a slow day, and from so many on every time
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>).
const WORRYING_SECONDS: i64 = 3;
const TOO_MANY_SECONDS: i64 = 10;

/// What the server must agree with.
#[derive(Debug)]
pub struct Expected<'grant> {
    /// The audience of the grant, which is the server's issuer identifier.
    pub audience: &'grant str,
    /// Where the grant goes.
    pub endpoint: &'grant Endpoint,
    /// How the grant is signed; `None` when there is no key.
    pub algorithm: Option<SignatureAlgorithm>,
}

/// Walks to the server, and judges what it says of itself; the metadata comes along, when there is any.
pub async fn examine(
    expected: &Expected<'_>,
    options: &HttpOptions,
    deadline: Instant,
) -> (Vec<Check>, Option<ServerMetadata>) {
    let endpoint = match metadata_endpoint(expected.audience) {
        Ok(endpoint) => endpoint,
        Err(error) => return (from(METADATA.failed(&error)), None),
    };
    let client = match HttpClient::observing(endpoint.clone(), options) {
        Ok(client) => client,
        Err(error) => return (from(CONNECTION.failed(&error)), None),
    };
    let name = name(&client, options).await;
    if name.verdict == super::Verdict::Wrong {
        return (from(name), None);
    }
    let mut checks = vec![name];
    match client.get(deadline).await {
        Ok(answer) => {
            checks.push(connected(&client));
            checks.push(tls(&endpoint, client.peer()));
            let metadata = ServerMetadata::read(&endpoint, &answer);
            checks.extend(document(&endpoint, &metadata, expected));
            checks.push(clock(&answer));
            (checks, metadata.ok())
        }
        Err(error) => {
            checks.extend(stopped(&client, &error));
            (checks, None)
        }
    }
}

/// The checks from one that found something wrong: those before it were not made, and those after it are skipped.
#[must_use]
pub fn from(wrong: Check) -> Vec<Check> {
    let all: [&'static CheckId; 8] =
        [&NAME, &CONNECTION, &TLS, &METADATA, &METADATA_ISSUER, &ENDPOINT, &ALGORITHMS, &CLOCK];
    let place = all.iter().position(|topic| *topic == wrong.topic).unwrap_or_default();
    let skipped = all[place + 1..].iter().map(|topic| topic.skipped_after(wrong.topic)).collect::<Vec<_>>();
    std::iter::once(wrong).chain(skipped).collect()
}

async fn name(client: &HttpClient, options: &HttpOptions) -> Check {
    if let Some(proxy) = client.proxy() {
        return NAME.right(format!("left to the proxy {proxy}"));
    }
    match http::addresses(client.endpoint(), options).await {
        Ok(addresses) => {
            let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            NAME.right(format!("{} is {}", client.endpoint().host(), all.join(", ")))
        }
        Err(error) => NAME.failed(&error),
    }
}

fn connected(client: &HttpClient) -> Check {
    CONNECTION.right(match client.proxy() {
        Some(proxy) => format!("through the proxy {proxy}"),
        None => "straight".to_owned(),
    })
}

fn tls(endpoint: &Endpoint, peer: Option<Peer>) -> Check {
    if endpoint.as_str().starts_with("http:") {
        return TLS.skipped("plain http to this machine");
    }
    let Some(peer) = peer else { return TLS.skipped("the server showed no certificate") };
    let version = peer.tls_version.map(|version| format!(", {version}")).unwrap_or_default();
    TLS.right(format!("{}{version}", issuer(&peer)))
}

/// Who issued the certificate that a server showed: when a proxy opens TLS, it is the proxy's owner.
fn issuer(peer: &Peer) -> String {
    let certificate = peer.certificates.first().and_then(|der| Certificate::from_der(der));
    let Some(certificate) = certificate else { return "a certificate that cannot be read".to_owned() };
    let until = certificate.not_after().map(|until| format!(", until {}", until.format("%Y-%m-%d")));
    format!("issued by {}{}", certificate.issuer(), until.unwrap_or_default())
}

/// What kept the document from coming: everything up to there was open.
fn stopped(client: &HttpClient, error: &HttpError) -> Vec<Check> {
    match error {
        HttpError::Handshake { .. } | HttpError::Certificate { .. } | HttpError::Tls(_) => {
            let shown = client.peer().map(|peer| format!("the server's certificate was {}", issuer(&peer)));
            let wrong = TLS.failed(error).with_details(shown);
            std::iter::once(connected(client)).chain(from(wrong)).collect()
        }
        error if error.reached_the_server() => {
            let way = [connected(client), tls(client.endpoint(), client.peer())];
            way.into_iter().chain(from(METADATA.failed(error))).collect()
        }
        error => from(CONNECTION.failed(error)),
    }
}

fn document(
    endpoint: &Endpoint,
    metadata: &Result<ServerMetadata, UnexpectedResponse>,
    expected: &Expected<'_>,
) -> Vec<Check> {
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(what) => {
            let remedy = "check the audience and, when there is a proxy, whether it answers in the server's place";
            let after = [&METADATA_ISSUER, &ENDPOINT, &ALGORITHMS].map(|topic| topic.skipped_after(&METADATA));
            return std::iter::once(METADATA.wrong(what.to_string(), remedy)).chain(after).collect();
        }
    };
    vec![
        METADATA.right(endpoint.to_string()),
        issuer_of(metadata, expected.audience),
        token_endpoint(metadata, expected.endpoint),
        algorithms(metadata, expected.algorithm),
    ]
}

fn issuer_of(metadata: &ServerMetadata, audience: &str) -> Check {
    let issuer = shown(&metadata.issuer);
    if metadata.issuer == audience {
        METADATA_ISSUER.right(issuer)
    } else {
        let remedy = format!("if you trust this server, pass --audience {issuer}");
        METADATA_ISSUER.wrong(format!("it calls itself {issuer}, and our audience is {audience}"), remedy)
    }
}

fn token_endpoint(metadata: &ServerMetadata, ours: &Endpoint) -> Check {
    let theirs = shown(&metadata.token_endpoint);
    if metadata.token_endpoint == ours.as_str() {
        ENDPOINT.right(theirs)
    } else {
        let remedy = "leave --token-endpoint out, or check that both are the same server";
        ENDPOINT.warning(format!("the server names {theirs}, and the grant goes to {ours}"), remedy)
    }
}

fn algorithms(metadata: &ServerMetadata, ours: Option<SignatureAlgorithm>) -> Check {
    let theirs = shown(&metadata.algorithms.join(" "));
    match ours {
        None => ALGORITHMS.skipped("no key was opened"),
        Some(_) if metadata.algorithms.is_empty() => ALGORITHMS.skipped("the server names none"),
        Some(ours) if metadata.algorithms.iter().any(|name| name == ours.name()) => ALGORITHMS.right(theirs),
        Some(ours) => ALGORITHMS.wrong(
            format!("the server takes {theirs}, and the grant is signed with {ours}"),
            "use a key of a kind that the server takes, or another --alg",
        ),
    }
}

/// Compares the clocks. The server's time is known to the second, and was written down at some moment between the
/// sending and the receiving.
fn clock(answer: &Response) -> Check {
    let Some(theirs) = answer.date else { return CLOCK.skipped("the server does not tell its time") };
    let ahead = ahead(answer.sent_at, answer.received_at, theirs);
    let seconds = ahead.num_seconds();
    let found = match seconds {
        0 => "agrees with the server's".to_owned(),
        1.. => format!("{seconds} s ahead of the server's"),
        _ => format!("{} s behind the server's", -seconds),
    };
    match seconds.abs() {
        TOO_MANY_SECONDS.. => CLOCK.wrong(found, SET_CLOCK),
        WORRYING_SECONDS.. => CLOCK.warning(found, SET_CLOCK),
        _ => CLOCK.right(found),
    }
}

/// By how much our clock is ahead, in whole seconds; nothing when the difference may come from the measuring.
fn ahead(sent: DateTime<Utc>, received: DateTime<Utc>, theirs: DateTime<Utc>) -> TimeDelta {
    let half = TimeDelta::milliseconds(500);
    let travelled = (received - sent) / 2;
    let estimate = (sent + travelled) - (theirs + half);
    if estimate.abs() <= travelled + half {
        return TimeDelta::zero();
    }
    let rounding = if estimate < TimeDelta::zero() { -half } else { half };
    TimeDelta::seconds((estimate + rounding).num_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_341_600_000 + milliseconds).unwrap()
    }

    #[test]
    fn the_difference_between_the_clocks_is_told_when_measuring_cannot_explain_it() {
        for (sent, received, server, wanted) in [
            (0, 10, 0, 0),
            (0, 10, -1000, 0),
            (0, 3000, 1000, 0),
            (10_400, 10_410, 0, 10),
            (0, 10, 10_000, -10),
            (0, 10, 4000, -4),
            (60_000, 60_010, 0, 60),
        ] {
            let ahead = ahead(at(sent), at(received), at(server)).num_seconds();
            assert_eq!(ahead, wanted, "sent {sent} received {received} server {server}");
        }
    }
}
