//! The encodings of a password that programs have used in keystores.
//!
//! RFC 7292 appendix B.1 requires UTF-16 with a terminator for the PKCS#12 key derivation, RFC 8018 §3 recommends UTF-8
//! for PBKDF2. Other encodings are common (OpenSSL's `passphrase-encoding(7)` has the history), so the known ones are
//! tried after the standard one. Each attempt costs a key derivation.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

type EncodedPassword = Zeroizing<Vec<u8>>;

/// Returns the encodings for the PKCS#12 key derivation (legacy encryption, and MACs other than PBMAC1).
pub(super) fn for_pkcs12_derivation(password: &SecretString) -> Vec<EncodedPassword> {
    let text = password.expose_secret();
    let mut encodings = vec![utf16(text.encode_utf16())];
    if text.is_empty() {
        // "No password" is two zero bytes for some programs, and no bytes for others.
        encodings.push(Zeroizing::new(Vec::new()));
    } else if !text.is_ascii() {
        // OpenSSL before 1.1.0 widened each byte of UTF-8 to 16 bits.
        encodings.push(utf16(text.bytes().map(u16::from)));
    }
    encodings
}

/// Returns the encodings for PBKDF2 (PBES2 and PBMAC1).
pub(super) fn for_pbkdf2(password: &SecretString) -> Vec<EncodedPassword> {
    let text = password.expose_secret();
    let mut encodings = vec![Zeroizing::new(text.as_bytes().to_vec())];
    let latin1: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    if let Some(bytes) = latin1.filter(|_| !text.is_ascii()) {
        // OpenSSL uses the bytes of the terminal unchanged: Latin-1 on many Windows machines.
        encodings.push(Zeroizing::new(bytes));
    }
    encodings
}

fn utf16(units: impl Iterator<Item = u16>) -> EncodedPassword {
    let mut bytes = Zeroizing::new(Vec::with_capacity(512));
    for unit in units.chain([0]) {
        bytes.extend_from_slice(&unit.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encodings(encode: fn(&SecretString) -> Vec<EncodedPassword>, password: &str) -> Vec<Vec<u8>> {
        encode(&SecretString::from(password)).iter().map(|bytes| bytes.to_vec()).collect()
    }

    #[test]
    fn the_standard_encoding_comes_first_and_ascii_has_no_other() {
        assert_eq!(encodings(for_pkcs12_derivation, "ab"), [b"\0a\0b\0\0".to_vec()]);
        assert_eq!(encodings(for_pbkdf2, "ab"), [b"ab".to_vec()]);
    }

    #[test]
    fn characters_beyond_the_bmp_become_surrogate_pairs() {
        assert_eq!(encodings(for_pkcs12_derivation, "🔑")[0], [0xd8, 0x3d, 0xdd, 0x11, 0, 0]);
    }

    #[test]
    fn an_empty_password_is_tried_with_and_without_its_terminator() {
        assert_eq!(encodings(for_pkcs12_derivation, ""), [vec![0, 0], vec![]]);
    }

    #[test]
    fn norwegian_letters_are_tried_in_the_encodings_of_old_openssl_and_windows() {
        assert_eq!(encodings(for_pkcs12_derivation, "å"), [vec![0, 0xe5, 0, 0], vec![0, 0xc3, 0, 0xa5, 0, 0]]);
        assert_eq!(encodings(for_pbkdf2, "å"), [vec![0xc3, 0xa5], vec![0xe5]]);
    }
}
