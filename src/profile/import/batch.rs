//! `config.cmd`: lines of `set name=value`, as the older versions of the original had them.
//!
//! The language: <https://learn.microsoft.com/windows-server/administration/windows-commands/set_1>.

use super::{
    Reason,
    line::{Line, Part, Statement, Text, Variables, add, add_character, plain},
};

/// Commands that set nothing.
const HARMLESS: [&str; 9] = ["echo", "setlocal", "endlocal", "exit", "chcp", "cls", "pause", "title", "color"];

/// Reads a file.
pub(super) fn read(text: &str, variables: &mut Variables) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in logical_lines(text) {
        let line = line.trim_start().trim_start_matches('@').trim_start();
        if let Some(says) = line_says(line, &mut depth, variables) {
            lines.push(Line { number, says });
        }
    }
    lines
}

/// Lines, with those that end in `^` joined with the next.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let continued = line.strip_suffix('^');
        let part = continued.unwrap_or(line);
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, before)) => before.push_str(part),
            None => lines.push((index + 1, part.to_owned())),
        }
        goes_on = continued.is_some();
    }
    lines
}

fn line_says(line: &str, depth: &mut usize, variables: &mut Variables) -> Option<Statement> {
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if let Some(comment) = line.strip_prefix("::").or(command.eq_ignore_ascii_case("rem").then_some(rest)) {
        return commented(comment);
    }
    if line.is_empty() || line.starts_with(':') || HARMLESS.contains(&command.to_lowercase().as_str()) {
        return None;
    }
    if line.starts_with(')') {
        *depth = depth.saturating_sub(1);
        *depth += usize::from(line.ends_with('('));
        return None;
    }
    if command.eq_ignore_ascii_case("set") {
        return Some(set(rest.trim_start(), *depth > 0, variables));
    }
    *depth += usize::from(line.trim_end().ends_with('('));
    Some(Statement::Other(Reason::Statement))
}

fn commented(comment: &str) -> Option<Statement> {
    let (command, rest) = comment.split_once(' ')?;
    let (name, value) = rest.split_once('=').filter(|_| command.eq_ignore_ascii_case("set"))?;
    (!value.trim().is_empty()).then(|| Statement::Commented(name.trim_matches(['"', ' ']).to_owned()))
}

/// `set name=value` or `set "name=value"`.
fn set(rest: &str, in_block: bool, variables: &mut Variables) -> Statement {
    if let Some(calculated) = rest.strip_prefix("/a ").or(rest.strip_prefix("/p ")) {
        let name = calculated.split('=').next().unwrap_or_default().trim_matches(['"', ' ']);
        return Statement::Set(name.to_owned(), Err(Reason::Expression));
    }
    let quoted = rest.strip_prefix('"').map(|inner| inner.rfind('"').map_or(inner, |end| &inner[..end]));
    let Some((name, raw)) = quoted.unwrap_or(rest).split_once('=') else {
        return Statement::Other(Reason::Statement);
    };
    if name.ends_with(char::is_whitespace) {
        return Statement::Set(name.trim().to_owned(), Err(Reason::BlankInName));
    }
    let value = if quoted.is_some() { Ok(raw.to_owned()) } else { unquoted(raw) };
    let value = match value {
        Ok(_) if in_block => Err(Reason::Block),
        Ok(text) => expand(text.trim(), variables),
        Err(reason) => Err(reason),
    };
    let value = variables.set(name, value);
    Statement::Set(name.to_owned(), value)
}

/// A value without quotes around the assignment: `^` takes the next character's meaning away, and quotes in it are
/// part of the value, which the original's own command line then takes off.
fn unquoted(raw: &str) -> Result<String, Reason> {
    let mut value = String::new();
    let mut in_quotes = false;
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => in_quotes = !in_quotes,
            '^' if !in_quotes => value.extend(characters.next()),
            '&' | '|' | '<' | '>' if !in_quotes => return Err(Reason::Expression),
            other => value.push(other),
        }
    }
    Ok(value)
}

/// Puts in what `%NAME%` and `%~dp0` stand for.
fn expand(raw: &str, variables: &mut Variables) -> Result<Text, Reason> {
    let mut value = Ok(Vec::new());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('%') {
        add(&mut value, &plain(before));
        if let Some(after) = after.strip_prefix('%') {
            add_character(&mut value, '%');
            rest = after;
        } else if let Some(after) = after.strip_prefix("~dp0") {
            add(&mut value, &[Part::Folder]);
            rest = after;
        } else if let Some((name, after)) = after.split_once('%') {
            add(&mut value, &variable(name, variables)?);
            rest = after;
        } else {
            add_character(&mut value, '%');
            rest = after;
        }
    }
    add(&mut value, &plain(rest));
    value
}

fn variable(name: &str, variables: &mut Variables) -> Result<Text, Reason> {
    if name.is_empty() || !name.chars().all(|character| character.is_alphanumeric() || "_-.()".contains(character)) {
        return Err(Reason::Expression);
    }
    if let Some(value) = variables.value(name) {
        return value.clone();
    }
    Ok(vec![if ["userprofile", "home"].contains(&name.to_lowercase().as_str()) {
        Part::Home
    } else {
        Part::Environment(name.to_owned())
    }])
}
