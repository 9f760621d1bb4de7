//! The key that was asked for: which source it has, how it signs, and what is worth a warning.

pub(crate) mod source;
mod unopened;

use std::{fs::File, io::Read as _};

use maskinporten_token_generator::{
    clock::Clock,
    grant::Grant,
    keystore::{Certificate, SigningKey, Validity},
};

pub(crate) use self::unopened::Unopened;
use super::{
    layers::{Found, Layers},
    report::{Exit, Failure, Report},
    resolve::{exit_of, only},
    settings::CLIENT_JWK,
};

/// What a setting names with `@` is a few kilobytes.
const MAXIMUM_TEXT_BYTES: u64 = 1024 * 1024;

/// The places where a key may be; they exclude each other.
const SOURCES: [&str; 6] = ["keystore", "jwk", CLIENT_JWK, "key", "certificate-thumbprint", "pkcs11-module"];

/// Opens the key that signs, wherever it is.
pub(crate) fn open(layers: &Layers, clock: &dyn Clock, report: &Report) -> Result<SigningKey, Failure> {
    open_and_warn(&Unopened::read(layers)?, layers, clock, report)
}

/// Opens a key that has been found, and warns when its certificate does not hold now.
pub(crate) fn open_and_warn(
    unopened: &Unopened,
    layers: &Layers,
    clock: &dyn Clock,
    report: &Report,
) -> Result<SigningKey, Failure> {
    let key = unopened.open(layers, report)?;
    if let Some(certificate) = key.certificates().first() {
        report.detail(&format!("using the key of {}", certificate.subject()));
        warn_of_validity(certificate, clock, report);
    }
    Ok(key)
}

/// The one place where the key is.
fn the_source(layers: &Layers) -> Result<Found, Failure> {
    only(layers.find_group(&SOURCES))?.ok_or_else(|| {
        let hint = "pass --keystore FILE, or set MASKINPORTEN_KEYSTORE; --jwk, --key, --certificate-thumbprint and \
                    --pkcs11-module name other kinds of keys";
        Failure::plain(Exit::Configuration, "missing", "no keystore was given".to_owned(), Some(hint.to_owned()))
    })
}

/// A key where the name of a file belongs would stand in the error that no such file is there.
fn refuse_key_itself(layers: &Layers, source: &Found) -> Result<(), Failure> {
    let certificate = layers.find("certificate");
    let named = [source].into_iter().filter(|source| source.name != CLIENT_JWK).chain(&certificate);
    let is_key = |text: &str| text.trim_start().starts_with(['{', '[']) || text.contains("-----BEGIN");
    let Some(found) = named.into_iter().find(|found| is_key(found.value())) else { return Ok(()) };
    let message = format!("{} holds a key or certificate itself, not the name of a file", found.label);
    let hint = "put it in a file that only you may read, and name that; a JWK may stand in MASKINPORTEN_CLIENT_JWK";
    Err(Failure::plain(exit_of(found.origin), "plain_key", message, Some(hint.to_owned())))
}

/// A certificate of its own goes with a key in PEM or in a token; the others bring theirs.
fn check_certificate(layers: &Layers, source: &Found) -> Result<(), Failure> {
    let Some(certificate) = layers.find("certificate") else { return Ok(()) };
    if ["key", "pkcs11-module"].contains(&source.name) || certificate.rank > source.rank {
        return Ok(());
    }
    let message = format!("{} goes with --key or --pkcs11-module, not with {}", certificate.label, source.label);
    Err(Failure::plain(exit_of(certificate.origin), "conflict", message, Some("leave it out".to_owned())))
}

/// Warns of an algorithm that was asked for and that Maskinporten does not accept.
pub(crate) fn warn_of_algorithm(grant: &Grant, report: &Report) {
    if let Some(algorithm) = grant.algorithm.filter(|algorithm| !algorithm.is_accepted_by_maskinporten()) {
        report.warning(&format!("Maskinporten accepts RS256, RS384 and RS512, not {algorithm}"));
    }
}

fn warn_of_validity(certificate: &Certificate, clock: &dyn Clock, report: &Report) {
    match certificate.validity(clock.now()) {
        Validity::Valid => {}
        Validity::Expired(at) => {
            report.warning(&format!("the certificate expired on {}", at.format("%Y-%m-%d %H:%M UTC")));
        }
        Validity::NotYetValid(at) => {
            report.warning(&format!("the certificate is not valid before {}", at.format("%Y-%m-%d %H:%M UTC")));
        }
    }
}

/// Reads a file that a setting names with `@`.
pub(crate) fn read_text_file(found: &Found, file: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(file).and_then(|opened| opened.take(MAXIMUM_TEXT_BYTES).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| {
        let message = format!("could not read `{file}` that {} names: {error}", found.label);
        Failure::plain(Exit::Configuration, "file", message, Some("check the path after the @".to_owned()))
    })
}
