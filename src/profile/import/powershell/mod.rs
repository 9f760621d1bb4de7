//! `config.ps1`: PowerShell assignments, as far as they can be read without running them.
//!
//! The language: <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>.
//! PowerShell also accepts the curly quotes of word processors. A statement that is not an assignment of a string
//! is reported by its line, and skipped.

mod values;

use self::values::{value, variable_name};
use super::{
    ImportProblem,
    statement::{NumberedStatement, Statement, Variables},
};

/// The longest name of a variable in braces, in characters.
const MAXIMUM_NAME: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum PowerShellToken<'a> {
    Blank,
    Comment(&'a str),
    /// A line break, `;`, or the end of the file.
    End,
    OpenBrace,
    CloseBrace,
    Equals,
    /// A string with its quotes.
    Quoted(&'a str),
    HereString,
    /// Anything else without blanks in it; a round bracket is a separate word.
    Word(&'a str),
}

fn is_double(character: char) -> bool {
    matches!(character, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

fn is_single(character: char) -> bool {
    matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Parses a file.
pub(super) fn parse(text: &str, variables: &mut Variables) -> Vec<NumberedStatement> {
    use PowerShellToken as Token;

    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut rest = text.as_str();
    let (mut line, mut first_line) = (1, 1);
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    let mut tokens = Vec::new();
    let mut statements = Vec::new();
    loop {
        if tokens.is_empty() {
            first_line = line;
        }
        let Some((token, length)) = next_token(rest) else {
            statements.push((first_line, Statement::Other(ImportProblem::Unclosed)));
            return statements;
        };
        match token {
            Token::Comment(comment) if tokens.is_empty() => {
                statements.extend(commented(comment).map(|name| (line, Statement::Commented(name))));
            }
            Token::Blank | Token::Comment(_) => {}
            Token::End | Token::OpenBrace | Token::CloseBrace if brackets == 0 || rest.is_empty() => {
                let statement = statement(&tokens, braces > 0, variables);
                statements.extend(statement.map(|statement| (first_line, statement)));
                tokens.clear();
                match token {
                    Token::OpenBrace => braces += 1,
                    Token::CloseBrace => braces = braces.saturating_sub(1),
                    _ if rest.is_empty() => return statements,
                    _ => {}
                }
            }
            _ => {
                match token {
                    Token::Word("(") => brackets += 1,
                    Token::Word(")") => brackets = brackets.saturating_sub(1),
                    _ => {}
                }
                tokens.push(token);
            }
        }
        let (source, after) = rest.split_at(length);
        line += source.matches('\n').count();
        rest = after;
    }
}

/// Returns the next token and its length in bytes. `None`: it is a quote or comment that is not closed.
fn next_token(rest: &str) -> Option<(PowerShellToken<'_>, usize)> {
    use PowerShellToken as Token;

    let mut characters = rest.chars();
    let Some(first) = characters.next() else { return Some((Token::End, 0)) };
    let second = characters.next();
    let find = |end: &str| rest.find(end).map(|at| at + end.len());
    Some(match first {
        '\n' | ';' => (Token::End, 1),
        '{' => (Token::OpenBrace, 1),
        '}' => (Token::CloseBrace, 1),
        '(' | ')' => (Token::Word(&rest[..1]), 1),
        '=' if second != Some('=') => (Token::Equals, 1),
        '#' => {
            let comment = rest.split('\n').next()?;
            (Token::Comment(comment), comment.len())
        }
        '<' if second == Some('#') => (Token::Blank, find("#>")?),
        '@' if second.is_some_and(|quote| is_double(quote) || is_single(quote)) => {
            (Token::HereString, here_string(rest)?)
        }
        quote if is_double(quote) || is_single(quote) => {
            let length = quoted(rest, first)?;
            (Token::Quoted(&rest[..length]), length)
        }
        '`' if second == Some('\n') => (Token::Blank, 2),
        blank if blank.is_whitespace() => (Token::Blank, blank.len_utf8()),
        _ => {
            let length = word(rest);
            (Token::Word(&rest[..length]), length)
        }
    })
}

/// Returns the length of a string with its quotes. A doubled quote does not end it, nor one after a backtick if it is in
/// double quotes.
fn quoted(rest: &str, first: char) -> Option<usize> {
    let is_same = if is_double(first) { is_double } else { is_single };
    let mut characters = rest.char_indices().skip(1).peekable();
    loop {
        let (at, character) = characters.next()?;
        if is_same(character) && characters.next_if(|(_, next)| is_same(*next)).is_none() {
            return Some(at + character.len_utf8());
        }
        if character == '`' && is_double(first) {
            characters.next()?;
        }
    }
}

/// Returns the length of `@"` … `"@`, whose end is at the start of a line.
fn here_string(rest: &str) -> Option<usize> {
    let is_same = if rest[1..].starts_with(is_double) { is_double } else { is_single };
    let mut lines = rest.match_indices('\n').map(|(at, _)| at + 1);
    lines.find_map(|start| {
        let after = rest[start..].strip_prefix(is_same)?.strip_prefix('@')?;
        Some(rest.len() - after.len())
    })
}

/// Returns the length of a word. A backtick makes the next character part of it; so do the braces of `${name}`.
fn word(rest: &str) -> usize {
    let mut escaped = false;
    let in_braces = rest.strip_prefix('$').and_then(braced).map_or(0, |name| name.len() + "${}".len());
    let end = rest[in_braces..].find(|character: char| {
        let special = character.is_whitespace() || ";#{}()='\"".contains(character);
        let ends = !escaped && (special || is_double(character) || is_single(character));
        escaped = character == '`' && !escaped;
        ends
    });
    // A special character that starts no other token is a separate word.
    end.map_or(rest.len(), |end| (in_braces + end).max(1))
}

/// Returns the name in `{name}`.
fn braced(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let (end, _) = inner.char_indices().take(MAXIMUM_NAME).find(|(_, character)| "}\n".contains(*character))?;
    inner[end..].starts_with('}').then(|| &inner[..end])
}

/// Returns the name in a commented-out assignment: `#$test_kid=`, `#set test_kid=abc`.
fn commented(comment: &str) -> Option<String> {
    let text = comment.trim_start_matches('#');
    let has_value = |rest: &&str| rest.split_once('=').is_some_and(|(_, value)| !value.trim().is_empty());
    let assignment = text.trim_start().strip_prefix('$').or(text.strip_prefix("set ").filter(has_value))?;
    Some(assignment.split_once('=')?.0.trim().to_owned())
}

/// Interprets the tokens of one statement.
fn statement(tokens: &[PowerShellToken<'_>], in_block: bool, variables: &mut Variables) -> Option<Statement> {
    if let Some((name, is_plain, tokens)) = assignment(tokens) {
        let value = match value(tokens, variables) {
            Ok(_) if in_block => Err(ImportProblem::Block),
            Ok(_) if !is_plain => Err(ImportProblem::Expression),
            value => value,
        };
        return Some(Statement::Set(name.to_owned(), variables.set(name, value)));
    }
    let _ = value(tokens, variables); // a variable that it uses is not an unknown key
    (!tokens.is_empty() && !in_block).then_some(Statement::Other(ImportProblem::Statement))
}

/// Splits `$name = …`, `${name} = …` or `[string]$script:name = …` into the name, whether it is a plain `=`, and the value.
fn assignment<'a, 't>(tokens: &'t [PowerShellToken<'a>]) -> Option<(&'a str, bool, &'t [PowerShellToken<'a>])> {
    use PowerShellToken as Token;

    let tokens = match tokens {
        [Token::Word(kind), rest @ ..] if kind.starts_with('[') && kind.ends_with(']') => rest,
        tokens => tokens,
    };
    let (word, is_plain, value) = match tokens {
        [Token::Word(word), Token::Equals, value @ ..] => (*word, true, value),
        [Token::Word(word), Token::Word("+"), Token::Equals, value @ ..] => (*word, false, value),
        _ => return None,
    };
    let word = word.strip_prefix('[').and_then(|typed| typed.split_once(']')).map_or(word, |(_, word)| word);
    let (name, rest) = variable_name(word.strip_prefix('$')?)?;
    let is_assigned = ["", "+"].contains(&rest) && !name.to_lowercase().starts_with("env:");
    is_assigned.then_some((name, is_plain && rest.is_empty(), value))
}
