//! Finds tokens in text: in a command, an assignment, a message, or wrapped over several lines.
//!
//! A token starts with a JSON object in base64url. It continues on the next line if that line has nothing but characters of
//! a token. Of the lines that may belong to it, those count with which its signature has the length of a real one.

use zeroize::Zeroizing;

/// How `{"`, `{ ` and `{` with a line break or a tab start in base64url.
const STARTS: [&str; 5] = ["eyJ", "eyA", "ewo", "ew0", "ewk"];

/// A shorter text is not the header of a token, as in `eyJ...`: the shortest has 18 characters.
const SHORTEST_HEADER: usize = 10;

/// The lengths in base64url of the signatures of HMAC, elliptic curves and RSA keys.
const SIGNATURE_LENGTHS: [usize; 9] = [43, 64, 86, 128, 152, 176, 342, 512, LONGEST_SIGNATURE];

const LONGEST_SIGNATURE: usize = 683;

/// A token that was found in a text.
pub(super) struct FoundToken {
    /// The token on one line.
    pub(super) token: Zeroizing<String>,
    /// Its place in the text.
    pub(super) place: std::ops::Range<usize>,
    /// Whether it has several lines there.
    pub(super) is_wrapped: bool,
}

/// Returns the tokens in a text, in order.
pub(super) fn tokens(text: &str) -> Vec<FoundToken> {
    // Line breaks have become spaces in a text that was pasted on one line: then there is nothing else after the token.
    let trimmed = text.trim_end().trim_end_matches(['"', '\'', '`']);
    let spaced_from = trimmed.rfind(|end: char| !is_token_character(end) && !end.is_whitespace()).unwrap_or(0);
    let mut tokens = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('e').map(|index| from + index) {
        let is_start = STARTS.iter().any(|known| text[start..].starts_with(known)) && is_boundary(&text[..start]);
        let found = is_start.then(|| read(text, start, start >= spaced_from));
        from = found.as_ref().map_or(start + 1, |found| found.place.end.max(start + 1));
        let is_long = |token: &str| token.find('.').is_some_and(|dot| dot >= SHORTEST_HEADER);
        tokens.extend(found.filter(|found| is_long(&found.token)));
    }
    tokens
}

/// Reads the token that starts at a place, with the lines after it that belong to it.
fn read(text: &str, start: usize, joins_at_spaces: bool) -> FoundToken {
    let mut token = Zeroizing::new(String::new());
    let first = word(&text[start..]).trim_end_matches('=');
    let mut end = start + first.len();
    token.push_str(first);
    let mut dots = first.matches('.').count();
    let mut lines = 1;
    let mut last = (token.len(), end, lines);
    let mut complete = is_complete(&token, dots).then_some(last);
    while let Some((length, next)) = next_line(&text[end..], joins_at_spaces) {
        let line = &text[end + next..end + next + length];
        dots += line.matches('.').count();
        if dots > 2 {
            break;
        }
        token.push_str(line);
        (end, lines) = (end + next + length, lines + 1);
        last = (token.len(), end, lines);
        complete = is_complete(&token, dots).then_some(last).or(complete);
    }
    let (length, end, lines) = complete.unwrap_or(last);
    token.truncate(length);
    // Padding, unless it is the soft line break after the last of several lines.
    let padding = text[end..].len() - text[end..].trim_start_matches('=').len();
    let end = end + padding;
    if lines == 1 {
        token.push_str(&text[end - padding..end]);
    }
    // The full stop of a sentence.
    while token.ends_with('.') && token.matches('.').count() > 2 {
        token.pop();
    }
    FoundToken { token, place: start..end, is_wrapped: lines > 1 }
}

/// Returns whether the signature has the length of a real one.
fn is_complete(token: &str, dots: usize) -> bool {
    let signature = || token.bytes().rev().take_while(|byte| *byte != b'.').take(LONGEST_SIGNATURE + 1).count();
    dots == 2 && SIGNATURE_LENGTHS.contains(&signature())
}

/// Returns the length of the part of a token on the next line, and where it starts.
fn next_line(rest: &str, joins_at_spaces: bool) -> Option<(usize, usize)> {
    // A shell continues a line after one of these; `=` is the soft line break of a message (RFC 2045 §6.7).
    let is_soft = rest.starts_with('=');
    let continued = rest.strip_prefix(['\\', '^', '`', '=']).unwrap_or(rest);
    let blank = |character: char| character == ' ' || character == '\t';
    let ended = continued.trim_start_matches(blank);
    let line = ended.trim_start_matches('\r');
    let line = line.strip_prefix('\n').or_else(|| (line.len() < ended.len()).then_some(line));
    let line = match line {
        // `> ` is a quoted message.
        Some(line) => line.trim_start_matches(|character| blank(character) || character == '>'),
        None if joins_at_spaces && ended.len() < continued.len() => ended,
        None => return None,
    };
    let length = line.find(|character| !is_token_character(character)).unwrap_or(line.len());
    let after = line[length..].trim_start_matches(blank);
    let is_alone = after.is_empty()
        || after.starts_with(['\r', '\n', '"', '\'', '`', ',', ';', '&', '<', '>', ')', '}', ']', '^', '\\', '|'])
        || (is_soft && after.starts_with('='))
        || joins_at_spaces;
    (length > 0 && is_alone).then(|| (length, rest.len() - line.len()))
}

/// Returns the text up to what cannot be part of a token, even of a damaged one.
fn word(text: &str) -> &str {
    let ends = |character: char| !is_token_character(character) && !"+/=*~".contains(character);
    &text[..text.find(ends).unwrap_or(text.len())]
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

/// Returns whether a token may start after a text: it ends with another character, `%20`, `=3D` of a message, or an escaped
/// line break.
fn is_boundary(before: &str) -> bool {
    let is_encoded = |last: &[u8]| {
        (matches!(last[0], b'%' | b'=') && last[1..].iter().all(u8::is_ascii_hexdigit))
            || (last[1] == b'\\' && matches!(last[2], b'n' | b'r' | b't'))
    };
    before.chars().next_back().is_none_or(|last| !is_token_character(last))
        || before.as_bytes().last_chunk::<3>().is_some_and(|last| is_encoded(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token with a signature of the length of ECDSA's.
    fn token() -> String {
        format!("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.{}", "c2ln_-A0".repeat(11).split_at(86).0)
    }

    /// Returns the tokens in a text, in which `TOKEN` is replaced by a token, and `WRAPPED` by a token in lines with this
    /// between them.
    fn found(text: &str, between: &str) -> Vec<String> {
        let token = token();
        let lines: Vec<&str> = token.as_bytes().chunks(30).map(|line| str::from_utf8(line).unwrap()).collect();
        let text = text.replace("TOKEN", &token).replace("WRAPPED", &lines.join(between));
        tokens(&text).iter().map(|found| found.token.to_string()).collect()
    }

    #[test]
    fn a_token_is_found_in_commands_assignments_and_messages() {
        for text in [
            "TOKEN=TOKEN\nOTHER=abc\n",
            "export X=\"TOKEN\"",
            "$env:X = 'TOKEN'",
            "set X=TOKEN\r\nset Y=1",
            "curl -H 'Authorization: Bearer TOKEN' https://api.example.no/",
            "curl ^\"https://a.no/^\" ^\r\n  -H ^\"authorization: Bearer TOKEN^\" ^\r\n  --compressed",
            "curl.exe `\n -H \"Authorization: Bearer TOKEN\" `\n https://a.no/",
            "curl -d grant_type=x -d assertion=TOKEN https://a.no/token",
            "curl --data-urlencode \"assertion=TOKEN\" \\\n  https://a.no/token",
            "grant_type=urn%3Aa&assertion=TOKEN&resource=x",
            "https://a.no/#access_token=TOKEN&state=1",
            "Authorization%3A%20Bearer%20TOKEN",
            "VALUE=3DTOKEN\r\n",
            "line one\\nTOKEN\\nline two",
            "The token is TOKEN. It is new.",
            "<code>TOKEN</code>",
            "«TOKEN»",
            "> Authorization: Bearer TOKEN\n> Accept: */*\n",
            "eyJ... is TOKEN",
            "TOKEN\nThanks\n",
        ] {
            let text = text.replacen("TOKEN=TOKEN", "VALUE=TOKEN", 1);
            assert_eq!(found(&text, ""), [token()], "{text}");
        }
    }

    #[test]
    fn the_lines_of_a_token_are_joined() {
        for (text, between) in [
            ("WRAPPED", "\n"),
            ("WRAPPED\r\n", "\r\n"),
            ("Bearer WRAPPED", "\n    "),
            ("WRAPPED", " "),
            ("\"WRAPPED\"", " \n"),
            ("> WRAPPED\n> Regards\n", "\n> "),
            ("WRAPPED\n", "=\n"),
            ("VALUE=3DWRAPPED=\r\n\r\n", "=\r\n"),
            ("curl -H \"Authorization: Bearer WRAPPED\" https://a.no/", "\\\n"),
            ("VALUE=\"WRAPPED\"\nOTHER=b\n", "\n"),
            ("WRAPPED\nThanks\n", "\n"),
            ("{ \"access_token\": \"WRAPPED\", ", "\n"),
        ] {
            assert_eq!(found(text, between), [token()], "{text:?} {between:?}");
        }
    }

    #[test]
    fn a_crafted_text_takes_no_time() {
        let started = std::time::Instant::now();
        for part in
            ["eyJ\n", "eyJaaaaaaaaaa.a.\n", "eyJaaaaaaaaaa.\na.", "e ", "eyJaaaaaaaaaa.=\n", "> eyJ", "=\n", " \n"]
        {
            let text = part.repeat(256 * 1024 / part.len());
            assert!(tokens(&text).len() < 20_000);
            assert!(tokens(&format!("eyJhbGciOiJFUzI1NiJ9.{text}")).len() < 20_000);
        }
        assert!(started.elapsed().as_secs() < 20);
    }

    #[test]
    fn other_text_is_not_joined_and_other_tokens_are_kept_apart() {
        let other = token().replace("c2ln", "c2lm");
        assert_eq!(found(&format!("TOKEN\n{other}"), ""), [token(), other.clone()]);
        assert_eq!(found(&format!("TOKEN {other}"), ""), [token(), other]);
        assert_eq!(found("VALUE=TOKEN\nOTHER=\n", ""), [token()]);
        assert_eq!(found("a eyJhbGciOi word.with.dots aeyJhbGciOiJFUzI1NiJ9.e30.c2ln!", ""), Vec::<String>::new());
    }
}
