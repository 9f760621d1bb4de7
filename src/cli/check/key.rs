//! Checks the key: whether it opens, how its file is protected, and which key of several it is.

use std::sync::Arc;

use maskinporten::{
    check::{Check, check_ids},
    clock::{Clock as _, SystemClock},
    explain::Explain as _,
    key_services::{PlaceError, PlaceFacts},
    keystore::{CertificateThumbprint, KeySummary, Protection, RENEWAL_TIME, SigningKey},
};

use super::configuration::wrong;
use crate::cli::{
    located_key::LocatedKey,
    report::{Exit, Failure, Report},
    settings::{ContentSettings, ContentSource, KeySettings, KeySource, Origin, Setting, SettingSources, Unlock},
    signals,
};

/// Opens the key and checks how it is protected; `quiet` keeps the warnings.
///
/// Ctrl-C at the question for a password is a failure, without a report.
pub(super) async fn examine(
    sources: &SettingSources,
    quiet: &Arc<Report>,
    checks: &mut Vec<Check>,
) -> Result<Option<SigningKey>, Failure> {
    let settings = KeySettings::parse(sources);
    let report = Arc::clone(quiet);
    let opened = signals::blocking(move || {
        let key = LocatedKey::read(settings?, Arc::default(), &report)?;
        let (signing_key, checks) = open(&key)?;
        Ok::<_, Failure>((key.settings.source, signing_key, checks))
    });
    let (source, key, more) = match opened.await {
        Ok(opened) => opened,
        Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
        Err(failure) => return Ok(not_opened(&failure, checks)),
    };
    let name = match source.value.location() {
        None if matches!(source.value, KeySource::Content(_)) => "the key in the variable",
        None => "the JWK in the variable",
        Some("-") => "stdin",
        Some(name) => name,
    };
    let warnings = quiet.take_warnings();
    checks.push(if warnings.is_empty() {
        check_ids::OPENS.pass(format!("{name}, from {}", source.origin.label))
    } else {
        check_ids::OPENS.warning(format!("{name}, from {}", source.origin.label), "").with_details(warnings)
    });
    checks.extend(more);
    checks.extend(file_mode(&source));
    checks.sort_by_key(place);
    Ok(Some(key))
}

/// Opens the key, and checks its encryption and why it was chosen.
fn open(key: &LocatedKey) -> Result<(SigningKey, Vec<Check>), Failure> {
    if let KeySource::Pkcs12 { alias, thumbprint, unlock, .. } = &key.settings.source.value {
        return open_keystore(key, alias.as_ref(), thumbprint.as_ref(), unlock);
    }
    let (key, place) = match &key.settings.source.value {
        KeySource::Content(settings @ ContentSettings { from: ContentSource::Place(place), .. })
            if place.is_service() =>
        {
            let (fetched, facts) = place.examine()?;
            (key.open_fetched(settings, fetched, &|| ())?, Some(place_check(facts)))
        }
        _ => (key.open_quietly(&|| ())?, None),
    };
    let choice = check_ids::CHOICE.pass(key.kind());
    let skipped = [&check_ids::ENCRYPTION, &check_ids::ENTRIES].map(|id| id.skipped("not a keystore"));
    Ok((key, skipped.into_iter().chain([choice]).chain(place).collect()))
}

/// Checks what a service returns about the key and the caller.
fn place_check(facts: Result<PlaceFacts, PlaceError>) -> Check {
    let facts = match facts {
        Ok(facts) => facts,
        Err(error) => return check_ids::PLACE.warning(error.to_string(), error.hint().unwrap_or_default()),
    };
    let expires_at = facts.expires_at;
    let identity = facts.identity.map(|identity| format!("authenticated as {identity}"));
    let permissions = facts.permissions.into_iter().map(|permission| format!("permission: {permission}"));
    let expiry = expires_at.map(|at| format!("the key expires on {}", at.format("%Y-%m-%d %H:%M UTC")));
    let details = identity.into_iter().chain(permissions).chain(expiry);
    let ends_soon = expires_at.is_some_and(|at| at - SystemClock.now() < RENEWAL_TIME);
    let check = if ends_soon {
        check_ids::PLACE.warning(facts.location, "renew the key, and register the new one")
    } else {
        check_ids::PLACE.pass(facts.location)
    };
    check.with_details(details)
}

/// Returns the position of a check in the report.
fn place(check: &Check) -> usize {
    check_ids::ALL.iter().position(|id| *id == check.topic).unwrap_or_default()
}

fn not_opened(failure: &Failure, checks: &mut Vec<Check>) -> Option<SigningKey> {
    checks.push(wrong(&check_ids::OPENS, failure));
    let after = [&check_ids::ENCRYPTION, &check_ids::FILE_MODE, &check_ids::ENTRIES, &check_ids::CHOICE];
    checks.extend(after.map(|id| id.skipped_after(&check_ids::OPENS)));
    None
}

fn open_keystore(
    key: &LocatedKey,
    alias: Option<&Setting<String>>,
    thumbprint: Option<&Setting<CertificateThumbprint>>,
    unlock: &Unlock,
) -> Result<(SigningKey, Vec<Check>), Failure> {
    let mut keystore = key.open_keystore(unlock, None, &|| ())?;
    let encryption = encryption(keystore.protections());
    let listed = keystore.summaries();
    if let Some(thumbprint) = thumbprint {
        keystore = keystore.with_certificate(&thumbprint.value)?;
    }
    let key = keystore.choose(alias.map(|alias| alias.value.as_str()))?;
    let origin = thumbprint.map(|thumbprint| &thumbprint.origin).or(alias.map(|alias| &alias.origin));
    let choice = choice(&key, &listed, origin);
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
        return check_ids::ENCRYPTION.pass(found).with_details(parts);
    }
    let remedy = "export it again with current encryption: openssl pkcs12 -legacy -in OLD.p12 -out KEYS.pem && \
                  openssl pkcs12 -export -in KEYS.pem -out NEW.p12, then delete KEYS.pem";
    let why = "RC2 with 40 bits gives no protection".to_owned();
    check_ids::ENCRYPTION.warning(found, remedy).with_details(weak.into_iter().chain([why]))
}

fn entries(summaries: &[KeySummary]) -> Check {
    let names = summaries.iter().map(|entry| {
        let certificate = entry.certificate.as_ref();
        let usage = certificate.map_or_else(
            || "no certificate".to_owned(),
            |certificate| certificate.usage.as_ref().map_or("any usage".to_owned(), |usage| usage.join(" ")),
        );
        format!("{} ({usage})", entry.alias)
    });
    check_ids::ENTRIES.pass(names.collect::<Vec<_>>().join(", "))
}

fn choice(key: &SigningKey, listed: &[KeySummary], origin: Option<&Origin>) -> Check {
    let thumbprint = key.thumbprint();
    let chosen = listed.iter().find(|entry| entry.key_thumbprint.as_ref() == Some(&thumbprint));
    let name = chosen.map(|entry| entry.alias.as_str()).unwrap_or_default();
    let why = match origin {
        Some(origin) => format!("chosen with {}", origin.label),
        None if listed.len() == 1 => "the only one".to_owned(),
        None => "the only one whose certificate may sign now".to_owned(),
    };
    check_ids::CHOICE.pass(format!("{name}, {}: {why}", key.kind()))
}

/// Checks who may read the file, on systems with file modes.
#[cfg(unix)]
fn file_mode(source: &Setting<KeySource>) -> Option<Check> {
    use std::{os::unix::fs::PermissionsExt as _, path::Path};

    let (KeySource::Pkcs12 { file, .. } | KeySource::Jwk { file } | KeySource::Pem { file, .. }) = &source.value else {
        return None;
    };
    let path = Path::new(file);
    let mode = (file != "-").then(|| path.metadata().ok())??.permissions().mode() & 0o777;
    let found = format!("mode {mode:o}");
    let name = path.display();
    Some(match mode & 0o077 {
        0 => check_ids::FILE_MODE.pass(format!("only its owner ({found})")),
        _ => check_ids::FILE_MODE.warning(format!("others too ({found})"), format!("chmod 600 {name}")),
    })
}

#[cfg(not(unix))]
fn file_mode(_: &Setting<KeySource>) -> Option<Check> {
    None
}
