//! The certificates in `x5c` (RFC 7515 §4.1.6): how they are read, and what verification finds about them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Finding, FindingKind, Jwt, time_claim::time};
use crate::keystore::{Certificate, Validity, VerificationKey};

/// No certificate authority makes longer chains.
const MAXIMUM_CERTIFICATES: usize = 16;

/// The reason why `x5c` cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChainError {
    #[error("`x5c` is not an array of strings")]
    NotStrings,
    #[error("`x5c` is empty")]
    Empty,
    #[error("`x5c` has more than {MAXIMUM_CERTIFICATES} certificates")]
    TooMany,
    #[error("element {0} of `x5c` is not base64 with padding")]
    Base64(usize),
    #[error("element {0} of `x5c` is not a DER certificate")]
    Der(usize),
}

/// Reads the certificates, leaf first; `None` when there is no `x5c`.
///
/// # Errors
/// [`ChainError`] when there is an `x5c` that cannot be read.
pub(super) fn parse(jwt: &Jwt) -> Option<Result<Vec<Certificate>, ChainError>> {
    jwt.header().get("x5c").map(parse_chain)
}

fn parse_chain(value: &Value) -> Result<Vec<Certificate>, ChainError> {
    let list = value.as_array().ok_or(ChainError::NotStrings)?;
    if list.is_empty() {
        return Err(ChainError::Empty);
    }
    if list.len() > MAXIMUM_CERTIFICATES {
        return Err(ChainError::TooMany);
    }
    let certificate = |(number, element): (usize, &Value)| {
        let text = element.as_str().ok_or(ChainError::NotStrings)?;
        let der = STANDARD.decode(text).map_err(|_| ChainError::Base64(number))?;
        Certificate::from_der(&der).ok_or(ChainError::Der(number))
    };
    (1..).zip(list).map(certificate).collect()
}

/// Verifies a grant by its own certificates: the signature by the first one, the chain, validity and organisation.
///
/// Whether the last certificate is trusted is for the server to decide.
pub(super) fn findings(jwt: &Jwt, now: DateTime<Utc>) -> Vec<Finding> {
    const EXPECTED: &str = "a signature by the key of the first certificate in `x5c`";
    let unreadable = |found: String| vec![Finding::new(FindingKind::Signature, false, found, EXPECTED)];
    let certificates = match parse(jwt) {
        Some(Ok(certificates)) => certificates,
        Some(Err(error)) => return unreadable(error.to_string()),
        None => return unreadable("there is no `x5c`".to_owned()),
    };
    let [leaf, ..] = certificates.as_slice() else { return unreadable(ChainError::Empty.to_string()) };
    let (pass, found) = match VerificationKey::from_certificate(leaf) {
        Ok(key) if jwt.is_signed_by(&key) => (true, format!("{} by {}", jwt.algorithm(), leaf.subject())),
        Ok(_) => (false, format!("{}, but not by {}", jwt.algorithm(), leaf.subject())),
        Err(error) => (false, format!("the certificate's key cannot be used: {error}")),
    };
    vec![
        Finding::new(FindingKind::Signature, pass, found, EXPECTED),
        links(&certificates),
        validity(leaf, &certificates, now),
        organisation(leaf),
    ]
}

fn links(certificates: &[Certificate]) -> Finding {
    let broken = certificates.windows(2).position(|pair| !pair[0].is_issued_by(&pair[1]));
    let found = match (broken, certificates.last()) {
        (Some(index), _) => format!("certificate {} was not issued by certificate {}", index + 1, index + 2),
        (None, Some(last)) => format!("{} certificate(s), up to {}", certificates.len(), last.subject()),
        (None, None) => "no certificates".to_owned(),
    };
    Finding::new(FindingKind::Chain, broken.is_none(), found, "each certificate issued by the next")
}

fn validity(leaf: &Certificate, certificates: &[Certificate], now: DateTime<Utc>) -> Finding {
    const EXPECTED: &str = "all are valid now, and the first may sign";
    let usage = || (!leaf.may_sign()).then(|| format!("{} may not sign", leaf.subject()));
    let fault = first_invalid(certificates, now).or_else(usage);
    let until = certificates.iter().filter_map(Certificate::not_after).min();
    let until = until.map_or_else(|| "valid".to_owned(), |until| format!("valid until {}", time(until, now)));
    Finding::new(FindingKind::Certificates, fault.is_none(), fault.unwrap_or(until), EXPECTED)
}

/// Describes the first certificate that is not valid now.
pub(crate) fn first_invalid(certificates: &[Certificate], now: DateTime<Utc>) -> Option<String> {
    certificates.iter().find_map(|certificate| match certificate.validity(now) {
        Validity::Valid => None,
        Validity::Expired(at) => Some(format!("{} expired {}", certificate.subject(), time(at, now))),
        Validity::NotYetValid(at) => Some(format!("{} is not valid before {}", certificate.subject(), time(at, now))),
    })
}

fn organisation(leaf: &Certificate) -> Finding {
    let number = leaf.organisation_number().map(|number| number.to_string());
    // A European eSeal has the identifier of another country.
    let identifier = number.or_else(|| leaf.foreign_identifier().map(|identifier| identifier.to_string()));
    let expected = "an organisation number in the first certificate";
    let is_found = identifier.is_some();
    let found = identifier.unwrap_or_else(|| format!("none in {}", leaf.subject()));
    Finding::new(FindingKind::Organisation, is_found, found, expected)
}
