//! Private keys in PEM: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017), SEC1 (RFC 5915), each also encrypted.
//!
//! Two steps, as with keystores: [`PemFile::parse`] looks at the form, [`PemFile::open`] takes a password if
//! [`PemFile::needs_password`]. openssl decodes; it is never let near the terminal, where it would ask on its own.

mod block;
mod error;

use std::{io::Read, path::Path};

use openssl::pkey::{PKey, Private};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

pub(super) use self::block::{Block, labels};
pub use self::error::PemReason;
use super::{
    Certificate, CertificateFile, FileKind, KeystoreError, MAXIMUM_BYTES, Reason, SigningKey,
    certificate::printable,
    file_format::FileFormat,
    pkcs12::{self, EncryptedKey, MAXIMUM_CERTIFICATES},
    read_capped,
};

/// The ciphers of old encrypted keys that every OpenSSL still has (RFC 1423, and OpenSSL's additions to it).
const OLD_CIPHERS: [&str; 4] = ["AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC"];

/// A PEM file with one private key, which has not been opened yet.
pub struct PemFile {
    name: String,
    key: Sealed,
    certificates: Vec<Certificate>,
}

/// A private key by the way in which it is protected.
enum Sealed {
    /// PKCS#8, not at all.
    Plain(Zeroizing<Vec<u8>>),
    /// PKCS#8, in its own way.
    Encrypted(EncryptedKey),
    /// PKCS#1 or SEC1: the block and its label, with a password if headers before the base64 say so (RFC 1421).
    Old { block: Zeroizing<String>, label: String, encrypted: bool },
}

impl PemFile {
    /// Reads and parses the PEM file at `path`; `iterations` is the most that opening it may cost.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] when the file cannot be read, else as [`PemFile::parse`].
    pub fn read(path: &Path, iterations: u64) -> Result<Self, KeystoreError> {
        let name = path.display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::read_from(&name, file, iterations),
            Err(source) => Err(KeystoreError::Unreadable { kind: FileKind::Pem, name, source }),
        }
    }

    /// Reads and parses PEM from anything that can be read, such as stdin; `name` is for messages.
    ///
    /// # Errors
    /// As [`PemFile::read`].
    pub fn read_from(name: &str, reader: impl Read, iterations: u64) -> Result<Self, KeystoreError> {
        let bytes = read_capped(reader, MAXIMUM_BYTES);
        let bytes =
            bytes.map_err(|source| KeystoreError::Unreadable { kind: FileKind::Pem, name: name.to_owned(), source })?;
        Self::parse(name, &bytes, iterations)
    }

    /// Finds the private key and the certificates in a PEM text; nothing is decrypted, so no password is needed.
    ///
    /// # Errors
    /// [`KeystoreError::Pem`] with the reason: no PEM, no private key or several, encryption that is not read here
    /// or costs too much.
    pub fn parse(name: &str, bytes: &[u8], iterations: u64) -> Result<Self, KeystoreError> {
        let (key, certificates) = parse(bytes, iterations).map_err(|source| unopened(name, source))?;
        Ok(Self { name: name.to_owned(), key, certificates })
    }

    /// Whether opening the key takes a password.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        matches!(self.key, Sealed::Encrypted(_) | Sealed::Old { encrypted: true, .. })
    }

    /// Whether certificates stand beside the key.
    #[must_use]
    pub fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    /// Opens the key with the certificates that stand beside it, if any.
    ///
    /// # Errors
    /// [`KeystoreError::Pem`] with the reason: wrong password, damaged, a key that signs no JWT, or certificates
    /// none of which is the key's.
    pub fn open(self, password: &SecretString) -> Result<SigningKey, KeystoreError> {
        self.key(password).map_err(|source| unopened(&self.name, source)).and_then(|key| {
            if self.certificates.is_empty() {
                return Ok(key);
            }
            let beside = CertificateFile::of(&self.name, self.certificates);
            key.with_certificates(&beside).map_err(|_| unopened(&self.name, PemReason::ForeignCertificate))
        })
    }

    /// Opens the key with certificates from another file; those beside the key only help to complete the chain.
    ///
    /// # Errors
    /// As [`PemFile::open`]; [`KeystoreError::Certificates`] when none in `certificates` is the key's.
    pub fn open_with(
        self,
        password: &SecretString,
        certificates: &CertificateFile,
    ) -> Result<SigningKey, KeystoreError> {
        let key = self.key(password).map_err(|source| unopened(&self.name, source))?;
        key.with_certificates(&certificates.and(self.certificates))
    }

    fn key(&self, password: &SecretString) -> Result<SigningKey, PemReason> {
        let key = match &self.key {
            Sealed::Plain(der) => pkcs12::private_key(der).map_err(|reason| in_block("PRIVATE KEY", reason))?,
            Sealed::Encrypted(key) => key.decrypt(password)?,
            Sealed::Old { block, label, encrypted: false } => {
                decode(block, None).ok_or_else(|| PemReason::Damaged(label.clone()))?
            }
            // The padding finds most wrong passwords out, and the decoder the rest.
            Sealed::Old { block, .. } => decode(block, Some(password)).ok_or(PemReason::WrongPassword)?,
        };
        SigningKey::new(key, Vec::new()).map_err(PemReason::from)
    }
}

impl std::fmt::Debug for PemFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PemFile").field("name", &self.name).field("key", &"[REDACTED]").finish_non_exhaustive()
    }
}

fn unopened(name: &str, source: PemReason) -> KeystoreError {
    KeystoreError::Pem { name: name.to_owned(), source }
}

fn parse(bytes: &[u8], iterations: u64) -> Result<(Sealed, Vec<Certificate>), PemReason> {
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(PemReason::TooLarge(MAXIMUM_BYTES));
    }
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let mut blocks = Block::all(&text);
    if blocks.is_empty() {
        return Err(without_blocks(bytes, &text));
    }
    if blocks.len() > MAXIMUM_CERTIFICATES {
        return Err(PemReason::TooManyBlocks(MAXIMUM_CERTIFICATES));
    }
    let certificates = certificates(&blocks).ok_or(PemReason::DamagedCertificate)?;
    let found = labels(&blocks);
    blocks.retain(Block::is_private_key);
    match blocks.as_slice() {
        [] => Err(PemReason::NoPrivateKey(found)),
        [block] => Ok((Sealed::of(block, iterations)?, certificates)),
        several => Err(PemReason::Ambiguous(several.len())),
    }
}

/// The certificates among the blocks; `None` when one cannot be read.
pub(super) fn certificates(blocks: &[Block]) -> Option<Vec<Certificate>> {
    let certificates = blocks.iter().filter(|block| block.is_certificate());
    certificates.map(|block| Certificate::from_der(&block.der()?)).collect()
}

fn without_blocks(bytes: &[u8], text: &str) -> PemReason {
    if text.contains("-----BEGIN ") {
        PemReason::CutShort
    } else if FileFormat::like_pkcs12(bytes) {
        PemReason::Pkcs12
    } else {
        PemReason::NotPem(FileFormat::sniff(bytes))
    }
}

impl Sealed {
    fn of(block: &Block, iterations: u64) -> Result<Self, PemReason> {
        let der = || block.der().ok_or_else(|| PemReason::Damaged(block.label.to_owned()));
        match block.label {
            "PRIVATE KEY" => der().map(Self::Plain),
            "ENCRYPTED PRIVATE KEY" => {
                let key = EncryptedKey::parse(&der()?, iterations);
                key.map(Self::Encrypted).map_err(|reason| in_block(block.label, reason))
            }
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                let encrypted = block.header("Proc-Type").is_some_and(|value| value.ends_with("ENCRYPTED"));
                if encrypted {
                    known_cipher(block)?;
                }
                Ok(Self::Old { block: block.text(), label: block.label.to_owned(), encrypted })
            }
            "OPENSSH PRIVATE KEY" => Err(PemReason::OpenSsh),
            // OpenSSL is not shown what cannot sign: of a DSA key it computes the public half, for as long as it takes.
            other => Err(PemReason::Key(Reason::KeyKind(printable(other.trim_end_matches(" PRIVATE KEY"))))),
        }
    }
}

fn in_block(label: &str, reason: Reason) -> PemReason {
    match reason {
        Reason::Damaged(_) => PemReason::Damaged(label.to_owned()),
        reason => reason.into(),
    }
}

fn known_cipher(block: &Block) -> Result<(), PemReason> {
    let cipher = block.header("DEK-Info").and_then(|info| info.split(',').next()).unwrap_or("nothing named");
    let known = OLD_CIPHERS.iter().any(|name| name.eq_ignore_ascii_case(cipher.trim()));
    if known { Ok(()) } else { Err(PemReason::Unsupported(printable(cipher))) }
}

/// Decodes a key in PKCS#1 or SEC1. Without a callback of ours, openssl would ask on /dev/tty.
fn decode(block: &str, password: Option<&SecretString>) -> Option<PKey<Private>> {
    let password = password.map_or("", |password| password.expose_secret()).as_bytes();
    let key = PKey::private_key_from_pem_callback(block.as_bytes(), |buffer| {
        // A longer password than openssl has room for cannot be the one that it encrypted with.
        let room = buffer.get_mut(..password.len());
        Ok(room.map_or(0, |room| {
            room.copy_from_slice(password);
            password.len()
        }))
    });
    key.ok()
}
