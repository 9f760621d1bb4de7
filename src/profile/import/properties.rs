//! The `.properties` file of Digdir's Java demonstration (<https://github.com/felleslosninger/jwt-grant-generator>).
//!
//! The format is that of `java.util.Properties.load`:
//! <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)>.

use super::{
    ImportProblem,
    statement::{NumberedStatement, Statement, joined_lines, plain},
};

/// Parses a file.
pub(super) fn parse(text: &str) -> Vec<NumberedStatement> {
    let is_skipped = |line: &str| line.is_empty() || line.starts_with(['#', '!']);
    let lines = joined_lines(text.lines().map(str::trim_start), is_skipped, |line| {
        let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
        line.strip_suffix('\\').filter(|_| backslashes % 2 == 1)
    });
    let statements = lines.into_iter().map(|(number, line)| {
        let (name, raw) = split(&line);
        let name = unescape(name).unwrap_or_else(|_| name.to_owned());
        (number, Statement::Set(name, unescape(raw).map(|value| plain(value.trim_end()))))
    });
    statements.collect()
}

/// Splits a line at its first `=`, `:` or blank without a backslash before it.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|character: char| {
        let ends = !escaped && (matches!(character, '=' | ':') || character.is_whitespace());
        escaped = character == '\\' && !escaped;
        ends
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start();
    (name, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start())
}

/// Replaces escapes. `\u` denotes a UTF-16 code unit; a character may take two.
fn unescape(raw: &str) -> Result<String, ImportProblem> {
    let mut units: Vec<u16> = Vec::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        let escaped = if character == '\\' { characters.next() } else { None };
        let read = match escaped {
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                let four = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| four);
                units.push(unit.ok_or(ImportProblem::MalformedEscape)?);
                continue;
            }
            Some('t') => '\t',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('f') => '\u{c}',
            Some(other) => other,
            None => character,
        };
        units.extend_from_slice(read.encode_utf16(&mut [0; 2]));
    }
    Ok(String::from_utf16_lossy(&units))
}
