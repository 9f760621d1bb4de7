//! Summaries of keys and certificates for `keys list` and reports, without private numbers.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Certificate, JwkFile, KeyEntry, Keystore, SigningKey};

/// The facts about a private key that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeySummary {
    /// Its alias or key id.
    pub alias: String,
    /// Its kind, such as `RSA with 2048 bits`; `None` if it cannot sign a JWT.
    pub key: Option<String>,
    /// The thumbprint of its public key (RFC 7638).
    pub key_thumbprint: Option<String>,
    /// Its own certificate.
    pub certificate: Option<CertificateSummary>,
    /// How many certificates its chain has, its own included.
    pub chain_length: usize,
    /// Why it cannot be used.
    pub fault: Option<String>,
}

/// The facts about a certificate that a report shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateSummary {
    /// Its subject.
    pub subject: String,
    /// The organisation number in its subject.
    pub organisation_number: Option<String>,
    /// Its issuer.
    pub issuer: String,
    /// Its key usage; `None` if the extension is absent.
    pub usage: Option<Vec<&'static str>>,
    /// The start of its validity period.
    pub not_before: Option<DateTime<Utc>>,
    /// The end of its validity period.
    pub not_after: Option<DateTime<Utc>>,
    /// Its SHA-1 thumbprint, as Windows shows it.
    pub sha1: String,
    /// Its SHA-256 thumbprint.
    pub sha256: String,
}

impl From<&Certificate> for CertificateSummary {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject(),
            organisation_number: certificate.organisation_number().map(|number| number.digits().to_owned()),
            issuer: certificate.issuer(),
            usage: certificate.key_usage(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            sha1: certificate.thumbprint(),
            sha256: certificate.thumbprint_sha256(),
        }
    }
}

impl KeySummary {
    fn new(alias: &str, key: Result<&SigningKey, String>, certificates: &[Certificate]) -> Self {
        Self {
            alias: alias.to_owned(),
            key: key.as_ref().ok().map(|key| key.kind()),
            key_thumbprint: key.as_ref().ok().map(|key| key.thumbprint()),
            certificate: certificates.first().map(CertificateSummary::from),
            chain_length: certificates.len(),
            fault: key.err(),
        }
    }
}

impl SigningKey {
    /// Summarises the key under this alias.
    #[must_use]
    pub fn summary(&self, alias: &str) -> KeySummary {
        KeySummary::new(alias, Ok(self), self.certificates())
    }
}

impl KeyEntry {
    /// Summarises the entry, even if its key cannot be used.
    #[must_use]
    pub fn summary(&self) -> KeySummary {
        let key = SigningKey::new(self.key.clone(), Vec::new()).map_err(|kind| kind.to_string());
        let mut summary = KeySummary::new(self.alias(), key.as_ref().map_err(Clone::clone), &self.certificates());
        if let Err(kind) = self.check_certificate() {
            summary.fault.get_or_insert(kind.to_string());
        }
        summary
    }
}

impl Keystore {
    /// Summarises every private key in the keystore.
    #[must_use]
    pub fn summaries(&self) -> Vec<KeySummary> {
        self.entries().iter().map(KeyEntry::summary).collect()
    }
}

impl JwkFile {
    /// Summarises every key in the file, including those that cannot sign.
    #[must_use]
    pub fn summaries(&self) -> Vec<KeySummary> {
        self.signing_keys()
            .map(|(key_id, key)| match key {
                Ok(key) => key.summary(&key_id),
                Err(kind) => KeySummary::new(&key_id, Err(kind.to_string()), &[]),
            })
            .collect()
    }
}
