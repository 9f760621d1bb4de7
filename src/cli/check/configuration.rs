//! Checks the settings: whether anything is missing, unusable, or contradicts something else.

use std::{collections::BTreeSet, path::Path};

use maskinporten::{
    check::{Check, CheckId, check_ids},
    environment::{Addresses, Environment},
    file,
    grant::KeyReference,
};

use super::redact;
use crate::cli::{
    report::{Exit, Failure, Report},
    settings::{
        GivenAddresses, IdentitySettings, Layer, MASK, ParsedSettings, Privacy, Setting, SettingArguments,
        SettingSources, Settings, effective_settings,
    },
};

/// Longer values are cut; scopes can be hundreds.
const SHOWN_CHARACTERS: usize = 120;

/// The size limit of a file of scopes: some ten thousand of them.
const MAXIMUM_SCOPES_BYTES: u64 = 1024 * 1024;

/// Adds the scopes of `--scopes-file` to those of the options; `#` starts a comment.
pub(super) fn add_scopes(mut arguments: SettingArguments, file: Option<&Path>) -> Result<SettingArguments, Failure> {
    let Some(file) = file else { return Ok(arguments) };
    let unusable = |why: &str| {
        let message = format!("could not use the scopes in `{}`: {why}", file.display());
        let hint = "name a text file with a scope on each line".to_owned();
        Failure::plain(Exit::Usage, "scopes_file", message, Some(hint))
    };
    let text = file::read_text(file, MAXIMUM_SCOPES_BYTES).map_err(|error| unusable(&error.to_string()))?;
    let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(scopes, _)| scopes).trim());
    let scopes: Vec<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(unusable("it contains no scope"));
    }
    arguments.add_scopes(scopes);
    Ok(arguments)
}

/// Parses the settings and checks them; nothing is sent.
pub(super) fn examine(sources: &mut SettingSources, quiet: &Report, checks: &mut Vec<Check>) -> Option<Settings> {
    let ParsedSettings { identities, settings, failures } = Settings::parse(sources, quiet);
    if settings.is_some() {
        checks.push(check_ids::SETTINGS.pass("everything that a grant needs is set"));
    }
    checks.extend(failures.iter().map(|failure| wrong(&check_ids::SETTINGS, failure)));
    let retired = GivenAddresses::new(sources).environment.and_then(Environment::retired);
    let warnings = quiet.take_warnings().into_iter().filter(|warning| Some(warning.as_str()) != retired);
    checks.extend(warnings.map(|warning| check_ids::WARNINGS.warning(warning, "")));
    checks.extend([key_reference(&identities), environment(sources), organisations(&identities)]);
    settings
}

/// Lists the settings as they may be shown to anyone: name, value, origin.
pub(super) fn shown(sources: &SettingSources) -> Vec<(String, String, String)> {
    // No token depends on these.
    let own =
        effective_settings(sources).into_iter().filter(|row| !["admin_url", "register_url"].contains(&&*row.name));
    let rows = own.map(|row| {
        let value = match row.privacy {
            Privacy::Masked => MASK.to_owned(),
            Privacy::Omitted => "…".to_owned(),
            Privacy::Public => shorten(&redact::text(&row.value), &row.name),
        };
        (row.name, value, redact::text(&row.from))
    });
    rows.collect()
}

/// Cuts a value to what is needed to recognise it, and counts scopes that were cut.
fn shorten(value: &str, name: &str) -> String {
    let Some((end, _)) = value.char_indices().nth(SHOWN_CHARACTERS) else { return value.to_owned() };
    let shown = &value[..end];
    if name == "scope" {
        let scopes: BTreeSet<&str> = value.split([' ', ',']).filter(|scope| !scope.is_empty()).collect();
        return format!("{} scopes: {shown}…", scopes.len());
    }
    format!("{shown}…")
}

/// Makes a failed check from a failure.
pub(super) fn wrong(id: &'static CheckId, failure: &Failure) -> Check {
    let (message, causes, hint) = failure.parts();
    id.fail(message, hint.unwrap_or_default()).with_details(causes.iter().cloned())
}

fn key_reference(identities: &IdentitySettings) -> Check {
    let id = &check_ids::REFERENCE;
    let (value, origin) = match &identities.key_reference {
        Ok(Some(Setting { value, origin })) => (value, origin),
        Ok(None) => return id.pass("x5c, unless the key has a kid of its own"),
        Err(failure) => return wrong(id, failure),
    };
    let value = match value {
        KeyReference::KeyId(key_id) => format!("kid {key_id}"),
        KeyReference::Thumbprint => "kid thumbprint".to_owned(),
        KeyReference::Chain => "x5c chain".to_owned(),
        KeyReference::Leaf => "x5c leaf".to_owned(),
    };
    id.pass(format!("{value}, from {}", origin.label))
}

/// Checks the environment against the addresses that replace its own.
fn environment(sources: &SettingSources) -> Check {
    let id = &check_ids::ENVIRONMENT;
    let given = GivenAddresses::new(sources);
    let Some(environment) = given.environment else {
        return match given.audience.or(given.discover) {
            Some(setting) => id.pass(format!("none; {} names the server", setting.origin.label)),
            None => id.skipped_after(&check_ids::SETTINGS),
        };
    };
    let own = environment.addresses();
    let addresses: [(_, &str, AddressPart); 2] = [
        (given.audience, "--audience", |addresses| &addresses.issuer),
        (given.token_endpoint, "--token-endpoint", |addresses| &addresses.token_endpoint),
    ];
    for (setting, option, part) in addresses {
        let Some(setting) = setting.filter(|setting| setting.origin.layer != Layer::Environment) else { continue };
        if own.as_ref().is_none_or(|own| part(own) != setting.value) {
            return contradiction(environment, &setting, option, part);
        }
    }
    match environment.retired() {
        Some(reason) => id.warning(reason, "pass --env test, with a client of that environment"),
        None => id.pass(environment.name()),
    }
}

type AddressPart = fn(&Addresses) -> &str;

fn contradiction(environment: Environment, setting: &Setting<String>, option: &str, part: AddressPart) -> Check {
    let id = &check_ids::ENVIRONMENT;
    let (label, value) = (&setting.origin.label, redact::text(&setting.value));
    let belongs = |other: &Environment| other.addresses().is_some_and(|addresses| part(&addresses) == setting.value);
    match Environment::ALL.into_iter().find(belongs) {
        Some(other) => id.fail(
            format!("{environment}, but {label} is {value}, which is {other}'s"),
            format!("leave {option} out, or pass --env {other}"),
        ),
        None => id.warning(
            format!("{environment}, but {label} is {value}"),
            format!("leave {option} out, unless you mean another server"),
        ),
    }
}

fn organisations(identities: &IdentitySettings) -> Check {
    let id = &check_ids::ORGANISATIONS;
    let mut numbers = Vec::new();
    for (name, setting) in [("consumer_org", &identities.consumer_org), ("system_user", &identities.system_user)] {
        match setting {
            Ok(None) => {}
            Ok(Some(number)) => numbers.push(format!("{name} {}", number.value)),
            Err(failure) => return wrong(id, failure),
        }
    }
    if numbers.is_empty() { id.skipped("none is given") } else { id.pass(numbers.join(", ")) }
}
