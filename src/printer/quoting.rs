//! Quoting for the programs that read what is printed: a POSIX shell, and curl's configuration.

/// Quotes for a POSIX shell: nothing is special between single quotes but the single quote itself.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
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
        assert_eq!(curl_config(r#"a "b" \c"#), r#""a \"b\" \\c""#);
    }
}
