//! The encodings of a password that programs have used in keystores.
//!
//! RFC 7292 appendix B.1 requires UTF-16 with a terminator for the PKCS#12 key derivation, RFC 8018 §3 recommends UTF-8
//! for PBKDF2. Other encodings are common (OpenSSL's `passphrase-encoding(7)` has the history), so the known ones are
//! tried after the standard one. Each attempt costs a key derivation.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

type EncodedPassword = Zeroizing<Vec<u8>>;

/// The upper half of code page 850, in which a Norwegian Windows console passes a password to OpenSSL.
const CODE_PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Returns the encodings for the PKCS#12 key derivation (legacy encryption, and MACs other than PBMAC1).
pub(super) fn for_pkcs12_derivation(password: &SecretString) -> Vec<EncodedPassword> {
    let text = password.expose_secret();
    if text.is_empty() {
        // "No password" is two zero bytes for some programs, and no bytes for others.
        return vec![utf16([].into_iter()), Zeroizing::new(Vec::new())];
    }
    let forms = normal_forms(text);
    let standard = forms.iter().map(|form| utf16(form.encode_utf16()));
    // OpenSSL before 1.1.0 widened each byte of the terminal's encoding to 16 bits.
    let widened = forms.iter().flat_map(|form| {
        let bytes = [Some(Zeroizing::new(form.as_bytes().to_vec())), code_page_850(form)];
        bytes.into_iter().flatten().map(|bytes| utf16(bytes.iter().copied().map(u16::from)))
    });
    distinct(standard.chain(widened))
}

/// Returns the encodings for PBKDF2 (PBES2 and PBMAC1).
pub(super) fn for_pbkdf2(password: &SecretString) -> Vec<EncodedPassword> {
    let forms = normal_forms(password.expose_secret());
    let standard = forms.iter().map(|form| Zeroizing::new(form.as_bytes().to_vec()));
    // OpenSSL uses the bytes of the terminal unchanged: on many Windows machines Latin-1, or code page 850.
    let others = forms.iter().flat_map(|form| [latin1(form), code_page_850(form)]).flatten();
    distinct(standard.chain(others))
}

/// Returns the password as it was given, composed (NFC) and decomposed (NFD).
///
/// macOS and some editors write `å` as two characters, which other programs compose.
fn normal_forms(text: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![Zeroizing::new(text.to_owned())];
    if !text.is_ascii() {
        let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned();
        let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned();
        forms.extend([composed, decomposed].map(Zeroizing::new));
    }
    forms
}

fn latin1(text: &str) -> Option<EncodedPassword> {
    text.chars().map(|character| u8::try_from(character).ok()).collect::<Option<_>>().map(Zeroizing::new)
}

fn code_page_850(text: &str) -> Option<EncodedPassword> {
    let byte = |character: char| match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() => Some(byte),
        _ => u8::try_from(0x80 + CODE_PAGE_850.chars().position(|own| own == character)?).ok(),
    };
    text.chars().map(byte).collect::<Option<_>>().map(Zeroizing::new)
}

/// Leaves out repetitions, since each attempt costs a key derivation.
fn distinct(encodings: impl Iterator<Item = EncodedPassword>) -> Vec<EncodedPassword> {
    let mut distinct = Vec::new();
    for encoding in encodings {
        if !distinct.contains(&encoding) {
            distinct.push(encoding);
        }
    }
    distinct
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
    fn norwegian_letters_are_tried_in_both_normal_forms_and_the_encodings_of_old_openssl_and_windows() {
        for text in ["å", "a\u{30a}"] {
            let (derivation, pbkdf2) = (encodings(for_pkcs12_derivation, text), encodings(for_pbkdf2, text));

            for wide in [&[0, 0xe5][..], &[0, b'a', 3, 0x0a], &[0, 0xc3, 0, 0xa5], &[0, 0x86]] {
                assert!(derivation.contains(&[wide, &[0, 0]].concat()), "{text}: {wide:x?}");
            }
            for bytes in [&[0xc3, 0xa5][..], &[b'a', 0xcc, 0x8a], &[0xe5], &[0x86]] {
                assert!(pbkdf2.contains(&bytes.to_vec()), "{text}: {bytes:x?}");
            }
            assert_eq!((derivation.len(), pbkdf2.len()), (5, 4), "{text}");
            assert_eq!(pbkdf2[0], text.as_bytes());
        }
    }
}
