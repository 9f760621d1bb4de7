//! X.509 certificates (RFC 5280): subject, issuer, validity, key usage and organisation number.
//!
//! Where a Norwegian enterprise certificate has its organisation number is defined by SEID and read as Digdir's
//! validator reads it. Whether a certificate is trusted is not decided here.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    asn1::{Asn1Object, Asn1Time, Asn1TimeRef},
    nid::Nid,
    sha::{sha1, sha256},
    x509::{X509, X509KeyUsage, X509NameRef, X509VerifyResult},
};

use super::{error::shown, openssl_key, public_key::PublicKey};
use crate::organisation::{OrganisationIdentifier, OrganisationNumber};

/// How long before its end a certificate should be renewed: an order takes a week or two.
pub const RENEWAL_TIME: TimeDelta = TimeDelta::days(30);

const KEY_USAGES: [(X509KeyUsage, &str); 9] = [
    (X509KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
    (X509KeyUsage::NON_REPUDIATION, "nonRepudiation"),
    (X509KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
    (X509KeyUsage::DATA_ENCIPHERMENT, "dataEncipherment"),
    (X509KeyUsage::KEY_AGREEMENT, "keyAgreement"),
    (X509KeyUsage::KEY_CERT_SIGN, "keyCertSign"),
    (X509KeyUsage::CRL_SIGN, "cRLSign"),
    (X509KeyUsage::ENCIPHER_ONLY, "encipherOnly"),
    (X509KeyUsage::DECIPHER_ONLY, "decipherOnly"),
];

/// A certificate.
#[derive(Clone)]
pub struct Certificate {
    x509: X509,
    der: Vec<u8>,
}

/// Whether a certificate is valid at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It is valid.
    Valid,
    /// It expired at this time.
    Expired(DateTime<Utc>),
    /// It becomes valid at this time.
    NotYetValid(DateTime<Utc>),
}

impl Certificate {
    /// Parses a certificate in DER; returns `None` if it is not one.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let x509 = X509::from_der(der).ok()?;
        // Encoded again, because other data may follow the certificate in `der`.
        let der = x509.to_der().ok()?;
        Some(Self { x509, der })
    }

    /// Returns the certificate in DER, which `x5c` carries in base64 (RFC 7515 §4.1.6).
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the subject as `C=NO, O=…, CN=…`.
    #[must_use]
    pub fn subject(&self) -> String {
        name(self.x509.subject_name())
    }

    /// Returns the issuer in the form of [`Certificate::subject`].
    #[must_use]
    pub fn issuer(&self) -> String {
        name(self.x509.issuer_name())
    }

    /// Returns the end of the validity period; `None` if the date cannot be read.
    #[must_use]
    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        date_time(self.x509.not_after())
    }

    /// Returns the start of the validity period; `None` if the date cannot be read.
    #[must_use]
    pub fn not_before(&self) -> Option<DateTime<Utc>> {
        date_time(self.x509.not_before())
    }

    /// Returns whether the certificate is valid at `now`.
    #[must_use]
    pub fn validity(&self, now: DateTime<Utc>) -> Validity {
        match (self.not_before(), self.not_after()) {
            (Some(from), _) if now < from => Validity::NotYetValid(from),
            (_, Some(until)) if now > until => Validity::Expired(until),
            _ => Validity::Valid,
        }
    }

    /// Returns the key usage in the words of RFC 5280 §4.2.1.3; `None` if the extension is absent.
    #[must_use]
    pub fn key_usage(&self) -> Option<Vec<&'static str>> {
        let usage = self.x509.key_usage()?;
        Some(KEY_USAGES.iter().filter(|(bit, _)| usage.contains(*bit)).map(|(_, name)| *name).collect())
    }

    /// Returns whether the key may sign: `digitalSignature`, or no key usage extension.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        self.x509.key_usage().is_none_or(|usage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE))
    }

    /// Returns the organisation number in the subject.
    ///
    /// Attributes are tried in the order of Digdir's validator: a `serialNumber` of nine digits, an `O` that ends with
    /// `- nine digits`, an `organizationIdentifier` (2.5.4.97) such as `NTRNO-991825827`.
    #[must_use]
    pub fn organisation_number(&self) -> Option<OrganisationNumber> {
        self.organisation_number_candidates().find_map(|(_, value)| OrganisationNumber::parse(&value).ok())
    }

    /// Returns the subject attribute that has the organisation number.
    #[must_use]
    pub fn organisation_number_place(&self) -> Option<&'static str> {
        let mut candidates = self.organisation_number_candidates();
        candidates.find(|(_, value)| OrganisationNumber::parse(value).is_ok()).map(|(attribute, _)| attribute)
    }

    /// Returns the identifier of an organisation of another country, as in a European eSeal.
    #[must_use]
    pub fn foreign_identifier(&self) -> Option<OrganisationIdentifier> {
        let identifiers = values(self.x509.subject_name(), organization_identifier());
        let mut identifiers = identifiers.iter().filter_map(|text| OrganisationIdentifier::parse(text));
        identifiers.find(OrganisationIdentifier::is_foreign)
    }

    /// Returns possible organisation numbers, each with its subject attribute.
    fn organisation_number_candidates(&self) -> impl Iterator<Item = (&'static str, String)> {
        let subject = self.x509.subject_name();
        let identifier = organization_identifier();
        // Another country's numbers may have nine digits too.
        let is_norwegian = self.foreign_identifier().is_none();
        let serial = values(subject, Nid::SERIALNUMBER).into_iter().map(|value| ("serialNumber", value));
        let organisation = values(subject, Nid::ORGANIZATIONNAME).into_iter();
        let organisation = organisation.filter_map(|value| Some(("O", after_dash(&value)?)));
        let identifier = values(subject, identifier).into_iter();
        let identifier = identifier.map(|value| ("organizationIdentifier", after_dash(&value).unwrap_or(value)));
        serial.chain(organisation).chain(identifier).filter(move |(_, value)| is_norwegian && !value.contains(' '))
    }

    /// Returns the common name of the issuer.
    #[must_use]
    pub fn issuer_common_name(&self) -> Option<String> {
        values(self.x509.issuer_name(), Nid::COMMONNAME).pop().map(|name| shown(&name))
    }

    /// Returns whether the certificate is signed with its own key, as a root is.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.is_issued_by(self)
    }

    /// Returns whether `issuer` issued this certificate: the names match and its key verifies the signature.
    #[must_use]
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        issuer.x509.issued(&self.x509) == X509VerifyResult::OK
            && issuer.x509.public_key().is_ok_and(|key| self.x509.verify(&key).unwrap_or(false))
    }

    /// Returns the SHA-1 thumbprint in upper-case hexadecimal, as Windows shows it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        hexadecimal(&sha1(&self.der))
    }

    /// Returns the SHA-256 thumbprint in upper-case hexadecimal.
    #[must_use]
    pub fn thumbprint_sha256(&self) -> String {
        hexadecimal(&sha256(&self.der))
    }

    /// Returns the public key; `None` if it cannot be parsed.
    pub(super) fn public_key(&self) -> Option<PublicKey> {
        self.x509.public_key().and_then(|key| openssl_key::public_key(&key)).ok()
    }

    /// Returns whether this certificate has the numbers of an RSA key, but is for RSASSA-PSS only (RFC 4055 §1.2).
    pub(super) fn is_for_pss_with(&self, key: &PublicKey) -> bool {
        self.public_key().is_some_and(|own| own.is_for_pss_with(key))
    }

    pub(super) fn belongs_to(&self, key: &PublicKey) -> bool {
        self.public_key().as_ref() == Some(key)
    }
}

/// Returns the type of `organizationIdentifier`, for which the openssl crate has no constant. A version of OpenSSL without it
/// finds nothing.
fn organization_identifier() -> Nid {
    Asn1Object::from_str("2.5.4.97").map_or(Nid::UNDEF, |object| object.nid())
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Certificate").field(&self.subject()).finish()
    }
}

fn name(name: &X509NameRef) -> String {
    let attributes = name.entries().map(|entry| {
        // OpenSSL's short name of `serialNumber` is the long one.
        let label = entry.object().nid().short_name().unwrap_or("?");
        entry.data().to_string().map_or_else(|_| format!("{label}=?"), |value| format!("{label}={value}"))
    });
    shown(&attributes.collect::<Vec<_>>().join(", "))
}

fn values(name: &X509NameRef, attribute: Nid) -> Vec<String> {
    let entries = name.entries().filter(|entry| entry.object().nid() == attribute);
    entries.filter_map(|entry| entry.data().to_string().ok()).collect()
}

/// Returns the nine digits after the last dash: Digdir's validator matches `^.+\-\W*([0-9]{9})$`.
fn after_dash(value: &str) -> Option<String> {
    let (before, after) = value.rsplit_once('-')?;
    let digits = after.trim_start_matches(|character: char| !character.is_alphanumeric() && character != '_');
    (!before.is_empty() && digits.len() == 9).then(|| digits.to_owned())
}

fn date_time(time: &Asn1TimeRef) -> Option<DateTime<Utc>> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::try_seconds(seconds)?)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_after_the_last_dash_are_found() {
        for (value, wanted) in [
            ("TESTETATEN - 991825827", Some("991825827")),
            ("NTRNO-991825827", Some("991825827")),
            ("PSDNO-FSA-991825827", Some("991825827")),
            ("-991825827", None),
            ("TESTETATEN 991825827", None),
            ("TEST-ETATEN", None),
        ] {
            assert_eq!(after_dash(value).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn control_characters_in_a_file_do_not_reach_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
