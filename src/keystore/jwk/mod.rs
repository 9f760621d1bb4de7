//! JSON Web Keys (RFC 7517): one private key, or a set of which one is chosen by its id.
//!
//! Public keys of others come as a [`KeySet`]. Read here and not by josekit, which takes keys whose members
//! contradict each other and signs with them.

mod error;
mod json;
mod key;
mod key_set;
mod member;
mod public;

use std::{fmt::Write as _, io::Read, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::pkey::{PKey, Private};

use self::json::{Json, Object};
pub use self::{
    error::JwkReason,
    key_set::{KeySet, KeySetError},
};
use super::{
    Certificate, FileKind, KeystoreError, SignatureAlgorithm, SigningKey, certificate::printable, chain,
    file_format::FileFormat, pkcs12::MAXIMUM_CERTIFICATES, public_key::Kind, read_capped,
};

/// Larger than any set of keys.
const MAXIMUM_BYTES: usize = 1024 * 1024;

/// More keys than anybody's set has; Digdir allows five a client.
const MAXIMUM_KEYS: usize = 100;

/// A JWK or JWK set that is JSON of the right form; which key it gives is chosen next.
pub struct JwkFile {
    name: String,
    keys: Vec<Object>,
    is_set: bool,
}

impl JwkFile {
    /// Reads the JWK or JWK set at `path`.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] when the file cannot be read, else as [`JwkFile::parse`].
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        let name = path.display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::read_from(&name, file),
            Err(source) => Err(KeystoreError::Unreadable { kind: FileKind::Jwk, name, source }),
        }
    }

    /// Reads a JWK or JWK set from anything that can be read, such as stdin; `name` is for messages.
    ///
    /// # Errors
    /// As [`JwkFile::read`].
    pub fn read_from(name: &str, reader: impl Read) -> Result<Self, KeystoreError> {
        let bytes = read_capped(reader, MAXIMUM_BYTES as u64);
        let bytes =
            bytes.map_err(|source| KeystoreError::Unreadable { kind: FileKind::Jwk, name: name.to_owned(), source })?;
        Self::parse_octets(name, &bytes)
    }

    /// Parses what a file holds.
    ///
    /// # Errors
    /// As [`JwkFile::parse`].
    pub fn parse_octets(name: &str, octets: &[u8]) -> Result<Self, KeystoreError> {
        if octets.len() > MAXIMUM_BYTES {
            return Err(unusable(name, JwkReason::TooLarge(MAXIMUM_BYTES)));
        }
        let text = std::str::from_utf8(octets);
        Self::parse(name, text.map_err(|_| unusable(name, JwkReason::NotUtf8))?)
    }

    /// Parses a JWK or JWK set; `name` is for messages.
    ///
    /// # Errors
    /// [`KeystoreError::Jwk`] with the reason: not JSON, or not a key.
    pub fn parse(name: &str, text: &str) -> Result<Self, KeystoreError> {
        let (keys, is_set) = parse(text).map_err(|source| unusable(name, source))?;
        Ok(Self { name: name.to_owned(), keys, is_set })
    }

    /// Whether it is a set, in which a key id chooses; a JWK alone is the key, whatever its id.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set
    }

    /// Takes out the key that signs: of a set the one with this id, else the only one that may sign.
    ///
    /// # Errors
    /// [`KeystoreError::Jwk`] with the reason: no such id, several keys and none obvious, or a key that cannot sign.
    pub fn choose(self, key_id: Option<&str>) -> Result<SigningKey, KeystoreError> {
        let chosen = match key_id {
            Some(wanted) if self.is_set => self.by_key_id(wanted),
            _ => self.only(),
        };
        chosen.and_then(signing_key).map_err(|source| unusable(&self.name, source))
    }

    /// Every key as its id, and the key or the reason why it gives none.
    pub(super) fn each(&self) -> impl Iterator<Item = (String, Result<SigningKey, JwkReason>)> {
        self.keys.iter().map(|object| (label(object), signing_key(object)))
    }

    fn by_key_id(&self, wanted: &str) -> Result<&Object, JwkReason> {
        let mut found = self.keys.iter().filter(|object| object.text("kid").is_ok_and(|kid| kid == Some(wanted)));
        match (found.next(), found.next()) {
            (Some(object), None) => Ok(object),
            (None, _) => Err(JwkReason::NoSuchKeyId { wanted: printable(wanted), keys: self.list() }),
            (Some(_), Some(_)) => Err(JwkReason::Ambiguous { keys: self.list() }),
        }
    }

    fn only(&self) -> Result<&Object, JwkReason> {
        if let [only] = self.keys.as_slice() {
            return Ok(only);
        }
        let mut able = self.keys.iter().filter(|object| may_sign(object).is_ok());
        match (able.next(), able.next()) {
            (Some(object), None) => Ok(object),
            _ => Err(JwkReason::Ambiguous { keys: self.list() }),
        }
    }

    /// The keys as an error shows them, a line each.
    fn list(&self) -> String {
        self.keys.iter().fold(String::new(), |mut text, object| {
            let kind = object.text("kty").ok().flatten().unwrap_or("no `kty`");
            let fault = may_sign(object).err().map(|fault| format!("; {fault}")).unwrap_or_default();
            let _ = write!(text, "\n  {}: {}{fault}", label(object), printable(kind));
            text
        })
    }
}

impl std::fmt::Debug for JwkFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("JwkFile")
            .field("name", &self.name)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

fn unusable(name: &str, source: JwkReason) -> KeystoreError {
    KeystoreError::Jwk { name: name.to_owned(), source }
}

fn label(object: &Object) -> String {
    let key_id = object.text("kid").ok().flatten().filter(|kid| !kid.is_empty());
    key_id.map_or_else(|| "(no `kid`)".to_owned(), printable)
}

fn parse(text: &str) -> Result<(Vec<Object>, bool), JwkReason> {
    if text.len() > MAXIMUM_BYTES {
        return Err(JwkReason::TooLarge(MAXIMUM_BYTES));
    }
    // Editors on Windows put a byte order mark first (RFC 8259 §8.1 lets a reader ignore it).
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = serde_json::from_str(text).map_err(|error| match FileFormat::sniff(text.as_bytes()) {
        FileFormat::Jwk => JwkReason::NotJson { line: error.line(), column: error.column() },
        _ if text.trim_start().starts_with("ey") => JwkReason::Base64,
        _ => JwkReason::NotJson { line: error.line(), column: error.column() },
    })?;
    let Json::Object(mut object) = json else { return Err(JwkReason::NoKey) };
    if let Some(name) = object.duplicate {
        return Err(JwkReason::Duplicate(printable(&name)));
    }
    match object.members.remove("keys") {
        Some(Json::List(keys)) if keys.is_empty() => Err(JwkReason::EmptySet),
        Some(Json::List(keys)) if keys.len() > MAXIMUM_KEYS => Err(JwkReason::TooManyKeys(MAXIMUM_KEYS)),
        Some(Json::List(keys)) => {
            let objects = keys.into_iter().map(|key| match key {
                Json::Object(object) => Ok(object),
                _ => Err(JwkReason::NoKey),
            });
            Ok((objects.collect::<Result<_, _>>()?, true))
        }
        None if object.members.contains_key("kty") => Ok((vec![object], false)),
        // Somebody's key, but for its kind.
        None if object.has("d") || object.has("n") || object.has("crv") => Err(JwkReason::Missing("kty")),
        _ => Err(JwkReason::NoKey),
    }
}

/// Whether the key is meant to sign, before its numbers are looked at.
fn may_sign(object: &Object) -> Result<(), JwkReason> {
    if let Some(name) = &object.duplicate {
        return Err(JwkReason::Duplicate(printable(name)));
    }
    if object.required("kty")? == "oct" {
        return Err(JwkReason::Symmetric);
    }
    if !object.has("d") {
        return Err(JwkReason::PublicOnly);
    }
    if let Some(other) = object.text("use")?.filter(|usage| *usage != "sig") {
        return Err(JwkReason::Use(printable(other)));
    }
    if object.texts("key_ops")?.is_some_and(|operations| !operations.contains(&"sign")) {
        return Err(JwkReason::KeyOperations);
    }
    Ok(())
}

fn signing_key(object: &Object) -> Result<SigningKey, JwkReason> {
    may_sign(object)?;
    let key = key::private_key(object)?;
    let algorithm = algorithm(object, Kind::of(&key).map_err(JwkReason::Key)?)?;
    let certificates = certificates(object, &key)?;
    let key_id = object.text("kid")?.filter(|kid| !kid.is_empty()).map(str::to_owned);
    let key = SigningKey::new(key, certificates).map_err(JwkReason::Key)?;
    Ok(key.described(key_id, algorithm))
}

fn algorithm(object: &Object, kind: Kind) -> Result<Option<SignatureAlgorithm>, JwkReason> {
    let Some(named) = object.text("alg")?.filter(|named| !named.is_empty()) else { return Ok(None) };
    let algorithm = SignatureAlgorithm::parse(named).filter(|algorithm| kind.can_sign_with(*algorithm));
    let possible = kind.default_algorithm();
    algorithm.map(Some).ok_or_else(|| JwkReason::Algorithm { named: printable(named), possible })
}

/// `x5c` (RFC 7517 §4.7): base64 with padding and its own alphabet, the key's certificate first.
fn certificates(object: &Object, key: &PKey<Private>) -> Result<Vec<Certificate>, JwkReason> {
    let encoded = object.texts("x5c").map_err(|_| JwkReason::Certificates)?.unwrap_or_default();
    if encoded.len() > MAXIMUM_CERTIFICATES {
        return Err(JwkReason::Certificates);
    }
    let decoded = encoded.iter().map(|text| {
        let der = STANDARD.decode(text).map_err(|_| JwkReason::Certificates)?;
        Certificate::from_der(&der).ok_or(JwkReason::Certificates)
    });
    let mut certificates = decoded.collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Ok(certificates);
    }
    let leaf = certificates.remove(0);
    if leaf.belongs_to(key) { Ok(chain::from_leaf(leaf, &certificates)) } else { Err(JwkReason::ForeignCertificate) }
}
