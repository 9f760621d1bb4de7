//! The values of PowerShell: strings in single and double quotes, numbers, and variables.

use super::{
    super::{
        ImportProblem,
        statement::{ParsedValue, ValuePart, Variables, plain, push_text, push_value},
    },
    PowerShellToken, braced, is_double, is_name, is_single,
};

/// Returns the value of the tokens after the equals sign.
pub(super) fn value(tokens: &[PowerShellToken<'_>], variables: &mut Variables) -> ParsedValue {
    use PowerShellToken as Token;

    // All strings are evaluated, so that the variables in them count as used.
    let values = tokens.iter().map(|token| match token {
        Token::Quoted(text) => string(text, variables),
        Token::Word(word) if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => Ok(plain(word)),
        Token::Word(word) if word.starts_with('$') => match variable_name(&word[1..]) {
            Some((name, "")) => variable(name, variables),
            _ => Err(ImportProblem::Expression),
        },
        Token::Word(word) if word.starts_with(['@', '&', '-', '(', ')']) => Err(ImportProblem::Expression),
        Token::Word(word) if word.contains('-') && tokens.len() > 1 => Err(ImportProblem::Expression), // Join-Path $a $b
        Token::Word(_) => Err(ImportProblem::Unquoted),
        Token::HereString => Err(ImportProblem::HereString),
        _ => Err(ImportProblem::Expression),
    });
    let values: Vec<ParsedValue> = values.collect();
    match (tokens, values.into_iter().next()) {
        (_, None) => Err(ImportProblem::NoValue),
        ([_], Some(value)) => value,
        ([_, Token::Word(next), ..], Some(Ok(first)))
            if first.is_empty() && next.starts_with(char::is_alphanumeric) =>
        {
            Err(ImportProblem::TwoQuotes)
        }
        (_, Some(first)) => Err(first.err().unwrap_or(ImportProblem::Expression)),
    }
}

/// Evaluates a string with its quotes. Only the quote itself is special in single quotes: it is doubled.
fn string(text: &str, variables: &mut Variables) -> ParsedValue {
    let first = text.chars().next().unwrap_or_default();
    let is_same = if is_double(first) { is_double } else { is_single };
    let mut value = Ok(Vec::new());
    let mut rest = text.strip_prefix(is_same).and_then(|text| text.strip_suffix(is_same)).unwrap_or_default();
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            quote if is_same(quote) => {
                push_text(&mut value, quote.encode_utf8(&mut [0; 4]));
                rest = rest.strip_prefix(is_same).unwrap_or(rest);
            }
            '`' if is_double(first) => {
                let (character, after) = escape(rest);
                push_text(&mut value, character.encode_utf8(&mut [0; 4]));
                rest = after;
            }
            '$' if is_double(first) && rest.starts_with('(') => {
                // The value of $(…) is known if it is one variable and nothing else.
                let inner =
                    rest[1..].split_once(')').and_then(|(inner, after)| Some((inner.trim().strip_prefix('$')?, after)));
                let (Some((name, "")), after) =
                    inner.map(|(inner, after)| (variable_name(inner), after)).unwrap_or_default()
                else {
                    return value.and(Err(ImportProblem::Expression));
                };
                push_value(&mut value, variable(name, variables));
                rest = after;
            }
            '$' if is_double(first) && rest.starts_with(|next| is_name(next) || next == '{') => {
                let Some((name, after)) = variable_name(rest) else {
                    return value.and(Err(ImportProblem::Expression));
                };
                push_value(&mut value, variable(name, variables));
                rest = after;
            }
            other => push_text(&mut value, other.encode_utf8(&mut [0; 4])),
        }
    }
    value
}

/// Returns the character that a backtick escape denotes, and the text after it.
fn escape(rest: &str) -> (char, &str) {
    let Some(first) = rest.chars().next() else { return ('`', rest) };
    let after = &rest[first.len_utf8()..];
    let character = match first {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'u' => match braced(after) {
            Some(digits) => {
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                return (code.unwrap_or('\u{fffd}'), &after[digits.len() + "{}".len()..]);
            }
            None => 'u',
        },
        other => other,
    };
    (character, after)
}

/// Splits the text after `$` into the name of the variable and the rest: `name`, `{name}`, `env:NAME`, or `script:name`,
/// which is returned without that scope.
pub(super) fn variable_name(text: &str) -> Option<(&str, &str)> {
    let (whole, rest) = if let Some(name) = braced(text) {
        (name, &text[name.len() + "{}".len()..])
    } else {
        let end = |text: &str| text.find(|character| !is_name(character)).unwrap_or(text.len());
        let scope = end(text);
        let has_scope = ["env", "script", "global", "local"].contains(&text[..scope].to_lowercase().as_str());
        let scoped = text[scope..].strip_prefix(':').filter(|rest| has_scope && rest.starts_with(is_name));
        text.split_at(scoped.map_or(scope, |rest| scope + 1 + end(rest)))
    };
    let name = match whole.split_once(':') {
        Some((scope, name)) if !scope.eq_ignore_ascii_case("env") => name,
        _ => whole,
    };
    (!name.is_empty()).then_some((name, rest))
}

/// Returns the value of a variable.
fn variable(name: &str, variables: &mut Variables) -> ParsedValue {
    let lower = name.to_lowercase();
    Ok(match lower.as_str() {
        "null" => Vec::new(),
        "true" | "false" => plain(&lower),
        "psscriptroot" | "pwd" => vec![ValuePart::Folder],
        "home" | "env:home" | "env:userprofile" => vec![ValuePart::Home],
        _ => {
            if let Some(variable) = name.get(4..).filter(|_| lower.starts_with("env:")) {
                vec![ValuePart::Environment(variable.to_owned())]
            } else {
                let unknown = || ImportProblem::UnknownVariable(name.chars().take(60).collect());
                variables.value(name).unwrap_or_else(|| Err(unknown()))?
            }
        }
    })
}
