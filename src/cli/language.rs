//! The language in which refusals are explained: option, variable, then the locale. Everything else is in English.

use std::env;

use maskinporten_token_generator::language::Language;

use super::report::{Exit, Failure};

const VARIABLE: &str = "MASKINPORTEN_LANG";

/// The language that is wanted. A variable that is empty counts as none.
pub(crate) fn wanted(typed: Option<&str>) -> Result<Language, Failure> {
    if let Some(language) = typed.and_then(Language::parse) {
        return Ok(language);
    }
    match variable(VARIABLE).filter(|value| !value.is_empty()) {
        Some(value) => Language::parse(&value).ok_or_else(unknown),
        None => Ok(Language::from_locale(variable)),
    }
}

/// A name that is not UTF-8 is none that is known, but it is there.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn unknown() -> Failure {
    let message = format!("{VARIABLE} names no language that refusals are explained in");
    let hint = format!("set {VARIABLE} to en or nb, or pass --lang en or --lang nb");
    Failure::plain(Exit::Configuration, "language", message, Some(hint))
}
