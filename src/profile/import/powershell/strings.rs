//! Texts of PowerShell: single quotes, double quotes with backticks and variables, and here-strings.
//!
//! PowerShell takes the curly quotes of word processors for quotes too.

use super::{
    super::{
        Reason,
        line::{Text, Variables, add, add_character, plain},
    },
    Unclosed,
    cursor::Cursor,
    special,
};

pub(super) fn is_double(character: char) -> bool {
    matches!(character, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

pub(super) fn is_single(character: char) -> bool {
    matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

pub(super) fn is_quote(character: char) -> bool {
    is_double(character) || is_single(character)
}

/// A text in single quotes: nothing is special but the quote, which is doubled.
pub(super) fn single(cursor: &mut Cursor) -> Result<Text, Unclosed> {
    cursor.next();
    let mut text = String::new();
    loop {
        match cursor.next().ok_or(Unclosed)? {
            quote if is_single(quote) => {
                if !cursor.peek().is_some_and(is_single) {
                    return Ok(plain(&text));
                }
                text.extend(cursor.next());
            }
            other => text.push(other),
        }
    }
}

/// A text in double quotes. The inner error is one of its value; it is read to its end all the same.
pub(super) fn double(cursor: &mut Cursor, variables: &mut Variables) -> Result<Result<Text, Reason>, Unclosed> {
    cursor.next();
    let mut value = Ok(Vec::new());
    loop {
        match cursor.next().ok_or(Unclosed)? {
            quote if is_double(quote) => {
                if !cursor.peek().is_some_and(is_double) {
                    return Ok(value);
                }
                cursor.next().into_iter().for_each(|quote| add_character(&mut value, quote));
            }
            '`' => escape(cursor, &mut value).ok_or(Unclosed)?,
            '$' => {
                let part = dollar(cursor, variables)?;
                match part {
                    Ok(parts) => add(&mut value, &parts),
                    Err(reason) => value = value.and(Err(reason)),
                }
            }
            other => add_character(&mut value, other),
        }
    }
}

/// What a `$` in double quotes stands for.
fn dollar(cursor: &mut Cursor, variables: &mut Variables) -> Result<Result<Text, Reason>, Unclosed> {
    if cursor.peek() == Some('(') {
        return subexpression(cursor, variables);
    }
    if !cursor.peek().is_some_and(|character| character.is_alphanumeric() || character == '_' || character == '{') {
        return Ok(Ok(plain("$")));
    }
    let name = cursor.variable();
    Ok(name.map_or(Err(Reason::Expression), |name| variable(&name, variables)))
}

/// `$(…)`: known when there is one variable in it and nothing else.
fn subexpression(cursor: &mut Cursor, variables: &mut Variables) -> Result<Result<Text, Reason>, Unclosed> {
    cursor.next();
    let mut value = Err(Reason::Expression);
    cursor.skip_blanks();
    if cursor.take('$').is_some() {
        let name = cursor.variable();
        cursor.skip_blanks();
        if cursor.take(')').is_some() {
            return Ok(name.map_or(value, |name| variable(&name, variables)));
        }
    }
    let mut depth = 1_usize;
    while depth > 0 {
        match cursor.next().ok_or(Unclosed)? {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\n' => break, // more likely a bracket that was not closed than an expression of several lines
            _ => {}
        }
    }
    if depth > 0 {
        value = Err(Reason::Expression);
    }
    Ok(value)
}

/// What a variable stands for.
pub(super) fn variable(name: &str, variables: &mut Variables) -> Result<Text, Reason> {
    if let Some(parts) = special(name) {
        return Ok(parts);
    }
    variables.value(name).cloned().unwrap_or_else(|| Err(Reason::UnknownVariable(name.chars().take(60).collect())))
}

/// What stands behind a backtick.
fn escape(cursor: &mut Cursor, value: &mut Result<Text, Reason>) -> Option<()> {
    let character = match cursor.next()? {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'u' if cursor.peek() == Some('{') => {
            cursor.next();
            let digits = cursor.take_while(|character| character.is_ascii_hexdigit());
            cursor.take('}');
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
        }
        other => other,
    };
    add_character(value, character);
    Some(())
}

/// Skips `@"` … `"@`, whose end stands at the beginning of a line.
pub(super) fn skip_here_string(cursor: &mut Cursor) -> Result<(), Unclosed> {
    cursor.next();
    let quote = cursor.next().ok_or(Unclosed)?;
    let same = if is_double(quote) { is_double } else { is_single };
    cursor.skip_line();
    loop {
        cursor.next().ok_or(Unclosed)?;
        if cursor.peek().is_some_and(same) && cursor.peek_at(1) == Some('@') {
            cursor.next();
            cursor.next();
            return Ok(());
        }
        cursor.skip_line();
    }
}
