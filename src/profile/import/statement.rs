//! The statements of a file, in whatever format: assignments and problems, by line.

use std::collections::{BTreeMap, BTreeSet};

use super::ImportProblem;

/// A statement, with the number of its line.
pub(super) type NumberedStatement = (usize, Statement);

pub(super) enum Statement {
    /// Sets a name.
    Set(String, ParsedValue),
    /// Would set a name, but is a comment.
    Commented(String),
    /// Anything else.
    Other(ImportProblem),
}

/// A value, as far as it can be known without running anything.
pub(super) type ParsedValue = Result<Vec<ValuePart>, ImportProblem>;

#[derive(Clone, PartialEq, Eq)]
pub(super) enum ValuePart {
    Text(String),
    /// The folder of the file.
    Folder,
    /// The user's home folder.
    Home,
    /// An environment variable.
    Environment(String),
}

/// The maximum length of a value after its variables are replaced.
const MAXIMUM_LENGTH: usize = 8192;
const MAXIMUM_PARTS: usize = 64;
/// The greatest length of all values together.
const MAXIMUM_TOTAL: usize = 4 * 1024 * 1024;

/// The variables that the files have set so far, by their names in lower case.
#[derive(Default)]
pub(super) struct Variables {
    values: BTreeMap<String, ParsedValue>,
    /// The variables whose value was used.
    pub(super) used: BTreeSet<String>,
    total: usize,
}

impl Variables {
    /// Stores a value for the statements after it, unless it is too long.
    pub(super) fn set(&mut self, name: &str, value: ParsedValue) -> ParsedValue {
        let value = value.and_then(|parts| {
            self.total += length(&parts);
            let fits = length(&parts) <= MAXIMUM_LENGTH && self.total <= MAXIMUM_TOTAL;
            if fits { Ok(parts) } else { Err(ImportProblem::TooLong) }
        });
        self.values.insert(name.to_lowercase(), value.clone());
        value
    }

    /// Returns the value of a variable; `None` when these files do not set it.
    pub(super) fn value(&mut self, name: &str) -> Option<ParsedValue> {
        let name = name.to_lowercase();
        let value = self.values.get(&name)?.clone();
        self.used.insert(name);
        Some(value)
    }
}

/// Returns the length of a value. A part that is a name counts too, so that variables cannot multiply it without end.
fn length(parts: &[ValuePart]) -> usize {
    parts.iter().map(|part| if let ValuePart::Text(text) = part { text.len() + 1 } else { 16 }).sum()
}

/// Appends text to a value.
pub(super) fn push_text(value: &mut ParsedValue, text: impl AsRef<str>) {
    let text = text.as_ref();
    let Ok(parts) = value else { return };
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(ValuePart::Text(before)) if before.len() > MAXIMUM_LENGTH => *value = Err(ImportProblem::TooLong),
        Some(ValuePart::Text(before)) => before.push_str(text),
        _ => parts.push(ValuePart::Text(text.to_owned())),
    }
}

/// Appends one value to another. The first problem is kept.
pub(super) fn push_value(value: &mut ParsedValue, more: ParsedValue) {
    match more {
        Err(problem) if value.is_ok() => *value = Err(problem),
        Err(_) => {}
        Ok(parts) => {
            for part in parts {
                match (part, &mut *value) {
                    (ValuePart::Text(text), _) => push_text(value, text),
                    (_, Ok(before)) if before.len() > MAXIMUM_PARTS => *value = Err(ImportProblem::TooLong),
                    (part, Ok(before)) => before.push(part),
                    (_, Err(_)) => return,
                }
            }
        }
    }
}

/// Returns a value that is text only.
pub(super) fn plain(text: &str) -> Vec<ValuePart> {
    if text.is_empty() { Vec::new() } else { vec![ValuePart::Text(text.to_owned())] }
}

/// Joins continued lines, with the number of the first. `continued` returns a line without the mark that continues it.
pub(super) fn joined_lines<'a>(
    lines: impl Iterator<Item = &'a str>,
    is_skipped: impl Fn(&str) -> bool,
    continued: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<(usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut is_continued = false;
    for (index, line) in lines.enumerate() {
        if !is_continued && is_skipped(line) {
            continue;
        }
        let before_mark = continued(line);
        let part = before_mark.unwrap_or(line);
        match joined.last_mut().filter(|_| is_continued) {
            Some((_, before)) => before.push_str(part),
            None => joined.push((index + 1, part.to_owned())),
        }
        is_continued = before_mark.is_some();
    }
    joined
}
