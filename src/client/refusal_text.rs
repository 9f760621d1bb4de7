//! Reads whatever somebody has of a refusal: a code, an address that ends with one, an OAuth error, or a text pasted
//! whole, be it the server's body, a line of a log or our own report.
//!
//! The text may come from anywhere. Only what has the form of a code, a scope, an organisation number or a trace id
//! is taken out of it; the rest is never shown. What the refusal means is the catalogue's to say.

use super::{
    catalogue::{Explanation, fitting},
    error::harmless,
};

/// No answer of Maskinporten is nearly as long, nor a report about one.
pub const MAXIMUM_BYTES: usize = 64 * 1024;

/// Where Maskinporten's texts name scopes, an organisation that asks, and the one that asks for it.
const BEFORE_SCOPES: [&str; 2] = ["access to the scope ", "invalid scopes for client, "];
const BEFORE_CONSUMER: [&str; 1] = ["Consumer "];
const BEFORE_SUPPLIER: [&str; 1] = ["to supplier "];
const BEFORE_TRACE: [&str; 3] = ["trace_id", "correlation id", "correlation_id"];

/// What is known of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalText {
    /// Maskinporten's code, such as `MP-200`, known or not.
    pub code: Option<String>,
    /// The scopes that it is about.
    pub scopes: Vec<String>,
    /// The organisation number of the consumer.
    pub consumer: Option<String>,
    /// The organisation number of the supplier.
    pub supplier: Option<String>,
    /// What Digdir's support finds the request by.
    pub trace_id: Option<String>,
    /// All that fit; none when it is no refusal that is known.
    pub explanations: Vec<&'static Explanation>,
}

impl RefusalText {
    /// Reads a text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        // Some programs escape the slashes of JSON.
        let text = harmless(&text.replace("\\/", "/"), MAXIMUM_BYTES);
        let codes = codes(&text);
        Self {
            explanations: explanations(&codes, &text),
            code: codes.into_iter().next(),
            scopes: scopes(&text),
            consumer: after(&text, &BEFORE_CONSUMER).and_then(organisation_number),
            supplier: after(&text, &BEFORE_SUPPLIER).and_then(organisation_number),
            trace_id: after(&text, &BEFORE_TRACE).and_then(trace_id),
        }
    }
}

fn explanations(codes: &[String], text: &str) -> Vec<&'static Explanation> {
    if codes.len() > 1 {
        // Each of several refusals has an error of its own, so none of them tells what a code stands for.
        return codes.iter().flat_map(|code| fitting(Some(code), None, text)).collect();
    }
    let code = codes.first().map(String::as_str);
    let fit = fitting(code, error(text), text);
    if !fit.is_empty() || code.is_some() {
        return fit;
    }
    // An OAuth error and nothing else: whatever comes with it.
    let name = text.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    Explanation::all().filter(|entry| entry.error == name).collect()
}

/// The first OAuth error of the text that is known.
fn error(text: &str) -> Option<&str> {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words.find(|word| Explanation::all().any(|entry| entry.error == *word))
}

/// Every `MP-200` of a text, in any case, the first one first; or three digits that are all of it, with or without
/// `MP`.
fn codes(text: &str) -> Vec<String> {
    let upper = text.to_ascii_uppercase();
    let parts: Vec<&str> = upper.split(|character: char| !character.is_ascii_alphanumeric()).collect();
    let alone = upper.trim_matches(|character: char| !character.is_ascii_alphanumeric()).trim_start_matches("MP");
    let mut numbers: Vec<&str> = Vec::new();
    for pair in parts.windows(2).filter(|pair| pair[0] == "MP" && is_number(pair[1])) {
        if !numbers.contains(&pair[1]) {
            numbers.push(pair[1]);
        }
    }
    if numbers.is_empty() && is_number(alone) {
        numbers.push(alone);
    }
    numbers.into_iter().map(|number| format!("MP-{number}")).collect()
}

fn is_number(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What follows the first of these in a text.
fn after<'text>(text: &'text str, marks: &[&str]) -> Option<&'text str> {
    marks.iter().find_map(|mark| text.split_once(mark)).map(|(_, rest)| rest)
}

fn scopes(text: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    for scope in BEFORE_SCOPES.iter().flat_map(|mark| text.split(mark).skip(1)).flat_map(scopes_at) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// The scopes that a text begins with.
fn scopes_at(rest: &str) -> Vec<String> {
    let words = rest.split([' ', ',', '"']).map(|word| word.trim_end_matches(['.', '\\', '"', '\'', '`']));
    words.filter(|word| !word.is_empty()).take_while(|word| is_scope(word)).map(str::to_owned).collect()
}

/// A prefix of the owner's, a colon and the rest, as Digdir's self-service makes them.
fn is_scope(word: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte);
    word.bytes().all(sign) && word.split_once(':').is_some_and(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
}

fn organisation_number(rest: &str) -> Option<String> {
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits.len() == 9).then_some(digits)
}

/// Hexadecimal digits, or a UUID, after a colon and the like.
fn trace_id(rest: &str) -> Option<String> {
    let start = rest.trim_start_matches(['"', '\\', ':', '=', ' ']);
    let id: String = start.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '-').collect();
    let form = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (form && id.len() <= 64 && id.bytes().any(|byte| byte.is_ascii_digit())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<Option<&'static str>> {
        RefusalText::read(text).explanations.iter().map(|entry| entry.code).collect()
    }

    #[test]
    fn a_code_is_read_in_every_spelling() {
        for text in [
            "MP-250",
            "mp-250",
            "250",
            " MP-250\n",
            "MP250",
            "mp 250",
            "(MP-250)",
            "`mp-250`",
            "https://test.maskinporten.no/errors/MP-250",
            "https://maskinporten.no/errors/mp-250/?x=1",
            r#"{"error_uri":"https:\/\/maskinporten.no\/errors\/MP-250"}"#,
        ] {
            assert_eq!(codes(text), [Some("MP-250")], "{text}");
        }
        for text in ["MP-2500", "MP-25", "2500", "XMP-250", "MPMP", "MP-", "https://x/250", "1 250", "MP-٢٥٠"] {
            assert_eq!(RefusalText::read(text), RefusalText::default(), "{text}");
        }
    }

    #[test]
    fn a_code_that_is_not_known_is_named_and_explained_by_nothing() {
        assert_eq!(
            RefusalText::read("MP-999"),
            RefusalText { code: Some("MP-999".to_owned()), ..RefusalText::default() }
        );
        assert_eq!(codes("invalid_grant MP-999"), []);
    }

    #[test]
    fn a_code_that_stands_for_two_is_told_by_the_error_or_the_text_or_not_at_all() {
        assert_eq!(codes("MP-303").len(), 2);
        assert_eq!(codes("invalid_altinn_customer_configuration (MP-303)").len(), 1);
        assert_eq!(codes("Invalid authorization details values. (MP-303)").len(), 1);
    }

    #[test]
    fn an_oauth_error_alone_stands_for_all_that_come_with_it() {
        assert_eq!(codes("forbidden"), [Some("MP-250"), Some("MP-251")]);
        assert_eq!(codes("\"invalid_target\""), [None]);
        assert!(codes("invalid_grant").len() > 10);
        assert_eq!(codes(r#"{"error":"invalid_grant"}"#), []);
    }

    #[test]
    fn what_the_text_is_about_is_taken_out_of_it() {
        let read = RefusalText::read(
            "Consumer 958935420 has not delegated access to the scope folkeregister:deling/x.y to supplier 920204368. \
             (correlation id: 2d40caf9-ea11-9710-d7fa-82639fe7374f)",
        );
        assert_eq!(read.scopes, ["folkeregister:deling/x.y"]);
        assert_eq!((read.consumer.as_deref(), read.supplier.as_deref()), (Some("958935420"), Some("920204368")));
        assert_eq!(read.trace_id.as_deref(), Some("2d40caf9-ea11-9710-d7fa-82639fe7374f"));
    }

    #[test]
    fn scopes_end_where_they_end() {
        for (rest, wanted) in [
            ("a:b (trace_id: 0a)", &["a:b"][..]),
            ("a:b, c:d/e c:f.", &["a:b", "c:d/e", "c:f"]),
            ("a:b\",\"error_uri\":\"https://x\"", &["a:b"]),
            ("a:b.\\\",\\\"x\\\"", &["a:b"]),
            ("a:b caused by: that means: x", &["a:b"]),
            ("(nothing)", &[]),
            ("a:\u{1b}[31mb", &[]),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|scope| (*scope).to_owned()).collect();
            assert_eq!(scopes(&format!("Token request contains invalid scopes for client, {rest}")), wanted, "{rest}");
        }
    }

    #[test]
    fn a_trace_id_is_read_from_every_form_of_it() {
        for text in ["(trace_id: 0a1b)", r#""trace_id":"0a1b","#, r#"\"trace_id\": \"0a1b\""#, "trace_id=0a1b"] {
            assert_eq!(RefusalText::read(text).trace_id.as_deref(), Some("0a1b"), "{text}");
        }
        for text in ["trace_id: null", "trace_id", "(trace_id: \u{1b}[31m)", "trace_id: 31m", "trace id 0a1b"] {
            assert_eq!(RefusalText::read(text).trace_id, None, "{text}");
        }
    }
}
