//! The values of settings, each by its own parser.

use std::path::Path;

use maskinporten::{
    clock::parse_seconds,
    explain::Explain,
    grant::{AuthorizationDetails, ClientId, ExtraClaims, Lifetime, PersonIdentifier, Resource, Scopes},
    http::Endpoint,
    keystore::{CertificateThumbprint, is_registrable_key_id},
    organisation::OrganisationNumber,
    printer::Header,
    text::{excerpt, printable, printable_lines, server_text, shown_path},
};

use super::properties::{Secrets, base64_words, check_error, check_line, check_text};

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let none = Secrets::none();
    check_text(&printable_lines(&text), &none);
    for line in [printable(&text), excerpt(&text, 40), server_text(&text, 100)] {
        check_line(&line, &none);
    }
    let shown = shown_path(Path::new(&*text));
    assert!(!text.contains("PRIVATE KEY") || !shown.contains("PRIVATE KEY"), "{shown}");
    let long = base64_words(&text).filter(|word| word.len() > 1024);
    Secrets::new(&text, long).are_not_in(&shown);
    let _ = (parse_seconds(&text), is_registrable_key_id(&text), CertificateThumbprint::parse(&text));

    // A wrong identifier may be one with a slip.
    let is_person = text.len() > 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let person = if is_person { Secrets::fixed(&[&text]) } else { Secrets::none() };
    check(PersonIdentifier::parse(&text), &person);
    check(ClientId::parse(&text), &none);
    check(Scopes::parse(&text), &none);
    check(Resource::parse(&text), &none);
    check(Lifetime::parse(&text), &none);
    check(AuthorizationDetails::parse(&text), &none);
    check(ExtraClaims::default().add(&text, serde_json::Value::Null), &none);
    check(OrganisationNumber::parse(&text), &none);
    if let Some(header) = check(Header::parse(&text), &none) {
        check_line(header.name(), &none);
    }
    if let Some(endpoint) = check(Endpoint::parse(&text), &none) {
        check_line(endpoint.as_str(), &none);
        assert!(endpoint.as_str().starts_with("https://") || endpoint.is_loopback(), "{}", endpoint.as_str());
    }
}

fn check<T, E: Explain>(outcome: Result<T, E>, secrets: &Secrets) -> Option<T> {
    outcome.inspect_err(|error| check_error(error, secrets)).ok()
}
