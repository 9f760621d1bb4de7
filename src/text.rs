//! Sanitises text from outside before it is shown on a terminal.
//!
//! Control characters are replaced, and so are characters that change the direction of text or have no width (the
//! deceptive ones in Unicode's `Cf`; <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>). Secrets are not
//! removed here.

/// Shown instead of a deceptive character.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Returns whether a character controls a terminal or makes text look different. Line breaks count.
#[must_use]
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Replaces deceptive characters and line breaks.
///
/// # Examples
/// ```
/// use maskinporten_token_generator::text::printable;
///
/// assert_eq!(printable("a\u{1b}[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if is_deceptive(character) { REPLACEMENT } else { character }).collect()
}

/// Replaces deceptive characters but keeps line breaks.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let shown = |character: char| character == '\n' || !is_deceptive(character);
    text.chars().map(|character| if shown(character) { character } else { REPLACEMENT }).collect()
}

/// Replaces deceptive characters and line breaks, and truncates the text with `…`.
///
/// # Examples
/// ```
/// use maskinporten_token_generator::text::excerpt;
///
/// assert_eq!(excerpt("blåbær", 3), "blå…");
/// assert_eq!(excerpt("blå", 3), "blå");
/// ```
#[must_use]
pub fn excerpt(text: &str, characters: usize) -> String {
    let end = text.char_indices().nth(characters);
    let mut shown = printable(&text[..end.map_or(text.len(), |(place, _)| place)]);
    if end.is_some() {
        shown.push('…');
    }
    shown
}

/// Returns at most `limit` characters of a server's text on one line, without control characters and anything that may
/// be a JWT.
#[must_use]
pub fn server_text(text: &str, limit: usize) -> String {
    let one_line = text.split(|character: char| character.is_whitespace() || character.is_control());
    let words: Vec<&str> = one_line.filter(|word| !word.is_empty()).collect();
    let clean: String = words.join(" ").chars().filter(|character| !is_deceptive(*character)).collect();
    let mut shown: String = without_tokens(&clean).chars().take(limit).collect();
    if shown.len() < clean.len() && shown.chars().count() == limit {
        shown.push('…');
    }
    shown
}

/// Replaces by `[JWT]` what begins like a JOSE header in base64url and is longer than a word.
fn without_tokens(text: &str) -> String {
    const START: &str = "eyJ";
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        let token = &rest[start..];
        let length = token
            .find(|character: char| !character.is_ascii_alphanumeric() && !"-_.".contains(character))
            .unwrap_or(token.len());
        clean.push_str(&rest[..start]);
        clean.push_str(if length > 20 { "[JWT]" } else { &token[..length] });
        rest = &token[length..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceptive_characters_are_replaced_and_letters_of_every_script_stay() {
        for deceptive in
            "\0\u{7}\t\r\u{1b}\u{7f}\u{9b}\u{ad}\u{61c}\u{200e}\u{2028}\u{202e}\u{2066}\u{2069}\u{feff}".chars()
        {
            assert_eq!(printable(&format!("a{deceptive}b")), "a\u{fffd}b", "{deceptive:?}");
        }
        for plain in ["blåbær ÆØÅ", "ß é ñ", "עברית", "中文 – “x” … €"] {
            assert_eq!(printable(plain), plain);
        }
    }

    #[test]
    fn only_lines_keep_their_breaks() {
        assert_eq!(printable("a\nb"), "a\u{fffd}b");
        assert_eq!(printable_lines("a\nb\r\u{202e}"), "a\nb\u{fffd}\u{fffd}");
    }

    #[test]
    fn text_of_a_server_becomes_one_line_without_control_characters_and_tokens() {
        for (text, expected) in [
            ("a\r\n\tb \u{1b}[31mc", "a b [31mc"),
            ("assertion=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln&x", "assertion=[JWT]&x"),
            ("a\u{202e}b", "ab"),
            ("eyJ is a word", "eyJ is a word"),
        ] {
            assert_eq!(server_text(text, 100), expected);
        }
        assert_eq!(server_text("abcdef", 3), "abc…");
    }
}
