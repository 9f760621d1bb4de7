//! The key: where it is, how it is kept, and why this one was chosen.

use std::path::Path;

use maskinporten_token_generator::{
    check::{Check, check_ids},
    keystore::{KeySummary, Protection, SigningKey},
};

use super::configuration::wrong;
use crate::cli::{
    key::{Unopened, source},
    layers::{Found, Layers},
    report::{Exit, Failure, Report},
};

/// Opens the key and judges how it is kept; `quiet` takes what would be warned of.
///
/// Whoever gives up at the question for a password wants no report: that alone is a failure.
pub(super) fn examine(layers: &Layers, quiet: &Report, checks: &mut Vec<Check>) -> Result<Option<SigningKey>, Failure> {
    let found = match Unopened::read(layers) {
        Ok(found) => found,
        Err(failure) => return Ok(unopened(&failure, checks)),
    };
    let source = &found.source;
    let (key, more) = match open(&found, layers, quiet) {
        Ok(opened) => opened,
        Err(failure) if failure.exit() == Exit::Interrupted => return Err(failure),
        Err(failure) => return Ok(unopened(&failure, checks)),
    };
    let name = match source.value() {
        _ if source.name == "client-jwk" => "the JWK in the variable".to_owned(),
        "-" => "what stands on stdin".to_owned(),
        name => name.to_owned(),
    };
    let warnings = quiet.take_warnings();
    checks.push(if warnings.is_empty() {
        check_ids::OPENS.right(format!("{name}, from {}", source.label))
    } else {
        check_ids::OPENS.warning(format!("{name}, from {}", source.label), "").with_details(warnings)
    });
    checks.extend(more);
    checks.extend(file_mode(source));
    checks.sort_by_key(place);
    Ok(Some(key))
}

/// Opens the key, and tells how it is encrypted and chosen.
fn open(found: &Unopened, layers: &Layers, quiet: &Report) -> Result<(SigningKey, Vec<Check>), Failure> {
    if found.source.name == "keystore" {
        return keystore(layers, found, quiet);
    }
    let key = found.open(layers, quiet)?;
    let choice = check_ids::CHOICE.right(key.kind());
    let skipped = [&check_ids::ENCRYPTION, &check_ids::ENTRIES].map(|topic| topic.skipped("it is no keystore"));
    Ok((key, skipped.into_iter().chain([choice]).collect()))
}

/// Where a check stands among all.
fn place(check: &Check) -> usize {
    check_ids::ALL.iter().position(|topic| *topic == check.topic).unwrap_or_default()
}

fn unopened(failure: &Failure, checks: &mut Vec<Check>) -> Option<SigningKey> {
    checks.push(wrong(&check_ids::OPENS, failure));
    let after = [&check_ids::ENCRYPTION, &check_ids::FILE_MODE, &check_ids::ENTRIES, &check_ids::CHOICE];
    checks.extend(after.map(|topic| topic.skipped_after(&check_ids::OPENS)));
    None
}

fn keystore(layers: &Layers, found: &Unopened, quiet: &Report) -> Result<(SigningKey, Vec<Check>), Failure> {
    let keystore = source::open_keystore(layers, found, quiet)?;
    let encryption = encryption(keystore.protections());
    let listed = keystore.summaries();
    let alias = layers.find("alias");
    let key = keystore.choose(alias.as_ref().map(Found::value))?;
    let choice = choice(&key, &listed, alias.as_ref());
    Ok((key, vec![encryption, entries(&listed), choice]))
}

fn encryption(protections: &[Protection]) -> Check {
    let parts: Vec<String> = protections.iter().map(|part| format!("{}: {}", part.part, part.method)).collect();
    let encrypted = protections.iter().filter(|part| part.iterations.is_some() && part.part != "integrity");
    let mut methods: Vec<&str> = encrypted.map(|part| part.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    let found = if methods.is_empty() { "none".to_owned() } else { methods.join("; ") };
    let weak: Vec<String> = parts.iter().filter(|part| part.contains("RC2")).cloned().collect();
    if weak.is_empty() {
        return check_ids::ENCRYPTION.right(found).with_details(parts);
    }
    let remedy = "export it again with today's encryption: openssl pkcs12 -legacy -in OLD.p12 -out KEYS.pem && \
                  openssl pkcs12 -export -in KEYS.pem -out NEW.p12, then delete KEYS.pem";
    let why = "RC2 with 40 bits hides nothing".to_owned();
    check_ids::ENCRYPTION.warning(found, remedy).with_details(weak.into_iter().chain([why]))
}

fn entries(listed: &[KeySummary]) -> Check {
    let names = listed.iter().map(|entry| {
        let certificate = entry.certificate.as_ref();
        let usage = certificate.map_or_else(
            || "no certificate".to_owned(),
            |certificate| certificate.usage.as_ref().map_or("any usage".to_owned(), |usage| usage.join(" ")),
        );
        format!("{} ({usage})", entry.alias)
    });
    check_ids::ENTRIES.right(names.collect::<Vec<_>>().join(", "))
}

fn choice(key: &SigningKey, listed: &[KeySummary], alias: Option<&Found>) -> Check {
    let thumbprint = key.thumbprint();
    let chosen = listed.iter().find(|entry| entry.key_thumbprint.as_ref() == Some(&thumbprint));
    let name = chosen.map(|entry| entry.alias.as_str()).unwrap_or_default();
    let why = match alias {
        Some(alias) => format!("asked for with {}", alias.label),
        None if listed.len() == 1 => "the only one".to_owned(),
        None => "the only one whose certificate may sign".to_owned(),
    };
    check_ids::CHOICE.right(format!("{name}, {}: {why}", key.kind()))
}

/// Who may read the file, where the system tells.
#[cfg(unix)]
fn file_mode(source: &Found) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt as _;

    let path = Path::new(source.value());
    let file = ["keystore", "jwk", "key"].contains(&source.name) && source.value() != "-";
    let mode = file.then(|| path.metadata().ok())??.permissions().mode() & 0o777;
    let found = format!("mode {mode:o}");
    let name = path.display();
    Some(match mode & 0o077 {
        0 => check_ids::FILE_MODE.right(format!("its owner alone ({found})")),
        _ => check_ids::FILE_MODE.warning(format!("others too ({found})"), format!("chmod 600 {name}")),
    })
}

#[cfg(not(unix))]
fn file_mode(_: &Found) -> Option<Check> {
    None
}
