//! A PKCS#12 keystore: parsed, then opened with its password, then asked for the key that signs.

use std::{fmt::Write as _, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{
    Certificate, CertificateThumbprint, KeyChoice, KeyFileKind, KeystoreError, KeystoreErrorKind, MAXIMUM_BYTES,
    Protection, SigningKey, Validity, chain,
    error::shown,
    key_material::{KeyForm, decoded},
    pkcs12::{Pkcs12, Pkcs12Contents},
    private_key::PrivateKey,
    read_key_file,
};
use crate::clock::{Clock as _, SystemClock};

/// A keystore that has been parsed but not opened: no password is needed yet.
#[derive(Debug)]
pub struct KeystoreFile {
    name: String,
    container: Pkcs12,
}

/// An opened keystore.
#[derive(Debug)]
pub struct Keystore {
    name: String,
    entries: Vec<KeyEntry>,
    protections: Vec<Protection>,
}

/// A private key in a keystore, and its alias.
pub struct KeyEntry {
    alias: String,
    pub(super) key: PrivateKey,
    own: Option<Certificate>,
    /// Every certificate of the keystore.
    all: Arc<[Certificate]>,
}

impl KeystoreFile {
    /// Reads and parses the keystore at `path`.
    ///
    /// `iterations` limits the key derivation iterations that opening it may take.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] if the file cannot be read, otherwise as [`KeystoreFile::parse`].
    pub fn read(path: &Path, iterations: u64) -> Result<Self, KeystoreError> {
        let bytes = read_key_file(KeyFileKind::Keystore, path)?;
        Self::parse(&path.display().to_string(), &bytes, iterations)
    }

    /// Parses a keystore without deriving a key; `name` is for messages.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: not PKCS#12, damaged, unsupported encryption, or more iterations
    /// than allowed.
    pub fn parse(name: &str, bytes: &[u8], iterations: u64) -> Result<Self, KeystoreError> {
        let material = decoded(bytes, KeyForm::Pkcs12);
        let bytes = material.as_ref().map_or(bytes, |material| &material.content);
        let container = if bytes.len() as u64 > MAXIMUM_BYTES {
            Err(KeystoreErrorKind::TooLarge(MAXIMUM_BYTES))
        } else {
            Pkcs12::parse(bytes, iterations)
        };
        let container = container.map_err(|source| unopened(name, source))?;
        Ok(Self { name: name.to_owned(), container })
    }

    /// Returns whether the file has a MAC; without one, changes to the file go unnoticed.
    #[must_use]
    pub fn has_integrity(&self) -> bool {
        self.container.has_mac()
    }

    /// Returns whether opening the file takes a password.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        self.container.needs_password()
    }

    /// Opens the keystore.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: wrong password, damaged, or no private key.
    pub fn open(&self, password: &SecretString) -> Result<Keystore, KeystoreError> {
        self.keystore(self.container.unlock(password).and_then(|mut unlocked| unlocked.contents()))
    }

    /// Opens the keystore for one key: what is not needed for it stays encrypted.
    ///
    /// [`Keystore::with_certificate`] and [`Keystore::choose`] then give the same key as after [`KeystoreFile::open`].
    /// What is wrong with a part that is not needed goes unnoticed, and not every entry and protection may be listed.
    ///
    /// # Errors
    /// As [`KeystoreFile::open`].
    pub fn open_for(&self, password: &SecretString, choice: &KeyChoice) -> Result<Keystore, KeystoreError> {
        self.keystore(self.container.unlock(password).and_then(|mut unlocked| choice.contents(&mut unlocked)))
    }

    fn keystore(&self, contents: Result<Pkcs12Contents, KeystoreErrorKind>) -> Result<Keystore, KeystoreError> {
        let mut contents = contents.map_err(|source| unopened(&self.name, source))?;
        if contents.keys.is_empty() {
            let certificates = contents.certificates.len();
            let none = || KeystoreErrorKind::NoPrivateKey { certificates };
            let other_kind = contents.other_kinds.into_iter().next();
            return Err(unopened(&self.name, other_kind.map_or_else(none, KeystoreErrorKind::KeyKind)));
        }
        let protections = std::mem::take(&mut contents.protections);
        Ok(Keystore { name: self.name.clone(), entries: entries(contents), protections })
    }
}

impl Keystore {
    /// Returns the private keys in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[KeyEntry] {
        &self.entries
    }

    /// Returns how each part of the file is protected, in the order of the file.
    #[must_use]
    pub fn protections(&self) -> &[Protection] {
        &self.protections
    }

    /// Keeps only the key whose certificate has this thumbprint; that certificate is sent, whatever others the key has.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] if there is no such certificate, or no key for it.
    pub fn with_certificate(mut self, thumbprint: &CertificateThumbprint) -> Result<Self, KeystoreError> {
        let all = self.entries.first().map(|entry| Arc::clone(&entry.all)).unwrap_or_default();
        let certificate = all.iter().find(|certificate| thumbprint.matches(certificate));
        let entries = std::mem::take(&mut self.entries);
        let listed = list(&entries, true);
        let owner = certificate.and_then(|own| {
            let entry = entries.into_iter().find(|entry| own.belongs_to(&entry.key.public))?;
            Some(KeyEntry { own: Some(own.clone()), ..entry })
        });
        let Some(entry) = owner else {
            let thumbprint = thumbprint.to_string();
            return Err(unopened(&self.name, KeystoreErrorKind::NoSuchCertificate { thumbprint, entries: listed }));
        };
        Ok(Self { entries: vec![entry], ..self })
    }

    /// Chooses the key with this alias; without an alias from all keys.
    ///
    /// Of several keys the only one whose certificate may sign now is chosen.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: unknown alias, several keys to choose from, a key without its
    /// certificate, or a key that cannot sign a JWT.
    pub fn choose(self, alias: Option<&str>) -> Result<SigningKey, KeystoreError> {
        let Self { name, entries, .. } = self;
        let chosen = match alias {
            Some(alias) => by_alias(entries, alias),
            None => by_usage(entries),
        };
        let key = chosen.and_then(|entry| {
            entry.check_certificate()?;
            let certificates = entry.certificates();
            SigningKey::new(entry.key, certificates)
        });
        key.map_err(|source| unopened(&name, source))
    }
}

impl KeyEntry {
    /// Returns the friendly name of the key or its certificate, otherwise its number as keytool counts.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// Returns the certificates of the key, leaf to root.
    ///
    /// Every call verifies signatures to order them. A crafted file makes that expensive, so it is not done for all
    /// entries up front.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.own.iter().flat_map(|own| chain::from_leaf(own.clone(), &self.all)).collect()
    }

    /// Checks that the keystore has a certificate for this key, if it has any.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::ForeignKey`] or [`KeystoreErrorKind::PssCertificate`].
    pub(super) fn check_certificate(&self) -> Result<(), KeystoreErrorKind> {
        if self.own.is_some() || self.all.is_empty() {
            Ok(())
        } else if self.all.iter().any(|certificate| certificate.is_for_pss_with(&self.key.public)) {
            Err(KeystoreErrorKind::PssCertificate)
        } else {
            Err(KeystoreErrorKind::ForeignKey)
        }
    }

    fn may_sign(&self) -> bool {
        self.own.as_ref().is_some_and(Certificate::may_sign)
    }

    fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.own.as_ref().is_some_and(|own| own.validity(now) == Validity::Valid)
    }
}

impl std::fmt::Debug for KeyEntry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KeyEntry")
            .field("alias", &self.alias)
            .field("key", &"[REDACTED]")
            .finish_non_exhaustive()
    }
}

fn unopened(name: &str, source: KeystoreErrorKind) -> KeystoreError {
    KeystoreError::Unopened { name: name.to_owned(), source }
}

/// Pairs each key with the certificate of its public key. `localKeyId` attributes are ignored: they can be wrong.
fn entries(contents: Pkcs12Contents) -> Vec<KeyEntry> {
    let (all, aliases): (Vec<Certificate>, Vec<Option<String>>) = contents.certificates.into_iter().unzip();
    let all: Arc<[Certificate]> = all.into();
    let entry = |(number, (key, alias)): (u32, (PrivateKey, Option<String>))| {
        let own = chain::leaf(&all, |certificate| certificate.belongs_to(&key.public));
        let alias = alias.or_else(|| aliases[own?].clone()).unwrap_or_else(|| number.to_string());
        KeyEntry { alias, key, own: own.map(|own| all[own].clone()), all: Arc::clone(&all) }
    };
    (1..).zip(contents.keys).map(entry).collect()
}

fn by_alias(entries: Vec<KeyEntry>, alias: &str) -> Result<KeyEntry, KeystoreErrorKind> {
    let (mut matching, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.alias == alias);
    if matching.is_empty() {
        let listed = list(&others, false);
        // Java shows every alias in lower case.
        matching = others.into_iter().filter(|entry| entry.alias.to_lowercase() == alias.to_lowercase()).collect();
        if matching.is_empty() {
            return Err(KeystoreErrorKind::NoSuchAlias { alias: shown(alias), entries: listed });
        }
    }
    by_usage(matching)
}

/// Returns the only entry, or the only one whose certificate may sign and, after a renewal, is valid now.
fn by_usage(mut entries: Vec<KeyEntry>) -> Result<KeyEntry, KeystoreErrorKind> {
    let same_alias = (1..entries.len()).any(|end| entries[..end].iter().any(|entry| entry.alias == entries[end].alias));
    let listed = list(&entries, same_alias);
    if entries.len() > 1 {
        entries.retain(KeyEntry::may_sign);
    }
    // The same key may be in the file twice.
    entries.dedup_by(|second, first| second.own == first.own && second.key.public == first.key.public);
    let now = SystemClock.now();
    if entries.iter().any(|entry| entry.is_valid(now)) {
        entries.retain(|entry| entry.is_valid(now));
    }
    let only = if entries.len() == 1 { entries.pop() } else { None };
    only.ok_or(KeystoreErrorKind::Ambiguous { entries: listed, same_alias })
}

/// Lists the entries for an error, one per line.
fn list(entries: &[KeyEntry], thumbprints: bool) -> String {
    entries.iter().fold(String::new(), |mut text, entry| {
        let _ = write!(text, "\n  {}: ", shown(&entry.alias));
        let _ = match &entry.own {
            Some(certificate) => write!(
                text,
                "{}; {}; expires {}",
                certificate.subject(),
                certificate.key_usage().map_or("any usage".to_owned(), |usage| usage.join(" ")),
                certificate.not_after().map_or("at an unknown time".to_owned(), |until| until.date_naive().to_string()),
            ),
            None => write!(text, "no certificate"),
        };
        if let Some(certificate) = entry.own.as_ref().filter(|_| thumbprints) {
            let _ = write!(text, "; thumbprint {}", certificate.thumbprint());
        }
        text
    })
}
