//! Quoting for shells and for curl's config files.

use std::{borrow::Cow, io};

use zeroize::Zeroizing;

/// Quotes a word for a POSIX shell.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for a NUL character, which no shell accepts.
pub(super) fn shell(text: &str) -> io::Result<Cow<'_, str>> {
    shlex::try_quote(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Quotes for fish, where only `\'` and `\\` are special between single quotes
/// (<https://fishshell.com/docs/current/language.html#quotes>).
pub(super) fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Quotes for PowerShell, where single quotes are doubled, and typographic ones too: they end a string just the same
/// (`about_Quoting_Rules`).
pub(super) fn powershell(text: &str) -> String {
    let quoted = text.chars().flat_map(|character| {
        let twice = matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
        std::iter::repeat_n(character, if twice { 2 } else { 1 })
    });
    format!("'{}'", quoted.collect::<String>())
}

/// Quotes for a curl config file (curl(1), `-K`), where backslashes and double quotes are escaped.
pub(super) fn curl_config(text: &str) -> Zeroizing<String> {
    let escaped = Zeroizing::new(text.replace('\\', r"\\"));
    let escaped = Zeroizing::new(escaped.replace('"', "\\\""));
    Zeroizing::new(format!("\"{}\"", *escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_a_text_are_escaped() {
        assert_eq!(shlex::split(&shell("it's $HOME").unwrap()), Some(vec!["it's $HOME".to_owned()]));
        assert_eq!(shell("a\0b").unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(fish(r"it's \ $HOME"), r"'it\'s \\ $HOME'");
        assert_eq!(powershell("it's $HOME `n ’x‘"), "'it''s $HOME `n ’’x‘‘'");
        assert_eq!(*curl_config(r#"a "b" \c"#), r#""a \"b\" \\c""#);
    }
}
