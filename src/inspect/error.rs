//! The reasons why an input is not a readable signed token. Messages show member names, never values.

use std::fmt;

use crate::{explain::Explain, json::JsonError};

/// The part of a token that an error is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtPart {
    /// The JOSE header.
    Header,
    /// The payload: the claims set.
    Claims,
    /// The signature.
    Signature,
}

impl fmt::Display for JwtPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims set",
            Self::Signature => "signature",
        })
    }
}

/// The reason why an input cannot be read as a signed token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It exceeds the size limit.
    #[error("it is larger than {0} bytes, the limit for a token")]
    TooLarge(usize),
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is text without a token.
    #[error("no token was found in it")]
    NotFound,
    /// It contains several tokens.
    #[error("it contains {0} different tokens")]
    Several(usize),
    /// It is JSON, but not a response with a token in it.
    #[error("it is JSON without an `access_token`")]
    NoToken,
    /// It is an OAuth error response.
    #[error("it is an OAuth error response, not a token")]
    Refusal,
    /// It is the flattened JWS JSON serialization (RFC 7515 §7.2.2).
    #[error("it is in the flattened JSON serialization of JWS; a JWT uses the compact serialization (RFC 7519 §3)")]
    Flattened,
    /// It is the general JWS JSON serialization (RFC 7515 §7.2.1).
    #[error(
        "it is in the JSON serialization of JWS with {0} signature(s); a JWT uses the compact serialization (RFC 7519 §3)"
    )]
    JsonSerialization(usize),
    /// It is encrypted (RFC 7516).
    #[error("it is encrypted (JWE), so only its recipient can read it")]
    Encrypted,
    /// It has no dots: a reference token.
    #[error("it is opaque: a reference that only its issuer can resolve, or a fragment of a token")]
    Opaque,
    /// It contains white space.
    #[error("it contains spaces or line breaks")]
    Whitespace,
    /// It does not have three parts.
    #[error("it has {0} parts separated by dots; a signed token has three (RFC 7515 §7.1)")]
    Parts(usize),
    /// A part is not base64url.
    #[error("its {part} is not base64url without padding: {fault}")]
    Base64Url {
        /// The part.
        part: JwtPart,
        /// The fault in its encoding.
        fault: &'static str,
    },
    /// A part is not JSON.
    #[error("its {part} cannot be parsed: {error}")]
    Json {
        /// The part.
        part: JwtPart,
        /// The reason.
        error: JsonError,
    },
    /// A part is JSON, but not an object.
    #[error("its {0} is JSON, but not an object")]
    NotObject(JwtPart),
    /// A part contains a member twice, at any depth.
    #[error("its {part} contains the member `{member}` twice")]
    Duplicate {
        /// The part.
        part: JwtPart,
        /// The name of the member.
        member: String,
    },
    /// The header does not name an algorithm.
    #[error("its header has no `alg`, or one that is not a string (RFC 7515 §4.1.1)")]
    NoAlgorithm,
    /// It is unsigned.
    #[error("it is not signed (`alg` is `none`), so anyone can have written it (RFC 8725 §3.2)")]
    Unsecured,
    /// It is signed with a shared secret.
    #[error(
        "its `alg` is `{0}`, a shared secret; a verifier that uses a public key as the secret accepts forgeries (RFC 8725 §3.1)"
    )]
    Hmac(String),
    /// The algorithm is not supported.
    #[error("its `alg` is `{0}`, which is not supported")]
    Algorithm(String),
    /// The key id is not a string.
    #[error("its `kid` is not a string (RFC 7515 §4.1.4)")]
    KeyId,
    /// A critical header parameter is not supported.
    #[error("unsupported critical header parameters (`crit`: {0}), so it must be rejected (RFC 7515 §4.1.11)")]
    Critical(String),
    /// Its payload is not base64url-encoded.
    #[error("its payload is not encoded (`b64` in the header), which a JWT must not use (RFC 7797 §7)")]
    Unencoded,
    /// Its payload is another token.
    #[error("it contains another token (`cty` is `JWT`), which Digdir and Altinn never issue")]
    Nested,
}

impl Explain for InspectError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "token_too_large",
            Self::NotUtf8 => "token_not_utf8",
            Self::Empty | Self::NotFound => "token_missing",
            Self::Several(_) => "token_several",
            Self::NoToken | Self::Refusal => "token_answer",
            Self::Flattened | Self::JsonSerialization(_) => "token_json_serialization",
            Self::Encrypted => "token_encrypted",
            Self::Opaque => "token_opaque",
            Self::Whitespace | Self::Parts(_) => "token_parts",
            Self::Base64Url { .. } => "token_base64url",
            Self::Duplicate { .. } => "token_duplicate",
            Self::Json { .. } | Self::NotObject(_) => "token_not_json",
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
            Self::TooLarge(_) | Self::NotUtf8 | Self::Empty | Self::NotFound | Self::Several(_) | Self::NoToken => {
                "pass exactly one token: maskinporten token --env local | maskinporten inspect".to_owned()
            }
            Self::Refusal => "pass it to maskinporten explain to see what it means".to_owned(),
            Self::Opaque => {
                "if it is complete, the API it is intended for validates it with introspection (RFC 7662)".to_owned()
            }
            Self::Encrypted => "decrypt it first, with the private key of its recipient".to_owned(),
            Self::Whitespace | Self::Parts(_) | Self::Base64Url { .. } => {
                "copy the whole token again, on one line".to_owned()
            }
            Self::Unsecured | Self::Hmac(_) | Self::Critical(_) | Self::Unencoded => {
                "do not accept it in any API, and find out where it came from".to_owned()
            }
            Self::Flattened
            | Self::JsonSerialization(_)
            | Self::Json { .. }
            | Self::NotObject(_)
            | Self::Duplicate { .. }
            | Self::NoAlgorithm
            | Self::Algorithm(_)
            | Self::KeyId
            | Self::Nested => "find out where it came from: Digdir and Altinn do not issue such tokens".to_owned(),
        })
    }
}
