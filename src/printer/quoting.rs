//! Quoting for the programs that read what is printed: shells, and curl's configuration.

/// Quotes for a POSIX shell: nothing is special between single quotes but the single quote itself.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quotes for fish: between single quotes only `\'` and `\\` mean something
/// (<https://fishshell.com/docs/current/language.html#quotes>).
pub(super) fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Quotes for PowerShell: a single quote is doubled, and so are the typographic ones, which end a text just the same
/// (`about_Quoting_Rules`).
pub(super) fn powershell(text: &str) -> String {
    let quoted = text.chars().flat_map(|character| {
        let twice = matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
        std::iter::repeat_n(character, if twice { 2 } else { 1 })
    });
    format!("'{}'", quoted.collect::<String>())
}

/// Quotes for a line of `curl --config` (curl's manual, `-K`): backslash and double quote are escaped.
pub(super) fn curl_config(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_survive_quotes() {
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(fish(r"it's \ $HOME"), r"'it\'s \\ $HOME'");
        assert_eq!(powershell("it's $HOME `n ’x‘"), "'it''s $HOME `n ’’x‘‘'");
        assert_eq!(curl_config(r#"a "b" \c"#), r#""a \"b\" \\c""#);
    }
}
