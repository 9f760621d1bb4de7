//! Recognises a key by its content, whatever encoding it is in.
//!
//! Secret stores and CI variables keep keys as base64, once or twice, in quotes, on one line or wrapped. A text is decoded
//! only if a known format comes out: many texts happen to be base64.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use zeroize::Zeroizing;

use super::{FileFormat, MAXIMUM_BYTES, structure};
use crate::file;

/// How often a key may be encoded: base64 in base64, with quotes around each.
const MAXIMUM_LAYERS: usize = 4;

/// Base64 with or without padding, also with bits after the last byte.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

// Tags of DER.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;

const QUOTES: [char; 2] = ['"', '\''];

/// A key in a format that a parser reads.
pub struct KeyMaterial {
    /// What it is.
    pub form: KeyForm,
    /// PKCS#12 in DER, a JWK in JSON, or PEM.
    pub content: Zeroizing<Vec<u8>>,
    /// What it was decoded from, outermost first.
    pub decoded: Vec<KeyEncoding>,
}

/// The formats that a parser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// A keystore: [`super::KeystoreFile`].
    Pkcs12,
    /// A JWK or JWK set: [`super::JwkFile`].
    Jwk,
    /// A key in PEM: [`super::PemFile`].
    Pem,
    /// A certificate in DER, without a key: [`super::CertificateFile`].
    Certificate,
}

/// An encoding around a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// Quotes.
    Quotes,
    /// Base64 or base64url.
    Base64,
    /// DER in place of PEM.
    Der,
}

impl KeyMaterial {
    /// Recognises a key; `None` if it is of no known format in any encoding.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<Self> {
        if bytes.len() as u64 > MAXIMUM_BYTES {
            return None;
        }
        recognise(bytes, MAXIMUM_LAYERS)
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyMaterial({:?}, {:?})", self.form, self.decoded)
    }
}

impl fmt::Display for KeyForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pkcs12 => "a PKCS#12 keystore",
            Self::Jwk => "a JWK",
            Self::Pem => "a key in PEM",
            Self::Certificate => "a certificate",
        })
    }
}

/// Decodes what is another encoding of a key in this form; `None` for the form itself, and for everything else.
pub(super) fn decoded(bytes: &[u8], form: KeyForm) -> Option<KeyMaterial> {
    let is_plain = match form {
        KeyForm::Pkcs12 | KeyForm::Certificate => bytes.first() == Some(&SEQUENCE),
        KeyForm::Pem => bytes.windows(10).any(|window| window == b"-----BEGIN"),
        KeyForm::Jwk => bytes.first() == Some(&b'{'),
    };
    if is_plain {
        return None;
    }
    // Certificates may be in PEM too.
    let fits = |material: &KeyMaterial| {
        material.form == form || (form == KeyForm::Certificate && material.form == KeyForm::Pem)
    };
    KeyMaterial::recognise(bytes).filter(fits)
}

fn recognise(bytes: &[u8], layers: usize) -> Option<KeyMaterial> {
    let plain = |form| KeyMaterial { form, content: Zeroizing::new(bytes.to_vec()), decoded: Vec::new() };
    if bytes.first() == Some(&SEQUENCE) {
        match FileFormat::sniff(bytes) {
            FileFormat::Pkcs12 => return Some(plain(KeyForm::Pkcs12)),
            FileFormat::DerCertificate => return Some(plain(KeyForm::Certificate)),
            FileFormat::DerKey => return Some(pem(bytes)),
            // An encrypted key in PKCS#8 begins like nothing else: an algorithm and an octet string (RFC 5958 §3).
            _ if is_encrypted_key(bytes) => return Some(pem(bytes)),
            _ => {}
        }
    }
    let decoded = file::decode_text(bytes)?;
    let text = decoded.trim();
    let unquoted = QUOTES.iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    if let Some(inner) = unquoted.filter(|_| layers > 0) {
        return within(KeyEncoding::Quotes, recognise(inner.as_bytes(), layers - 1));
    }
    if text.contains("-----BEGIN") {
        return Some(plain(KeyForm::Pem));
    }
    if text.starts_with(['{', '[']) {
        return Some(plain(KeyForm::Jwk));
    }
    if layers == 0 {
        return None;
    }
    within(KeyEncoding::Base64, recognise(&decode_base64(text)?, layers - 1))
}

fn within(encoding: KeyEncoding, inner: Option<KeyMaterial>) -> Option<KeyMaterial> {
    inner.map(|mut material| {
        material.decoded.insert(0, encoding);
        material
    })
}

/// Returns whether DER has the form of an encrypted key in PKCS#8.
fn is_encrypted_key(der: &[u8]) -> bool {
    let Some(content) = structure::content(der) else { return false };
    let Some(algorithm) = structure::first_element(content) else { return false };
    let is_identifier = structure::content(algorithm).is_some_and(|inner| inner.first() == Some(&OBJECT_IDENTIFIER));
    is_identifier && content.get(algorithm.len()) == Some(&OCTET_STRING)
}

/// Writes a key in DER as PEM, with the label of its structure: PKCS#8 has an algorithm after the version, PKCS#1 a
/// number, SEC1 an octet string.
fn pem(der: &[u8]) -> KeyMaterial {
    let content = structure::content(der).unwrap_or_default();
    let second = structure::first_element(content).and_then(|first| content.get(first.len()));
    let label = match second {
        Some(&INTEGER) => "RSA PRIVATE KEY",
        Some(&OCTET_STRING) if content.first() == Some(&INTEGER) => "EC PRIVATE KEY",
        Some(&OCTET_STRING) => "ENCRYPTED PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let lines = ["-----BEGIN ", label, "-----\n", &base64, "\n-----END ", label, "-----\n"];
    KeyMaterial {
        form: KeyForm::Pem,
        content: Zeroizing::new(lines.concat().into_bytes()),
        decoded: vec![KeyEncoding::Der],
    }
}

/// Decodes base64 in either alphabet, with or without padding and line breaks; the bytes are text or another file.
fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Large enough not to grow, which would leave a copy of a key behind.
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    // A line break may have become the two characters `\n`.
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\\' && rest.next_if(|next| matches!(next, 'n' | 'r')).is_some() || character.is_whitespace() {
            continue;
        }
        base64.push(character);
    }
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(base64.as_bytes()).ok().map(Zeroizing::new))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use openssl::pkey::PKey;
    use secrecy::SecretString;

    use super::*;
    use crate::keystore::{CertificateFile, DEFAULT_ITERATIONS, JwkFile, KeystoreFile, PemFile, SigningKey};

    /// An encoding by its name.
    type Encoding = (&'static str, fn(&[u8]) -> Vec<u8>);

    fn wrapped(text: &str, end: &str) -> String {
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned() + end).collect()
    }

    const ENCODINGS: [Encoding; 11] = [
        ("as it is", <[u8]>::to_vec),
        ("base64", |bytes| STANDARD.encode(bytes).into_bytes()),
        ("base64url", |bytes| URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
        ("base64 twice", |bytes| STANDARD.encode(STANDARD.encode(bytes)).into_bytes()),
        ("wrapped", |bytes| wrapped(&STANDARD.encode(bytes), "\n").into_bytes()),
        ("wrapped with CRLF", |bytes| wrapped(&STANDARD.encode(bytes), "\r\n").into_bytes()),
        ("wrapped with \\n", |bytes| wrapped(&STANDARD.encode(bytes), "\\n").into_bytes()),
        ("quoted", |bytes| format!("\"{}\"\n", STANDARD.encode(bytes)).into_bytes()),
        ("in single quotes, twice", |bytes| STANDARD.encode(format!("'{}'", STANDARD.encode(bytes))).into_bytes()),
        ("with a byte order mark", |bytes| ["\u{feff}".as_bytes(), STANDARD.encode(bytes).as_bytes()].concat()),
        ("UTF-16", |bytes| {
            let text = STANDARD.encode(bytes);
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }),
    ];

    fn open(bytes: &[u8]) -> SigningKey {
        let password = SecretString::from("secret");
        match KeyMaterial::recognise(bytes).unwrap().form {
            KeyForm::Pkcs12 => KeystoreFile::parse("a", bytes, DEFAULT_ITERATIONS)
                .unwrap()
                .open(&password)
                .unwrap()
                .choose(None)
                .unwrap(),
            KeyForm::Jwk => JwkFile::parse("a", bytes).unwrap().choose(None).unwrap(),
            KeyForm::Pem => PemFile::parse("a", bytes, DEFAULT_ITERATIONS).unwrap().open(&password).unwrap(),
            KeyForm::Certificate => panic!("it is a key"),
        }
    }

    #[test]
    fn each_kind_of_key_opens_in_each_encoding() {
        let read = |name: &str| fs::read(format!("testdata/{name}")).unwrap();
        let rsa = read("keys/enterprise-key.pem");
        let key = PKey::private_key_from_pem(&rsa).unwrap();
        let ec = openssl::ec::EcKey::generate(
            &openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).unwrap(),
        )
        .unwrap();
        let encrypted = key
            .private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"secret")
            .map(|pem| PemBlockDer::of(&pem))
            .unwrap();
        for (what, bytes, kind) in [
            ("PKCS#12", read("modern.p12"), "RSA with 2048 bits"),
            ("PKCS#12, older", read("legacy.p12"), "RSA with 2048 bits"),
            ("JWK", read("jwk/rsa.json"), "RSA with 2048 bits"),
            ("PEM", rsa, "RSA with 2048 bits"),
            ("PKCS#8", key.private_key_to_pkcs8().unwrap(), "RSA with 2048 bits"),
            ("PKCS#8, encrypted", encrypted, "RSA with 2048 bits"),
            ("PKCS#1", key.rsa().unwrap().private_key_to_der().unwrap(), "RSA with 2048 bits"),
            ("SEC1", ec.private_key_to_der().unwrap(), "EC on P-256"),
        ] {
            for (encoding, encode) in ENCODINGS {
                assert_eq!(open(&encode(&bytes)).kind(), kind, "{what}, {encoding}");
            }
        }
    }

    /// The DER of the first block of a PEM text.
    struct PemBlockDer;

    impl PemBlockDer {
        fn of(pem: &[u8]) -> Vec<u8> {
            let text = crate::pem::decode(pem);
            crate::pem::PemBlock::find_all(&text).unwrap()[0].der().unwrap().to_vec()
        }
    }

    #[test]
    fn certificates_are_found_in_each_encoding() {
        let pem = fs::read("testdata/pem/shuffled.pem").unwrap();
        for bytes in [PemBlockDer::of(&pem), pem] {
            for (encoding, encode) in ENCODINGS {
                assert!(CertificateFile::parse("a", &encode(&bytes)).is_ok(), "{encoding}");
            }
        }
    }

    #[test]
    fn each_encoding_is_named_in_its_order() {
        let jwk = fs::read("testdata/jwk/rsa.json").unwrap();
        let twice = STANDARD.encode(format!("\"{}\"", STANDARD.encode(&jwk)));
        let material = KeyMaterial::recognise(twice.as_bytes()).unwrap();

        assert_eq!(material.decoded, [KeyEncoding::Base64, KeyEncoding::Quotes, KeyEncoding::Base64]);
        assert_eq!(*material.content, jwk);
    }

    #[test]
    fn text_that_happens_to_be_base64_and_endless_layers_are_not_keys() {
        let deep = (0..8).fold(b"{}".to_vec(), |bytes, _| STANDARD.encode(bytes).into_bytes());
        for bytes in [b"".as_slice(), b"secret", b"\"\"", b"''", &deep, &[0x30], &[0x30, 0x80, 0, 0]] {
            assert!(KeyMaterial::recognise(bytes).is_none(), "{bytes:?}");
        }
    }
}
