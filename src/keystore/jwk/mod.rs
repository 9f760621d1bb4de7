//! JSON Web Keys (RFC 7517): one private key, or a set from which one is chosen by its id.
//!
//! The public keys of others are a [`KeySet`]. josekit is not used: it accepts keys whose members contradict each
//! other, and signs with them.

mod key;
mod key_set;
mod object;
mod parse;

use std::{fmt::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use self::key_set::{KeySet, KeySetError};
use self::{object::JwkObject, parse::parse};
use super::{
    Certificate, JwkErrorKind, KeyFileKind, KeystoreError, KeystoreErrorKind, MAXIMUM_CERTIFICATES, SignatureAlgorithm,
    SigningKey, chain,
    error::shown,
    public_key::{KeyKind, PublicKey},
    read_key_file,
};

/// A parsed JWK or JWK set, from which a key is chosen.
pub struct JwkFile {
    name: String,
    keys: Vec<JwkObject>,
    is_set: bool,
}

impl JwkFile {
    /// Reads the JWK or JWK set at `path`.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] if the file cannot be read, otherwise as [`JwkFile::parse`].
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        Self::parse(&path.display().to_string(), &*read_key_file(KeyFileKind::Jwk, path)?)
    }

    /// Parses a JWK or JWK set; `name` is for messages.
    ///
    /// # Errors
    /// [`KeystoreError::Jwk`] with the reason: not JSON, or not a key.
    pub fn parse(name: &str, json: impl AsRef<[u8]>) -> Result<Self, KeystoreError> {
        let (keys, is_set) = parse(json.as_ref()).map_err(|source| unusable(name, source))?;
        Ok(Self { name: name.to_owned(), keys, is_set })
    }

    /// Returns whether it is a set, from which a key is chosen by its id; a single JWK is used whatever its id is.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set
    }

    /// Chooses the key of a set with this id; without an id the only key that may sign.
    ///
    /// # Errors
    /// [`KeystoreError::Jwk`] with the reason: unknown id, several keys to choose from, or a key that cannot sign.
    pub fn choose(self, key_id: Option<&str>) -> Result<SigningKey, KeystoreError> {
        let chosen = match key_id {
            Some(wanted) if self.is_set => self.by_key_id(wanted),
            _ => self.only(),
        };
        chosen.and_then(signing_key).map_err(|source| unusable(&self.name, source))
    }

    /// Returns every key with its id, or why it cannot sign.
    pub(super) fn signing_keys(&self) -> impl Iterator<Item = (String, Result<SigningKey, JwkErrorKind>)> {
        self.keys.iter().map(|object| (object.label(), signing_key(object)))
    }

    fn by_key_id(&self, wanted: &str) -> Result<&JwkObject, JwkErrorKind> {
        let named = self.keys.iter().filter(|object| object.text("kid").is_ok_and(|kid| kid == Some(wanted)));
        match named.collect::<Vec<_>>().as_slice() {
            [] => Err(JwkErrorKind::NoSuchKeyId { wanted: shown(wanted), keys: self.list() }),
            [only] => Ok(only),
            several => self.only_able(several),
        }
    }

    fn only(&self) -> Result<&JwkObject, JwkErrorKind> {
        if let [only] = self.keys.as_slice() {
            return Ok(only);
        }
        self.only_able(&self.keys.iter().collect::<Vec<_>>())
    }

    /// Returns the only key among `candidates` that may sign: a set often has the public half of a key beside it, or
    /// a key for encryption. The same key may be there twice.
    fn only_able<'file>(&'file self, candidates: &[&'file JwkObject]) -> Result<&'file JwkObject, JwkErrorKind> {
        let mut able = candidates.iter().filter(|object| check_may_sign(object).is_ok() && is_for_signatures(object));
        let Some(first) = able.next() else { return Err(JwkErrorKind::Ambiguous { keys: self.list() }) };
        let is_same = |other: &&JwkObject| {
            ["kid", "kty", "alg", "d", "n", "x"].iter().all(|name| first.text(name) == other.text(name))
        };
        if able.all(is_same) { Ok(first) } else { Err(JwkErrorKind::Ambiguous { keys: self.list() }) }
    }

    /// Lists the keys for an error, one per line.
    fn list(&self) -> String {
        self.keys.iter().fold(String::new(), |mut text, object| {
            let key_type = object.text("kty").ok().flatten().unwrap_or("no `kty`");
            let _ = write!(text, "\n  {}: {}", object.label(), shown(key_type));
            if let Err(kind) = check_may_sign(object) {
                let _ = write!(text, "; {kind}");
            }
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

fn unusable(name: &str, source: JwkErrorKind) -> KeystoreError {
    KeystoreError::Jwk { name: name.to_owned(), source }
}

/// Checks that a key is meant to sign, before its numbers are read.
fn check_may_sign(object: &JwkObject) -> Result<(), JwkErrorKind> {
    object.check_duplicate()?;
    if object.required("kty")? == "oct" {
        return Err(JwkErrorKind::Symmetric);
    }
    if !object.has("d") {
        return Err(JwkErrorKind::PublicOnly);
    }
    object.check_use(&["sign"])
}

/// Returns whether the algorithm and the curve are for signatures and not for encryption; `use` is often left out.
fn is_for_signatures(object: &JwkObject) -> bool {
    let algorithm = object.text("alg").ok().flatten();
    let curve = object.text("crv").ok().flatten();
    algorithm.is_none_or(|name| SignatureAlgorithm::parse(name).is_some()) && !matches!(curve, Some("X25519" | "X448"))
}

fn signing_key(object: &JwkObject) -> Result<SigningKey, JwkErrorKind> {
    check_may_sign(object)?;
    let key = key::private_key(object)?;
    let algorithm = algorithm(object, key.public.kind().map_err(JwkErrorKind::Key)?)?;
    let certificates = certificates(object, &key.public)?;
    let key_id = object.text("kid")?.map(str::to_owned);
    let key = SigningKey::new(key, certificates).map_err(JwkErrorKind::Key)?;
    Ok(key.with_key_id(key_id, algorithm))
}

fn algorithm(object: &JwkObject, kind: KeyKind) -> Result<Option<SignatureAlgorithm>, JwkErrorKind> {
    let Some(named) = object.text("alg")? else { return Ok(None) };
    let algorithm = SignatureAlgorithm::parse(named).filter(|algorithm| kind.can_sign_with(*algorithm));
    let possible = kind.default_algorithm();
    algorithm.map(Some).ok_or_else(|| JwkErrorKind::Algorithm { named: shown(named), possible })
}

/// Returns the chain in `x5c` (RFC 7517 §4.7): standard base64 with padding, the key's certificate first.
///
/// Of several certificates for the key, as after a renewal, one that may sign and is valid now is preferred, whatever
/// their order.
fn certificates(object: &JwkObject, key: &PublicKey) -> Result<Vec<Certificate>, JwkErrorKind> {
    let Some(encoded) = object.texts("x5c").map_err(|_| JwkErrorKind::Certificates)? else { return Ok(Vec::new()) };
    if encoded.len() > MAXIMUM_CERTIFICATES {
        return Err(JwkErrorKind::Certificates);
    }
    let decoded = encoded.iter().map(|text| {
        let der = STANDARD.decode(text).map_err(|_| JwkErrorKind::Certificates)?;
        Certificate::from_der(&der).ok_or(JwkErrorKind::Certificates)
    });
    let certificates = decoded.collect::<Result<Vec<_>, _>>()?;
    match chain::leaf(&certificates, |certificate| certificate.belongs_to(key)) {
        Some(leaf) => Ok(chain::from_leaf(certificates[leaf].clone(), &certificates)),
        None if certificates.is_empty() => Ok(certificates),
        None if certificates.iter().any(|certificate| certificate.is_for_pss_with(key)) => {
            Err(JwkErrorKind::Key(KeystoreErrorKind::PssCertificate))
        }
        None => Err(JwkErrorKind::ForeignCertificate),
    }
}
