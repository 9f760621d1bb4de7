//! Private keys in PEM, alone, encrypted and with certificates, made by openssl and ssh-keygen.

use std::fmt::Write as _;

use maskinporten::keystore::{
    CertificateFile, DEFAULT_ITERATIONS, KeystoreError, PemFile, SignatureAlgorithm, SigningKey,
};

use super::{
    super::{
        openssl::openssl,
        support::{program, testdata},
    },
    bytes, refused, secret, signs_as, text,
};

fn parse(name: &str) -> Result<PemFile, KeystoreError> {
    PemFile::parse(name, &bytes(name), DEFAULT_ITERATIONS)
}

fn open(name: &str, password: &str) -> Result<SigningKey, KeystoreError> {
    parse(name).and_then(|file| file.open(&secret(password)))
}

fn certificates(name: &str) -> Result<CertificateFile, KeystoreError> {
    CertificateFile::parse(name, &bytes(name))
}

fn subjects(key: &SigningKey) -> String {
    key.certificates().iter().fold(String::new(), |mut text, certificate| {
        let subject = certificate.subject();
        let name = subject.split("CN=").nth(1).unwrap().split(',').next().unwrap();
        write!(text, "{name}; ").unwrap();
        text
    })
}

#[track_caller]
fn refuses<T: std::fmt::Debug>(result: Result<T, KeystoreError>, code: &str, cause: &str, hint: &str) {
    let (found, message, advice) = refused(result);
    assert_eq!((found, message.as_str(), advice.as_str()), (code, cause, hint));
}

#[test]
fn each_format_of_key_opens_and_only_encrypted_ones_need_a_password() {
    use SignatureAlgorithm::{EdDsa, Es256, Es512, Rs256};
    for (name, password, certificate, algorithm) in [
        ("keys/enterprise-key.pem", None, "enterprise", Rs256),
        ("keys/ec521-key.pem", None, "ec521", Es512),
        ("keys/ed25519-key.pem", None, "ed25519", EdDsa),
        ("pem/pkcs1.pem", None, "enterprise", Rs256),
        ("pem/sec1.pem", None, "ec", Es256),
        ("pem/with-text.pem", None, "enterprise", Rs256),
        ("not-pkcs12.pem", None, "enterprise", Rs256),
        ("pem/encrypted-pkcs8.pem", Some("secret"), "enterprise", Rs256),
        ("pem/encrypted-3des.pem", Some("secret"), "enterprise", Rs256),
        ("pem/encrypted-traditional.pem", Some("secret"), "enterprise", Rs256),
        ("pem/encrypted-sec1.pem", Some("secret"), "ec", Es256),
    ] {
        assert_eq!(parse(name).unwrap().needs_password(), password.is_some(), "{name}");
        signs_as(&open(name, password.unwrap_or_default()).unwrap(), certificate, algorithm);
    }
}

#[test]
fn keys_that_the_installed_openssl_encrypts_open_with_every_cipher_and_derivation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let key = testdata("keys/enterprise-key.pem");
    for cipher in ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3"] {
        for digest in ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] {
            let prf = format!("hmacWith{digest}");
            let mut encrypt = openssl(&["pkcs8", "-topk8", "-in", &key, "-v2", cipher, "-v2prf", &prf, "-iter", "3"]);
            program(encrypt.args(["-passout", "pass:secret", "-out"]).arg(&file), b"");
            let parsed = PemFile::read(&file, 3).unwrap();

            signs_as(&parsed.open(&secret("secret")).unwrap(), "enterprise", SignatureAlgorithm::Rs256);
            assert_eq!(refused(parsed.open(&secret("Secret"))).0, "keystore_password", "{cipher} {prf}");
        }
    }
}

#[test]
fn a_wrong_or_empty_password_is_not_called_damage_and_causes_no_prompt() {
    for name in ["encrypted-pkcs8", "encrypted-3des", "encrypted-traditional", "encrypted-sec1"] {
        for password in ["wrong", "", "æøå", &"long".repeat(1000)] {
            refuses(
                open(&format!("pem/{name}.pem"), password),
                "keystore_password",
                "the password does not decrypt its private key",
                "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE",
            );
        }
    }
}

#[test]
fn certificates_beside_the_key_give_its_chain_and_a_key_needs_none() {
    let beside = open("pem/with-text.pem", "").unwrap();
    let alone = open("keys/enterprise-key.pem", "").unwrap();

    assert!(parse("pem/with-text.pem").unwrap().has_certificates());
    assert_eq!(subjects(&beside), "TESTETATEN; Testdata Issuing CA; Testdata Root CA; ");
    assert_eq!(subjects(&alone), "");
}

#[test]
fn certificates_from_another_file_give_the_chain_in_any_order() {
    let key = || parse("pem/pkcs1.pem").unwrap();
    let with = |name: &str| key().open_with(&secret(""), &certificates(name).unwrap()).unwrap();

    let chain = "TESTETATEN; Testdata Issuing CA; Testdata Root CA; ";
    assert_eq!(subjects(&with("pem/shuffled.pem")), chain);
    assert_eq!(subjects(&with("pem/with-text.pem")), chain);
    assert_eq!(subjects(&with("certificate.der")), "TESTETATEN; ");
    let completed =
        parse("pem/with-text.pem").unwrap().open_with(&secret(""), &certificates("certificate.der").unwrap());
    assert_eq!(subjects(&completed.unwrap()), chain);
}

#[test]
fn a_certificate_of_another_key_is_rejected_in_either_file() {
    let other = certificates("keys/foreign.pem").unwrap();
    let (code, cause, hint) = refused(parse("pem/pkcs1.pem").unwrap().open_with(&secret(""), &other));
    let beside = text("pem/pkcs1.pem") + &text("keys/other.pem");

    assert_eq!(code, "certificate_foreign");
    assert!(
        cause.starts_with("none of its 3 certificate(s) belongs to the private key; the first is C=NO, O=ANNEN"),
        "{cause}"
    );
    let command = "openssl x509 -in keys/foreign.pem -noout -pubkey";
    assert_eq!(hint, format!("pass the key's own certificate; this shows the public key in the file: {command}"));
    refuses(
        PemFile::parse("both.pem", beside.as_bytes(), DEFAULT_ITERATIONS).unwrap().open(&secret("")),
        "certificate_foreign",
        "its private key does not belong to any certificate in it",
        "pass the key's own certificate with --certificate FILE, or register the key and pass --kid",
    );
}

#[test]
fn the_error_for_a_file_without_a_private_key_names_its_content() {
    let two = "pass the private key's file with --key, and the certificate's file with --certificate";
    let public = "keys/maskinporten-public.pem";
    for (name, found) in [
        ("keys/enterprise.pem", "CERTIFICATE"),
        ("keys/chain.pem", "2 x CERTIFICATE"),
        (public, "PUBLIC KEY"),
        ("pem/request.pem", "CERTIFICATE REQUEST"),
    ] {
        let cause = format!("it has no private key, only {found}");
        refuses(parse(name), "pem_no_private_key", &cause, two);
    }
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let cause = "it has no private key, only EC PARAMETERS";
    refuses(PemFile::parse("p.pem", parameters.as_bytes(), DEFAULT_ITERATIONS), "pem_no_private_key", cause, two);
}

#[test]
fn files_of_other_formats_are_named_with_the_command_that_converts_them() {
    let give = "with --key, pass a file that contains -----BEGIN PRIVATE KEY-----";
    for (name, cause, hint) in [
        (
            "modern.p12",
            "it has no PEM block: it looks like a PKCS#12 keystore",
            "pass it as a keystore: --keystore modern.p12",
        ),
        (
            "jwk/rsa.json",
            "it has no PEM block: it looks like JSON, perhaps a JWK",
            "pass it as a JWK: --jwk jwk/rsa.json",
        ),
        ("empty.bin", "it has no PEM block: it is empty", give),
        ("random.bin", "it has no PEM block: unrecognised file format", give),
    ] {
        refuses(parse(name), "pem_not_pem", cause, hint);
    }
}

#[test]
fn the_openssh_format_is_named_with_the_command_that_converts_it() {
    let command = "cp pem/openssh.pem key.pem && chmod 600 key.pem && ssh-keygen -p -m PKCS8 -f key.pem";
    refuses(
        parse("pem/openssh.pem"),
        "pem_openssh",
        "its private key has the format of OpenSSH, which is not supported",
        &format!("convert a copy, because the command changes the file in place: {command}"),
    );
}

#[test]
fn two_private_keys_are_rejected() {
    let both = text("pem/pkcs1.pem") + &text("keys/other-key.pem");
    refuses(
        PemFile::parse("both.pem", both.as_bytes(), DEFAULT_ITERATIONS),
        "pem_several_keys",
        "it has 2 private keys, but one is expected",
        "keep only one private key in the file",
    );
}

#[test]
fn the_error_for_a_damaged_file_names_the_block() {
    let whole = text("keys/enterprise-key.pem");
    let shown = "copy the file again from its source; this shows what OpenSSL finds: openssl pkey -in key.pem";
    let cut = &whole[..whole.len() - 30];
    let cause = "it is not well-formed PEM: line 1 begins `PRIVATE KEY`, but there is no line \
                 `-----END PRIVATE KEY-----` after it";
    let correct = "correct that line, or copy the file again from its source";
    refuses(PemFile::parse("key.pem", cut.as_bytes(), DEFAULT_ITERATIONS), "pem_damaged", cause, correct);

    let broken = whole.replacen("MII", "AAA", 1);
    let cause = "its block `PRIVATE KEY` is damaged: it cannot be parsed as a private key";
    refuses(
        PemFile::parse("key.pem", broken.as_bytes(), DEFAULT_ITERATIONS).unwrap().open(&secret("")),
        "pem_damaged",
        cause,
        shown,
    );

    let encrypted = text("pem/encrypted-pkcs8.pem").replacen("MII", "AAA", 1);
    let cause = "its block `ENCRYPTED PRIVATE KEY` is damaged: it cannot be parsed as a private key";
    refuses(PemFile::parse("key.pem", encrypted.as_bytes(), DEFAULT_ITERATIONS), "pem_damaged", cause, shown);

    let certificate = whole + &text("keys/enterprise.pem").replacen("MII", "AAA", 1);
    refuses(
        PemFile::parse("key.pem", certificate.as_bytes(), DEFAULT_ITERATIONS),
        "pem_damaged",
        "a certificate in it cannot be parsed",
        "copy the certificate again from its source",
    );
}

#[test]
fn a_fault_in_the_base64_of_any_key_is_named_with_its_line() {
    for name in ["keys/enterprise-key.pem", "pem/pkcs1.pem", "pem/sec1.pem", "pem/encrypted-traditional.pem"] {
        let mut lines: Vec<String> = text(name).lines().map(str::to_owned).collect();
        let last = lines.len() - 2;
        lines[last].replace_range(0..1, "*");

        let (code, cause, _) = refused(PemFile::parse("key.pem", lines.join("\r\n").as_bytes(), DEFAULT_ITERATIONS));

        let line = last + 1;
        let expected = format!("it is not well-formed PEM: line {line} has characters that are not base64");
        assert_eq!((code, cause), ("pem_damaged", expected), "{name}");
    }
}

#[test]
fn base64_without_its_begin_and_end_lines_and_der_open_the_same_key() {
    let key = text("keys/enterprise-key.pem");
    let bare: Vec<&str> = key.lines().filter(|line| !line.starts_with('-')).collect();
    let base64 = PemFile::parse("key.pem", bare.join("\n").as_bytes(), DEFAULT_ITERATIONS);

    for file in [base64, parse("pkcs8.der")] {
        let opened = file.unwrap().open(&secret("")).unwrap();
        signs_as(&opened, "enterprise", SignatureAlgorithm::Rs256);
    }
}

#[test]
fn a_key_that_cannot_sign_is_rejected_by_its_kind_before_openssl_sees_it() {
    let rsa = "use an RSA key: Maskinporten accepts RS256, RS384 and RS512";
    let block = |label: &str, base64: &str| format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
    let old = block("DSA PRIVATE KEY", "AAAA");
    let cause = "its private key is of the kind DSA, which cannot sign a JWT";
    refuses(PemFile::parse("key.pem", old.as_bytes(), DEFAULT_ITERATIONS), "keystore_key", cause, rsa);

    // PKCS#8 with version 0, id-dsa (1.2.840.10040.4.1), followed by nothing that OpenSSL could parse.
    let pkcs8 = block(
        "PRIVATE KEY",
        &openssl::base64::encode_block(b"\x30\x10\x02\x01\x00\x30\x09\x06\x07\x2a\x86\x48\xce\x38\x04\x01\x04\x00"),
    );
    let opened = PemFile::parse("key.pem", pkcs8.as_bytes(), DEFAULT_ITERATIONS).unwrap().open(&secret(""));
    refuses(opened, "keystore_key", "its private key is of the kind dsaEncryption, which cannot sign a JWT", rsa);
}

#[test]
fn unsupported_encryption_is_named_with_the_command_that_replaces_it() {
    refuses(
        parse("pem/encrypted-scrypt.pem"),
        "keystore_encryption",
        "its private key is encrypted with scrypt, which is not supported",
        "convert it: openssl pkcs8 -topk8 -in pem/encrypted-scrypt.pem -out new.pem",
    );
    let old = text("pem/encrypted-traditional.pem").replace("AES-256-CBC", "DES-CBC");
    refuses(
        PemFile::parse("key.pem", old.as_bytes(), DEFAULT_ITERATIONS),
        "keystore_encryption",
        "its private key is encrypted with DES-CBC, which is not supported",
        "convert it: openssl pkcs8 -topk8 -provider legacy -provider default -in key.pem -out new.pem",
    );
}

#[test]
fn iterations_beyond_the_limit_are_rejected_before_they_are_computed() {
    // PBKDF2's 2048 (02 02 08 00) becomes 2^31-1, which is two bytes longer, and so are the lengths around it.
    let block = text("pem/encrypted-pkcs8.pem");
    let base64: String = block.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = openssl::base64::decode_block(&base64).unwrap();
    let at = der.windows(4).position(|window| window == b"\x02\x02\x08\x00").unwrap();
    der.splice(at..at + 4, *b"\x02\x04\x7f\xff\xff\xff");
    let grown = lengthened(&der, at);
    let pem = format!(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{}\n-----END ENCRYPTED PRIVATE KEY-----\n",
        openssl::base64::encode_block(&grown)
    );

    let (code, cause, _) = refused(PemFile::parse("key.pem", pem.as_bytes(), DEFAULT_ITERATIONS));
    assert_eq!(code, "keystore_iterations");
    assert_eq!(cause, "opening it takes at least 2147483647 key derivation iterations, and 10000000 are allowed");
}

/// Adds two to the length of every element that contains the byte at `inside`.
fn lengthened(der: &[u8], inside: usize) -> Vec<u8> {
    let mut out = der.to_vec();
    let mut at = 0;
    while at < inside {
        let constructed = der[at] & 0x20 != 0;
        let (start, length) = match der[at + 1] {
            short @ 0..0x80 => (at + 2, usize::from(short)),
            long => {
                let count = usize::from(long & 0x7f);
                let length = der[at + 2..at + 2 + count].iter().fold(0, |sum, octet| sum * 256 + usize::from(*octet));
                (at + 2 + count, length)
            }
        };
        if constructed && start <= inside && inside < start + length {
            out[start - 1] += 2;
            at = start;
        } else {
            at = start + length;
        }
    }
    out
}

#[test]
fn the_error_for_a_file_without_certificates_names_its_content() {
    let give =
        "pass a certificate with --certificate, or leave it out and pass the key id of a registered key with --kid";
    for (name, cause, hint) in [
        ("keys/other-key.pem", "it has no certificate, only PRIVATE KEY", give),
        (
            "pkcs7.p7b",
            "it is neither PEM nor a certificate in DER: it looks like certificates (PKCS#7) without a private key",
            "convert it: openssl pkcs7 -inform DER -in pkcs7.p7b -print_certs -out certificate.pem",
        ),
        ("random.bin", "it is neither PEM nor a certificate in DER: unrecognised file format", give),
    ] {
        refuses(certificates(name), "certificate_missing", cause, hint);
    }
    let damaged = text("keys/other.pem").replacen("MII", "AAA", 1);
    refuses(
        CertificateFile::parse("c.pem", damaged.as_bytes()),
        "certificate_damaged",
        "a certificate in it cannot be parsed",
        "copy the file again from its source; this shows what OpenSSL finds: openssl x509 -in c.pem",
    );
}

#[test]
fn missing_files_are_named_with_their_option() {
    let path = std::path::Path::new("/no/such.pem");
    let key = PemFile::read(path, DEFAULT_ITERATIONS).unwrap_err();
    let certificate = CertificateFile::read(path).unwrap_err();

    assert_eq!(key.to_string(), "could not read the PEM file `/no/such.pem`");
    assert_eq!(certificate.to_string(), "could not read the certificate file `/no/such.pem`");
    assert!(refused::<()>(Err(key)).2.contains("--key"));
    assert!(refused::<()>(Err(certificate)).2.contains("--certificate"));
}

#[test]
fn the_key_does_not_show_in_debug_output() {
    let file = parse("keys/enterprise-key.pem").unwrap();

    assert_eq!(format!("{file:?}"), r#"PemFile { name: "keys/enterprise-key.pem", key: "[REDACTED]", .. }"#);
}
