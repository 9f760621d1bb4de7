//! `config init`: writes a profile from options, and prompts for those that are missing.

use std::{
    io::{self, BufRead as _},
    path::PathBuf,
};

use maskinporten_token_generator::{environment::Environment, profile::ProfileDraft};

use super::ConfigTarget;
use crate::cli::{
    args::InitArguments,
    prompt,
    report::{self, Exit, Failure, Report},
    settings::{self, PROFILE},
};

/// The settings that a profile needs, and the prompts for them.
const QUESTIONS: [(&str, &str); 4] = [
    ("env", "Environment (test or prod): "),
    ("client-id", "Client id: "),
    ("scope", "Scopes: "),
    ("keystore", "Keystore (.p12 file): "),
];

/// The longest answer to a prompt, in bytes.
const MAXIMUM_ANSWER: u64 = 4096;

pub(super) fn run(arguments: InitArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let target = ConfigTarget::choose(config, arguments.project)?;
    let mut typed = arguments.settings.into_texts();
    refuse_empty(&typed)?;
    let name = take(&mut typed, PROFILE).unwrap_or_else(|| {
        typed.iter().find(|(name, _)| *name == "env").map_or("test".to_owned(), |(_, values)| values.concat())
    });
    let sources = ["jwk", "key", "certificate-thumbprint", "pkcs11-module"];
    for (setting, question) in QUESTIONS {
        let other_key = setting == "keystore" && typed.iter().any(|(name, _)| sources.contains(name));
        if !other_key && !typed.iter().any(|(name, _)| *name == setting) {
            typed.push((setting, vec![ask(setting, question)?]));
        }
    }
    let draft = ProfileDraft { values: absolute(typed), ..ProfileDraft::new(&name) };
    target.write(&[draft])?;
    report.note(&format!("wrote the profile {name}; try it: maskinporten token --profile {name}"));
    Ok(())
}

/// Rejects empty values: they would make a file that cannot be read again, or an incomplete profile.
fn refuse_empty(typed: &[(&'static str, Vec<String>)]) -> Result<(), Failure> {
    let is_empty = |values: &[String]| values.iter().any(|value| value.trim().is_empty());
    let Some((name, _)) = typed.iter().find(|(_, values)| is_empty(values)) else { return Ok(()) };
    let hint = Some("give it a value, or leave it out".to_owned());
    Err(Failure::plain(Exit::Usage, "empty", format!("{} is empty", settings::option(name)), hint))
}

fn take(typed: &mut Vec<(&'static str, Vec<String>)>, name: &str) -> Option<String> {
    let at = typed.iter().position(|(own, _)| *own == name)?;
    typed.remove(at).1.pop()
}

/// Prompts for a setting; without a terminal it is an error that the option is missing.
fn ask(setting: &'static str, question: &str) -> Result<String, Failure> {
    let option = settings::option(setting);
    let missing = |what: &str| {
        let message = format!("a profile needs {option}{what}");
        Failure::plain(Exit::Usage, "missing", message, Some(format!("pass {option}")))
    };
    if !prompt::has_terminal() {
        return Err(missing(", and there is no terminal to ask on"));
    }
    report::eprint(question);
    let mut answer = String::new();
    let read = io::Read::take(io::stdin().lock(), MAXIMUM_ANSWER).read_line(&mut answer);
    let answer = answer.trim().to_owned();
    if read.is_err() || answer.is_empty() {
        return Err(missing(""));
    }
    if setting == "env" && Environment::parse(&answer).is_none() {
        let names = Environment::ALL.map(Environment::name).join(", ");
        let message = format!("unknown environment `{answer}`");
        return Err(Failure::plain(Exit::Usage, "env", message, Some(format!("use one of {names}"))));
    }
    Ok(answer)
}

/// Makes paths absolute: the user means them relative to this folder, a config file relative to itself.
fn absolute(typed: Vec<(&'static str, Vec<String>)>) -> Vec<(&'static str, Vec<String>)> {
    let absolute = |text: String| match std::path::absolute(&text) {
        Ok(path) if text != "-" && !text.starts_with("~/") => path.display().to_string(),
        _ => text,
    };
    let values = typed.into_iter().map(|(name, values)| {
        let values = if settings::is_path(name) { values.into_iter().map(absolute).collect() } else { values };
        (name, values)
    });
    values.collect()
}
