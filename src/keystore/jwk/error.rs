//! Why a JWK or a set of them gives no key, told apart so that each has its own remedy.

use crate::{
    explain::Explain,
    keystore::{Reason, SignatureAlgorithm},
};

/// Why a JWK gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkReason {
    /// The file is larger than any key.
    #[error("it is larger than {0} bytes, which no JWK is")]
    TooLarge(usize),
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// It is not JSON.
    #[error("it is not JSON: line {line}, column {column}")]
    NotJson {
        /// Where it stops being JSON.
        line: usize,
        /// The column there.
        column: usize,
    },
    /// It is base64 of JSON.
    #[error("it is not JSON, but base64 of something that may be")]
    Base64,
    /// It is JSON, and no key.
    #[error("it is JSON, but neither a JWK (with `kty`) nor a set of them (with `keys`)")]
    NoKey,
    /// The set has no keys.
    #[error("it is a JWK set without a key")]
    EmptySet,
    /// The set has more keys than anybody's.
    #[error("it is a JWK set with more than {0} keys")]
    TooManyKeys(usize),
    /// A member stands in it twice.
    #[error("the member `{0}` is in it twice")]
    Duplicate(String),
    /// A member that should be a text is something else.
    #[error("the member `{0}` is not a text")]
    NotText(String),
    /// A member that should be a list of texts is something else.
    #[error("the member `{0}` is not a list of texts")]
    NotTexts(String),
    /// A member is missing.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// Only the public half is there.
    #[error("it is a public key: the private member `d` is missing")]
    PublicOnly,
    /// It is a shared secret.
    #[error("it is a symmetric key (`kty` is `oct`), which signs no grant")]
    Symmetric,
    /// It is of a kind that nobody here knows.
    #[error("its `kty` is `{0}`; RSA, EC and OKP are known")]
    KeyType(String),
    /// It is not for signatures.
    #[error("its `use` is `{0}`, and only `sig` may sign")]
    Use(String),
    /// It may not sign.
    #[error("its `key_ops` do not include `sign`")]
    KeyOperations,
    /// It names an algorithm that it cannot sign with.
    #[error("its `alg` is `{named}`, which this key cannot do; it could sign with {possible}")]
    Algorithm {
        /// What it names.
        named: String,
        /// What it can do.
        possible: SignatureAlgorithm,
    },
    /// A member is not base64url.
    #[error("the member `{member}` is not base64url without padding: {fault}")]
    Base64Url {
        /// Which.
        member: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// Its members are not of one key.
    #[error("it is not one key: {0}")]
    Inconsistent(&'static str),
    /// The key signs no JWT.
    #[error(transparent)]
    Key(Reason),
    /// No key in the set has the id that was asked for.
    #[error("it has no key with the id `{wanted}`; it has{keys}")]
    NoSuchKeyId {
        /// What was asked for.
        wanted: String,
        /// The keys, a line each.
        keys: String,
    },
    /// Several keys could be meant.
    #[error("it has several keys and none is the obvious one:{keys}")]
    Ambiguous {
        /// The keys, a line each.
        keys: String,
    },
    /// `x5c` cannot be read.
    #[error("its `x5c` is not a list of certificates in base64")]
    Certificates,
    /// `x5c` is another key's.
    #[error("the first certificate in its `x5c` is not the key's")]
    ForeignCertificate,
}

impl Explain for JwkReason {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::NotUtf8 | Self::NotJson { .. } | Self::Base64 => "jwk_not_json",
            Self::NoKey | Self::EmptySet | Self::TooManyKeys(_) => "jwk_no_key",
            Self::Duplicate(_) | Self::NotText(_) | Self::NotTexts(_) | Self::Base64Url { .. } => "jwk_member",
            Self::Missing(_) => "jwk_member_missing",
            Self::PublicOnly => "jwk_public_only",
            Self::Symmetric => "jwk_symmetric",
            Self::Use(_) | Self::KeyOperations => "jwk_use",
            Self::Algorithm { .. } => "jwk_algorithm",
            Self::Inconsistent(_) => "jwk_inconsistent",
            Self::KeyType(_) => "keystore_key",
            Self::Key(reason) => reason.code(),
            Self::NoSuchKeyId { .. } | Self::Ambiguous { .. } => "jwk_key_id",
            Self::Certificates | Self::ForeignCertificate => "jwk_certificates",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge(_) | Self::NoKey | Self::EmptySet | Self::TooManyKeys(_) => {
                "give a private JWK, or make one: maskinporten keys new".to_owned()
            }
            Self::NotUtf8 => "save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > key.jwk.json".to_owned(),
            Self::NotJson { .. } => "compare with the file as it was downloaded, or download it again".to_owned(),
            Self::Base64 => "decode it first: base64 -d FILE > key.jwk.json".to_owned(),
            Self::Duplicate(_) | Self::NotText(_) | Self::NotTexts(_) | Self::Base64Url { .. } => {
                "take the JWK as its maker wrote it; RFC 7517 rules its form".to_owned()
            }
            Self::Missing(_) | Self::Inconsistent(_) => {
                "export the private JWK again, or make a new key: maskinporten keys new".to_owned()
            }
            Self::PublicOnly => "give the private JWK that was made together with this public one".to_owned(),
            Self::Symmetric | Self::KeyType(_) => {
                "give an RSA key, or make one: maskinporten keys new --rsa 3072".to_owned()
            }
            Self::Use(_) | Self::KeyOperations => {
                "give the key that was made for signatures, or make one: maskinporten keys new".to_owned()
            }
            Self::Algorithm { possible, .. } => format!("write \"alg\": \"{possible}\" in the JWK, or leave `alg` out"),
            Self::Key(_) => "make a key that Maskinporten takes: maskinporten keys new --rsa 3072".to_owned(),
            Self::NoSuchKeyId { .. } | Self::Ambiguous { .. } => "choose one of them with --kid KID".to_owned(),
            Self::Certificates | Self::ForeignCertificate => {
                "leave `x5c` out of the JWK, and pass --kid with the id under which the key is registered".to_owned()
            }
        })
    }
}
