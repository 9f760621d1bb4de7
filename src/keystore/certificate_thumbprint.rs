//! Certificate thumbprints, as copied from Windows, openssl or a config file.

use std::fmt;

use super::{Certificate, DotnetStoreErrorKind, error::shown};

/// A SHA-1 or SHA-256 thumbprint of a certificate, in upper-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateThumbprint(String);

impl CertificateThumbprint {
    /// Parses 40 (SHA-1) or 64 (SHA-256) hexadecimal digits in upper or lower case.
    ///
    /// White space, colons and dashes are ignored, and so are invisible characters such as U+200E, which Windows'
    /// certificate dialogue puts on the clipboard.
    ///
    /// # Errors
    /// [`DotnetStoreErrorKind::Thumbprint`] if there are other characters, or another number of digits.
    pub fn parse(text: &str) -> Result<Self, DotnetStoreErrorKind> {
        let ignored = |character: char| {
            character.is_whitespace()
                || matches!(character, ':' | '-' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
        };
        let digits: String = text.chars().filter(|character| !ignored(*character)).take(200).collect();
        let hexadecimal = digits.chars().all(|character| character.is_ascii_hexdigit());
        match digits.len() {
            40 | 64 if hexadecimal => Ok(Self(digits.to_ascii_uppercase())),
            _ => Err(DotnetStoreErrorKind::Thumbprint { given: shown(text.trim()), digits: digits.chars().count() }),
        }
    }

    /// Returns the digits in upper case.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Returns whether this is the thumbprint of `certificate`.
    #[must_use]
    pub fn matches(&self, certificate: &Certificate) -> bool {
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
    fn thumbprints_in_the_forms_of_windows_and_openssl_are_parsed() {
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
    fn other_characters_and_lengths_are_rejected_with_their_count() {
        for (text, wanted) in [
            (&SHA1[..39], "`8E983707D3F802E6717BBCD193129946573F31D` is not a thumbprint: it has 39 characters"),
            ("", "`` is not a thumbprint: it has 0 characters"),
            ("0E983707D3F802E6717BBCD193129946573F31Då", "`0E983707D3F802E6717BBCD193129946573F31Då` is not"),
            ("ZE983707D3F802E6717BBCD193129946573F31D4", "`ZE983707D3F802E6717BBCD193129946573F31D4` is not"),
        ] {
            let error = CertificateThumbprint::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
