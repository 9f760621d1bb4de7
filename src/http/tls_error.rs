//! Classifies the errors of TLS: what is wrong with a server's certificate, or with the handshake.

use std::sync::Arc;

use openssl::{nid::Nid, pkey::Id, x509::X509};
use rustls::{AlertDescription, CertificateError, Error, OtherError, pki_types::CertificateDer};

use super::{Endpoint, HttpError, client_certificate::CertificateRequest};

/// The shortest RSA key whose signatures the TLS library verifies.
const MINIMUM_RSA_BITS: u32 = 2048;

/// Something in a certificate that is out of date, and that the TLS library reports as another fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct OldCertificate(String);

/// Classifies an error of TLS. `asked` is whether the server has asked for a client certificate.
pub(super) fn classify(endpoint: Endpoint, error: &Error, asked: CertificateRequest) -> HttpError {
    match error {
        Error::InvalidCertificate(fault) => {
            // Another authority with the same name, such as a re-created one, shows as a wrong signature.
            let unknown_issuer = matches!(fault, CertificateError::UnknownIssuer | CertificateError::BadSignature);
            HttpError::Certificate { why: certificate_fault(fault), endpoint, unknown_issuer }
        }
        Error::General(why) => HttpError::Tls(why.clone()),
        Error::AlertReceived(alert) => alert_received(endpoint, *alert, asked),
        Error::PeerIncompatible(_) => no_common_version(endpoint),
        Error::InvalidMessage(_) => HttpError::Handshake { endpoint, why: "the server does not speak TLS".to_owned() },
        other => HttpError::ConnectionClosed { endpoint, why: format!("TLS: {other}") },
    }
}

fn alert_received(endpoint: Endpoint, alert: AlertDescription, asked: CertificateRequest) -> HttpError {
    match alert {
        AlertDescription::CertificateRequired => HttpError::ClientCertificate { endpoint },
        // Before TLS 1.3 there is no alert of its own (RFC 5246 §7.4.6).
        AlertDescription::HandshakeFailure
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
            if asked == CertificateRequest::Unanswered =>
        {
            HttpError::ClientCertificate { endpoint }
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError
            if asked == CertificateRequest::Answered =>
        {
            HttpError::RejectedCertificate { endpoint, why: words(alert) }
        }
        AlertDescription::ProtocolVersion => no_common_version(endpoint),
        AlertDescription::HandshakeFailure => {
            HttpError::Handshake { endpoint, why: "no common cipher suite or signature algorithm".to_owned() }
        }
        other => HttpError::ConnectionClosed { endpoint, why: format!("the server reports: {}", words(other)) },
    }
}

/// Returns the name of an alert as RFC 8446 §6 writes it, with spaces.
fn words(alert: AlertDescription) -> String {
    let name = format!("{alert:?}");
    let mut words = String::with_capacity(name.len() + 4);
    let mut after_capital = false;
    for character in name.chars() {
        // Not in the middle of an abbreviation.
        if character.is_ascii_uppercase() && words.ends_with(|last: char| last.is_ascii_lowercase()) && !after_capital {
            words.push(' ');
        }
        after_capital = character.is_ascii_uppercase();
        words.push(character.to_ascii_lowercase());
    }
    words
}

fn no_common_version(endpoint: Endpoint) -> HttpError {
    let why = "no common TLS version or parameters (TLS 1.2 or newer is required)".to_owned();
    HttpError::Handshake { endpoint, why }
}

fn certificate_fault(fault: &CertificateError) -> String {
    let text = match fault {
        CertificateError::UnknownIssuer => "unknown issuer (not in the trust store)",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name"
        }
        CertificateError::Revoked => "the certificate was revoked",
        CertificateError::BadSignature => {
            "its signature does not match the trusted authority that has its issuer's name"
        }
        CertificateError::UnhandledCriticalExtension => "a certificate has a critical extension that is not supported",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its extended key usage does not allow servers"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "a certificate has a signature or a key of a kind that is not supported"
        }
        CertificateError::Other(OtherError(other)) => match other.downcast_ref::<OldCertificate>() {
            Some(old) => return old.to_string(),
            None => chain_fault(&other.to_string()),
        },
        _ => "the certificate is malformed",
    };
    text.to_owned()
}

/// Describes an error of the TLS library that has no type of its own, by its name.
fn chain_fault(name: &str) -> &'static str {
    let known = [
        ("CaUsedAsEndEntity", "it is a CA certificate, not a server certificate"),
        ("UnsupportedCriticalExtension", "a certificate has a critical extension that is not supported"),
        ("EndEntityUsedAsCa", "a certificate in its chain is not a CA certificate"),
        ("PathLenConstraintViolated", "its chain is longer than an authority in it allows"),
        ("NameConstraintViolation", "an authority in its chain may not issue for this name"),
    ];
    let found = known.iter().find(|(error, _)| name.contains(error));
    found.map_or("the certificate or its chain does not follow RFC 5280", |(_, text)| text)
}

/// Replaces a fault that has its reason in an old or weak certificate.
///
/// The TLS library does not verify signatures with SHA-1 or short RSA keys, and reports some of them as wrong
/// signatures: as if the authority had not signed.
pub(super) fn with_reason(error: Error, chain: &[&CertificateDer<'_>]) -> Error {
    let Error::InvalidCertificate(fault) = &error else { return error };
    #[allow(deprecated)] // Older faults without details are still returned for keys in handshakes.
    let may_be_old = matches!(
        fault,
        CertificateError::BadSignature
            | CertificateError::BadEncoding
            | CertificateError::UnsupportedSignatureAlgorithm
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            | CertificateError::Other(_)
    );
    let reason = if may_be_old { chain.iter().find_map(|der| weakness(der)) } else { None };
    let other = |reason| OtherError(Arc::new(OldCertificate(reason)));
    reason.map_or(error, |reason| Error::InvalidCertificate(CertificateError::Other(other(reason))))
}

/// Describes what is old or weak in a certificate.
fn weakness(der: &CertificateDer<'_>) -> Option<String> {
    let certificate = X509::from_der(der).ok()?;
    let common_name = certificate.subject_name().entries_by_nid(Nid::COMMONNAME).next();
    let common_name = common_name.and_then(|entry| entry.data().to_string().ok());
    let name = common_name.map_or_else(|| "the certificate".to_owned(), |name| format!("the certificate of {name}"));
    if certificate.version() < 2 {
        return Some(format!("{name} has version {} of X.509; version 3 is required", certificate.version() + 1));
    }
    let algorithm = certificate.signature_algorithm().object().nid().long_name().unwrap_or("an unknown algorithm");
    if ["sha1", "md5", "md4", "md2"].iter().any(|old| algorithm.to_lowercase().contains(old)) {
        return Some(format!("{name} is signed with {algorithm}; SHA-256 or better is required"));
    }
    let signed_with = u32::try_from(certificate.signature().len() * 8).unwrap_or(u32::MAX);
    if algorithm.to_lowercase().contains("rsa") && !algorithm.contains("ecdsa") && signed_with < MINIMUM_RSA_BITS {
        return Some(format!(
            "{name} is signed with an RSA key of {signed_with} bits; {MINIMUM_RSA_BITS} are required"
        ));
    }
    let key = certificate.public_key().ok()?;
    match key.id() {
        Id::RSA if key.bits() < MINIMUM_RSA_BITS => {
            Some(format!("{name} has an RSA key of {} bits; {MINIMUM_RSA_BITS} are required", key.bits()))
        }
        Id::RSA_PSS => Some(format!("{name} has a key for RSASSA-PSS only, which is not supported")),
        _ => None,
    }
}
