//! X.509 certificates (RFC 5280): subject, issuer, validity, key usage and organisation number.
//!
//! Where a Norwegian enterprise certificate has its organisation number is defined by SEID and read as Digdir's
//! validator reads it. Whether a certificate is trusted is not decided here.

#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    sync::{Arc, OnceLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use openssl::x509::X509;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use x509_cert::{
    der::{Decode as _, asn1::ObjectIdentifier, flagset::FlagSet},
    ext::pkix::{KeyUsage, KeyUsages},
    name::Name,
    time::Time,
};

use super::{
    certificate_key,
    certificate_name::{
        COMMON_NAME, ORGANIZATION_IDENTIFIER, ORGANIZATION_NAME, SERIAL_NUMBER, are_equal, text, values,
    },
    error::shown,
    public_key::PublicKey,
    structure,
};
use crate::organisation::{OrganisationIdentifier, OrganisationNumber};

/// How long before its end a certificate should be renewed: an order takes a week or two.
pub const RENEWAL_TIME: TimeDelta = TimeDelta::days(30);

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

const KEY_USAGES: [(KeyUsages, &str); 9] = [
    (KeyUsages::DigitalSignature, "digitalSignature"),
    (KeyUsages::NonRepudiation, "nonRepudiation"),
    (KeyUsages::KeyEncipherment, "keyEncipherment"),
    (KeyUsages::DataEncipherment, "dataEncipherment"),
    (KeyUsages::KeyAgreement, "keyAgreement"),
    (KeyUsages::KeyCertSign, "keyCertSign"),
    (KeyUsages::CRLSign, "cRLSign"),
    (KeyUsages::EncipherOnly, "encipherOnly"),
    (KeyUsages::DecipherOnly, "decipherOnly"),
];

/// A certificate. Clones share it.
#[derive(Clone)]
pub struct Certificate(Arc<ParsedCertificate>);

struct ParsedCertificate {
    x509: x509_cert::Certificate,
    der: Vec<u8>,
    public_key: OnceLock<Option<PublicKey>>,
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
        // Other data may follow the certificate.
        let der = structure::first_element(der)?.to_vec();
        let x509 = x509_cert::Certificate::from_der(&der).ok()?;
        Some(Self(Arc::new(ParsedCertificate { x509, der, public_key: OnceLock::new() })))
    }

    /// Returns the certificate in DER, which `x5c` carries in base64 (RFC 7515 §4.1.6).
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Returns the subject as `C=NO, O=…, CN=…`.
    #[must_use]
    pub fn subject(&self) -> String {
        text(self.subject_name())
    }

    /// Returns the issuer in the form of [`Certificate::subject`].
    #[must_use]
    pub fn issuer(&self) -> String {
        text(self.issuer_name())
    }

    /// Returns the end of the validity period; `None` if the date cannot be read.
    #[must_use]
    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        date_time(self.0.x509.tbs_certificate().validity().not_after)
    }

    /// Returns the start of the validity period; `None` if the date cannot be read.
    #[must_use]
    pub fn not_before(&self) -> Option<DateTime<Utc>> {
        date_time(self.0.x509.tbs_certificate().validity().not_before)
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
        let usage = self.usage()?;
        Some(KEY_USAGES.iter().filter(|(bit, _)| usage.0.contains(*bit)).map(|(_, name)| *name).collect())
    }

    /// Returns whether the key may sign: `digitalSignature`, or no key usage extension.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        self.usage().is_none_or(|usage| usage.digital_signature())
    }

    /// Returns the key usage; none at all if the extension cannot be parsed.
    fn usage(&self) -> Option<KeyUsage> {
        let extensions = self.0.x509.tbs_certificate().extensions()?;
        let extension = extensions.iter().find(|extension| extension.extn_id == KEY_USAGE)?;
        Some(KeyUsage::from_der(extension.extn_value.as_bytes()).unwrap_or(KeyUsage(FlagSet::default())))
    }

    fn subject_name(&self) -> &Name {
        self.0.x509.tbs_certificate().subject()
    }

    fn issuer_name(&self) -> &Name {
        self.0.x509.tbs_certificate().issuer()
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
        let identifiers = values(self.subject_name(), ORGANIZATION_IDENTIFIER);
        let mut identifiers = identifiers.iter().filter_map(|text| OrganisationIdentifier::parse(text));
        identifiers.find(OrganisationIdentifier::is_foreign)
    }

    /// Returns possible organisation numbers, each with its subject attribute.
    fn organisation_number_candidates(&self) -> impl Iterator<Item = (&'static str, String)> {
        let subject = self.subject_name();
        // Another country's numbers may have nine digits too.
        let is_norwegian = self.foreign_identifier().is_none();
        let serial = values(subject, SERIAL_NUMBER).into_iter().map(|value| ("serialNumber", value));
        let organisation = values(subject, ORGANIZATION_NAME).into_iter();
        let organisation = organisation.filter_map(|value| Some(("O", after_dash(&value)?)));
        let identifier = values(subject, ORGANIZATION_IDENTIFIER).into_iter();
        let identifier = identifier.map(|value| ("organizationIdentifier", after_dash(&value).unwrap_or(value)));
        serial.chain(organisation).chain(identifier).filter(move |(_, value)| is_norwegian && !value.contains(' '))
    }

    /// Returns the common name of the issuer.
    #[must_use]
    pub fn issuer_common_name(&self) -> Option<String> {
        values(self.issuer_name(), COMMON_NAME).pop().map(|name| shown(&name))
    }

    /// Returns whether the certificate is signed with its own key, as a root is.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.is_issued_by(self)
    }

    /// Returns whether `issuer` issued this certificate: the names match, it may sign certificates, and its key verifies
    /// the signature.
    #[must_use]
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        let key = issuer.0.x509.tbs_certificate().subject_public_key_info();
        are_equal(self.issuer_name(), issuer.subject_name())
            && issuer.usage().is_none_or(|usage| usage.key_cert_sign())
            && (certificate_key::is_signed_with(&self.0.der, &self.0.x509, key) || self.openssl_verifies(issuer))
    }

    /// Returns whether OpenSSL verifies the signature: it has algorithms and sizes of keys that ring does not have.
    fn openssl_verifies(&self, issuer: &Self) -> bool {
        let verified = X509::from_der(&self.0.der).and_then(|own| {
            let issuer = X509::from_der(&issuer.0.der)?;
            own.verify(&*issuer.public_key()?)
        });
        verified.unwrap_or(false)
    }

    /// Returns the SHA-1 thumbprint in upper-case hexadecimal, as Windows shows it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        hexadecimal(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.0.der).as_ref())
    }

    /// Returns the SHA-256 thumbprint in upper-case hexadecimal.
    #[must_use]
    pub fn thumbprint_sha256(&self) -> String {
        hexadecimal(digest(&SHA256, &self.0.der).as_ref())
    }

    /// Returns the public key; `None` if it cannot be parsed.
    pub(super) fn public_key(&self) -> Option<&PublicKey> {
        let parse = || certificate_key::public_key(self.0.x509.tbs_certificate().subject_public_key_info());
        self.0.public_key.get_or_init(parse).as_ref()
    }

    /// Returns whether this certificate has the numbers of an RSA key, but is for RSASSA-PSS only (RFC 4055 §1.2).
    pub(super) fn is_for_pss_with(&self, key: &PublicKey) -> bool {
        self.public_key().is_some_and(|own| own.is_for_pss_with(key))
    }

    pub(super) fn belongs_to(&self, key: &PublicKey) -> bool {
        self.public_key() == Some(key)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Certificate").field(&self.subject()).finish()
    }
}

/// Returns the nine digits after the last dash: Digdir's validator matches `^.+\-\W*([0-9]{9})$`.
fn after_dash(value: &str) -> Option<String> {
    let (before, after) = value.rsplit_once('-')?;
    let digits = after.trim_start_matches(|character: char| !character.is_alphanumeric() && character != '_');
    (!before.is_empty() && digits.len() == 9).then(|| digits.to_owned())
}

fn date_time(time: Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.to_unix_duration().as_secs().try_into().ok()?, 0)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
