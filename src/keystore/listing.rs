//! What a keystore, a JWK set or a single key holds, in words for `keys list`; no private number is among them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Certificate, Entry, JwkFile, Keystore, Protection, Reason, SigningKey, public_key::PublicKey, signing_key::checked,
};

/// One key, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The name that it has there: an alias, or a key id.
    pub alias: String,
    /// What kind of key it is, such as `RSA with 2048 bits`; `None` when it is of no kind that signs.
    pub key: Option<String>,
    /// The thumbprint of the public key (RFC 7638).
    pub key_thumbprint: Option<String>,
    /// The key's own certificate.
    pub certificate: Option<ListedCertificate>,
    /// How many certificates lead from the key's own to a root, itself included.
    pub chain_length: usize,
    /// Why it cannot be used, if it cannot.
    pub fault: Option<String>,
}

/// A certificate, as far as it concerns the owner of its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedCertificate {
    /// Whom it is for.
    pub subject: String,
    /// The organisation that it is for.
    pub organisation_number: Option<String>,
    /// Who issued it.
    pub issuer: String,
    /// What its key may be used for; `None` when nothing is said.
    pub usage: Option<Vec<&'static str>>,
    /// The first moment at which it holds.
    pub not_before: Option<DateTime<Utc>>,
    /// The last moment at which it holds.
    pub not_after: Option<DateTime<Utc>>,
    /// The SHA-1 thumbprint, as Windows shows it.
    pub sha1: String,
    /// The SHA-256 thumbprint.
    pub sha256: String,
}

impl From<&Certificate> for ListedCertificate {
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

impl Listed {
    fn new(alias: &str, key: Result<&PublicKey, String>, certificates: &[Certificate]) -> Self {
        Self {
            alias: alias.to_owned(),
            key: key.as_ref().ok().map(|key| key.kind().to_string()),
            key_thumbprint: key.as_ref().ok().map(|key| key.thumbprint()),
            certificate: certificates.first().map(ListedCertificate::from),
            chain_length: certificates.len(),
            fault: key.err(),
        }
    }
}

impl SigningKey {
    /// What may be shown of the key, under this name.
    #[must_use]
    pub fn listed(&self, alias: &str) -> Listed {
        Listed::new(alias, Ok(self.public()), self.certificates())
    }
}

impl Entry {
    /// What may be shown of the entry, also when its key cannot be used.
    #[must_use]
    pub fn listed(&self) -> Listed {
        let certificates = self.certificates();
        let key = checked(&self.key).map_err(|reason| reason.to_string());
        let mut listed = Listed::new(&self.alias, key.as_ref().map_err(Clone::clone), &certificates);
        if self.is_foreign() {
            listed.fault.get_or_insert(Reason::ForeignKey.to_string());
        }
        listed
    }
}

impl Keystore {
    /// Every private key in it.
    #[must_use]
    pub fn listed(&self) -> Vec<Listed> {
        self.entries().iter().map(Entry::listed).collect()
    }

    /// How the file is protected, part by part, in the order the parts stand in it.
    #[must_use]
    pub fn protections(&self) -> &[Protection] {
        &self.protections
    }
}

impl JwkFile {
    /// Every key in it, also those that cannot sign, each with the reason.
    #[must_use]
    pub fn listed(&self) -> Vec<Listed> {
        self.each()
            .map(|(alias, key)| match key {
                Ok(key) => key.listed(&alias),
                Err(reason) => Listed::new(&alias, Err(reason.to_string()), &[]),
            })
            .collect()
    }
}
