//! The settings: what counts, what is missing, and what contradicts itself.

use maskinporten_token_generator::{
    check::{Check, CheckId, check_ids},
    environment::{Addresses, Environment},
    organisation::OrganisationNumber,
};

use super::pasteable;
use crate::cli::{
    layers::{Found, Layers, Origin},
    report::{Failure, Report},
    resolve::{self, Asked, Problems},
    settings,
    values::{self, MASK},
};

/// Settings that hold a command, which may hold anything.
const COMMANDS: [&str; 2] = ["keystore-password-command", "pkcs11-pin-command"];

/// Scopes can be hundreds.
const SHOWN_CHARACTERS: usize = 120;

/// Reads the settings and judges them; nothing is sent.
pub(super) async fn examine(layers: &mut Layers, quiet: &Report, checks: &mut Vec<Check>) -> Option<Asked> {
    let (mut asked, mut problems) = match Asked::of(layers, quiet) {
        Ok(asked) => (Some(asked), Vec::new()),
        Err(Problems(problems)) => (None, problems),
    };
    // With `--discover` the addresses are the network's affair.
    if let Some(read) = asked.as_ref().filter(|_| layers.find("discover").is_none())
        && let Err(failure) = read.addresses(layers).await
    {
        problems.push(failure);
        asked = None;
    }
    let own = [key_reference(layers), of_environment(layers), organisations(layers)];
    let told = |problem: &&Failure| own.iter().any(|check| check.found == problem.parts().0);
    let problems: Vec<Check> =
        problems.iter().filter(|problem| !told(problem)).map(|problem| wrong(&check_ids::SETTINGS, problem)).collect();
    if problems.is_empty() && asked.is_some() {
        checks.push(check_ids::SETTINGS.pass("what a grant needs is there"));
    }
    checks.extend(problems);
    let retired = environment(layers).and_then(Environment::retired);
    let warnings = quiet.take_warnings().into_iter().filter(|warning| Some(warning.as_str()) != retired);
    checks.extend(warnings.map(|warning| check_ids::WARNINGS.warning(warning, "")));
    checks.extend(own);
    asked
}

/// Every setting, as it may be shown to anyone: name, value, and where it came from.
pub(super) fn shown(layers: &Layers) -> Vec<(String, String, String)> {
    let rows = values::rows(layers).map(|row| {
        let value = match row.name {
            "pid" => MASK.to_owned(),
            name if COMMANDS.contains(&name) => MASK.to_owned(),
            "claim" | "claim-json" => "…".to_owned(),
            _ => short(&pasteable::text(&row.value)),
        };
        (row.name.replace('-', "_"), value, pasteable::text(&row.from))
    });
    rows.collect()
}

/// As much of a value as tells it from others.
fn short(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// A failure as a check that found something wrong.
pub(super) fn wrong(topic: &'static CheckId, failure: &Failure) -> Check {
    let (message, causes, hint) = failure.parts();
    topic.fail(message, hint.unwrap_or_default()).with_details(causes.iter().cloned())
}

fn environment(layers: &Layers) -> Option<Environment> {
    layers.find("env").and_then(|found| Environment::parse(found.value()))
}

fn key_reference(layers: &Layers) -> Check {
    let topic = &check_ids::REFERENCE;
    let found = match resolve::only(layers.find_group(&["kid", "x5c"])) {
        Ok(found) => found,
        Err(failure) => return wrong(topic, &failure),
    };
    match found {
        Some(found) => topic.pass(format!("{} {}, from {}", found.name, found.value(), found.label)),
        None => topic.pass("x5c, unless the key brings a kid of its own"),
    }
}

/// The environment, against what was put in the place of its parts.
fn of_environment(layers: &Layers) -> Check {
    let topic = &check_ids::ENVIRONMENT;
    let Some(environment) = environment(layers) else {
        return match layers.find("audience").or_else(|| layers.find("discover")) {
            Some(found) => topic.pass(format!("none; {} names the server", found.label)),
            None => topic.skipped_after(&check_ids::SETTINGS),
        };
    };
    let own = environment.addresses();
    for (name, of) in ADDRESSES {
        let Some(found) = layers.find(name).filter(|found| found.origin != Origin::Environment) else { continue };
        if own.as_ref().is_some_and(|own| of(own) == found.value()) {
            continue;
        }
        return contradiction(topic, environment, &found, of);
    }
    match environment.retired() {
        Some(reason) => topic.warning(reason, "pass --env test, with a client of that environment"),
        None => topic.pass(environment.name()),
    }
}

type Part = fn(&Addresses) -> &str;

const ADDRESSES: [(&str, Part); 2] =
    [("audience", |addresses| &addresses.issuer), ("token-endpoint", |addresses| &addresses.token_endpoint)];

fn contradiction(topic: &'static CheckId, environment: Environment, found: &Found, of: Part) -> Check {
    let value = pasteable::text(found.value());
    let belongs = |other: &Environment| other.addresses().is_some_and(|addresses| of(&addresses) == found.value());
    match Environment::ALL.into_iter().find(belongs) {
        Some(other) => topic.fail(
            format!("{environment}, but {} is {value}, which is {other}'s", found.label),
            format!("leave {} out, or pass --env {other}", settings::option(found.name)),
        ),
        None => topic.warning(
            format!("{environment}, but {} is {value}", found.label),
            format!("leave {} out, unless you mean another server", settings::option(found.name)),
        ),
    }
}

fn organisations(layers: &Layers) -> Check {
    let topic = &check_ids::ORGANISATIONS;
    let mut numbers = Vec::new();
    for name in ["consumer-org", "system-user"] {
        let Some(found) = layers.find(name) else { continue };
        match resolve::read(&found, OrganisationNumber::parse(found.value())) {
            Ok(number) => numbers.push(format!("{} {number}", name.replace('-', "_"))),
            Err(failure) => return wrong(topic, &failure),
        }
    }
    if numbers.is_empty() { topic.skipped("none is named") } else { topic.pass(numbers.join(", ")) }
}
