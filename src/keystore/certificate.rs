//! What a certificate says: whom it is for, until when, and for what it may be used.
//!
//! X.509 as RFC 5280 profiles it; where a Norwegian enterprise certificate carries its organisation number is
//! SEID's rule, as Digdir's validator reads it. No trust is decided here.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    asn1::{Asn1Object, Asn1Time, Asn1TimeRef},
    hash::MessageDigest,
    nid::Nid,
    pkey::{HasPublic, PKeyRef},
    x509::{X509, X509KeyUsage, X509NameRef},
};

use crate::{organisation::OrganisationNumber, text::excerpt};

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

/// A certificate, as it stood in a keystore.
#[derive(Clone)]
pub struct Certificate {
    x509: X509,
}

/// Whether a certificate holds at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It holds.
    Valid,
    /// It ended at this moment.
    Expired(DateTime<Utc>),
    /// It begins at this moment.
    NotYetValid(DateTime<Utc>),
}

impl Certificate {
    pub(super) fn new(x509: X509) -> Self {
        Self { x509 }
    }

    /// Reads a certificate in DER; `None` when it is none.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        X509::from_der(der).ok().map(Self::new)
    }

    /// The certificate in DER, as `x5c` carries it in base64 (RFC 7515 §4.1.6).
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        self.x509.to_der().unwrap_or_default()
    }

    /// Whom the certificate is for, as `C=NO, O=…, CN=…`.
    #[must_use]
    pub fn subject(&self) -> String {
        name(self.x509.subject_name())
    }

    /// Who issued the certificate, in the same form.
    #[must_use]
    pub fn issuer(&self) -> String {
        name(self.x509.issuer_name())
    }

    /// The last moment at which it holds; `None` when its date cannot be read.
    #[must_use]
    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        moment(self.x509.not_after())
    }

    /// The first moment at which it holds; `None` when its date cannot be read.
    #[must_use]
    pub fn not_before(&self) -> Option<DateTime<Utc>> {
        moment(self.x509.not_before())
    }

    /// Whether it holds at this moment.
    #[must_use]
    pub fn validity(&self, now: DateTime<Utc>) -> Validity {
        match (self.not_before(), self.not_after()) {
            (Some(from), _) if now < from => Validity::NotYetValid(from),
            (_, Some(until)) if now > until => Validity::Expired(until),
            _ => Validity::Valid,
        }
    }

    /// What the key may be used for, in the words of RFC 5280 §4.2.1.3; `None` when nothing is said.
    #[must_use]
    pub fn key_usage(&self) -> Option<Vec<&'static str>> {
        let usage = self.x509.key_usage()?;
        Some(KEY_USAGES.iter().filter(|(bit, _)| usage.contains(*bit)).map(|(_, name)| *name).collect())
    }

    /// Whether the key may make signatures that authenticate: `digitalSignature`, or no restriction at all.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        self.x509.key_usage().is_none_or(|usage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE))
    }

    /// The organisation that the certificate is for.
    ///
    /// Looked for as Digdir's validator does, in this order: `serialNumber` of nine digits, `O` that ends with
    /// `- nine digits`, `organizationIdentifier` (2.5.4.97) such as `NTRNO-991825827`.
    #[must_use]
    pub fn organisation_number(&self) -> Option<OrganisationNumber> {
        self.numbers().find_map(|(_, value)| OrganisationNumber::parse(&value).ok())
    }

    /// The attribute of the subject that has the organisation number, by its usual name.
    #[must_use]
    pub fn organisation_number_place(&self) -> Option<&'static str> {
        self.numbers().find(|(_, value)| OrganisationNumber::parse(value).is_ok()).map(|(place, _)| place)
    }

    /// What may be an organisation number, with the attribute that it stands in.
    fn numbers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let subject = self.x509.subject_name();
        // openssl has no constant for 2.5.4.97, and an OpenSSL that does not know it finds nothing.
        let identifier = Asn1Object::from_str("2.5.4.97").map_or(Nid::UNDEF, |object| object.nid());
        let serial = values(subject, Nid::SERIALNUMBER).into_iter().map(|value| ("serialNumber", value));
        let organisation = values(subject, Nid::ORGANIZATIONNAME).into_iter();
        let organisation = organisation.filter_map(|value| Some(("O", after_dash(&value)?)));
        let identifier = values(subject, identifier).into_iter();
        let identifier = identifier.map(|value| ("organizationIdentifier", after_dash(&value).unwrap_or(value)));
        serial.chain(organisation).chain(identifier).filter(|(_, value)| !value.contains(' '))
    }

    /// The common name of who issued the certificate.
    #[must_use]
    pub fn issuer_common_name(&self) -> Option<String> {
        values(self.x509.issuer_name(), Nid::COMMONNAME).pop().map(|name| printable(&name))
    }

    /// Whether it is a root: signed with its own key.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.is_issued_by(self)
    }

    /// The SHA-1 thumbprint in upper-case hexadecimal, as Windows shows it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let digest = self.x509.digest(MessageDigest::sha1());
        digest.map(|digest| hexadecimal(&digest)).unwrap_or_default()
    }

    /// The SHA-256 thumbprint in upper-case hexadecimal.
    #[must_use]
    pub fn thumbprint_sha256(&self) -> String {
        let digest = self.x509.digest(MessageDigest::sha256());
        digest.map(|digest| hexadecimal(&digest)).unwrap_or_default()
    }

    pub(super) fn public_key(&self) -> Option<openssl::pkey::PKey<openssl::pkey::Public>> {
        self.x509.public_key().ok()
    }

    pub(super) fn belongs_to<T: HasPublic>(&self, key: &PKeyRef<T>) -> bool {
        self.x509.public_key().is_ok_and(|public| public.public_eq(key))
    }

    /// Whether `issuer` signed this certificate: its name stands here, and its key verifies the signature.
    #[must_use]
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        issuer.x509.issued(&self.x509) == openssl::x509::X509VerifyResult::OK
            && issuer.x509.public_key().is_ok_and(|key| self.x509.verify(&key).unwrap_or(false))
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Certificate").field(&self.subject()).finish()
    }
}

fn name(name: &X509NameRef) -> String {
    let parts = name.entries().map(|entry| {
        let attribute = entry.object().nid();
        // OpenSSL has no short name for `serialNumber`; its own spelling is the long one.
        let label = attribute.short_name().unwrap_or("?");
        format!("{label}={}", entry.data().to_string().unwrap_or_default())
    });
    printable(&parts.collect::<Vec<_>>().join(", "))
}

fn values(name: &X509NameRef, attribute: Nid) -> Vec<String> {
    let entries = name.entries().filter(|entry| entry.object().nid() == attribute);
    entries.filter_map(|entry| entry.data().to_string().ok()).collect()
}

/// The nine digits that follow the last dash, with nothing between but what is no word (`^.+\-\W*([0-9]{9})$`).
fn after_dash(value: &str) -> Option<String> {
    let (before, after) = value.rsplit_once('-')?;
    let digits = after.trim_start_matches(|character: char| !character.is_alphanumeric() && character != '_');
    (!before.is_empty() && digits.len() == 9).then(|| digits.to_owned())
}

fn moment(time: &Asn1TimeRef) -> Option<DateTime<Utc>> {
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

/// A file's own words, made harmless for a terminal.
pub(super) fn printable(text: &str) -> String {
    excerpt(text, 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_digits_behind_the_last_dash() {
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
    fn control_characters_of_a_file_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
