//! Every key source except PKCS#12, through the library: which keys open, and the errors of the others.

mod jwk;
mod listing;
mod mutations;
mod new_key;
mod pem;
mod published;
mod store;

use std::{error::Error as _, fmt::Write as _, fs};

use maskinporten::{
    explain::Explain as _,
    keystore::{KeystoreError, SignatureAlgorithm, SigningKey},
};
use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    rsa::Padding,
    sign::{RsaPssSaltlen, Verifier},
    x509::X509,
};
use secrecy::SecretString;

use crate::support::testdata;

const MESSAGE: &[u8] = b"eyJhbGciOiJub25lIn0.e30";

fn text(name: &str) -> String {
    fs::read_to_string(testdata(name)).unwrap()
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(testdata(name)).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

fn certificate(name: &str) -> X509 {
    X509::from_pem(&bytes(&format!("keys/{name}.pem"))).unwrap()
}

/// Checks that openssl verifies the key's signature with the certificate.
#[track_caller]
fn signs_as(key: &SigningKey, name: &str, algorithm: SignatureAlgorithm) {
    let signature = key.sign(algorithm, MESSAGE).unwrap();
    assert_eq!(signature.len(), key.signature_length(), "{algorithm}");

    let public = certificate(name).public_key().unwrap();
    let number = algorithm.name()[2..].to_owned();
    let digest = MessageDigest::from_name(&format!("sha{number}"));
    let mut verifier = match digest.filter(|_| algorithm != SignatureAlgorithm::EdDsa) {
        Some(digest) => Verifier::new(digest, &public).unwrap(),
        None => Verifier::new_without_digest(&public).unwrap(),
    };
    let signature = match &algorithm.name()[..2] {
        "PS" => {
            verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
            signature
        }
        "ES" => {
            let (r, s) = signature.split_at(signature.len() / 2);
            let number = |octets| BigNum::from_slice(octets).unwrap();
            EcdsaSig::from_private_components(number(r), number(s)).unwrap().to_der().unwrap()
        }
        _ => signature,
    };
    assert!(verifier.verify_oneshot(&signature, MESSAGE).unwrap(), "{algorithm} by {name}");
}

/// Returns the code, cause and hint of an error.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, KeystoreError>) -> (&'static str, String, String) {
    let error = result.unwrap_err();
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    (error.code(), cause, error.hint().unwrap())
}
