//! The `openssl` command verifies the signature and the chain of the grant of every kind of key.

use std::fs;

use super::{
    openssl::{Grant, openssl},
    random::Random,
    samples::{OPENABLE, Sample, certificate, grant, grant_from},
    support::{program, testdata},
};

const RSA: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

fn sample(file: &str) -> &'static Sample {
    OPENABLE.iter().find(|sample| sample.file == file).unwrap()
}

/// Returns the path of a certificate of `testdata/keys`, for grants without one.
fn kept(name: &str) -> String {
    fs::read_to_string(testdata(&format!("keys/{name}.pem"))).unwrap()
}

#[test]
fn openssl_verifies_signature_and_chain_of_the_grant_from_every_keystore() {
    for sample in OPENABLE {
        let outcome = grant_from(sample).run();

        let grant = Grant::of(&outcome.stdout);
        let leaf = grant.leaf();
        let missing: &[&str] = if sample.above.is_empty() { &["issuing"] } else { &[] };
        assert_eq!(grant.header["alg"], sample.algorithm, "{}", sample.file);
        assert!(grant.is_signed_by(&leaf), "{}", sample.file);
        assert!(!grant.is_signed_by_after_a_change(&leaf), "{}", sample.file);
        assert!(grant.is_trusted(missing, sample.holds), "{}", sample.file);
    }
}

#[test]
fn openssl_verifies_every_algorithm_of_rsa_with_keys_of_every_size() {
    for (file, leaf) in [("modern.p12", "enterprise"), ("rsa3072.p12", "rsa3072"), ("rsa4096.p12", "rsa4096")] {
        for algorithm in RSA {
            let outcome = grant_from(sample(file)).args(["--alg", algorithm]).run();

            let grant = Grant::of(&outcome.stdout);
            let warning = format!("warning: Maskinporten accepts RS256, RS384 and RS512, not {algorithm}\n");
            assert_eq!(outcome.stderr, if algorithm.starts_with("RS") { "" } else { &warning });
            assert_eq!(grant.header["alg"], algorithm);
            assert!(grant.is_signed_by(&kept(leaf)), "{file} {algorithm}");
            assert!(!grant.is_signed_by(&kept("other")), "{file} {algorithm}");
            assert!(!grant.is_signed_by_after_a_change(&kept(leaf)), "{file} {algorithm}");
        }
    }
}

#[test]
fn ecdsa_signatures_are_two_numbers_of_full_length_even_with_leading_zeros() {
    // With P-521 every other number begins with a zero octet.
    for (file, leaf, length) in [("ec.p12", "ec", 64), ("ec384.p12", "ec384", 96), ("ec521.p12", "ec521", 132)] {
        for _ in 0..8 {
            let outcome = grant_from(sample(file)).args(["--kid", "id"]).run();

            let grant = Grant::of(&outcome.stdout);
            assert_eq!(grant.signature_length(), length);
            assert!(grant.is_signed_by(&kept(leaf)), "{file}");
        }
    }
}

#[test]
fn x5c_leaf_sends_the_key_s_certificate_alone() {
    for (file, leaf) in [("modern.p12", "enterprise"), ("reversed-chain.p12", "enterprise"), ("other.p12", "other")] {
        let outcome = grant_from(sample(file)).args(["--x5c", "leaf"]).run();

        let grant = Grant::of(&outcome.artefact());
        assert_eq!(grant.header.to_string(), format!(r#"{{"alg":"RS256","x5c":["{}"]}}"#, certificate(leaf)));
        assert!(grant.is_signed_by(&kept(leaf)));
    }
}

#[test]
fn with_a_kid_no_certificates_are_sent() {
    let outcome = grant_from(sample("modern.p12")).args(["--kid", "b3c1 æ"]).run();

    let grant = Grant::of(&outcome.artefact());
    assert_eq!(grant.header.to_string(), r#"{"alg":"RS256","kid":"b3c1 æ"}"#);
    assert!(grant.is_signed_by(&kept("enterprise")));
}

#[test]
fn kid_thumbprint_is_the_sha1_fingerprint_of_openssl() {
    for (file, leaf) in [("modern.p12", "enterprise"), ("buypass-three.p12", "authentication")] {
        let output = program(&mut openssl(&["x509", "-noout", "-fingerprint", "-sha1"]), kept(leaf).as_bytes());
        let fingerprint = output.trim_end().split_once('=').unwrap().1.replace(':', "");

        let outcome = grant_from(sample(file)).args(["--kid", "thumbprint"]).run();

        let grant = Grant::of(&outcome.artefact());
        assert_eq!(grant.header.to_string(), format!(r#"{{"alg":"RS256","kid":"{fingerprint}"}}"#));
        assert!(grant.is_signed_by(&kept(leaf)));
    }
}

#[test]
fn a_keystore_can_be_read_from_stdin() {
    for file in ["modern.p12", "ber.p12", "legacy.p12", "trailing-bytes.p12"] {
        let outcome =
            grant("-").env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").stdin(fs::read(testdata(file)).unwrap()).run();

        let grant = Grant::of(&outcome.artefact());
        assert!(grant.is_signed_by(&kept("enterprise")), "{file}");
    }
}

#[test]
fn keystores_of_the_installed_openssl_open_with_passwords_of_all_kinds() {
    const CHARACTERS: &[char] =
        &['a', 'Z', '0', ' ', '\'', '"', '$', '\\', '#', 'æ', 'ø', 'å', 'É', 'ß', '€', '中', '🔑', '𝄞'];
    const FORMS: [&[&str]; 5] = [
        &[],
        &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        &["-keypbe", "AES-192-CBC", "-certpbe", "NONE", "-macalg", "sha384", "-iter", "3"],
        &["-keypbe", "DES-EDE3-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha224"],
        &["-keypbe", "AES-128-CBC", "-certpbe", "DES-EDE3-CBC", "-macalg", "sha512", "-maciter", "-iter", "1"],
    ];
    let mut random = Random::new(2026);
    let folder = tempfile::tempdir().unwrap();
    let keystore = folder.path().join("now.p12").display().to_string();
    let [key, leaf, chain] =
        ["enterprise-key", "enterprise", "chain"].map(|name| testdata(&format!("keys/{name}.pem")));
    for form in FORMS.iter().cycle().take(15) {
        let length = 1 + random.below(30);
        let password: String = (0..length).map(|_| *random.pick(CHARACTERS)).collect();
        let mut export =
            openssl(&["pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-certfile", &chain, "-name", "blåbær"]);
        program(
            export.args(["-out", &keystore, "-passout", "env:PASSWORD"]).args(*form).env("PASSWORD", &password),
            b"",
        );

        let outcome =
            grant(&keystore).args(["--alias", "blåbær"]).env("MASKINPORTEN_KEYSTORE_PASSWORD", &password).run();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{password:?} {form:?}");
        let grant = Grant::of(&outcome.stdout);
        assert!(grant.is_signed_by(&grant.leaf()), "{password:?} {form:?}");
        assert_eq!(grant.x5c(), ["enterprise", "issuing", "root"].map(certificate));
    }
}

#[test]
fn keystores_of_the_installed_openssl_sign_with_each_curve() {
    for (kind, algorithm) in [
        (["EC", "ec_paramgen_curve:P-256"], "ES256"),
        (["EC", "ec_paramgen_curve:P-384"], "ES384"),
        (["EC", "ec_paramgen_curve:P-521"], "ES512"),
        (["RSA", "rsa_keygen_bits:2048"], "PS512"),
        (["ED25519", ""], "EdDSA"),
        (["ED448", ""], "EdDSA"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let [key, leaf, keystore] = ["key", "leaf", "p12"].map(|name| folder.path().join(name).display().to_string());
        let mut generate = openssl(&["genpkey", "-algorithm", kind[0], "-out", &key]);
        if !kind[1].is_empty() {
            generate.args(["-pkeyopt", kind[1]]);
        }
        program(&mut generate, b"");
        program(&mut openssl(&["req", "-x509", "-key", &key, "-subj", "/CN=now", "-days", "2", "-out", &leaf]), b"");
        let export = ["pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-out", &keystore, "-passout", "pass:now"];
        program(&mut openssl(&export), b"");

        let outcome = grant(&keystore).args(["--alg", algorithm]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "now").run();

        let grant = Grant::of(&outcome.stdout);
        assert_eq!(grant.x5c().len(), 1);
        assert!(grant.is_signed_by(&grant.leaf()), "{kind:?}");
    }
}
