//! Makes a new key for a client, as the private JWK that its owner keeps.
//!
//! The public half, which Digdir registers, comes from [`SigningKey::public_jwk`]. Sizes are Digdir's: 2048 bits or
//! more, and 3072 is what NIST SP 800-57 asks of keys that are used beyond 2030.

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

use super::{
    Reason, SigningKey,
    certificate::printable,
    public_key::{Kind, is_registrable_key_id},
};
use crate::explain::Explain;

/// The kinds of keys that are made here; Maskinporten takes RSA.
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

/// A key that was just made.
#[derive(Debug)]
pub struct NewKey {
    key: SigningKey,
    key_id: String,
    jwk: SecretString,
}

/// Why no key was made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NewKeyError {
    /// Digdir does not take such a key id.
    #[error("`{0}` cannot be a key id: Digdir takes letters, digits and `._-`, 255 at most")]
    KeyId(String),
    /// OpenSSL made no key.
    #[error("OpenSSL could not make a key")]
    OpenSsl(#[source] ErrorStack),
    /// The key that OpenSSL made is not one to sign with.
    #[error("OpenSSL made a key that cannot be used")]
    Unusable(#[source] Reason),
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
            Self::KeyId(_) => "leave --kid out: the key's own thumbprint (RFC 7638) will do".to_owned(),
            Self::OpenSsl(_) | Self::Unusable(_) => "try what OpenSSL itself can do: openssl genrsa 3072".to_owned(),
        })
    }
}

impl From<ErrorStack> for NewKeyError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error)
    }
}

impl NewKey {
    /// Makes a key; without a key id it gets its thumbprint (RFC 7638) as one.
    ///
    /// # Errors
    /// [`NewKeyError::KeyId`] when Digdir would not take the id; the others when OpenSSL fails.
    pub fn generate(kind: NewKeyKind, key_id: Option<&str>) -> Result<Self, NewKeyError> {
        if let Some(refused) = key_id.filter(|key_id| !is_registrable_key_id(key_id)) {
            return Err(NewKeyError::KeyId(printable(refused)));
        }
        let pkey = make(kind)?;
        let key = SigningKey::new(pkey.clone(), Vec::new()).map_err(NewKeyError::Unusable)?;
        let key_id = key_id.map_or_else(|| key.thumbprint(), str::to_owned);
        let algorithm = key.default_algorithm();
        let key = key.described(Some(key_id.clone()), Some(algorithm));
        let jwk = private_jwk(&pkey, &key)?;
        Ok(Self { key, key_id, jwk })
    }

    /// The private JWK as indented JSON, to be written where only its owner can read it.
    #[must_use]
    pub fn private_jwk(&self) -> &SecretString {
        &self.jwk
    }

    /// The key id that it got.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The key, from which the public JWK is made.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}

fn make(kind: NewKeyKind) -> Result<PKey<Private>, ErrorStack> {
    match kind {
        NewKeyKind::Rsa3072 => PKey::from_rsa(Rsa::generate(3072)?),
        NewKeyKind::Rsa4096 => PKey::from_rsa(Rsa::generate(4096)?),
        NewKeyKind::P256 => PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?),
        NewKeyKind::Ed25519 => PKey::generate_ed25519(),
    }
}

/// The public JWK with the private members after it (RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2).
///
/// Written by hand, so that no private member is copied into memory that is not erased. Nothing needs escaping:
/// values are base64url, registered names, and a key id of a checked alphabet.
fn private_jwk(pkey: &PKey<Private>, key: &SigningKey) -> Result<SecretString, ErrorStack> {
    // With room for all, so that growing leaves no copy behind: 4096 bits come to some 3300 octets.
    let mut json = Zeroizing::new(String::with_capacity(16 * 1024));
    json.push('{');
    let public = key.public_jwk(key.key_id().unwrap_or_default(), key.default_algorithm());
    for (name, value) in public.as_object().into_iter().flatten() {
        push(&mut json, name, value.as_str().unwrap_or_default());
    }
    for (name, octets) in private_members(pkey, key.public().kind())? {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*octets));
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

type Member = (&'static str, Zeroizing<Vec<u8>>);

fn private_members(pkey: &PKey<Private>, kind: Kind) -> Result<Vec<Member>, ErrorStack> {
    let octets = |number: &BigNumRef| Zeroizing::new(number.to_vec());
    match (kind, kind.coordinate_length()) {
        (Kind::Rsa { .. }, _) => {
            let rsa = pkey.rsa()?;
            let rest = [("p", rsa.p()), ("q", rsa.q()), ("dp", rsa.dmp1()), ("dq", rsa.dmq1()), ("qi", rsa.iqmp())];
            let rest = rest.into_iter().filter_map(|(name, number)| Some((name, octets(number?))));
            Ok(std::iter::once(("d", octets(rsa.d()))).chain(rest).collect())
        }
        (_, Some(length)) => {
            let length = i32::try_from(length).unwrap_or_default();
            let d = pkey.ec_key()?.private_key().to_vec_padded(length)?;
            Ok(vec![("d", Zeroizing::new(d))])
        }
        (_, None) => Ok(vec![("d", Zeroizing::new(pkey.raw_private_key()?))]),
    }
}
