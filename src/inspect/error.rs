//! Why something is not a signed token that can be read; no message shows any of it but names.

use std::fmt;

use super::json::JsonFault;
use crate::explain::Explain;

/// The part of a token that a fault is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The JOSE header.
    Header,
    /// The claims.
    Claims,
    /// The signature.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims part",
            Self::Signature => "signature",
        })
    }
}

/// Why something cannot be read as a signed token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It is larger than any token.
    #[error("it is larger than {0} bytes, which no token is")]
    TooLarge(usize),
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// It is JSON, and no answer with a token in it.
    #[error("it is JSON without an `access_token`")]
    NoToken,
    /// It is the answer of a server that refused.
    #[error("it is a server's refusal, not a token")]
    Refusal,
    /// It is JWS JSON serialization with one signature (RFC 7515 §7.2.2).
    #[error("it is in the flattened JSON serialization of JWS, and a JWT is always in the compact one (RFC 7519 §3)")]
    Flattened,
    /// It is JWS JSON serialization (RFC 7515 §7.2.1).
    #[error(
        "it is in the JSON serialization of JWS with {0} signature(s), and a JWT is always in the compact one (RFC 7519 §3)"
    )]
    JsonSerialization(usize),
    /// It is encrypted (RFC 7516).
    #[error("it is encrypted (JWE), so only its recipient can read it")]
    Encrypted,
    /// It has no dots: a reference that means something to its issuer alone.
    #[error("it is opaque: a reference that means something to its issuer alone, or a piece of a token")]
    Opaque,
    /// It has blanks or line breaks inside.
    #[error("there are blanks or line breaks inside it")]
    Blanks,
    /// It has another number of parts than a signed token.
    #[error("it has {0} parts between dots, and a signed token has three (RFC 7515 §7.1)")]
    Parts(usize),
    /// A part is not base64url.
    #[error("its {part} is not base64url without padding: {fault}")]
    Base64Url {
        /// Which part.
        part: Part,
        /// What is wrong.
        fault: &'static str,
    },
    /// A part is not JSON, or not JSON that says one thing.
    #[error("its {part} {fault}")]
    Json {
        /// Which part.
        part: Part,
        /// What is wrong.
        fault: JsonFault,
    },
    /// The header names no algorithm.
    #[error("its header has no `alg` that is a text (RFC 7515 §4.1.1)")]
    NoAlgorithm,
    /// It is not signed at all.
    #[error("it is not signed (`alg` is `none`), so anybody can have written it (RFC 8725 §3.2)")]
    Unsecured,
    /// It is signed with a shared secret.
    #[error(
        "its `alg` is `{0}`, a shared secret; who took a public key for that secret would believe anybody (RFC 8725 §3.1)"
    )]
    Hmac(String),
    /// It is signed in a way that is not known here.
    #[error("its `alg` is `{0}`, which is not known here")]
    Algorithm(String),
    /// The key id is no text.
    #[error("its `kid` is not a text (RFC 7515 §4.1.4)")]
    KeyId,
    /// It demands that its reader understands an extension.
    #[error(
        "its header demands extensions that are not known here (`crit`: {0}), so it must be refused (RFC 7515 §4.1.11)"
    )]
    Critical(String),
    /// Its payload is not encoded.
    #[error("its payload is not encoded (`b64` in the header, RFC 7797), which no JWT may be")]
    Unencoded,
    /// There is another token in it.
    #[error("there is another token in it (`cty` is `JWT`), which Digdir and Altinn never issue")]
    Nested,
}

impl Explain for InspectError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "token_too_large",
            Self::NotUtf8 => "token_not_utf8",
            Self::Empty => "token_missing",
            Self::NoToken | Self::Refusal => "token_answer",
            Self::Flattened | Self::JsonSerialization(_) => "token_json_serialization",
            Self::Encrypted => "token_encrypted",
            Self::Opaque => "token_opaque",
            Self::Blanks | Self::Parts(_) => "token_parts",
            Self::Base64Url { .. } => "token_base64url",
            Self::Json { fault: JsonFault::Duplicate(_), .. } => "token_duplicate",
            Self::Json { .. } => "token_not_json",
            Self::NoAlgorithm | Self::Algorithm(_) | Self::KeyId => "token_header",
            Self::Unsecured => "token_unsecured",
            Self::Hmac(_) => "token_hmac",
            Self::Critical(_) => "token_critical",
            Self::Unencoded => "token_unencoded",
            Self::Nested => "token_nested",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge(_) | Self::NotUtf8 | Self::Empty | Self::NoToken => {
                "give one token and nothing else: maskinporten token --env local | maskinporten inspect".to_owned()
            }
            Self::Refusal => "read its `error` and `error_description`: there is no token in it".to_owned(),
            Self::Opaque => {
                "if it is whole, the API that it is for asks its issuer about it with introspection (RFC 7662)"
                    .to_owned()
            }
            Self::Encrypted => "decrypt it first, with the key that it was encrypted for".to_owned(),
            Self::Blanks | Self::Parts(_) | Self::Base64Url { .. } => {
                "copy the whole token again, on one line".to_owned()
            }
            Self::Unsecured | Self::Hmac(_) | Self::Critical(_) | Self::Unencoded => {
                "let no API accept it, and ask where it came from".to_owned()
            }
            Self::Flattened
            | Self::JsonSerialization(_)
            | Self::Json { .. }
            | Self::NoAlgorithm
            | Self::Algorithm(_)
            | Self::KeyId
            | Self::Nested => "ask where it came from: no token of Digdir's or Altinn's is like this".to_owned(),
        })
    }
}
