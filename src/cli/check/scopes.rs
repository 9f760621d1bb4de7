//! Scopes from a file, beside those of the settings.

use std::{fs::File, io::Read as _, path::Path};

use crate::cli::{
    report::{Exit, Failure},
    settings::SettingArguments,
};

/// The size limit of the file: some ten thousand scopes.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Adds the scopes of a file to those of the options; `#` starts a comment.
pub(super) fn add_from_file(mut arguments: SettingArguments, file: Option<&Path>) -> Result<SettingArguments, Failure> {
    let Some(file) = file else { return Ok(arguments) };
    let scopes: Vec<String> = read(file)?
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    if scopes.is_empty() {
        return Err(unusable(file, "it contains no scope"));
    }
    arguments.add_scopes(scopes);
    Ok(arguments)
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
