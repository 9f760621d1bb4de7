//! A token from outside: parsed, inspected, verified and printed.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use maskinporten::{
    inspect::{Expectations, Inspection, Jwt, Verification, VerificationKeys, verify},
    keystore::{KeySet, SignatureAlgorithm, SigningKey},
    language::Language,
    printer::{InspectionForm, print_inspection},
};

use super::{
    answering::key,
    properties::{Secrets, check_error, check_text},
};

/// A time at which the sample tokens are valid.
const NOW: i64 = 1_784_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(key);
/// A signature of the right length, by no key.
const FORGED: &[u8; 64] = b"neither the key of the sample nor any other made this signature.";

/// The public half of the key.
static OWN: LazyLock<KeySet> = LazyLock::new(|| {
    let key = KEY.public_jwk("ec", SignatureAlgorithm::Es256);
    KeySet::parse(key.to_string().as_bytes()).expect("it is a key")
});
static OTHER: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::parse(include_bytes!("../../testdata/jwk/public.json")).expect("the sample is a key"));

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Header and claims as JSON texts, so that a mutation reaches what is inside of base64.
    let inner = text.split_once("\n{").filter(|(header, _)| header.starts_with('{'));
    let Some((header, claims)) = inner else { return inspect(bytes, false) };
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(format!("{{{claims}").as_bytes()));
    inspect(format!("{signed}.{}", encode(FORGED)).as_bytes(), false);
    let signature = KEY.sign(SignatureAlgorithm::Es256, signed.as_bytes()).expect("the key signs");
    inspect(format!("{signed}.{}", encode(&signature)).as_bytes(), true);
}

fn inspect(bytes: &[u8], is_signed: bool) {
    let now = DateTime::from_timestamp(NOW, 0).expect("it is a time");
    let text = String::from_utf8_lossy(bytes);
    let parts = text.split(|character: char| !character.is_ascii_alphanumeric() && !"-_".contains(character));
    let secrets = Secrets::new(&text, parts.filter(|part| part.len() >= 32));
    let jwt = match Jwt::find(bytes) {
        Ok(jwt) => jwt,
        Err(error) => return check_error(&error, &secrets),
    };
    secrets.are_not_in(&format!("{jwt:?}"));
    let inspection = Inspection::new(&jwt, &[], now, false);
    print(&inspection, None, now);
    print(&Inspection::new(&jwt, &[], now, true), None, now);
    let expected = Expectations::default();
    for (keys, may_pass) in [
        (VerificationKeys::None("no keys".to_owned()), false),
        (VerificationKeys::Set(&OTHER), false),
        (VerificationKeys::Roots(&[]), false),
        (VerificationKeys::Set(&OWN), is_signed),
    ] {
        let verification = verify(&jwt, inspection.kind, &keys, &expected, now);
        assert!(may_pass || !verification.is_valid, "valid without a key: {verification:?}");
        print(&inspection, Some(&verification), now);
    }
}

fn print(inspection: &Inspection, verification: Option<&Verification>, now: DateTime<Utc>) {
    let local = |time: DateTime<Utc>| time.fixed_offset();
    for form in [InspectionForm::Text { colour: false, now, language: Language::English, local }, InspectionForm::Json]
    {
        let mut printed = Vec::new();
        print_inspection(form, inspection, verification, &mut printed).expect("a buffer takes everything");
        let printed = String::from_utf8(printed).expect("it is text");
        check_text(&printed, &Secrets::none());
        if let InspectionForm::Json = form {
            serde_json::from_str::<serde_json::Value>(&printed).expect("it is JSON");
        }
    }
}
