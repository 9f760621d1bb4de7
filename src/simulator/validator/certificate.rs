//! Validates enterprise certificates in `x5c` (RFC 7515 §4.1.6): chain, `keyUsage`, organisation number.
//!
//! The order of the checks and the rule for `keyUsage` are those of
//! <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>. The three attributes with the
//! organisation number are those of <https://github.com/felleslosninger/idporten-certificate-validator-lib>.
//! Policies and revocation lists are not checked, because the simulator's authority has neither.

use std::ops::Range;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::{DateTime, Utc};
use openssl::{
    error::ErrorStack,
    stack::Stack,
    x509::{
        X509, X509KeyUsage, X509NameRef, X509StoreContext, X509VerifyResult,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyParam,
    },
};
use serde_json::Value;

use super::{
    certificate_cache::{self, CertificateCache, VerifiedCertificate},
    refusal::GrantRefusal,
};
use crate::simulator::strictness::Strictness;

/// Maximum number of certificates in a chain.
const MAXIMUM_CHAIN: usize = 10;
/// Maximum size of a certificate, which usually has about 2 kB.
const MAXIMUM_CERTIFICATE_BYTES: usize = 16 * 1024;
/// OpenSSL's security level 2: 112 bits of security, RSA from 2048 bits, no SHA-1.
const SECURITY_LEVEL: i32 = 2;

/// Standard base64 with or without its padding, as Java libraries decode it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The authorities that the simulator trusts, and certificates that they have issued.
pub(crate) struct TrustAnchors {
    roots: Vec<X509>,
    intermediates: Vec<X509>,
    verified: CertificateCache,
}

impl TrustAnchors {
    pub(crate) fn new(roots: Vec<X509>, intermediates: Vec<X509>) -> Self {
        Self { roots, intermediates, verified: CertificateCache::default() }
    }

    /// Returns the certificates of the authorities.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = &X509> {
        self.roots.iter().chain(&self.intermediates)
    }
}

/// Parses and validates `x5c`.
pub(crate) fn validate(
    x5c: Option<&Value>,
    anchors: &TrustAnchors,
    strictness: &Strictness,
    now: DateTime<Utc>,
) -> Result<VerifiedCertificate, GrantRefusal> {
    let x5c = x5c.ok_or(GrantRefusal::X5c("both x5c and kid are missing"))?;
    if let Some(verified) = anchors.verified.find(x5c, strictness, now) {
        return Ok(verified);
    }
    let chain = read(x5c)?;
    let Some((leaf, rest)) = chain.split_first() else {
        return Err(GrantRefusal::X5c("it is empty"));
    };
    let known: &[X509] = if strictness.require_full_chain { &[] } else { &anchors.intermediates };
    let (result, validity) = verify(leaf, rest, known, &anchors.roots, now)
        .map_err(|_| GrantRefusal::Certificate("openssl cannot verify it".to_owned(), None))?;
    if result != X509VerifyResult::OK {
        let switch = strictness.require_full_chain.then_some(("require_full_chain", "false"));
        return Err(GrantRefusal::Certificate(result.error_string().to_owned(), switch));
    }
    if !has_critical_key_usage(leaf) {
        return Err(GrantRefusal::Certificate("keyUsage is missing or not critical".to_owned(), None));
    }
    let may_sign = leaf.key_usage().is_some_and(|usage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE));
    if !may_sign && !strictness.allow_any_key_usage {
        let why = "keyUsage does not have digitalSignature".to_owned();
        return Err(GrantRefusal::Certificate(why, Some(("allow_any_key_usage", "true"))));
    }
    let key = leaf.public_key().map_err(|_| GrantRefusal::Certificate("its key cannot be read".to_owned(), None))?;
    let verified = VerifiedCertificate { key, orgno: organisation_number(leaf.subject_name()) };
    anchors.verified.insert(x5c, strictness, validity, verified.clone());
    Ok(verified)
}

fn read(x5c: &Value) -> Result<Vec<X509>, GrantRefusal> {
    let elements = x5c.as_array().ok_or(GrantRefusal::X5c("it is not an array"))?;
    if elements.len() > MAXIMUM_CHAIN {
        return Err(GrantRefusal::X5c("it has too many certificates"));
    }
    let read_one = |element: &Value| {
        let text = element.as_str().ok_or(GrantRefusal::X5c("an element is not a string"))?;
        // Some clients copy the lines of a PEM file with their line breaks.
        let text: String = text.split_ascii_whitespace().collect();
        let der = BASE64.decode(text).map_err(|_| GrantRefusal::X5c("an element is not standard base64"))?;
        let certificate = X509::from_der(&der).ok().filter(|_| der.len() <= MAXIMUM_CERTIFICATE_BYTES);
        let certificate = certificate.ok_or(GrantRefusal::X5c("an element is not a certificate"))?;
        // openssl ignores trailing data, which is not allowed.
        let whole = certificate.to_der().is_ok_and(|again| again == der);
        if whole { Ok(certificate) } else { Err(GrantRefusal::X5c("an element has data after the certificate")) }
    };
    elements.iter().map(read_one).collect()
}

/// Verifies the path from the leaf to a root, at the simulator's time, and returns when the path is valid.
fn verify(
    leaf: &X509,
    rest: &[X509],
    known: &[X509],
    roots: &[X509],
    now: DateTime<Utc>,
) -> Result<(X509VerifyResult, Range<i64>), ErrorStack> {
    let mut others = Stack::new()?;
    for certificate in rest.iter().chain(known) {
        others.push(certificate.clone())?;
    }
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_time(now.timestamp());
    parameters.set_auth_level(SECURITY_LEVEL);
    parameters.set_depth(i32::try_from(MAXIMUM_CHAIN).unwrap_or(i32::MAX));
    let store = store(roots, &parameters)?;
    X509StoreContext::new()?.init(&store, leaf, &others, |context| {
        context.verify_cert()?;
        Ok((context.error(), context.chain().map_or(Ok(0..0), certificate_cache::validity)?))
    })
}

fn store(roots: &[X509], parameters: &X509VerifyParam) -> Result<X509Store, ErrorStack> {
    let mut builder = X509StoreBuilder::new()?;
    for root in roots {
        builder.add_cert(root.clone())?;
    }
    builder.set_param(parameters)?;
    Ok(builder.build())
}

/// Whether `keyUsage` (2.5.29.15) is present and critical, which the openssl crate does not expose.
fn has_critical_key_usage(certificate: &X509) -> bool {
    certificate.to_der().ok().and_then(|der| find_critical_key_usage(&der)).unwrap_or(false)
}

// yasna requires closures that are generic over lifetimes, which its methods are not.
#[allow(clippy::redundant_closure_for_method_calls)]
fn find_critical_key_usage(der: &[u8]) -> Option<bool> {
    let key_usage = yasna::models::ObjectIdentifier::from_slice(&[2, 5, 29, 15]);
    // Certificate → TBSCertificate → its element with the tag [3] → Extensions (RFC 5280 §4.1).
    let fields = yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            let fields = reader.next().collect_sequence_of(|reader| reader.read_tagged_der())?;
            reader.next().read_der()?;
            reader.next().read_der()?;
            Ok(fields)
        })
    })
    .ok()?;
    let extensions = fields.iter().find(|field| field.tag() == yasna::Tag::context(3))?;
    let extensions = yasna::parse_der(extensions.value(), |reader| {
        reader.collect_sequence_of(|reader| {
            reader.read_sequence(|reader| {
                let name = reader.next().read_oid()?;
                let critical = reader.read_optional(|reader| reader.read_bool())?;
                reader.next().read_bytes()?;
                Ok((name, critical.unwrap_or(false)))
            })
        })
    })
    .ok()?;
    extensions.iter().find(|(name, _)| *name == key_usage).map(|(_, critical)| *critical)
}

/// Finds an organisation number in the text of an attribute.
type FindOrgno = fn(&str) -> Option<&str>;

/// Returns the organisation number in the first of the three attributes that has one.
pub(crate) fn organisation_number(subject: &X509NameRef) -> Option<String> {
    let attributes: [(&str, FindOrgno); 3] = [
        ("2.5.4.5", nine_digits),
        ("2.5.4.10", after_hyphen),
        ("2.5.4.97", |text| after_hyphen(text).or_else(|| nine_digits(text))),
    ];
    attributes.into_iter().find_map(|(oid, find)| {
        let values = subject.entries().filter(|entry| entry.object().to_string() == long_name(oid));
        let mut texts = values.filter_map(|entry| entry.data().to_string().ok());
        texts.find_map(|text| find(&text).map(str::to_owned))
    })
}

/// Returns the name by which openssl prints an object identifier.
fn long_name(oid: &str) -> String {
    openssl::asn1::Asn1Object::from_str(oid).map_or_else(|_| oid.to_owned(), |object| object.to_string())
}

/// Matches `^[0-9]{9}$`.
fn nine_digits(text: &str) -> Option<&str> {
    (text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// Matches `^.+\-\W*([0-9]{9})$` and returns the nine digits.
fn after_hyphen(text: &str) -> Option<&str> {
    let (front, digits) = text.split_at_checked(text.len().checked_sub(9)?)?;
    nine_digits(digits)?;
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let name = front.trim_end_matches(|character| !is_word(character));
    let hyphen = name.len() + front[name.len()..].rfind('-')?;
    // `.+` in the pattern is at least one character, and no line break.
    let line_breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    (hyphen > 0 && !front[..hyphen].contains(line_breaks)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use chrono::Duration;
    use serde_json::json;

    use super::*;
    use crate::simulator::installation::certificates::{self, KeyPurpose, OrgnoAttribute, ValidityPeriod};

    #[test]
    fn a_verified_certificate_is_remembered_until_it_expires_and_for_the_same_switches() {
        let now = DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        let validity = ValidityPeriod::three_years(now);
        let key = || certificates::rsa_key(2048).unwrap();
        let root = certificates::root(&certificates::simulator_name("Root").unwrap(), key(), validity).unwrap();
        let subject = certificates::enterprise_subject("KOMMUNE", "310700010", OrgnoAttribute::SerialNumber).unwrap();
        let leaf = certificates::enterprise(&subject, KeyPurpose::Authentication, &root, key(), validity).unwrap();
        let x5c = json!([STANDARD.encode(leaf.certificate.to_der().unwrap())]);
        let mut anchors = TrustAnchors::new(vec![root.certificate], Vec::new());
        let at = |anchors: &TrustAnchors, strictness: &Strictness, now| {
            validate(Some(&x5c), anchors, strictness, now).map(|verified| verified.orgno.unwrap())
        };
        let usual = Strictness::default();

        assert_eq!(at(&anchors, &usual, now).unwrap(), "310700010");
        // Only the memory knows the authority from now on.
        anchors.roots.clear();

        assert_eq!(at(&anchors, &usual, now).unwrap(), "310700010");
        assert!(at(&anchors, &Strictness { require_full_chain: true, ..Strictness::default() }, now).is_err());
        assert!(at(&anchors, &usual, validity.until - Duration::seconds(1)).is_ok());
        assert!(at(&anchors, &usual, validity.until).is_err());
        assert!(at(&anchors, &usual, validity.from - Duration::seconds(1)).is_err());
    }

    #[test]
    fn finds_the_organisation_number_after_a_hyphen() {
        for text in ["NAVN - 991825827", "NTRNO-991825827", "PSDNO-FSA-991825827", "Å-991825827", "A-. 991825827"] {
            assert_eq!(after_hyphen(text), Some("991825827"), "{text}");
        }
        for text in [
            "-991825827",
            "NAVN 991825827",
            "NAVN - 1991825827",
            "991825827",
            "A-x991825827",
            "A\nB-991825827",
            "",
            "å",
        ] {
            assert_eq!(after_hyphen(text), None, "{text}");
        }
    }
}
