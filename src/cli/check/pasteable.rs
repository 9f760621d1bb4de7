//! Takes out of a report what should not be pasted anywhere: persons, passwords in addresses, terminal codes.

use maskinporten_token_generator::check::Check;

/// How many digits a person's number has.
const PERSON_DIGITS: usize = 11;

const MASKED_PERSON: &str = "***********";

/// Cleans every text of a check.
pub(super) fn clean(check: &mut Check) {
    check.found = lines(&check.found);
    check.details.iter_mut().for_each(|detail| *detail = lines(detail));
    check.remedy = check.remedy.as_deref().map(lines);
    check.subject = check.subject.as_deref().map(text);
    if let Some(refusal) = &mut check.refusal {
        refusal.description = refusal.description.as_deref().map(text);
    }
}

/// A text of several lines.
fn lines(several: &str) -> String {
    several.lines().map(text).collect::<Vec<_>>().join("\n")
}

/// One line: without control characters, persons' numbers, and what stands before the @ of an address.
pub(super) fn text(line: &str) -> String {
    let shown: String =
        line.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect();
    without_credentials(&without_persons(&shown))
}

/// Masks every word of exactly eleven digits.
fn without_persons(text: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, after) = rest.split_at(start);
        let (word, remainder) = after.split_at(after.find(|character| !is_word(character)).unwrap_or(after.len()));
        let is_person = word.len() == PERSON_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
        clean.push_str(before);
        clean.push_str(if is_person { MASKED_PERSON } else { word });
        rest = remainder;
    }
    clean + rest
}

/// Takes `user:password@` out of addresses.
fn without_credentials(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        match rest[..end].rfind('@') {
            Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_and_credentials_are_taken_out_and_nothing_else() {
        for (line, wanted) in [
            ("pid 01017012345", "pid ***********"),
            ("urn:altinn:person:identifier-no:01017012345", "urn:altinn:person:identifier-no:***********"),
            ("0192:991825827", "0192:991825827"),
            ("123456789012", "123456789012"),
            ("SHA-1 73A3DD9B4AB009A15AC050D6E12345678901FE3A", "SHA-1 73A3DD9B4AB009A15AC050D6E12345678901FE3A"),
            ("«01017012345»", "«***********»"),
            ("https://user:hemmelig@proxy.example:3128/x", "https://proxy.example:3128/x"),
            ("at https://a@b@c.example and mail x@y.no", "at https://c.example and mail x@y.no"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
        ] {
            assert_eq!(text(line), wanted);
        }
    }
}
