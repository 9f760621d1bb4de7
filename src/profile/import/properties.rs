//! Digdir's Java demonstration: a `.properties` file (<https://github.com/felleslosninger/jwt-grant-generator>).
//!
//! The format is that of `java.util.Properties.load`:
//! <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)>.

use super::{
    Reason,
    line::{Line, Statement, plain},
};

/// Reads a file.
pub(super) fn read(text: &str) -> Vec<Line> {
    let lines = logical_lines(text).into_iter();
    lines
        .map(|(number, line)| {
            let (name, raw) = split(&line);
            let name = unescape(name).unwrap_or_else(|_| name.to_owned());
            let value = unescape(raw).map(|value| plain(value.trim_end()));
            Line { number, says: Statement::Set(name, value) }
        })
        .collect()
}

/// Lines that are neither blank nor comments, with those that end in a single backslash joined with the next.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if !goes_on && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
        let continued = line.strip_suffix('\\').filter(|_| backslashes % 2 == 1);
        let part = continued.unwrap_or(line);
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, before)) => before.push_str(part),
            None => lines.push((index + 1, part.to_owned())),
        }
        goes_on = continued.is_some();
    }
    lines
}

/// Splits a line at its first `=`, `:` or blank that has no backslash before it.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, character)| {
        let ends = !escaped && (matches!(character, '=' | ':') || character.is_whitespace());
        escaped = *character == '\\' && !escaped;
        ends
    });
    let Some((at, _)) = end else { return (line, "") };
    let (name, rest) = line.split_at(at);
    let rest = rest.trim_start();
    (name, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start())
}

fn unescape(raw: &str) -> Result<String, Reason> {
    let mut units: Vec<u16> = Vec::with_capacity(raw.len());
    let mut characters = raw.chars();
    let mut buffer = [0; 2];
    while let Some(character) = characters.next() {
        let read = if character == '\\' { characters.next().unwrap_or('\\') } else { character };
        let unit = match read {
            'u' if character == '\\' => {
                let digits: String = characters.by_ref().take(4).collect();
                let four = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| four);
                units.push(unit.ok_or(Reason::MalformedEscape)?);
                continue;
            }
            't' if character == '\\' => '\t',
            'n' if character == '\\' => '\n',
            'r' if character == '\\' => '\r',
            'f' if character == '\\' => '\u{c}',
            other => other,
        };
        units.extend_from_slice(unit.encode_utf16(&mut buffer));
    }
    Ok(String::from_utf16_lossy(&units))
}
