//! Opens the key that was asked for: the file, its password from wherever it is kept, and what is worth a warning.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use maskinporten_token_generator::{
    clock::Clock,
    keystore::{
        Certificate, DEFAULT_ITERATIONS, KeystoreFile, MAXIMUM_ITERATIONS, SignatureAlgorithm, SigningKey, Validity,
    },
};
use secrecy::SecretString;

use super::{
    layers::{Found, Layers},
    progress::Progress,
    report::{Exit, Failure, Report},
    resolve::number,
    secret,
};

/// What a setting names with `@` is a few kilobytes.
const MAXIMUM_TEXT_BYTES: u64 = 1024 * 1024;

/// Opens the keystore and takes out the key that signs.
pub(crate) fn open(layers: &Layers, clock: &dyn Clock, report: &Report) -> Result<SigningKey, Failure> {
    let keystore = layers.find("keystore").ok_or_else(|| {
        let hint = "pass --keystore FILE, or set MASKINPORTEN_KEYSTORE".to_owned();
        Failure::plain(Exit::Configuration, "missing", "no keystore was given".to_owned(), Some(hint))
    })?;
    let iterations = number(layers, "max-iterations", 1..=MAXIMUM_ITERATIONS, DEFAULT_ITERATIONS)?;
    let from_stdin = keystore.value() == "-";
    let file = if from_stdin {
        KeystoreFile::read_from("stdin", io::stdin().lock(), iterations)?
    } else {
        KeystoreFile::read(Path::new(keystore.value()), iterations)?
    };
    if !file.has_integrity() {
        report.warning("the keystore has no MAC, so nobody can tell whether it was changed");
    }
    let password = if file.needs_password() {
        secret::KEYSTORE_PASSWORD.find(layers, &keystore, from_stdin, report)?
    } else {
        SecretString::from("")
    };
    let progress = Progress::start("opening the keystore", report);
    let opened = file.open(&password)?;
    drop(progress);
    let alias = layers.find("alias");
    let key = opened.choose(alias.as_ref().map(Found::value))?;
    if let Some(certificate) = key.certificates().first() {
        report.detail(&format!("using the key of {}", certificate.subject()));
        warn_of_validity(certificate, clock, report);
    }
    Ok(key)
}

/// The algorithm to sign with: what was asked for, else what the key is made for, if Maskinporten takes it.
pub(crate) fn algorithm(
    key: &SigningKey,
    requested: Option<SignatureAlgorithm>,
    report: &Report,
) -> Result<SignatureAlgorithm, Failure> {
    let own = key.default_algorithm();
    match requested {
        Some(algorithm) => {
            if !algorithm.is_accepted_by_maskinporten() {
                report.warning(&format!("Maskinporten accepts RS256, RS384 and RS512, not {algorithm}"));
            }
            Ok(algorithm)
        }
        None if own.is_accepted_by_maskinporten() => Ok(own),
        None => {
            let message = format!("the key signs with {own}, which Maskinporten does not accept");
            let hint = format!("use an RSA key, or pass --alg {own} for a server that accepts it");
            Err(Failure::plain(Exit::Key, "algorithm", message, Some(hint)))
        }
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
