//! The certificates in `x5c` (RFC 7515 §4.1.6): how they are read, and what verification finds about them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use openssl::{
    error::ErrorStack,
    stack::Stack,
    x509::{X509, X509Ref, X509StoreContext, store::X509StoreBuilder, verify::X509VerifyParam},
};
use serde_json::Value;

use super::{Finding, FindingKind, Jwt, time_claim::time};
use crate::keystore::{Certificate, SignatureAlgorithm, Validity, VerificationKey};

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

/// Verifies the signature with the first certificate, which proves nothing unless one of `roots` vouches for it: the sender
/// of a token can put any certificate in it.
pub(super) fn signature(
    jwt: &Jwt,
    algorithm: SignatureAlgorithm,
    roots: &[Certificate],
    now: DateTime<Utc>,
) -> Finding {
    let (pass, found) = match parse(jwt) {
        Some(Ok(certificates)) => match certificates.split_first() {
            Some((leaf, others)) => verdict(jwt, algorithm, leaf, root_of(leaf, others, roots, now).as_deref()),
            None => (false, ChainError::Empty.to_string()),
        },
        Some(Err(error)) => (false, error.to_string()),
        None => (false, "there is no `x5c`".to_owned()),
    };
    Finding::new(
        FindingKind::Signature,
        pass,
        found,
        "a signature by a registered key, or by a certificate of a known root",
    )
}

fn verdict(jwt: &Jwt, algorithm: SignatureAlgorithm, leaf: &Certificate, root: Option<&str>) -> (bool, String) {
    match (VerificationKey::from_certificate(leaf), root) {
        (Err(error), _) => (false, format!("the certificate's key cannot be used: {error}")),
        (Ok(key), _) if !jwt.is_signed_by(&key) => (false, format!("{algorithm}, but not by {}", leaf.subject())),
        (Ok(_), Some(root)) => (true, format!("{algorithm} by {}, up to {root}", leaf.subject())),
        (Ok(_), None) => {
            let why = "but only by the key that the grant itself points to (`x5c`), and no known root vouches for it: \
                       pass the client's public keys with --jwks FILE";
            (false, format!("not verified: {algorithm} by {}, {why}", leaf.subject()))
        }
    }
}

/// Returns the name of the root that vouches for a certificate at a point in time.
fn root_of(leaf: &Certificate, others: &[Certificate], roots: &[Certificate], now: DateTime<Utc>) -> Option<String> {
    let x509 = |certificate: &Certificate| X509::from_der(certificate.der());
    let path = || -> Result<Option<String>, ErrorStack> {
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_time(now.timestamp());
        let mut store = X509StoreBuilder::new()?;
        store.set_param(&parameters)?;
        for root in roots {
            store.add_cert(x509(root)?)?;
        }
        let mut chain = Stack::new()?;
        for certificate in others {
            chain.push(x509(certificate)?)?;
        }
        let mut context = X509StoreContext::new()?;
        context.init(&store.build(), x509(leaf)?.as_ref(), &chain, |context| {
            let verified = context.verify_cert()?;
            let root = context.chain().and_then(|chain| chain.iter().last()).map(X509Ref::to_der).transpose()?;
            Ok(root.filter(|_| verified).and_then(|der| Certificate::from_der(&der)).map(|root| root.subject()))
        })
    };
    path().ok().flatten()
}

/// Examines the certificates of a grant: the chain, validity and organisation; nothing if they cannot be read.
pub(super) fn findings(jwt: &Jwt, now: DateTime<Utc>) -> Vec<Finding> {
    let Some(Ok(certificates)) = parse(jwt) else { return Vec::new() };
    let [leaf, ..] = certificates.as_slice() else { return Vec::new() };
    vec![links(&certificates), validity(leaf, &certificates, now), organisation(leaf)]
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
