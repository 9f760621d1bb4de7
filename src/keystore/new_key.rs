//! Generates a key for a client, as a private JWK.
//!
//! Digdir registers its public key ([`SigningKey::public_jwk`]) and requires 2048 bits or more. NIST SP 800-57 requires
//! 3072 bits of keys that are used beyond 2030.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::BigNumRef,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{KeystoreErrorKind, SigningKey, error::shown, openssl_key, public_key::is_registrable_key_id};
use crate::explain::Explain;

/// The kinds of keys that can be generated; Maskinporten accepts RSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKeyKind {
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
    /// EC on P-256.
    P256,
    /// Ed25519.
    Ed25519,
}

/// A generated key.
#[derive(Debug)]
pub struct NewKey {
    key: SigningKey,
    key_id: String,
    jwk: SecretString,
}

/// Why no key was generated.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NewKeyError {
    /// Digdir does not accept the key id.
    #[error("`{0}` is not a valid key id: Digdir accepts letters, digits and `._-`, 255 at most")]
    KeyId(String),
    /// OpenSSL failed.
    #[error("OpenSSL could not generate a key")]
    OpenSsl(#[source] ErrorStack),
    /// The key that OpenSSL generated cannot sign a JWT.
    #[error("OpenSSL generated a key that cannot be used")]
    Unusable(#[source] KeystoreErrorKind),
}

impl Explain for NewKeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::KeyId(_) => "key_id",
            Self::OpenSsl(_) | Self::Unusable(_) => "key_generation",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::KeyId(_) => "leave --kid out to use the key's thumbprint (RFC 7638)".to_owned(),
            Self::OpenSsl(_) | Self::Unusable(_) => "check whether OpenSSL works: openssl genrsa 3072".to_owned(),
        })
    }
}

impl From<ErrorStack> for NewKeyError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error)
    }
}

impl NewKey {
    /// Generates a key; without a key id, its thumbprint (RFC 7638) becomes the id.
    ///
    /// # Errors
    /// [`NewKeyError::KeyId`] if Digdir would not accept the id; the others if OpenSSL fails.
    pub fn generate(kind: NewKeyKind, key_id: Option<&str>) -> Result<Self, NewKeyError> {
        if let Some(invalid) = key_id.filter(|key_id| !is_registrable_key_id(key_id)) {
            return Err(NewKeyError::KeyId(shown(invalid)));
        }
        let pkey = generate(kind)?;
        let key = openssl_key::private_key(pkey.clone()).ok_or(openssl_key::DAMAGED);
        let key = key.and_then(|key| SigningKey::new(key, Vec::new())).map_err(NewKeyError::Unusable)?;
        let key_id = key_id.map_or_else(|| key.thumbprint(), str::to_owned);
        let algorithm = key.default_algorithm();
        let key = key.with_key_id(Some(key_id.clone()), Some(algorithm));
        let jwk = private_jwk(&pkey, &key, &key_id)?;
        Ok(Self { key, key_id, jwk })
    }

    /// Returns the private JWK as indented JSON; only its owner may be able to read the file it is written to.
    #[must_use]
    pub fn private_jwk(&self) -> &SecretString {
        &self.jwk
    }

    /// Returns the key id.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Returns the key, which gives the public JWK.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}

fn generate(kind: NewKeyKind) -> Result<PKey<Private>, ErrorStack> {
    match kind {
        NewKeyKind::Rsa3072 => PKey::from_rsa(Rsa::generate(3072)?),
        NewKeyKind::Rsa4096 => PKey::from_rsa(Rsa::generate(4096)?),
        NewKeyKind::P256 => PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?),
        NewKeyKind::Ed25519 => PKey::generate_ed25519(),
    }
}

/// Writes the public JWK with the private members after it (RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2).
///
/// Not by serde, which would copy private members to memory that is not erased. Nothing needs escaping: the values are
/// base64url, registered names and a checked key id.
fn private_jwk(pkey: &PKey<Private>, key: &SigningKey, key_id: &str) -> Result<SecretString, ErrorStack> {
    // Large enough not to grow, which would leave a copy behind: a key of 4096 bits takes about 3300 bytes.
    let mut json = Zeroizing::new(String::with_capacity(16 * 1024));
    json.push('{');
    for (name, value) in key.public().jwk_members(key_id, key.default_algorithm()) {
        push(&mut json, name, &value);
    }
    for (name, bytes) in private_members(pkey)? {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes));
        push(&mut json, name, &encoded);
    }
    json.push_str("\n}\n");
    Ok(SecretString::from(json.as_str()))
}

fn push(json: &mut String, name: &str, value: &str) {
    json.push_str(if json.len() == 1 { "\n" } else { ",\n" });
    for part in ["  \"", name, "\": \"", value, "\""] {
        json.push_str(part);
    }
}

type PrivateMember = (&'static str, Zeroizing<Vec<u8>>);

fn private_members(pkey: &PKey<Private>) -> Result<Vec<PrivateMember>, ErrorStack> {
    if let Ok(rsa) = pkey.rsa() {
        let bytes = |number: &BigNumRef| Zeroizing::new(number.to_vec());
        let rest = [("p", rsa.p()), ("q", rsa.q()), ("dp", rsa.dmp1()), ("dq", rsa.dmq1()), ("qi", rsa.iqmp())];
        let rest = rest.into_iter().filter_map(|(name, number)| Some((name, bytes(number?))));
        return Ok(std::iter::once(("d", bytes(rsa.d()))).chain(rest).collect());
    }
    let d = match pkey.ec_key() {
        Ok(ec) => ec.private_key().to_vec_padded(pkey.bits().div_ceil(8).cast_signed())?,
        Err(_) => pkey.raw_private_key()?,
    };
    Ok(vec![("d", Zeroizing::new(d))])
}
