//! The octets that a password becomes, in each of the ways that programs have written keystores.
//!
//! RFC 7292 appendix B.1 wants UTF-16 with a terminator for the PKCS#12 derivation, RFC 8018 §3 UTF-8 for PBKDF2.
//! Files made otherwise are common enough (openssl's `passphrase-encoding(7)` tells the history) that the known
//! departures are tried after the rule. An attempt that fails costs one derivation and is charged as one.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

type Octets = Zeroizing<Vec<u8>>;

/// The forms to try for the PKCS#12 derivation (legacy encryption, and MACs other than PBMAC1).
pub(super) fn for_pkcs12_derivation(password: &SecretString) -> Vec<Octets> {
    let text = password.expose_secret();
    let mut forms = vec![utf16(text.encode_utf16())];
    if text.is_empty() {
        // "No password" is two zero octets to some programs and no octets to others.
        forms.push(Zeroizing::new(Vec::new()));
    } else if !text.is_ascii() {
        // OpenSSL before 1.1.0 widened each octet of the UTF-8 form.
        forms.push(utf16(text.bytes().map(u16::from)));
    }
    forms
}

/// The forms to try for PBKDF2 (PBES2 and PBMAC1).
pub(super) fn for_pbkdf2(password: &SecretString) -> Vec<Octets> {
    let text = password.expose_secret();
    let mut forms = vec![Zeroizing::new(text.as_bytes().to_vec())];
    let latin1: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    if let Some(octets) = latin1.filter(|_| !text.is_ascii()) {
        // OpenSSL takes the octets of the terminal as they are: Latin-1 on many Windows machines.
        forms.push(Zeroizing::new(octets));
    }
    forms
}

fn utf16(units: impl Iterator<Item = u16>) -> Octets {
    let mut octets = Zeroizing::new(Vec::with_capacity(512));
    for unit in units.chain([0]) {
        octets.extend_from_slice(&unit.to_be_bytes());
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(of: fn(&SecretString) -> Vec<Octets>, password: &str) -> Vec<Vec<u8>> {
        of(&SecretString::from(password)).iter().map(|octets| octets.to_vec()).collect()
    }

    #[test]
    fn the_rule_comes_first_and_ascii_has_no_other_form() {
        assert_eq!(forms(for_pkcs12_derivation, "ab"), [b"\0a\0b\0\0".to_vec()]);
        assert_eq!(forms(for_pbkdf2, "ab"), [b"ab".to_vec()]);
    }

    #[test]
    fn characters_beyond_the_bmp_become_surrogate_pairs() {
        assert_eq!(forms(for_pkcs12_derivation, "🔑")[0], [0xd8, 0x3d, 0xdd, 0x11, 0, 0]);
    }

    #[test]
    fn an_empty_password_is_tried_with_and_without_its_terminator() {
        assert_eq!(forms(for_pkcs12_derivation, ""), [vec![0, 0], vec![]]);
    }

    #[test]
    fn norwegian_letters_are_tried_as_old_openssl_and_windows_wrote_them() {
        assert_eq!(forms(for_pkcs12_derivation, "å"), [vec![0, 0xe5, 0, 0], vec![0, 0xc3, 0, 0xa5, 0, 0]]);
        assert_eq!(forms(for_pbkdf2, "å"), [vec![0xc3, 0xa5], vec![0xe5]]);
    }
}
