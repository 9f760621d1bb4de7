//! The private key that was chosen, and what is sent along so that the server finds its public half.

use openssl::{
    bn::BigNumRef,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, Private},
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer, Verifier},
};

use super::{Certificate, Reason, SignatureAlgorithm};
use crate::explain::Explain;

/// RFC 7518 §3.3 wants 2048 bits or more; OpenSSL verifies nothing above 16384.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=16384;

/// A private key with its certificates, leaf first; without certificates the server must know it by a key id.
#[derive(Clone)]
pub struct SigningKey {
    key: PKey<Private>,
    kind: Kind,
    certificates: Vec<Certificate>,
}

/// What kind of key it is, as far as JWS tells kinds apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
    Edwards,
}

/// Why a key made no signature.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SigningError {
    /// The key is of a kind that cannot sign so.
    #[error("the private key cannot sign with {algorithm}")]
    KindMismatch {
        /// What was asked for.
        algorithm: SignatureAlgorithm,
        /// What this key can do.
        possible: SignatureAlgorithm,
    },
    /// OpenSSL did not sign.
    #[error("OpenSSL could not sign with the private key")]
    OpenSsl(#[source] ErrorStack),
    /// The signature does not verify with the key's own public half.
    #[error("the private key made a signature that its public half does not verify")]
    Inconsistent,
}

impl Explain for SigningError {
    fn code(&self) -> &'static str {
        "signing"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::KindMismatch { possible, .. } => format!("pass --alg {possible}, or use another key"),
            Self::OpenSsl(_) | Self::Inconsistent => "export the keystore again: its key is damaged".to_owned(),
        })
    }
}

impl SigningKey {
    /// Takes a key and its certificates, leaf first.
    ///
    /// # Errors
    /// [`Reason::KeyKind`] or [`Reason::KeySize`] when the key cannot sign a JWT.
    pub(super) fn new(key: PKey<Private>, certificates: Vec<Certificate>) -> Result<Self, Reason> {
        let kind = Kind::of(&key)?;
        Ok(Self { key, kind, certificates })
    }

    /// The certificates of the key, leaf to root; empty when the key came without.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The algorithm that this kind of key signs with when nobody asks for another.
    #[must_use]
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        match self.kind {
            Kind::Rsa => SignatureAlgorithm::Rs256,
            Kind::P256 => SignatureAlgorithm::Es256,
            Kind::P384 => SignatureAlgorithm::Es384,
            Kind::P521 => SignatureAlgorithm::Es512,
            Kind::Edwards => SignatureAlgorithm::EdDsa,
        }
    }

    /// Whether this key can sign with this algorithm.
    #[must_use]
    pub fn can_sign_with(&self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self.kind {
            Kind::Rsa => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Kind::P256 => algorithm == Es256,
            Kind::P384 => algorithm == Es384,
            Kind::P521 => algorithm == Es512,
            Kind::Edwards => algorithm == EdDsa,
        }
    }

    /// How many octets a signature has: for ECDSA the two numbers side by side (RFC 7518 §3.4).
    #[must_use]
    pub fn signature_length(&self) -> usize {
        self.coordinate_length().map_or_else(|| self.key.size(), |length| 2 * length)
    }

    /// Signs, and verifies the result before it leaves: a damaged key is found here and not by the server.
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign so, or signs wrongly.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if !self.can_sign_with(algorithm) {
            return Err(SigningError::KindMismatch { algorithm, possible: self.default_algorithm() });
        }
        let signature = self.openssl_sign(algorithm, message).map_err(SigningError::OpenSsl)?;
        if !self.openssl_verify(algorithm, message, &signature).map_err(SigningError::OpenSsl)? {
            return Err(SigningError::Inconsistent);
        }
        self.to_jws_form(signature).map_err(SigningError::OpenSsl)
    }

    fn openssl_sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut signer = match digest(algorithm) {
            Some(digest) => Signer::new(digest, &self.key)?,
            None => Signer::new_without_digest(&self.key)?,
        };
        if is_pss(algorithm) {
            signer.set_rsa_padding(Padding::PKCS1_PSS)?;
            signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        signer.sign_oneshot_to_vec(message)
    }

    fn openssl_verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        let mut verifier = match digest(algorithm) {
            Some(digest) => Verifier::new(digest, &self.key)?,
            None => Verifier::new_without_digest(&self.key)?,
        };
        if is_pss(algorithm) {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        verifier.verify_oneshot(signature, message)
    }

    /// ECDSA: from the DER of two numbers to the two numbers side by side (RFC 7518 §3.4).
    fn to_jws_form(&self, signature: Vec<u8>) -> Result<Vec<u8>, ErrorStack> {
        let Some(length) = self.coordinate_length() else { return Ok(signature) };
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        let numbers = EcdsaSig::from_der(&signature)?;
        Ok([numbers.r().to_vec_padded(length)?, numbers.s().to_vec_padded(length)?].concat())
    }

    fn coordinate_length(&self) -> Option<usize> {
        match self.kind {
            Kind::P256 => Some(32),
            Kind::P384 => Some(48),
            Kind::P521 => Some(66),
            Kind::Rsa | Kind::Edwards => None,
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("key", &"[REDACTED]")
            .field("kind", &self.kind)
            .field("certificates", &self.certificates)
            .finish()
    }
}

impl Kind {
    fn of(key: &PKey<Private>) -> Result<Self, Reason> {
        match key.id() {
            Id::RSA if !RSA_BITS.contains(&key.bits()) => Err(Reason::KeySize(key.bits())),
            Id::RSA if !numbers_fit(key) => Err(Reason::Damaged("the numbers of its RSA key do not belong together")),
            Id::RSA => Ok(Self::Rsa),
            Id::ED25519 | Id::ED448 => Ok(Self::Edwards),
            Id::EC => {
                let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
                match curve {
                    Some(Nid::X9_62_PRIME256V1) => Ok(Self::P256),
                    Some(Nid::SECP384R1) => Ok(Self::P384),
                    Some(Nid::SECP521R1) => Ok(Self::P521),
                    other => Err(Reason::KeyKind(format!(
                        "EC on the curve {}",
                        other.and_then(|curve| curve.short_name().ok()).unwrap_or("without a name")
                    ))),
                }
            }
            other => {
                let name = Nid::from_raw(other.as_raw()).long_name().unwrap_or("without a name");
                Err(Reason::KeyKind(name.to_owned()))
            }
        }
    }
}

/// Whether no number of an RSA key is longer than the modulus lets it be (RFC 8017 §3.2): OpenSSL computes with
/// whatever length it is given, for hours when a file says so.
fn numbers_fit(key: &PKey<Private>) -> bool {
    let Ok(rsa) = key.rsa() else { return false };
    let bits = |number: Option<&BigNumRef>| number.map_or(0, BigNumRef::num_bits);
    let (modulus, p, q) = (rsa.n().num_bits(), bits(rsa.p()), bits(rsa.q()));
    p + q <= modulus + 1
        && rsa.e().num_bits().max(rsa.d().num_bits()) <= modulus
        && bits(rsa.dmp1()).max(bits(rsa.iqmp())) <= p
        && bits(rsa.dmq1()) <= q
}

fn digest(algorithm: SignatureAlgorithm) -> Option<MessageDigest> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 | Ps256 | Es256 => Some(MessageDigest::sha256()),
        Rs384 | Ps384 | Es384 => Some(MessageDigest::sha384()),
        Rs512 | Ps512 | Es512 => Some(MessageDigest::sha512()),
        EdDsa => None,
    }
}

fn is_pss(algorithm: SignatureAlgorithm) -> bool {
    matches!(algorithm, SignatureAlgorithm::Ps256 | SignatureAlgorithm::Ps384 | SignatureAlgorithm::Ps512)
}
