//! Removes from a report what must not be pasted anywhere: national identity numbers, keys and tokens in the wrong place,
//! passwords and queries of URLs, terminal codes.

use maskinporten::{check::Check, text::printable};

/// The number of digits of a national identity number.
const PERSON_DIGITS: usize = 11;

const MASKED_PERSON: &str = "***********";

/// The length limit of ids and thumbprints (SHA-256 has 64 digits); the parts of tokens and keys are longer.
const MAXIMUM_ID: usize = 64;

/// Members of a JWK that are private (RFC 7518 §6.2.2, §6.3.2 and §6.4.1).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// Replaces what was removed.
const LEFT_OUT: &str = "…";

/// Redacts every text of a check.
pub(super) fn check(check: &mut Check) {
    check.found = lines(&check.found);
    check.details.iter_mut().for_each(|detail| *detail = lines(detail));
    check.remedy = check.remedy.as_deref().map(lines);
    check.subject = check.subject.as_deref().map(text);
    if let Some(refusal) = &mut check.refusal {
        refusal.error = text(&refusal.error);
        refusal.description = refusal.description.as_deref().map(text);
        refusal.uri = refusal.uri.as_deref().map(text);
        refusal.facts.redact(text);
    }
}

/// Redacts a text of several lines.
fn lines(several: &str) -> String {
    // A key may span many lines.
    without_private_keys(several).lines().map(text).collect::<Vec<_>>().join("\n")
}

/// Redacts one line.
pub(super) fn text(line: &str) -> String {
    without_long_words(&without_persons(&without_queries(&without_credentials(&without_private_keys(&printable(
        line,
    ))))))
}

/// Removes a private key in PEM, or a JWK with a private member, that was given in place of another value.
fn without_private_keys(text: &str) -> String {
    let bare: String = text.chars().filter(|sign| !sign.is_whitespace() && *sign != '\\').collect();
    let (start, end) = if text.contains("PRIVATE KEY-----") {
        (text.find("-----BEGIN"), None)
    } else if PRIVATE_MEMBERS.iter().any(|name| bare.contains(&format!("\"{name}\":\""))) {
        (text.find('{'), text.rfind('}').map(|place| place + 1))
    } else {
        return text.to_owned();
    };
    let start = start.unwrap_or_default();
    let end = end.filter(|end| *end > start).unwrap_or(text.len());
    format!("{}{LEFT_OUT}{}", &text[..start], &text[end..])
}

/// Removes `user:password@` from URLs.
fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("://") {
        let (before, after) = rest.split_at(place + "://".len());
        let authority = &after[..after.find(['/', '?', '#', ' ']).unwrap_or(after.len())];
        clean.push_str(before);
        rest = &after[authority.rfind('@').map_or(0, |at| at + 1)..];
    }
    clean + rest
}

/// Removes the queries of URLs, which often contain API keys.
fn without_queries(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let start = word.find("://").and_then(|place| Some(place + word[place..].find(['?', '#'])? + 1));
        let Some(start) = start else { return word.to_owned() };
        let end = word[start..].find(['`', '"', '»', ')', ',']).map_or(word.len(), |length| start + length);
        format!("{}{LEFT_OUT}{}", &word[..start], &word[end..])
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Masks every word of exactly eleven digits.
fn without_persons(text: &str) -> String {
    let is_person = |word: &str| word.len() == PERSON_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    replace_words(text, char::is_alphanumeric, |word| if is_person(word) { MASKED_PERSON } else { word })
}

/// Removes words that are too long for an id: parts of a token or a key.
fn without_long_words(text: &str) -> String {
    let is_base64url = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    replace_words(text, is_base64url, |word| if word.len() > MAXIMUM_ID { LEFT_OUT } else { word })
}

fn replace_words(text: &str, is_word: impl Fn(char) -> bool, replace: impl Fn(&str) -> &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(&is_word) {
        let (before, after) = rest.split_at(start);
        let (word, remainder) = after.split_at(after.find(|sign| !is_word(sign)).unwrap_or(after.len()));
        clean.push_str(before);
        clean.push_str(replace(word));
        rest = remainder;
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_credentials_and_queries_are_removed_and_nothing_else() {
        for (line, redacted) in [
            ("pid 01017012345", "pid ***********"),
            ("urn:altinn:person:identifier-no:01017012345", "urn:altinn:person:identifier-no:***********"),
            ("0192:991825827", "0192:991825827"),
            ("123456789012", "123456789012"),
            ("SHA-1 73A3DD9B4AB009A15AC050D6E12345678901FE3A", "SHA-1 73A3DD9B4AB009A15AC050D6E12345678901FE3A"),
            ("«01017012345»", "«***********»"),
            ("https://user:hemmelig@proxy.example:3128/x", "https://proxy.example:3128/x"),
            ("at https://a@b@c.example and mail x@y.no", "at https://c.example and mail x@y.no"),
            ("https://a:b@c.example,https://d:e@f.example", "https://c.example,https://f.example"),
            ("`https://a.example/x?key=hemmelig`: no", "`https://a.example/x?…`: no"),
            ("https://a.example/#hemmelig or what?", "https://a.example/#… or what?"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
        ] {
            assert_eq!(text(line), redacted);
        }
    }

    #[test]
    fn a_key_or_token_in_the_wrong_place_is_removed() {
        let long = "A".repeat(MAXIMUM_ID + 1);
        for (line, redacted) in [
            (r#"`{"kty":"EC","d":"hemmelig"}` is no file"#, "`…` is no file"),
            (r#"{\"kty\": \"oct\", \"k\" : \"hemmelig"#, "…"),
            (r#"a:b "d":"hemmelig""#, "…"),
            (r#"{"kty":"RSA","n":"0vx7","e":"AQAB"}"#, r#"{"kty":"RSA","n":"0vx7","e":"AQAB"}"#),
            ("`-----BEGIN PRIVATE KEY-----\u{fffd}hemmelig", "`…"),
            (&format!("eyJhbGciOiJSUzI1NiJ9.{long}.{long}"), "eyJhbGciOiJSUzI1NiJ9.….…"),
            (&long[1..], &long[1..]),
        ] {
            assert_eq!(text(line), redacted);
        }
    }
}
