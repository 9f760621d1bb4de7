//! Which key a source of keys gave when it was last opened, so that a token in the cache is found without opening it.
//!
//! What is written down is the key's public thumbprint (RFC 7638) under a hash of everything that decides which key is
//! taken: the kind of the source, the octets of its files, and the alias. That is safe:
//! - the same octets hold the same keys, whatever the password, and the same alias takes the same of them out;
//! - a file that was changed has other octets, so that it is unknown and must be opened again;
//! - a hardware token has no octets: it is known by its labels and serial number. When its key was changed under the
//!   same labels, a token that the former key was given is taken until it ends, for the same client and scopes;
//! - only who may read this user's cache learns anything from it, and there the tokens themselves are.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Cache, CacheError, damage::CorruptEntry, file_name::FileKind, hash, sealed};

const TITLE: &str = "maskinporten-cache-source";

/// The SHA-256 thumbprint of a public key (RFC 7638), in base64url: 43 letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyThumbprint(String);

/// Where a key is taken from, without opening it.
///
/// # Examples
/// ```
/// use maskinporten_token_generator::cache::KeySource;
///
/// let file = std::fs::read("testdata/modern.p12")?;
/// let source = KeySource::new("pkcs12").file(&file).label("alias", "0");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySource {
    kind: &'static str,
    parts: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    source: String,
    thumbprint: KeyThumbprint,
}

impl KeyThumbprint {
    /// Reads a thumbprint; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == 43 && text.bytes().all(letter)).then(|| Self(text.to_owned()))
    }

    /// The thumbprint in base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyThumbprint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("no thumbprint of a key")
    }
}

impl KeySource {
    /// A source of this kind, such as `pkcs12`, with nothing that tells it from others yet.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { kind, parts: Vec::new() }
    }

    /// Adds a file, by a hash of its octets: a key, or a certificate beside it.
    #[must_use]
    pub fn file(mut self, content: &[u8]) -> Self {
        self.parts.push(json!(["file", hash::sha256([content])]));
        self
    }

    /// Adds a choice, such as the alias that was asked for, or a hardware token's label.
    #[must_use]
    pub fn label(mut self, name: &str, text: &str) -> Self {
        self.parts.push(json!(["label", name, text]));
        self
    }

    /// What it is known by: 64 hexadecimal digits that say nothing of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hash::of_json(TITLE, &json!([self.kind, self.parts]))
    }
}

impl Cache {
    /// The key that this source gave when it was last opened; `None` when it is not known, or what was written down
    /// cannot be read, so that the source must be opened.
    ///
    /// # Errors
    /// [`CacheError::UnsafeFile`] when somebody else could have written it down.
    pub fn thumbprint_of(&self, source: &KeySource) -> Result<Option<KeyThumbprint>, CacheError> {
        let hash = source.hash();
        match self.folder.read(&FileKind::Source.name(&hash)) {
            Ok(content) => Ok(content.and_then(|content| remembered(&content, &hash).ok())),
            Err(error) if error.is_unavailable() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes down which key a source gave, to be called when it was opened.
    ///
    /// # Errors
    /// [`CacheError::Unavailable`] when it cannot be written; nothing is lost by passing over that.
    /// [`CacheError::UnsafeFile`] when a folder stands in its place.
    pub fn remember(&self, source: &KeySource, thumbprint: &KeyThumbprint) -> Result<(), CacheError> {
        let hash = source.hash();
        let remembered = json!({ "source": hash, "thumbprint": thumbprint }).to_string();
        self.folder.write(&FileKind::Source.name(&hash), &sealed::seal(TITLE, &[remembered.as_bytes()]))
    }
}

fn remembered(content: &[u8], hash: &str) -> Result<KeyThumbprint, CorruptEntry> {
    let content = sealed::unseal(TITLE, content)?;
    let remembered: Remembered = serde_json::from_slice(content).map_err(|_| CorruptEntry::Content)?;
    if remembered.source != hash {
        return Err(CorruptEntry::OtherKey);
    }
    Ok(remembered.thumbprint)
}
