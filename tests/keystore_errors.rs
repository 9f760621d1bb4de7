//! Every error of a keystore: all three streams and the exit code.

use std::{fs, path::Path};

use snapbox::str;

use super::{
    openssl::openssl,
    samples::grant,
    support::{program, testdata},
};

const CORRECT_IT: &str = "correct the password, which came from MASKINPORTEN_KEYSTORE_PASSWORD";
const COPY_AGAIN: &str = "copy the file again from its source, in binary mode";
const CUT_SHORT: &str = "it is damaged or truncated: its lengths do not match its size";
const UNKNOWN: &str = "it is not a PKCS#12 keystore: unrecognised file format";
const PASS_P12: &str = "pass the .p12 or .pfx file with --keystore";
const EXPORT_AGAIN: &str = "export it again where the key was made, with the private key: openssl pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12";

/// Opens a file with a password.
#[track_caller]
fn refuses(keystore: &str, password: &str, why: &str, hint: &str) {
    let outcome = grant(keystore).env("MASKINPORTEN_KEYSTORE_PASSWORD", password).run();

    let stderr = format!("error: could not open the keystore `{keystore}`\ncaused by: {why}\nhint: {hint}\n");
    outcome.fails(4, &stderr);
}

/// Opens a file without a password: it is rejected before one is needed.
#[track_caller]
fn refuses_unasked(keystore: &str, why: &str, hint: &str) {
    let outcome = grant(keystore).run();

    let stderr = format!("error: could not open the keystore `{keystore}`\ncaused by: {why}\nhint: {hint}\n");
    outcome.fails(4, &stderr);
}

#[test]
fn a_wrong_password_is_found_with_every_mac() {
    let why = "its integrity check failed, so the password is wrong or the file is damaged";
    for file in ["modern.p12", "legacy.p12", "pbmac1.p12", "sha512-mac.p12", "ber.p12", "keytool.p12", "ec.p12"] {
        for password in ["Secret", "secre", "æøå", "🔑"] {
            refuses(&testdata(file), password, why, CORRECT_IT);
        }
    }
    refuses(&testdata("empty-password.p12"), "secret", why, CORRECT_IT);
}

#[test]
fn a_wrong_password_for_a_file_without_mac_is_not_called_a_failed_check() {
    for file in ["no-mac.p12", "no-mac-legacy.p12"] {
        let keystore = testdata(file);

        let outcome = grant(&keystore).env("MASKINPORTEN_KEYSTORE_PASSWORD", "wrong").run();

        outcome.replacing(&keystore, "[KEYSTORE]").fails(
            4,
            str![[r#"
warning: the keystore has no MAC, so changes to it cannot be detected
error: could not open the keystore `[KEYSTORE]`
caused by: it could not be decrypted, so the password is wrong or the file is damaged
hint: correct the password, which came from MASKINPORTEN_KEYSTORE_PASSWORD

"#]],
        );
    }
}

#[test]
fn a_changed_file_fails_its_integrity_check() {
    let why = "its integrity check failed, so the password is wrong or the file is damaged";
    refuses(&testdata("damaged.p12"), "secret", why, CORRECT_IT);
}

#[test]
fn a_truncated_file_is_rejected_before_a_password_is_needed() {
    refuses_unasked(&testdata("truncated.p12"), CUT_SHORT, COPY_AGAIN);
    refuses_unasked(&testdata("huge-length.p12"), CUT_SHORT, COPY_AGAIN);
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.p12").display().to_string();
    let whole = fs::read(testdata("legacy.p12")).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 100, 8] {
        fs::write(&cut, &whole[..length]).unwrap();

        refuses_unasked(&cut, CUT_SHORT, COPY_AGAIN);
    }
}

#[test]
fn deep_nesting_is_rejected_at_once() {
    refuses_unasked(&testdata("nested.p12"), UNKNOWN, PASS_P12);
    refuses_unasked(&testdata("nested-definite.p12"), UNKNOWN, PASS_P12);
}

#[test]
fn a_file_of_another_format_is_named() {
    let at = |file: &str| testdata(file);
    for (file, format, hint) in [
        ("not-pkcs12.pem", "it looks like PEM text", format!("pass it as a PEM key: --key {}", at("not-pkcs12.pem"))),
        (
            "java.jks",
            "it looks like a Java keystore (JKS)",
            format!(
                "convert it: keytool -importkeystore -srckeystore {} -destkeystore keystore.p12 -deststoretype pkcs12",
                at("java.jks")
            ),
        ),
        (
            "key.jwk.json",
            "it looks like JSON, perhaps a JWK",
            format!("pass it as a JWK: --jwk {}", at("key.jwk.json")),
        ),
        (
            "certificate.der",
            "it looks like a certificate (DER) without a private key",
            "find the .p12 or .pfx file that came with the certificate's private key".to_owned(),
        ),
        (
            "pkcs7.p7b",
            "it looks like certificates (PKCS#7) without a private key",
            "find the .p12 or .pfx file that came with the certificate's private key".to_owned(),
        ),
        (
            "pkcs8.der",
            "it looks like a private key (DER) without a certificate",
            format!(
                "put it together with its certificate: openssl pkey -inform DER -in {} -out key.pem && openssl pkcs12 \
                 -export -inkey key.pem -in certificate.pem -out keystore.p12; rm key.pem",
                at("pkcs8.der")
            ),
        ),
        ("random.bin", "unrecognised file format", PASS_P12.to_owned()),
    ] {
        refuses_unasked(&at(file), &format!("it is not a PKCS#12 keystore: {format}"), &hint);
    }
    refuses_unasked(&at("empty.bin"), "it is not a PKCS#12 keystore: it is empty", PASS_P12);
}

#[test]
fn a_file_that_cannot_be_read_is_not_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.p12").display().to_string();
    let directory = folder.path().display().to_string();
    for (path, why) in
        [(&missing, "No such file or directory (os error 2)"), (&directory, "Is a directory (os error 21)")]
    {
        let outcome = grant(path).run();

        outcome.fails(
            4,
            &format!(
                "error: could not read the keystore `{path}`\n\
                 caused by: {why}\n\
                 hint: check the path given with --keystore, and that you may read it\n"
            ),
        );
    }
}

#[test]
fn a_keystore_over_the_size_limit_is_not_read_to_its_end() {
    let limit = 10 * 1024 * 1024;
    let mut bytes = fs::read(testdata("modern.p12")).unwrap();
    bytes.resize(limit + 1, 0);
    let why = format!("it is larger than the limit of {limit} bytes");

    let outcome = grant("-").stdin(bytes).run();

    let hint = "check the path: a keystore takes a few kilobytes";
    outcome.fails(4, &format!("error: could not open the keystore `stdin`\ncaused by: {why}\nhint: {hint}\n"));
    refuses_unasked("/dev/zero", &why, hint);
}

#[test]
fn the_error_for_a_keystore_without_a_private_key_names_its_content() {
    let has = |what| format!("it has no private key, {what}");
    refuses(&testdata("certificates-only.p12"), "secret", &has("only 3 certificates"), EXPORT_AGAIN);
    refuses(&testdata("secret-key-only.p12"), "secret", &has("and no certificate either"), EXPORT_AGAIN);
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("one.p12").display().to_string();
    let leaf = testdata("keys/enterprise.pem");
    program(&mut openssl(&["pkcs12", "-export", "-nokeys", "-in", &leaf, "-out", &one, "-passout", "pass:one"]), b"");
    refuses(&one, "one", &has("only a certificate"), EXPORT_AGAIN);
}

#[test]
fn a_key_without_its_certificate_is_rejected() {
    refuses(
        &testdata("other-key.p12"),
        "secret",
        "its private key does not belong to any certificate in it",
        "put the key and its own certificate together: openssl pkcs12 -export -inkey key.pem -in certificate.pem -out \
         keystore.p12",
    );
}

#[test]
fn a_key_without_certificates_needs_the_id_under_which_it_is_registered() {
    for reference in [&[][..], &["--x5c", "leaf"], &["--kid", "thumbprint"]] {
        let outcome = grant(&testdata("no-certificate.p12"))
            .args(reference)
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
            .run();

        outcome.fails(
            4,
            str![[r#"
error: the key has no certificate to send as x5c
hint: pass --kid with the id under which the key is registered on the client

"#]],
        );
    }
}

/// Makes a keystore with a new key that `openssl` generates with these arguments.
fn keystore_of(folder: &Path, make: &[&str]) -> String {
    let [key, leaf, keystore] = ["key", "leaf", "new.p12"].map(|name| folder.join(name).display().to_string());
    program(openssl(make).args(["-out", &key]), b"");
    program(&mut openssl(&["req", "-x509", "-key", &key, "-subj", "/CN=new", "-out", &leaf]), b"");
    let export = ["pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-out", &keystore, "-passout", "pass:new"];
    program(&mut openssl(&export), b"");
    keystore
}

#[test]
fn a_key_that_cannot_sign_a_jwt_is_named() {
    let rsa = "use an RSA key: Maskinporten accepts RS256, RS384 and RS512";
    let kind = |kind| format!("its private key is of the kind {kind}, which cannot sign a JWT");
    for (make, why, hint) in [
        (
            &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..],
            "its RSA key has 1024 bits; 2048 to 16384 are accepted (RFC 7518 §3.3)".to_owned(),
            "order a certificate with an RSA key of 2048 bits or more",
        ),
        (
            &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
            kind("EC on the curve secp256k1"),
            rsa,
        ),
        (&["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], kind("rsassaPss"), rsa),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let keystore = keystore_of(folder.path(), make);

        refuses(&keystore, "new", &why, hint);
    }
    let folder = tempfile::tempdir().unwrap();
    let parameters = folder.path().join("parameters").display().to_string();
    program(&mut openssl(&["dsaparam", "-out", &parameters, "1024"]), b"");
    refuses(&keystore_of(folder.path(), &["genpkey", "-paramfile", &parameters]), "new", &kind("dsaEncryption"), rsa);
}
