//! Scopes from a file, beside those of the settings.

use std::{fs::File, io::Read as _, path::Path};

use crate::cli::{
    report::{Exit, Failure},
    settings::Typed,
};

/// Some ten thousand scopes.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Adds the scopes of a file to those that were typed; `#` begins a comment.
pub(super) fn add_from_file(mut typed: Typed, file: Option<&Path>) -> Result<Typed, Failure> {
    let Some(file) = file else { return Ok(typed) };
    let scopes: Vec<String> = read(file)?
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    if scopes.is_empty() {
        return Err(unusable(file, "there is no scope in it"));
    }
    match typed.0.iter_mut().find(|(name, _)| *name == "scope") {
        Some((_, own)) => own.extend(scopes),
        None => typed.0.push(("scope", scopes)),
    }
    Ok(typed)
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(file).and_then(|opened| opened.take(MAXIMUM_BYTES + 1).read_to_string(&mut text));
    read.map_err(|error| unusable(file, &error.to_string()))?;
    if text.len() as u64 > MAXIMUM_BYTES {
        return Err(unusable(file, "it is larger than a mebibyte"));
    }
    Ok(text)
}

fn unusable(file: &Path, why: &str) -> Failure {
    let message = format!("could not use the scopes in `{}`: {why}", file.display());
    let hint = "name a text file with a scope on each line".to_owned();
    Failure::plain(Exit::Usage, "scopes_file", message, Some(hint))
}
