//! The organisations that a command is about, from its arguments and a file.

use std::{collections::BTreeSet, path::Path};

use maskinporten::{admin, explain::Explain as _, file, organisation::OrganisationNumber, text::shown_path};

use crate::cli::{
    input,
    report::{Exit, Failure},
};

/// Maximum size of a file with organisations or access.
pub(super) const MAXIMUM_BYTES: u64 = 4 * 1024 * 1024;
/// More wrong lines are not shown.
const MAXIMUM_WRONG: usize = 20;

/// Parses an organisation number of the command line.
pub(super) fn parse(number: &str) -> Result<OrganisationNumber, Failure> {
    OrganisationNumber::parse(number).map_err(|error| Failure::new(Exit::Usage, &error))
}

/// Returns the organisations, each once. Every number is checked.
pub(super) fn read(arguments: &[String], file: Option<&Path>) -> Result<BTreeSet<String>, Failure> {
    let mut numbers = arguments.iter().map(|number| parse(number)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = file {
        numbers.extend(read_list(path)?);
    }
    Ok(numbers.iter().map(|number| number.digits().to_owned()).collect())
}

fn read_list(path: &Path) -> Result<Vec<OrganisationNumber>, Failure> {
    let bytes = input::read(path, MAXIMUM_BYTES)?;
    // Names in an older encoding do not matter.
    let text =
        file::decode_text(&bytes).map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), |text| text.to_string());
    let numbers = admin::organisations(&text).map_err(|wrong| {
        let message = format!("`{}` has {} lines that are not organisation numbers", shown_path(path), wrong.len());
        let hint = wrong.first().and_then(|first| first.error.hint());
        let lines = wrong.into_iter().take(MAXIMUM_WRONG).map(|line| line.to_string());
        Failure::plain(Exit::Usage, "organisation_list", message, hint).caused_by(lines)
    })?;
    if numbers.is_empty() {
        let message = format!("`{}` has no organisation number", shown_path(path));
        let hint = "write one on each line".to_owned();
        return Err(Failure::plain(Exit::Usage, "organisation_list", message, Some(hint)));
    }
    Ok(numbers)
}
