//! Other people's words, made fit to be shown: a terminal obeys nothing in them, and they read as they are written.
//!
//! What is replaced: control characters, and what turns the direction of text around or has no width (Unicode's `Cf`, as
//! far as it deceives; <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>). Secrets are not its concern.

/// What stands in place of a character that is not shown.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Whether a character commands a terminal, or makes text look other than it is. Line breaks do.
#[must_use]
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text on one line, with nothing deceptive in it.
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

/// The same for a text of several lines, which it keeps.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let shown = |character: char| character == '\n' || !is_deceptive(character);
    text.chars().map(|character| if shown(character) { character } else { REPLACEMENT }).collect()
}

/// The beginning of a text on one line, with nothing deceptive in it; `…` stands for what was cut off.
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
}
