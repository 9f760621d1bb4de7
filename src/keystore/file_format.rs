//! Guesses the format of a file from its first bytes, for error messages.

use std::fmt;

use crate::file;

/// The likely format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// No content.
    Empty,
    /// Text with `-----BEGIN`.
    Pem,
    /// A Java keystore (JKS).
    Jks,
    /// A Java keystore with stronger encryption (JCEKS).
    Jceks,
    /// JSON, such as a JWK or JWK set.
    Jwk,
    /// A certificate in DER.
    DerCertificate,
    /// A private key in DER: PKCS#8, PKCS#1 or SEC1.
    DerKey,
    /// Certificates in PKCS#7 (`.p7b`).
    Pkcs7,
    /// A PKCS#12 keystore: a SEQUENCE with version 3 (RFC 7292 §4).
    Pkcs12,
    /// Base64 text, perhaps of a keystore.
    Base64,
    /// Anything else.
    Unknown,
}

impl FileFormat {
    /// Guesses the format from the first bytes of a file.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Self {
        // "Bag Attributes" and other text often precede the first block.
        let start = &bytes[..bytes.len().min(8192)];
        let decoded = file::decode_text(start);
        let text = decoded.as_ref().map_or(start, |text| text.as_bytes()).trim_ascii_start();
        match bytes {
            _ if text.is_empty() => Self::Empty,
            [0xfe, 0xed, 0xfe, 0xed, ..] => Self::Jks,
            [0xce, 0xce, 0xce, 0xce, ..] => Self::Jceks,
            _ if text.starts_with(b"{") || text.starts_with(b"[") => Self::Jwk,
            _ if text.windows(10).any(|window| window == b"-----BEGIN") => Self::Pem,
            // Base64 of `{"`, `{` and a line break, or `[{`. A JWT has dots.
            _ if ["eyJ", "ewo", "ew0K", "W3s"].iter().any(|start| text.starts_with(start.as_bytes()))
                && !text.contains(&b'.') =>
            {
                Self::Jwk
            }
            // Base64 of a SEQUENCE with a two-byte length.
            _ if text.starts_with(b"MI") => Self::Base64,
            [0x30, ..] => Self::sniff_der(bytes),
            _ => Self::Unknown,
        }
    }

    fn sniff_der(bytes: &[u8]) -> Self {
        match content(bytes) {
            // PKCS#7 begins with an object identifier, PKCS#8 and PKCS#1 with version 0, SEC1 with version 1. A
            // certificate begins with a SEQUENCE of a version in [0] or, in version 1, of the serial number.
            Some([0x06, ..]) => Self::Pkcs7,
            Some([0x02, 0x01, 0x00 | 0x01, ..]) => Self::DerKey,
            Some([0x02, 0x01, 0x03, ..]) => Self::Pkcs12,
            Some(inner @ [0x30, ..]) => match content(inner) {
                Some([0xa0 | 0x02, ..]) => Self::DerCertificate,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// Returns whether this is a known format that is not text.
    #[must_use]
    pub(super) fn is_binary(self) -> bool {
        match self {
            Self::Jks | Self::Jceks | Self::DerCertificate | Self::DerKey | Self::Pkcs7 | Self::Pkcs12 => true,
            Self::Empty | Self::Pem | Self::Jwk | Self::Base64 | Self::Unknown => false,
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "it is empty",
            Self::Pem => "it looks like PEM text",
            Self::Jks => "it looks like a Java keystore (JKS)",
            Self::Jceks => "it looks like a Java keystore (JCEKS)",
            Self::Jwk => "it looks like JSON, perhaps a JWK",
            Self::DerCertificate => "it looks like a certificate (DER) without a private key",
            Self::DerKey => "it looks like a private key (DER) without a certificate",
            Self::Pkcs7 => "it looks like certificates (PKCS#7) without a private key",
            Self::Pkcs12 => "it looks like a PKCS#12 keystore",
            Self::Base64 => "it looks like base64 text",
            Self::Unknown => "unrecognised file format",
        })
    }
}

/// Returns the content of a SEQUENCE and whatever follows it; the length is not checked.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    match *bytes.get(1)? {
        long @ 0x81..=0x88 => bytes.get(2 + usize::from(long & 0x7f)..),
        _ => bytes.get(2..),
    }
}
