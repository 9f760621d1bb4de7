//! `config.cmd`: lines of `set name=value`, which older versions of the original read.
//!
//! The language: <https://learn.microsoft.com/windows-server/administration/windows-commands/set_1>.

use super::{
    ImportProblem,
    statement::{NumberedStatement, ParsedValue, Statement, ValuePart, Variables, joined_lines, push_text, push_value},
};

/// Commands that do not set a variable.
const HARMLESS: [&str; 9] = ["echo", "setlocal", "endlocal", "exit", "chcp", "cls", "pause", "title", "color"];

/// Parses a file.
pub(super) fn parse(text: &str, variables: &mut Variables) -> Vec<NumberedStatement> {
    let mut depth = 0;
    let lines = joined_lines(text.lines(), |_| false, |line| line.strip_suffix('^')).into_iter();
    let statements = lines.filter_map(|(number, line)| {
        let line = line.trim_start().trim_start_matches('@').trim_start();
        Some((number, statement(line, &mut depth, variables)?))
    });
    statements.collect()
}

/// Parses one line. `depth` is the number of open blocks.
fn statement(line: &str, depth: &mut usize, variables: &mut Variables) -> Option<Statement> {
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if let Some(comment) = line.strip_prefix("::").or(command.eq_ignore_ascii_case("rem").then_some(rest)) {
        return commented(comment);
    }
    if line.is_empty() || line.starts_with(':') || HARMLESS.contains(&command.to_lowercase().as_str()) {
        return None;
    }
    if line.starts_with(')') {
        *depth = depth.saturating_sub(1) + usize::from(line.ends_with('('));
        return None;
    }
    if command.eq_ignore_ascii_case("set") {
        return Some(set(rest.trim_start(), *depth > 0, variables));
    }
    *depth += usize::from(line.trim_end().ends_with('('));
    Some(Statement::Other(ImportProblem::Statement))
}

fn commented(comment: &str) -> Option<Statement> {
    let (command, rest) = comment.split_once(' ')?;
    let (name, value) = rest.split_once('=').filter(|_| command.eq_ignore_ascii_case("set"))?;
    (!value.trim().is_empty()).then(|| Statement::Commented(name.trim_matches(['"', ' ']).to_owned()))
}

/// Parses `name=value` or `"name=value"` after `set`.
fn set(rest: &str, in_block: bool, variables: &mut Variables) -> Statement {
    if let Some(calculated) = rest.strip_prefix("/a ").or(rest.strip_prefix("/p ")) {
        let name = calculated.split('=').next().unwrap_or_default().trim_matches(['"', ' ']);
        return Statement::Set(name.to_owned(), Err(ImportProblem::Expression));
    }
    let quoted = rest.strip_prefix('"').map(|inner| inner.rfind('"').map_or(inner, |end| &inner[..end]));
    let Some((name, raw)) = quoted.unwrap_or(rest).split_once('=') else {
        return Statement::Other(ImportProblem::Statement);
    };
    if name.ends_with(char::is_whitespace) {
        return Statement::Set(name.trim().to_owned(), Err(ImportProblem::SpaceInName));
    }
    let value = if quoted.is_some() { Ok(raw.to_owned()) } else { without_quotes(raw) };
    let value = match value {
        Ok(_) if in_block => Err(ImportProblem::Block),
        Ok(text) => expand(text.trim(), variables),
        Err(problem) => Err(problem),
    };
    Statement::Set(name.to_owned(), variables.set(name, value))
}

/// Removes the quotes and escapes of a value that is not quoted as a whole. `^` removes the meaning of the next
/// character. Quotes are part of the value here, and removed by the original's own command line.
fn without_quotes(raw: &str) -> Result<String, ImportProblem> {
    let mut value = String::new();
    let mut in_quotes = false;
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => in_quotes = !in_quotes,
            '^' if !in_quotes => value.extend(characters.next()),
            '&' | '|' | '<' | '>' if !in_quotes => return Err(ImportProblem::Expression),
            other => value.push(other),
        }
    }
    Ok(value)
}

/// Replaces `%NAME%` and `%~dp0` with their values. The arguments of the script are unknown, and so is whether cmd replaces
/// `!NAME!`.
fn expand(raw: &str, variables: &mut Variables) -> ParsedValue {
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let inner = raw.split('!').count().saturating_sub(2);
    if raw.split('!').skip(1).take(inner).any(is_name) {
        return Err(ImportProblem::DelayedVariable);
    }
    let mut value = Ok(Vec::new());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('%') {
        push_text(&mut value, before);
        if let Some(after) = after.strip_prefix("~dp0") {
            push_value(&mut value, Ok(vec![ValuePart::Folder]));
            rest = after;
        } else if is_argument(after) {
            return Err(ImportProblem::Argument);
        } else if let Some((name, after)) = after.split_once('%').filter(|(name, _)| !name.is_empty()) {
            push_value(&mut value, Ok(variable(name, variables)?));
            rest = after;
        } else {
            push_text(&mut value, "%");
            rest = after.strip_prefix('%').unwrap_or(after);
        }
    }
    push_text(&mut value, rest);
    value
}

/// Whether the text after a percent sign names an argument of the script: `%1`, `%*`, `%~1`, `%~f1`.
fn is_argument(after: &str) -> bool {
    let modified =
        after.strip_prefix('~').map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()));
    modified.unwrap_or(after).starts_with(|first: char| first.is_ascii_digit() || first == '*')
}

fn variable(name: &str, variables: &mut Variables) -> ParsedValue {
    if !name.chars().all(|character| character.is_alphanumeric() || "_-.()".contains(character)) {
        return Err(ImportProblem::Expression);
    }
    variables.value(name).unwrap_or_else(|| {
        let home = ["userprofile", "home"].contains(&name.to_lowercase().as_str());
        Ok(vec![if home { ValuePart::Home } else { ValuePart::Environment(name.to_owned()) }])
    })
}
