//! Sanitises text from outside before it is shown on a terminal.
//!
//! Control characters are replaced, and so are characters that change the direction of text or are not visible
//! (<https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>). Secrets are not removed here.

use std::path::Path;

/// Shown instead of a key where a path is expected.
const HIDDEN: &str = "[not shown: it may be a key]";

/// A longer text is not taken for a path, in bytes.
const LONGEST_PATH: usize = 1024;

/// Shown instead of a deceptive character.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Returns whether a character controls a terminal or makes text look different. Line breaks count.
#[must_use]
pub fn is_deceptive(character: char) -> bool {
    character.is_control() || is_ignorable(character) || is_blank(character)
}

/// Whether a character is ignored when text is shown: `Default_Ignorable_Code_Point` in Unicode's
/// `DerivedCoreProperties.txt`. It has joiners, variation selectors, directions, tags, and fillers of scripts.
fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character is not ignorable, but cannot be seen either: line separators, the blanks of Braille, musical notation
/// and Khitan, annotations, private use, and what is no character.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{2028}'..='\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffc}' | '\u{16fe4}' | '\u{1d159}' | '\u{e000}'..='\u{f8ff}'
            | '\u{f0000}'..='\u{10ffff}' | '\u{fdd0}'..='\u{fdef}'
    ) || u32::from(character) & 0xfffe == 0xfffe
}

/// Replaces deceptive characters and line breaks.
///
/// # Examples
/// ```
/// use maskinporten::text::printable;
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
/// use maskinporten::text::excerpt;
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

/// Returns whether a text in place of a path may be a key, a certificate or a keystore itself: JSON, PEM, or a long text in
/// base64 or hexadecimal.
#[must_use]
pub fn may_be_key(text: &str) -> bool {
    let text = text.trim_start_matches(|first: char| first.is_whitespace() || "\u{feff}\"'".contains(first));
    let lower = text.get(..7).unwrap_or_default().to_ascii_lowercase();
    text.starts_with(['{', '['])
        || lower.starts_with("base64:")
        || lower.starts_with("data:")
        || lower.starts_with("%7b")
        || ["-----", "PRIVATE KEY", "\"kty\""].iter().any(|mark| text.contains(mark))
        || text.len() > LONGEST_PATH
        || text.split(['/', '\\', '.']).any(is_encoded)
        // Base64 has slashes of its own.
        || (!text.starts_with(['/', '~']) && !text.contains(['.', ':', '\\']) && is_encoded(text))
}

/// Returns whether a text looks like bytes in base64 or hexadecimal: letters of both cases and digits alternate as they do
/// not in names.
fn is_encoded(text: &str) -> bool {
    let class = |character: char| match character {
        'A'..='Z' => Some('A'),
        'a'..='z' => Some('a'),
        '0'..='9' => Some('0'),
        _ => None,
    };
    let is_in_alphabet =
        |character: char| class(character).is_some() || character.is_whitespace() || "+/-_=%".contains(character);
    if text.len() < 32 || !text.chars().all(is_in_alphabet) {
        return false;
    }
    let classes: Vec<char> = text.chars().filter_map(class).collect();
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let count = |own: char| classes.iter().filter(|class| **class == own).count();
    let is_hexadecimal = text.chars().all(|character| character.is_ascii_hexdigit() || character.is_whitespace());
    // A SHA-256 thumbprint has 64 digits.
    let is_long = classes.len() > 64 && (is_hexadecimal || (classes.len() == text.len() && count('0') > 0));
    is_long || (count('A') >= 4 && count('a') >= 4 && changes * 3 >= classes.len())
}

/// Returns a path for a message; a text that may be a key is not shown.
///
/// # Examples
/// ```
/// use maskinporten::text::shown_path;
///
/// assert_eq!(shown_path("certs/test.p12"), "certs/test.p12");
/// assert_eq!(shown_path(r#"{"kty":"RSA","d":"…"}"#), "[not shown: it may be a key]");
/// ```
#[must_use]
pub fn shown_path(path: impl AsRef<Path>) -> String {
    let text = path.as_ref().display().to_string();
    if may_be_key(&text) { HIDDEN.to_owned() } else { printable(&text) }
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

/// Escapes text for HTML, in elements and in quoted attributes.
#[cfg(feature = "_connections")]
pub(crate) fn escaped_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escapes text and marks what is between backticks as code.
#[cfg(feature = "server")]
pub(crate) fn marked(text: &str) -> String {
    let parts = escaped_html(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

/// Makes the first letter a capital.
#[cfg(feature = "server")]
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_any_encoding_is_distinguished_from_a_path() {
        use base64::{Engine as _, engine::general_purpose as engines};

        let jwk = include_bytes!("../testdata/jwk/rsa.json");
        let ec = include_bytes!("../testdata/jwk/ec.json");
        let pem = include_bytes!("../testdata/keys/enterprise-key.pem");
        let p12 = include_bytes!("../testdata/modern.p12");
        for bytes in [&jwk[..], ec, pem, p12, &p12[1000..1080], &p12[1000..1040]] {
            let hex = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            for encoded in [
                engines::STANDARD.encode(bytes),
                engines::STANDARD_NO_PAD.encode(bytes),
                engines::URL_SAFE.encode(bytes),
                engines::URL_SAFE_NO_PAD.encode(bytes),
                format!("base64:{}", engines::STANDARD.encode(bytes)),
                format!("./{}", engines::STANDARD.encode(bytes)),
                hex.to_uppercase(),
                hex,
            ] {
                assert!(may_be_key(&encoded), "{encoded}");
                let lines: Vec<&str> =
                    encoded.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
                assert!(lines.len() < 2 || may_be_key(&lines.join("\n")), "{encoded}");
            }
        }
        for bytes in [&jwk[..], ec, pem] {
            assert!(may_be_key(str::from_utf8(bytes).unwrap()));
        }
        for path in [
            "certs/test.p12",
            "/home/Kari Nordmann/Documents/Virksomhetssertifikat-2024-MinBedrift-AS-signering.p12",
            "Virksomhetssertifikat-2024-MinBedrift-AS-signering/Nøkkel2024",
            "/var/lib/kubelet/pods/3f2b8c1e-9d47-4a60-8e1b-2c5d7f9a0b13/volumes/kubernetes.io~secret/maskinporten/key.p12",
            "/nix/store/7q1jj1s0c0l8b1v2r4w5x6y9z0a3d8f2-maskinporten-keys/enterprise.jwk.json",
            r"C:\Users\Kari\AppData\Local\Temp\Maskinporten\Enterprise2024.p12",
            "${HOME}/keys/enterprise.pem",
            "E239ADFFBF998F790DA8E386387CE372129F67AD",
            "-",
        ] {
            assert!(!may_be_key(path), "{path}");
        }
    }

    #[test]
    fn deceptive_characters_are_replaced_and_letters_of_every_script_stay() {
        for deceptive in
            "\0\u{7}\t\r\u{1b}\u{7f}\u{9b}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{180f}\u{200b}\u{200e}\
             \u{2028}\u{202e}\u{2060}\u{2066}\u{206f}\u{2800}\u{3164}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{ffff}\u{e000}\
             \u{1bca0}\u{1d159}\u{1d173}\u{e0001}\u{e0041}\u{e0100}\u{e01ef}\u{10ffff}"
                .chars()
        {
            assert_eq!(printable(&format!("a{deceptive}b")), "a\u{fffd}b", "{deceptive:?}");
        }
        for plain in ["blåbær ÆØÅ", "ß é ñ", "עברית", "한국어 हिन्दी", "中文 – “x” … €", "😀\u{fffd}"]
        {
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
