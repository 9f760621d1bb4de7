//! A certificate's thumbprint as people copy it: from Windows' dialogue, from openssl, from a config file.

use std::fmt;

use super::{Certificate, StoreReason, certificate::printable};

/// A SHA-1 or SHA-256 thumbprint of a certificate, in upper-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateThumbprint(String);

impl CertificateThumbprint {
    /// Reads 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, in any case.
    ///
    /// Blanks, colons and dashes between them are let through, and so are the invisible marks of direction and order
    /// (U+200E and its like) that Windows' certificate dialogue puts on the clipboard.
    ///
    /// # Errors
    /// [`StoreReason::Thumbprint`] when anything else stands in it, or another number of digits.
    pub fn parse(text: &str) -> Result<Self, StoreReason> {
        let passed_over = |character: char| {
            character.is_whitespace()
                || matches!(character, ':' | '-' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
        };
        let digits: String = text.chars().filter(|character| !passed_over(*character)).take(200).collect();
        let hexadecimal = digits.chars().all(|character| character.is_ascii_hexdigit());
        match digits.len() {
            40 | 64 if hexadecimal => Ok(Self(digits.to_ascii_uppercase())),
            _ => Err(StoreReason::Thumbprint { given: printable(text.trim()), digits: digits.chars().count() }),
        }
    }

    /// The digits, in upper case.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether it is this certificate's.
    #[must_use]
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        self.0 == if self.0.len() == 40 { certificate.thumbprint() } else { certificate.thumbprint_sha256() }
    }
}

impl fmt::Display for CertificateThumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1: &str = "8E983707D3F802E6717BBCD193129946573F31D4";

    #[test]
    fn reads_what_windows_openssl_and_people_write() {
        let colons: Vec<&str> = SHA1.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        for text in [
            SHA1.to_owned(),
            SHA1.to_lowercase(),
            format!("\u{200e}{}", colons.join(" ").to_lowercase()),
            colons.join(":"),
            format!(" {SHA1}\r\n"),
        ] {
            assert_eq!(CertificateThumbprint::parse(&text).unwrap().digits(), SHA1, "{text}");
        }
        assert_eq!(CertificateThumbprint::parse(&"ab".repeat(32)).unwrap().digits().len(), 64);
    }

    #[test]
    fn refuses_what_has_other_signs_or_another_length_and_counts() {
        for (text, wanted) in [
            (&SHA1[..39], "`8E983707D3F802E6717BBCD193129946573F31D` is not a thumbprint: 39 signs"),
            ("", "`` is not a thumbprint: 0 signs"),
            ("0E983707D3F802E6717BBCD193129946573F31Då", "`0E983707D3F802E6717BBCD193129946573F31Då` is not"),
            ("ZE983707D3F802E6717BBCD193129946573F31D4", "`ZE983707D3F802E6717BBCD193129946573F31D4` is not"),
        ] {
            let error = CertificateThumbprint::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
