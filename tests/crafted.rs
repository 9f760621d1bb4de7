//! Keystores made to hang the program that opens them: without MAC and encryption, so that no password is needed.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{
    openssl::{Grant, openssl},
    samples::grant,
    support::{program, testdata},
};

/// Without the checks, these take from seconds to forever. The limit leaves room for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(20);

const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const KEY_BAG: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
const CERT_BAG: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
const X509: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
const DSA: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x38\x04\x01";

/// Builds a DER element with a length of four bytes.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, &content].concat()
}

fn number(octets: &[u8]) -> Vec<u8> {
    element(0x02, &[&[0], octets])
}

fn key_bag(pkcs8: &[u8]) -> Vec<u8> {
    element(0x30, &[KEY_BAG, &element(0xa0, &[pkcs8])])
}

fn certificate_bag(der: &[u8]) -> Vec<u8> {
    let octets = element(0x04, &[der]);
    let bag = element(0x30, &[X509, &element(0xa0, &[&octets])]);
    element(0x30, &[CERT_BAG, &element(0xa0, &[&bag])])
}

/// Builds a keystore with these bags in one safe.
fn keystore(bags: &[Vec<u8>]) -> Vec<u8> {
    let info = |content: Vec<u8>| element(0x30, &[DATA, &element(0xa0, &[&element(0x04, &[&content])])]);
    let safe = info(element(0x30, &[&bags.concat()]));
    element(0x30, &[b"\x02\x01\x03", &info(element(0x30, &[&safe]))])
}

/// Builds an RSA key with this modulus, and these numbers from the private exponent on (RFC 8017 appendix A.1.2).
fn rsa(modulus: &[u8], numbers: [&[u8]; 6]) -> Vec<u8> {
    let numbers = [&[modulus, &[1, 0, 1]], &numbers[..]].concat();
    let numbers: Vec<u8> = numbers.into_iter().flat_map(number).collect();
    let key = element(0x30, &[b"\x02\x01\x00", &numbers]);
    element(0x30, &[b"\x02\x01\x00", &element(0x30, &[RSA]), &element(0x04, &[&key])])
}

#[track_caller]
fn is_refused_at_once(bags: &[Vec<u8>], why: &str, hint: &str) {
    let started = Instant::now();

    let outcome = grant("-").stdin(keystore(bags)).run();

    let took = started.elapsed();
    let warning = "warning: the keystore has no MAC, so changes to it cannot be detected\n";
    let error = "error: could not open the keystore `stdin`\n";
    outcome.fails(4, &format!("{warning}{error}caused by: {why}\nhint: {hint}\n"));
    assert!(took < AT_ONCE, "{took:?}");
}

fn enterprise() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("der").display().to_string();
    let pem = testdata("keys/enterprise.pem");
    program(&mut openssl(&["x509", "-in", &pem, "-outform", "DER", "-out", &certificate]), b"");
    (fs::read(testdata("pkcs8.der")).unwrap(), fs::read(certificate).unwrap())
}

#[test]
fn a_crafted_keystore_without_a_fault_opens() {
    let (key, certificate) = enterprise();

    let outcome = grant("-").stdin(keystore(&[key_bag(&key), certificate_bag(&certificate)])).run();

    let warning = "warning: the keystore has no MAC, so changes to it cannot be detected\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, warning));
}

#[test]
fn of_several_keys_that_may_sign_the_only_one_with_a_valid_certificate_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("der").display().to_string();
    let der = |arguments: &[&str]| {
        program(&mut openssl(&[arguments, &["-outform", "DER", "-out", &out]].concat()), b"");
        fs::read(&out).unwrap()
    };
    let key =
        |name: &str| key_bag(&der(&["pkcs8", "-topk8", "-nocrypt", "-in", &testdata(&format!("keys/{name}-key.pem"))]));
    let certificate = |name: &str| der(&["x509", "-in", &testdata(&format!("keys/{name}.pem"))]);
    let keys = [key("enterprise"), key("second")];
    let with = |name: &str| {
        let certificates = [certificate(name), certificate("second")].map(|der| certificate_bag(&der));
        grant("-").stdin(keystore(&[&keys[..], &certificates].concat())).run()
    };

    for former in ["expired", "not-yet-valid"] {
        let chosen = Grant::of(&with(former).stdout);

        assert_eq!(chosen.x5c()[0], ::openssl::base64::encode_block(&certificate("second")), "{former}");
    }
    assert!(with("enterprise").failure(4).contains("it has several keys to choose from"));
}

#[test]
fn too_many_keys_or_certificates_are_rejected_before_they_are_compared() {
    let (key, certificate) = enterprise();
    let why = "it has more than 100 keys or 1000 certificates";
    let hint = "export the key and its certificates into a keystore of their own";

    is_refused_at_once(&vec![key_bag(&key); 2000], why, hint);
    is_refused_at_once(&[vec![key_bag(&key)], vec![certificate_bag(&certificate); 3000]].concat(), why, hint);
}

#[test]
fn possible_issuers_are_tried_only_for_the_chosen_key() {
    let folder = tempfile::tempdir().unwrap();
    let der = folder.path().join("der").display().to_string();
    let key = testdata("keys/enterprise-key.pem");
    program(
        &mut openssl(&["req", "-x509", "-key", &key, "-subj", "/CN=x", "-days", "99", "-outform", "DER", "-out", &der]),
        b"",
    );
    let certificate = fs::read(der).unwrap();
    let certificates = (1..=900u16).map(|variant| {
        let mut certificate = certificate.clone();
        let end = certificate.len() - 2;
        certificate[end..].copy_from_slice(&variant.to_be_bytes());
        certificate_bag(&certificate)
    });
    let bags: Vec<_> = certificates.chain(vec![key_bag(&enterprise().0); 90]).collect();
    let started = Instant::now();

    let outcome = grant("-").args(["--alias", "7"]).stdin(keystore(&bags)).run();

    let took = started.elapsed();
    let warning = "warning: the keystore has no MAC, so changes to it cannot be detected\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, warning));
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn a_dsa_key_with_huge_numbers_is_rejected_at_once() {
    let long = vec![0xfd; 100_000];
    let parameters = element(0x30, &[&number(&long), &number(&long), &number(&long)]);
    let inner = element(0x04, &[&number(&long)]);
    let key = element(0x30, &[b"\x02\x01\x00", &element(0x30, &[DSA, &parameters]), &inner]);

    let hint = "use an RSA key: Maskinporten accepts RS256, RS384 and RS512";
    is_refused_at_once(&[key_bag(&key)], "its private key is of the kind dsaEncryption, which cannot sign a JWT", hint);
}

#[test]
fn an_rsa_key_with_huge_numbers_is_rejected_at_once() {
    let modulus = vec![0xc5; 256];
    let long = vec![0xfd; 200_000];
    let half = vec![0xfd; 128];
    let why = "it is damaged or truncated: the numbers of its RSA key do not belong together";
    let hint = "copy the file again from its source, in binary mode";
    for place in 0..6 {
        let mut numbers = [&modulus[..], &half, &half, &half, &half, &half];
        numbers[place] = &long;

        is_refused_at_once(&[key_bag(&rsa(&modulus, numbers))], why, hint);
    }
}
