//! Private keys in PEM: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) and SEC1 (RFC 5915), also encrypted.
//!
//! [`PemFile::parse`] checks the format, [`PemFile::open`] decrypts the key.

use std::path::Path;

use openssl::{
    hash::MessageDigest,
    pkcs5,
    symm::{self, Cipher},
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    Certificate, CertificateFile, CertificateFileErrorKind, FileFormat, KeyFileKind, KeystoreError, KeystoreErrorKind,
    MAXIMUM_BYTES, MAXIMUM_CERTIFICATES, PemErrorKind, SigningKey,
    certificate_file::certificates,
    engine,
    error::shown,
    key_material::{KeyForm, decoded},
    pkcs12::EncryptedKey,
    private_key::PrivateKey,
    read_key_file,
};
use crate::pem::{self, PemBlock, labels};

/// A cipher by its name in a header.
type HeaderCipher = (&'static str, fn() -> Cipher);

/// The ciphers of encrypted PKCS#1 and SEC1 keys that OpenSSL still supports (RFC 1423, and OpenSSL's additions).
const HEADER_CIPHERS: [HeaderCipher; 4] = [
    ("AES-128-CBC", Cipher::aes_128_cbc),
    ("AES-192-CBC", Cipher::aes_192_cbc),
    ("AES-256-CBC", Cipher::aes_256_cbc),
    ("DES-EDE3-CBC", Cipher::des_ede3_cbc),
];

/// A PEM file with one private key, not opened yet.
pub struct PemFile {
    name: String,
    key: PemKey,
    certificates: Vec<Certificate>,
}

/// A private key, by its format and protection.
enum PemKey {
    /// PKCS#8 without encryption.
    Plain(Zeroizing<Vec<u8>>),
    /// PKCS#8 with encryption.
    Encrypted(EncryptedKey),
    /// PKCS#1 or SEC1, encrypted if the headers before the base64 are those of RFC 1421.
    Traditional { der: Zeroizing<Vec<u8>>, label: String, encryption: Option<HeaderEncryption> },
}

/// The encryption of a key by the headers of its block (RFC 1421 §4.6.1.3).
struct HeaderEncryption {
    cipher: Cipher,
    /// The initialisation vector in hexadecimal.
    iv: String,
}

impl PemFile {
    /// Reads and parses the PEM file at `path`.
    ///
    /// `iterations` limits the key derivation iterations that opening it may take.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] if the file cannot be read, otherwise as [`PemFile::parse`].
    pub fn read(path: &Path, iterations: u64) -> Result<Self, KeystoreError> {
        Self::parse(&path.display().to_string(), &read_key_file(KeyFileKind::Pem, path)?, iterations)
    }

    /// Finds the private key and certificates without decrypting; `name` is for messages.
    ///
    /// # Errors
    /// [`KeystoreError::Pem`] with the reason: not PEM, no private key or several, unsupported encryption, or more
    /// iterations than allowed.
    pub fn parse(name: &str, bytes: &[u8], iterations: u64) -> Result<Self, KeystoreError> {
        let (key, certificates) = parse(bytes, iterations).map_err(|source| unopened(name, source))?;
        Ok(Self { name: name.to_owned(), key, certificates })
    }

    /// Returns whether opening the key takes a password.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        matches!(self.key, PemKey::Encrypted(_) | PemKey::Traditional { encryption: Some(_), .. })
    }

    /// Returns whether the file has certificates.
    #[must_use]
    pub fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    /// Opens the key with the certificates of the file.
    ///
    /// # Errors
    /// [`KeystoreError::Pem`] with the reason: wrong password, damaged, a key that cannot sign a JWT, or certificates
    /// of other keys only.
    pub fn open(&self, password: &SecretString) -> Result<SigningKey, KeystoreError> {
        let key = self.key(password)?;
        if self.certificates.is_empty() {
            return Ok(key);
        }
        let certificates = CertificateFile::new(&self.name, self.certificates.clone());
        key.with_certificates(&certificates).map_err(|error| {
            let source = match error {
                KeystoreError::Certificates { source: CertificateFileErrorKind::Pss(kind), .. } => kind.into(),
                _ => PemErrorKind::ForeignCertificate,
            };
            unopened(&self.name, source)
        })
    }

    /// Opens the key with certificates from another file, and those of this file to complete the chain.
    ///
    /// # Errors
    /// As [`PemFile::open`]; [`KeystoreError::Certificates`] if no certificate belongs to the key.
    pub fn open_with(
        &self,
        password: &SecretString,
        certificates: &CertificateFile,
    ) -> Result<SigningKey, KeystoreError> {
        self.key(password)?.with_certificates_from(certificates, &self.certificates)
    }

    fn key(&self, password: &SecretString) -> Result<SigningKey, KeystoreError> {
        let key = self.key.decrypt(password).and_then(|key| SigningKey::new(key, Vec::new()).map_err(Into::into));
        key.map_err(|source| unopened(&self.name, source))
    }
}

impl std::fmt::Debug for PemFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PemFile").field("name", &self.name).field("key", &"[REDACTED]").finish_non_exhaustive()
    }
}

fn unopened(name: &str, source: PemErrorKind) -> KeystoreError {
    KeystoreError::Pem { name: name.to_owned(), source }
}

fn parse(bytes: &[u8], iterations: u64) -> Result<(PemKey, Vec<Certificate>), PemErrorKind> {
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(PemErrorKind::TooLarge(MAXIMUM_BYTES));
    }
    let material = decoded(bytes, KeyForm::Pem);
    let bytes = material.as_ref().map_or(bytes, |material| &material.content);
    let text = pem::decode(bytes);
    let mut blocks = PemBlock::find_all(&text)?;
    if blocks.is_empty() {
        return Err(PemErrorKind::NotPem(FileFormat::sniff(bytes)));
    }
    if blocks.len() > MAXIMUM_CERTIFICATES {
        return Err(PemErrorKind::TooManyBlocks(MAXIMUM_CERTIFICATES));
    }
    let certificates = certificates(&blocks)?.ok_or(PemErrorKind::DamagedCertificate)?;
    let found = labels(&blocks);
    blocks.retain(PemBlock::is_private_key);
    match blocks.as_slice() {
        [] => Err(PemErrorKind::NoPrivateKey(found)),
        [block] => Ok((PemKey::parse(block, iterations)?, certificates)),
        several => Err(PemErrorKind::Ambiguous(several.len())),
    }
}

impl PemKey {
    fn parse(block: &PemBlock, iterations: u64) -> Result<Self, PemErrorKind> {
        match block.label {
            "PRIVATE KEY" => Ok(Self::Plain(block.der()?)),
            "ENCRYPTED PRIVATE KEY" => {
                let key = EncryptedKey::parse(&block.der()?, iterations);
                key.map(Self::Encrypted).map_err(|kind| in_block(block.label, kind))
            }
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                let der = block.der_after_headers()?;
                let encryption = HeaderEncryption::parse(block)?;
                Ok(Self::Traditional { der, label: block.label.to_owned(), encryption })
            }
            "OPENSSH PRIVATE KEY" => Err(PemErrorKind::OpenSsh),
            // OpenSSL must not see a DSA key: it would compute the public key, for as long as that takes.
            other => {
                let kind = shown(other.trim_end_matches(" PRIVATE KEY"));
                Err(PemErrorKind::Key(KeystoreErrorKind::KeyKind(kind)))
            }
        }
    }

    fn decrypt(&self, password: &SecretString) -> Result<PrivateKey, PemErrorKind> {
        match self {
            Self::Plain(der) => engine::from_pkcs8(der).map_err(|kind| in_block("PRIVATE KEY", kind)),
            Self::Encrypted(key) => Ok(key.decrypt(password)?),
            Self::Traditional { der, label, encryption: None } => {
                traditional(label, der).ok_or_else(|| PemErrorKind::Damaged(label.clone()))
            }
            // The padding reveals most wrong passwords, and the parser the others.
            Self::Traditional { der, label, encryption: Some(encryption) } => encryption
                .decrypt(der, password)
                .and_then(|plain| traditional(label, &plain))
                .ok_or(PemErrorKind::WrongPassword),
        }
    }
}

fn traditional(label: &str, der: &[u8]) -> Option<PrivateKey> {
    if label == "EC PRIVATE KEY" { engine::from_sec1(der) } else { engine::from_pkcs1(der) }
}

fn in_block(label: &str, kind: KeystoreErrorKind) -> PemErrorKind {
    match kind {
        KeystoreErrorKind::Damaged(_) => PemErrorKind::Damaged(label.to_owned()),
        kind => kind.into(),
    }
}

impl HeaderEncryption {
    fn parse(block: &PemBlock) -> Result<Option<Self>, PemErrorKind> {
        if !block.header("Proc-Type").is_some_and(|value| value.ends_with("ENCRYPTED")) {
            return Ok(None);
        }
        let info = block.header("DEK-Info").unwrap_or_default();
        let (name, iv) = info.split_once(',').unwrap_or((info, ""));
        let name = name.trim();
        // In a damaged file a line of the key may be in its place, which must not be shown.
        let is_name = name.len() < 24 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let name = if is_name && !name.is_empty() { name } else { "an unnamed cipher" };
        let known = HEADER_CIPHERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, cipher) = known.ok_or_else(|| PemErrorKind::Unsupported(shown(name)))?;
        Ok(Some(Self { cipher: cipher(), iv: iv.trim().to_owned() }))
    }

    /// Decrypts as OpenSSL does: the key is derived with MD5 and a salt, the first bytes of the initialisation vector.
    fn decrypt(&self, encrypted: &[u8], password: &SecretString) -> Option<Zeroizing<Vec<u8>>> {
        let digits = self.iv.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let iv = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
        if Some(iv.len()) != self.cipher.iv_len() {
            return None;
        }
        let password = password.expose_secret().as_bytes();
        let derived = pkcs5::bytes_to_key(self.cipher, MessageDigest::md5(), password, Some(&iv[..8]), 1).ok()?;
        let key = Zeroizing::new(derived.key);
        symm::decrypt(self.cipher, &key, Some(&iv), encrypted).ok().map(Zeroizing::new)
    }
}
