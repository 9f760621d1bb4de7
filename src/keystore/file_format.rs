//! Guesses the format of a file from its first bytes, for error messages and `keys list`.

use std::fmt;

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
    /// Base64 text, perhaps of a keystore.
    Base64,
    /// Anything else, including PKCS#12.
    Unknown,
}

impl FileFormat {
    /// Guesses the format from the first bytes of a file.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        match bytes {
            [] => Self::Empty,
            [0xfe, 0xed, 0xfe, 0xed, ..] => Self::Jks,
            [0xce, 0xce, 0xce, 0xce, ..] => Self::Jceks,
            _ if text.starts_with(b"{") || text.starts_with(b"[") => Self::Jwk,
            _ if contains(text, b"-----BEGIN") => Self::Pem,
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
            Some(inner @ [0x30, ..]) => match content(inner) {
                Some([0xa0 | 0x02, ..]) => Self::DerCertificate,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// Returns whether the bytes begin like PKCS#12: a SEQUENCE with version 3 (RFC 7292 §4).
    #[must_use]
    pub(super) fn is_like_pkcs12(bytes: &[u8]) -> bool {
        bytes.first() == Some(&0x30) && matches!(content(bytes), Some([0x02, 0x01, 0x03, ..]))
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

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    // "Bag Attributes" and other text often precede the first block.
    text[..text.len().min(4096)].windows(wanted.len()).any(|window| window == wanted)
}
