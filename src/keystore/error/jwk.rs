//! Why no key could be loaded from a JWK or JWK set.

use super::KeystoreErrorKind;
use crate::{
    explain::Explain,
    json::JsonError,
    keystore::{FileFormat, SignatureAlgorithm},
};

/// Why no key could be loaded from a JWK or JWK set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkErrorKind {
    /// The file is larger than the limit in bytes.
    #[error("it is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The file is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// The file is not JSON.
    #[error(transparent)]
    NotJson(JsonError),
    /// The file has another format.
    #[error("it is not a JWK: {0}")]
    OtherFormat(FileFormat),
    /// The file is JSON, but not a key.
    #[error("it is JSON, but neither a JWK (with `kty`) nor a set of them (with `keys`)")]
    NoKey,
    /// The set has no keys.
    #[error("it is an empty JWK set")]
    EmptySet,
    /// The set has more keys than allowed.
    #[error("it is a JWK set with more than {0} keys")]
    TooManyKeys(usize),
    /// A member occurs twice.
    #[error("the member `{0}` occurs twice")]
    Duplicate(String),
    /// A member is not a string.
    #[error("the member `{0}` is not a string")]
    NotText(String),
    /// A member is not an array of strings.
    #[error("the member `{0}` is not an array of strings")]
    NotTexts(String),
    /// A member is missing.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// The key is public.
    #[error("it is a public key: the private member `d` is missing")]
    PublicOnly,
    /// The key is a shared secret.
    #[error("it is a symmetric key (`kty` is `oct`), which cannot sign a grant")]
    Symmetric,
    /// The key type is not supported.
    #[error("its `kty` is `{0}`, but only RSA, EC and OKP are supported")]
    KeyType(String),
    /// The key is not for signatures.
    #[error("its `use` is `{0}`, not `sig`")]
    Use(String),
    /// The key may not sign.
    #[error("its `key_ops` do not include `sign`")]
    KeyOperations,
    /// The key does not support its own algorithm.
    #[error("its `alg` is `{named}`, which this key does not support; it signs with {possible}")]
    Algorithm {
        /// The `alg` of the JWK.
        named: String,
        /// The default algorithm of the key.
        possible: SignatureAlgorithm,
    },
    /// A member is not base64url.
    #[error("the member `{member}` is not base64url without padding: {fault}")]
    Base64Url {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The members do not form one key.
    #[error("its members do not form one key: {0}")]
    Inconsistent(&'static str),
    /// The key cannot sign a JWT.
    #[error(transparent)]
    Key(KeystoreErrorKind),
    /// No key in the set has this id.
    #[error("it has no key with the id `{wanted}`; its keys are:{keys}")]
    NoSuchKeyId {
        /// The id that was asked for.
        wanted: String,
        /// The keys, one per line.
        keys: String,
    },
    /// Several keys may sign.
    #[error("it has several keys to choose from:{keys}")]
    Ambiguous {
        /// The keys, one per line.
        keys: String,
    },
    /// `x5c` cannot be parsed.
    #[error("its `x5c` is not an array of certificates in base64")]
    Certificates,
    /// `x5c` belongs to another key.
    #[error("no certificate in its `x5c` belongs to the key")]
    ForeignCertificate,
}

impl Explain for JwkErrorKind {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::NotUtf8 | Self::NotJson(_) | Self::OtherFormat(_) => "jwk_not_json",
            Self::NoKey | Self::EmptySet | Self::TooManyKeys(_) => "jwk_no_key",
            Self::Duplicate(_) | Self::NotText(_) | Self::NotTexts(_) | Self::Base64Url { .. } => "jwk_member",
            Self::Missing(_) => "jwk_member_missing",
            Self::PublicOnly => "jwk_public_only",
            Self::Symmetric => "jwk_symmetric",
            Self::Use(_) | Self::KeyOperations => "jwk_use",
            Self::Algorithm { .. } => "jwk_algorithm",
            Self::Inconsistent(_) => "jwk_inconsistent",
            Self::KeyType(_) => "keystore_key",
            Self::Key(kind) => kind.code(),
            Self::NoSuchKeyId { .. } | Self::Ambiguous { .. } => "jwk_key_id",
            Self::Certificates | Self::ForeignCertificate => "jwk_certificates",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::OtherFormat(FileFormat::Pem) => "pass it as a PEM key with --key, not as a JWK".to_owned(),
            Self::OtherFormat(FileFormat::Pkcs12) => {
                "pass it as a keystore with --keystore (-k), not as a JWK".to_owned()
            }
            Self::OtherFormat(FileFormat::Jks | FileFormat::Jceks) => {
                "convert it to PKCS#12 with keytool, and pass that with --keystore (-k), not as a JWK".to_owned()
            }
            Self::OtherFormat(FileFormat::DerKey) => "pass it with --key, not as a JWK".to_owned(),
            Self::TooLarge(_)
            | Self::NotUtf8
            | Self::OtherFormat(_)
            | Self::NoKey
            | Self::EmptySet
            | Self::TooManyKeys(_) => "pass a private JWK, or make one: maskinporten keys new".to_owned(),
            Self::NotJson(_) => "compare with the file as it was downloaded, or download it again".to_owned(),
            Self::Duplicate(_) | Self::NotText(_) | Self::NotTexts(_) | Self::Base64Url { .. } => {
                "export the JWK again without changing it (RFC 7517)".to_owned()
            }
            Self::Missing(_) | Self::Inconsistent(_) => {
                "export the private JWK again, or make a new key: maskinporten keys new".to_owned()
            }
            Self::PublicOnly => "pass the private JWK that belongs to this public one".to_owned(),
            Self::Symmetric | Self::KeyType(_) => {
                "pass an RSA key, or make one: maskinporten keys new --rsa 3072".to_owned()
            }
            Self::Use(_) | Self::KeyOperations => {
                "pass a key for signatures, or make one: maskinporten keys new".to_owned()
            }
            Self::Algorithm { possible, .. } => format!("write \"alg\": \"{possible}\" in the JWK, or leave `alg` out"),
            Self::Key(kind @ KeystoreErrorKind::PssCertificate) => kind.hint(""),
            Self::Key(_) => "make a key that Maskinporten accepts: maskinporten keys new --rsa 3072".to_owned(),
            Self::NoSuchKeyId { .. } | Self::Ambiguous { .. } => "choose one of them with --kid KID".to_owned(),
            Self::Certificates | Self::ForeignCertificate => {
                "leave `x5c` out of the JWK, and pass the id of the registered key with --kid".to_owned()
            }
        })
    }
}
