//! Enterprise certificates in `x5c` (RFC 7515 §4.1.6): the chain, `keyUsage`, and whose they are.
//!
//! The order of the checks and the rule for `keyUsage` are those of
//! <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>; the three places of the
//! organisation number are those of <https://github.com/felleslosninger/idporten-certificate-validator-lib>.
//! Policies and revocation lists are not checked: the simulator's own authority has neither.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use openssl::{
    error::ErrorStack,
    pkey::{PKey, Public},
    stack::Stack,
    x509::{
        X509, X509KeyUsage, X509NameRef, X509StoreContext, X509VerifyResult,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyParam,
    },
};
use serde_json::Value;

use super::refusal::Refusal;
use crate::simulator::strictness::Strictness;

/// Longer chains lead nowhere.
const MAXIMUM_CHAIN: usize = 10;
/// A certificate takes some 2 kB.
const MAXIMUM_CERTIFICATE_BYTES: usize = 16 * 1024;
/// OpenSSL's level 2: 112 bits of security, RSA from 2048 bits, no SHA-1.
const SECURITY_LEVEL: i32 = 2;

/// The authorities that the simulator trusts.
pub(crate) struct Anchors {
    pub(crate) roots: Vec<X509>,
    pub(crate) intermediates: Vec<X509>,
}

/// A certificate that has passed.
pub(crate) struct Enterprise {
    pub(crate) key: PKey<Public>,
    pub(crate) orgno: Option<String>,
}

/// Reads and judges `x5c`.
pub(crate) fn judge(
    x5c: Option<&Value>,
    anchors: &Anchors,
    strictness: &Strictness,
    now: DateTime<Utc>,
) -> Result<Enterprise, Refusal> {
    let chain = read(x5c)?;
    let Some((leaf, rest)) = chain.split_first() else {
        return Err(Refusal::X5c("it is empty"));
    };
    let known: &[X509] = if strictness.require_full_chain { &[] } else { &anchors.intermediates };
    let verdict = verify(leaf, rest, known, &anchors.roots, now)
        .map_err(|_| Refusal::Certificate("openssl cannot judge it".to_owned()))?;
    if verdict != X509VerifyResult::OK {
        return Err(Refusal::Certificate(verdict.error_string().to_owned()));
    }
    if !has_critical_key_usage(leaf) {
        return Err(Refusal::Certificate("keyUsage is missing or not critical".to_owned()));
    }
    let may_sign = leaf.key_usage().is_some_and(|usage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE));
    if !may_sign && !strictness.allow_any_key_usage {
        return Err(Refusal::Certificate("keyUsage does not have digitalSignature".to_owned()));
    }
    let key = leaf.public_key().map_err(|_| Refusal::Certificate("its key cannot be read".to_owned()))?;
    Ok(Enterprise { key, orgno: organisation_number(leaf.subject_name()) })
}

fn read(x5c: Option<&Value>) -> Result<Vec<X509>, Refusal> {
    let elements = match x5c {
        None => return Err(Refusal::X5c("neither x5c nor kid is there")),
        Some(Value::Array(elements)) => elements,
        Some(_) => return Err(Refusal::X5c("it is not an array")),
    };
    if elements.len() > MAXIMUM_CHAIN {
        return Err(Refusal::X5c("it has too many certificates"));
    }
    let read_one = |element: &Value| {
        let text = element.as_str().ok_or(Refusal::X5c("an element is not a string"))?;
        let der = STANDARD.decode(text).map_err(|_| Refusal::X5c("an element is not standard base64"))?;
        let certificate = X509::from_der(&der).ok().filter(|_| der.len() <= MAXIMUM_CERTIFICATE_BYTES);
        let certificate = certificate.ok_or(Refusal::X5c("an element is not a certificate"))?;
        // openssl ignores what follows a certificate; nothing may.
        let whole = certificate.to_der().is_ok_and(|again| again == der);
        if whole { Ok(certificate) } else { Err(Refusal::X5c("an element is more than a certificate")) }
    };
    elements.iter().map(read_one).collect()
}

/// Lets openssl find a way from the leaf to a root, at the simulator's time.
fn verify(
    leaf: &X509,
    rest: &[X509],
    known: &[X509],
    roots: &[X509],
    now: DateTime<Utc>,
) -> Result<X509VerifyResult, ErrorStack> {
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
        Ok(context.error())
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

/// Says whether `keyUsage` (2.5.29.15) is there and critical, which the openssl crate does not tell.
fn has_critical_key_usage(certificate: &X509) -> bool {
    certificate.to_der().ok().and_then(|der| find_critical_key_usage(&der)).unwrap_or(false)
}

// The closures stand: yasna wants them general over lifetimes, which its methods by themselves are not.
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

/// How an organisation number is found in the text of one place.
type Find = fn(&str) -> Option<&str>;

/// The organisation number in the first of the three places that has one.
pub(crate) fn organisation_number(subject: &X509NameRef) -> Option<String> {
    let places: [(&str, Find); 3] =
        [("2.5.4.5", bare), ("2.5.4.10", after_hyphen), ("2.5.4.97", |text| after_hyphen(text).or_else(|| bare(text)))];
    places.into_iter().find_map(|(place, find)| {
        let values = subject.entries().filter(|entry| entry.object().to_string() == name_of(place));
        let mut texts = values.filter_map(|entry| entry.data().to_string().ok());
        texts.find_map(|text| find(&text).map(str::to_owned))
    })
}

/// openssl shows an identifier by the long name that it knows for it.
fn name_of(place: &str) -> String {
    openssl::asn1::Asn1Object::from_str(place).map_or_else(|_| place.to_owned(), |object| object.to_string())
}

/// `^[0-9]{9}$`.
fn bare(text: &str) -> Option<&str> {
    (text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// `^.+\-\W*([0-9]{9})$`: something, a hyphen, perhaps signs that belong to no word, nine digits.
fn after_hyphen(text: &str) -> Option<&str> {
    let (front, digits) = text.split_at_checked(text.len().checked_sub(9)?)?;
    bare(digits)?;
    let word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let name = front.trim_end_matches(|sign| !word(sign));
    let hyphen = name.len() + front[name.len()..].rfind('-')?;
    // The full stop of the pattern is any sign but a line break, and there is at least one.
    let line_breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    (hyphen > 0 && !front[..hyphen].contains(line_breaks)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_organisation_number_behind_a_hyphen_as_the_pattern_says() {
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
