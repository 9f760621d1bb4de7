//! Properties of every error and every output.

use std::{collections::HashSet, error::Error};

use maskinporten::{
    explain::Explain,
    keystore::{Certificate, SigningKey, VerificationKey},
    text::is_deceptive,
};

/// Strings that must not be shown, taken from an input. A string is only a secret if the input has it once: at another
/// place the same text may be shown. It looks like a key or token, since libFuzzer finds words of the messages too.
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Shorter texts occur in messages by chance.
    const SHORTEST: usize = 12;

    pub fn none() -> Self {
        Self(Vec::new())
    }

    pub fn new<'a>(input: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let is_secret = |text: &&str| {
            let has = |one: fn(&u8) -> bool| text.as_bytes().iter().any(one);
            text.len() >= Self::SHORTEST
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_.".contains(&byte))
                && has(u8::is_ascii_digit)
                && has(u8::is_ascii_lowercase)
                && input.matches(text).count() == 1
        };
        Self(candidates.into_iter().filter(is_secret).map(str::to_owned).collect())
    }

    /// Makes a set of texts that are never shown.
    pub fn fixed(secrets: &[&str]) -> Self {
        Self(secrets.iter().map(|secret| (*secret).to_owned()).collect())
    }

    #[track_caller]
    pub fn are_not_in(&self, text: &str) {
        for secret in &self.0 {
            assert!(!text.contains(secret), "a secret is shown: {text}");
        }
    }
}

/// Checks what is shown of an error: no secret anywhere, and no message deceives a terminal.
#[track_caller]
pub fn check_error(error: &dyn Explain, secrets: &Secrets) {
    secrets.are_not_in(&format!("{error:?}"));
    check_message(&error.to_string(), secrets);
    check_line(error.code(), secrets);
    check_text(&error.hint().unwrap_or_default(), secrets);
    assert!(!error.to_string().is_empty() && !error.code().is_empty());
    check_sources(error.source(), secrets);
}

/// Checks the causes of an error.
#[track_caller]
pub fn check_sources(mut source: Option<&(dyn Error + 'static)>, secrets: &Secrets) {
    while let Some(cause) = source {
        check_message(&cause.to_string(), secrets);
        secrets.are_not_in(&format!("{cause:?}"));
        source = cause.source();
    }
}

/// Checks a message: only lists have more lines, which are indented so that none looks like a line of the report.
#[track_caller]
fn check_message(text: &str, secrets: &Secrets) {
    assert!(text.lines().skip(1).all(|line| line.starts_with("  ")), "a message adds a line: {text:?}");
    check_text(text, secrets);
}

/// Checks a text for a terminal.
#[track_caller]
pub fn check_text(text: &str, secrets: &Secrets) {
    let deceptive = text.chars().find(|character| *character != '\n' && is_deceptive(*character));
    assert!(deceptive.is_none(), "deceptive {deceptive:?}: {text:?}");
    secrets.are_not_in(text);
}

/// Checks a text on one line.
#[track_caller]
pub fn check_line(text: &str, secrets: &Secrets) {
    assert!(!text.contains('\n'), "two lines: {text:?}");
    check_text(text, secrets);
}

/// Checks what is shown of a certificate.
pub fn check_certificate(certificate: &Certificate) {
    let none = Secrets::none();
    check_line(&certificate.subject(), &none);
    check_line(&certificate.issuer(), &none);
    check_line(&certificate.issuer_common_name().unwrap_or_default(), &none);
    let _ = (certificate.key_usage(), certificate.may_sign(), certificate.organisation_number());
    let _ = (certificate.not_before(), certificate.not_after(), certificate.thumbprint());
    let _ = (certificate.organisation_number_place(), certificate.foreign_identifier());
    match VerificationKey::from_certificate(certificate) {
        Ok(key) => check_line(&key.kind(), &none),
        Err(error) => check_text(&error.to_string(), &none),
    }
}

/// Checks a key as the program uses it.
pub fn check_key(key: &SigningKey) {
    let none = Secrets::none();
    key.certificates().iter().for_each(check_certificate);
    check_line(&key.kind(), &none);
    check_line(&key.thumbprint(), &none);
    let public = key.public_jwk("id", key.default_algorithm());
    let private = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];
    assert!(private.iter().all(|name| public.get(name).is_none()), "a private member is in {public}");
    // Signing with a longer key takes milliseconds.
    if key.signature_length() <= 256 {
        match key.sign(key.default_algorithm(), b"message") {
            Ok(signature) => assert_eq!(signature.len(), key.signature_length()),
            // Of a damaged key, which is noticed only now.
            Err(error) => check_sources(Some(&error), &none),
        }
    }
}

/// Returns the words that may be key material in base64.
pub fn base64_words(text: &str) -> impl Iterator<Item = &str> {
    let is_base64 = |character: char| character.is_ascii_alphanumeric() || "+/=".contains(character);
    text.split(|character: char| character.is_whitespace() || character == '\\')
        .filter(move |word| word.len() >= 24 && word.chars().all(is_base64))
}

/// Returns the strings of a JSON text that are members with one of these names.
pub fn members(text: &str, names: &[&str]) -> Vec<String> {
    fn collect(value: &serde_json::Value, names: &[&str], found: &mut HashSet<String>) {
        match value {
            serde_json::Value::Object(object) => {
                for (name, value) in object {
                    match value.as_str() {
                        Some(text) if names.contains(&name.as_str()) => drop(found.insert(text.to_owned())),
                        _ => collect(value, names, found),
                    }
                }
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, names, found)),
            _ => {}
        }
    }
    let mut found = HashSet::new();
    if let Ok(value) = serde_json::from_str(text) {
        collect(&value, names, &mut found);
    }
    found.into_iter().collect()
}
