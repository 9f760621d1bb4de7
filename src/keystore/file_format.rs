//! What a file that is not a PKCS#12 keystore looks like, so that the error can say so.
//!
//! A look at the first octets, never a parser: the answer is for a human.

use std::fmt;

/// What a file seems to be in place of a keystore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Nothing at all.
    Empty,
    /// Text with `-----BEGIN`.
    Pem,
    /// Java's older keystore.
    Jks,
    /// Java's keystore with the stronger encryption.
    Jceks,
    /// A JSON Web Key or a set of them.
    Jwk,
    /// A certificate without its key.
    DerCertificate,
    /// A PKCS#8, PKCS#1 or SEC1 key without a certificate.
    DerKey,
    /// A bag of certificates (`.p7b`).
    Pkcs7,
    /// A keystore as base64 text.
    Base64,
    /// None of these.
    Unknown,
}

impl FileFormat {
    /// Looks at the first octets of a file.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        match bytes {
            [] => Self::Empty,
            [0xfe, 0xed, 0xfe, 0xed, ..] => Self::Jks,
            [0xce, 0xce, 0xce, 0xce, ..] => Self::Jceks,
            _ if text.starts_with(b"{") || text.starts_with(b"[") => Self::Jwk,
            _ if contains(text, b"-----BEGIN") => Self::Pem,
            // Base64 of a SEQUENCE with a two-octet length begins so.
            _ if text.starts_with(b"MI") => Self::Base64,
            [0x30, ..] => Self::at_der(bytes),
            _ => Self::Unknown,
        }
    }

    fn at_der(bytes: &[u8]) -> Self {
        match content(bytes) {
            // PKCS#7: an object identifier first. PKCS#8 and PKCS#1: version 0, SEC1: 1. Certificate: a SEQUENCE that
            // begins with a version in [0] or, in version 1, with the serial number.
            Some([0x06, ..]) => Self::Pkcs7,
            Some([0x02, 0x01, 0x00 | 0x01, ..]) => Self::DerKey,
            Some(inner @ [0x30, ..]) => match content(inner) {
                Some([0xa0 | 0x02, ..]) => Self::DerCertificate,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// Whether the octets begin as PKCS#12 does: a SEQUENCE with version 3 (RFC 7292 §4).
    #[must_use]
    pub(super) fn like_pkcs12(bytes: &[u8]) -> bool {
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
            Self::DerCertificate => "it looks like a certificate (DER), which holds no private key",
            Self::DerKey => "it looks like a private key (DER) without a certificate",
            Self::Pkcs7 => "it looks like a bag of certificates (PKCS#7), which holds no private key",
            Self::Base64 => "it looks like base64 text",
            Self::Unknown => "it looks like nothing that is known here",
        })
    }
}

/// The content of a SEQUENCE, as far as the octets go; the length itself is not believed.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    match *bytes.get(1)? {
        long @ 0x81..=0x88 => bytes.get(2 + usize::from(long & 0x7f)..),
        _ => bytes.get(2..),
    }
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    // Certificates are often preceded by "Bag Attributes"; nobody writes more than a page of them.
    text[..text.len().min(4096)].windows(wanted.len()).any(|window| window == wanted)
}
