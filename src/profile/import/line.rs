//! What the readers of all formats hand on: assignments and remarks, by line.

use std::collections::{BTreeMap, BTreeSet};

use super::Reason;

/// A line that says something.
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) says: Statement,
}

pub(super) enum Statement {
    /// It sets a name.
    Set(String, Result<Text, Reason>),
    /// It looks like setting a name, but is a comment.
    Commented(String),
    /// Something else.
    Other(Reason),
}

/// A value, as far as it can be known without running anything.
pub(super) type Text = Vec<Part>;

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    /// The folder of the file.
    Folder,
    /// The user's home folder.
    Home,
    /// A variable of the environment.
    Environment(String),
}

/// No value is longer than this, with all that it refers to.
const MAXIMUM_CHARACTERS: usize = 8192;
/// Nor are all of them together.
const MAXIMUM_TOTAL: usize = 4 * 1024 * 1024;

/// The variables that the files have set so far, by their names in lower case.
#[derive(Default)]
pub(super) struct Variables {
    values: BTreeMap<String, Result<Text, Reason>>,
    pub(super) used: BTreeSet<String>,
    total: usize,
}

impl Variables {
    /// Keeps a value for those that come after it, unless it is too long.
    pub(super) fn set(&mut self, name: &str, value: Result<Text, Reason>) -> Result<Text, Reason> {
        let value = value.and_then(|text| {
            self.total += length(&text);
            if length(&text) > MAXIMUM_CHARACTERS || self.total > MAXIMUM_TOTAL {
                return Err(Reason::TooLong);
            }
            Ok(text)
        });
        self.values.insert(name.to_lowercase(), value.clone());
        value
    }

    /// What a variable holds; `None` when it is not set in these files.
    pub(super) fn value(&mut self, name: &str) -> Option<&Result<Text, Reason>> {
        let name = name.to_lowercase();
        let value = self.values.get(&name)?;
        self.used.insert(name);
        Some(value)
    }
}

/// How long a value is. A part that is a name counts too, so that a chain of them ends.
pub(super) fn length(text: &[Part]) -> usize {
    let part = |part: &Part| if let Part::Text(text) = part { text.len() + 1 } else { 16 };
    text.iter().map(part).sum()
}

/// Adds a part to a value, unless it has become too long.
pub(super) fn add(value: &mut Result<Text, Reason>, parts: &[Part]) {
    let Ok(text) = value else { return };
    for part in parts {
        match (text.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(after)) => before.push_str(after),
            _ => text.push(part.clone()),
        }
    }
    if text.len() > 64 || text.last().is_some_and(|part| length(std::slice::from_ref(part)) > MAXIMUM_CHARACTERS) {
        *value = Err(Reason::TooLong);
    }
}

/// Adds one character to a value.
pub(super) fn add_character(value: &mut Result<Text, Reason>, character: char) {
    let Ok(text) = value else { return };
    match text.last_mut() {
        Some(Part::Text(before)) if before.len() > MAXIMUM_CHARACTERS => *value = Err(Reason::TooLong),
        Some(Part::Text(before)) => before.push(character),
        _ => text.push(Part::Text(character.to_string())),
    }
}

/// A value that is nothing but text.
pub(super) fn plain(text: &str) -> Text {
    if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] }
}
