//! Opens a keystore and takes out the key that signs grants, with its certificates.
//!
//! A file made by somebody else's tool goes in, a [`SigningKey`] comes out: PKCS#12 ([`KeystoreFile`]), PEM
//! ([`PemFile`]), JWK ([`JwkFile`]), .NET's certificate store ([`DotnetStore`]); or a key that stays in a token
//! ([`HardwareToken`]). Two steps, so that a password is asked for only when the file is what it should be:
//! [`KeystoreFile::parse`], then [`KeystoreFile::open`]. Other people's public keys come as a [`KeySet`] or in a
//! [`Certificate`], and give a [`VerificationKey`]. Nothing in a file is trusted: lengths, counts and costs are
//! checked first. This room knows no environment and no claim.

mod certificate;
mod certificate_file;
mod certificate_thumbprint;
mod chain;
mod dotnet_store;
mod error;
mod file_format;
mod jwk;
mod key_file;
mod key_handle;
mod listing;
mod new_key;
mod pem;
mod pkcs11;
mod pkcs12;
mod public_key;
mod reason;
mod signature_algorithm;
mod signing_key;
mod verification_key;

use std::{
    fmt::Write as _,
    io::{self, Read},
    path::Path,
    rc::Rc,
};

use openssl::pkey::{PKey, Private};
use secrecy::SecretString;
use zeroize::Zeroizing;

use self::{
    certificate::printable,
    pkcs12::{Contents, Pkcs12},
};
pub use self::{
    certificate::{Certificate, Validity},
    certificate_file::{CertificateFile, CertificateReason},
    certificate_thumbprint::CertificateThumbprint,
    dotnet_store::{DotnetStore, StoreReason},
    error::{FileKind, KeystoreError},
    file_format::FileFormat,
    jwk::{JwkFile, JwkReason, KeySet, KeySetError},
    key_file::read_key_file,
    listing::{Listed, ListedCertificate},
    new_key::{NewKey, NewKeyError, NewKeyKind},
    pem::{PemFile, PemReason},
    pkcs11::{HardwareReason, HardwareToken, PinTries},
    pkcs12::{DEFAULT_ITERATIONS, Protection},
    public_key::is_registrable_key_id,
    reason::Reason,
    signature_algorithm::SignatureAlgorithm,
    signing_key::{SigningError, SigningKey},
    verification_key::{VerificationKey, VerificationKeyReason},
};

/// Larger files than any keystore: hundreds of certificates stay below one mebibyte.
const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// The most iterations that it makes sense to allow: sixteen derivations with the largest count that a MAC can have.
pub const MAXIMUM_ITERATIONS: u64 = u32::MAX as u64 * 16;

/// A keystore that has been read and parsed, and whose password has not been needed yet.
#[derive(Debug)]
pub struct KeystoreFile {
    name: String,
    container: Pkcs12,
}

/// An opened keystore.
#[derive(Debug)]
pub struct Keystore {
    name: String,
    entries: Vec<Entry>,
    protections: Vec<Protection>,
}

/// A private key in a keystore, with the name it has there.
pub struct Entry {
    alias: String,
    key: PKey<Private>,
    own: Option<Certificate>,
    /// Every certificate of the keystore.
    all: Rc<[Certificate]>,
}

impl KeystoreFile {
    /// Reads and parses the keystore at `path`; `iterations` is the most that opening it may cost.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] when the file cannot be read, else as [`KeystoreFile::parse`].
    pub fn read(path: &Path, iterations: u64) -> Result<Self, KeystoreError> {
        let name = path.display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::read_from(&name, file, iterations),
            Err(source) => Err(KeystoreError::Unreadable { kind: FileKind::Keystore, name, source }),
        }
    }

    /// Reads and parses a keystore from anything that can be read, such as stdin; `name` is for messages.
    ///
    /// # Errors
    /// As [`KeystoreFile::read`].
    pub fn read_from(name: &str, reader: impl Read, iterations: u64) -> Result<Self, KeystoreError> {
        let bytes = read_capped(reader, MAXIMUM_BYTES);
        let bytes = bytes.map_err(|source| KeystoreError::Unreadable {
            kind: FileKind::Keystore,
            name: name.to_owned(),
            source,
        })?;
        Self::parse(name, &bytes, iterations)
    }

    /// Parses a keystore; no key is derived, so no password is needed.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: not PKCS#12, damaged, encryption that is not read here, or too
    /// costly to open.
    pub fn parse(name: &str, bytes: &[u8], iterations: u64) -> Result<Self, KeystoreError> {
        let container = if bytes.len() as u64 > MAXIMUM_BYTES {
            Err(Reason::TooLarge(MAXIMUM_BYTES))
        } else {
            Pkcs12::parse(bytes, iterations)
        };
        let container = container.map_err(|source| unopened(name, source))?;
        Ok(Self { name: name.to_owned(), container })
    }

    /// Whether the file is protected against change; when not, what is in it is only as good as where it came from.
    #[must_use]
    pub fn has_integrity(&self) -> bool {
        self.container.has_mac()
    }

    /// Whether opening the file takes a password.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        self.container.needs_password()
    }

    /// Opens the keystore.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: wrong password, damaged, or no private key.
    pub fn open(self, password: &SecretString) -> Result<Keystore, KeystoreError> {
        let mut contents = self.container.unlock(password).map_err(|source| unopened(&self.name, source))?;
        if contents.keys.is_empty() {
            let certificates = contents.certificates.len();
            let none = || Reason::NoPrivateKey { certificates };
            return Err(unopened(
                &self.name,
                contents.other_kinds.into_iter().next().map_or_else(none, Reason::KeyKind),
            ));
        }
        let protections = std::mem::take(&mut contents.protections);
        Ok(Keystore { name: self.name, entries: entries(contents), protections })
    }
}

impl Keystore {
    /// The private keys of the keystore, in the order they stand in the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes out the key that signs: the one with this alias, else the only one, else the only one whose
    /// certificate may sign.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: no such alias, several keys and none obvious, a key that does
    /// not belong to any certificate, or a key that signs no JWT.
    pub fn choose(self, alias: Option<&str>) -> Result<SigningKey, KeystoreError> {
        let Self { name, entries, .. } = self;
        let chosen = match alias {
            Some(alias) => by_alias(entries, alias),
            None => by_usage(entries),
        };
        let key = chosen.and_then(|entry| {
            if entry.is_foreign() {
                return Err(Reason::ForeignKey);
            }
            let certificates = entry.certificates();
            SigningKey::new(entry.key, certificates)
        });
        key.map_err(|source| unopened(&name, source))
    }
}

impl Entry {
    /// The name of the entry: the friendly name of its key or certificate, else its number, as keytool counts.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// The certificates of the key, leaf to root. They are put in order here, which takes signatures to verify:
    /// in a crafted file so many that it is not done for every entry.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.own.clone().map(|own| chain::from_leaf(own, &self.all)).unwrap_or_default()
    }

    /// Whether there are certificates and none is the key's.
    fn is_foreign(&self) -> bool {
        self.own.is_none() && !self.all.is_empty()
    }

    fn may_sign(&self) -> bool {
        self.own.as_ref().is_some_and(Certificate::may_sign)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entry").field("alias", &self.alias).field("key", &"[REDACTED]").finish_non_exhaustive()
    }
}

/// Reads to the end, or one octet further than `maximum`, so that the caller sees that there is too much.
fn read_capped(reader: impl Read, maximum: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    reader.take(maximum + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unopened(name: &str, source: Reason) -> KeystoreError {
    KeystoreError::Unopened { name: name.to_owned(), source }
}

/// Pairs each key with the certificate that has its public half; nothing else a file says decides that.
fn entries(contents: Contents) -> Vec<Entry> {
    let aliases: Vec<Option<String>> = contents.certificates.iter().map(|(_, alias)| alias.clone()).collect();
    let all: Rc<[Certificate]> = contents.certificates.into_iter().map(|(x509, _)| Certificate::new(x509)).collect();
    let mut entries = Vec::new();
    for (number, (key, alias)) in (1..).zip(contents.keys) {
        let own = chain::leaf(&all, |certificate| certificate.belongs_to(&key));
        let alias = alias.or_else(|| own.and_then(|own| aliases[own].clone())).unwrap_or_else(|| number.to_string());
        entries.push(Entry { alias, key, own: own.map(|own| all[own].clone()), all: Rc::clone(&all) });
    }
    entries
}

fn by_alias(entries: Vec<Entry>, alias: &str) -> Result<Entry, Reason> {
    let listed = list(&entries);
    let (mut exact, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.alias == alias);
    if exact.is_empty() {
        // Java shows every alias in lower case.
        exact = others.into_iter().filter(|entry| entry.alias.to_lowercase() == alias.to_lowercase()).collect();
    }
    match exact.len() {
        1 => exact.pop().ok_or(Reason::Ambiguous { entries: listed }),
        0 => Err(Reason::NoSuchAlias { alias: printable(alias), entries: listed }),
        _ => Err(Reason::Ambiguous { entries: listed }),
    }
}

fn by_usage(mut entries: Vec<Entry>) -> Result<Entry, Reason> {
    let listed = list(&entries);
    if entries.len() > 1 {
        entries.retain(Entry::may_sign);
    }
    let only = if entries.len() == 1 { entries.pop() } else { None };
    only.ok_or(Reason::Ambiguous { entries: listed })
}

/// The entries as an error shows them, a line each.
fn list(entries: &[Entry]) -> String {
    entries.iter().fold(String::new(), |mut text, entry| {
        let _ = write!(text, "\n  {}: ", printable(&entry.alias));
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
        text
    })
}
