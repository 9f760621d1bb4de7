//! The same errors as one JSON object: the whole object is compared.

use serde_json::{Value, json};

use super::{samples::grant, support::testdata};

/// Runs the command and compares its error; the members about a server are null.
#[track_caller]
fn fails_with(keystore: &str, password: Option<&str>, code: &str, expected: &Value) {
    let command = grant(keystore).args(["--error-format", "json"]);
    let command =
        if let Some(password) = password { command.env("MASKINPORTEN_KEYSTORE_PASSWORD", password) } else { command };

    let outcome = command.run();

    let mut error = json!({
        "code": code, "exit_code": 4, "http_status": null, "oauth_error": null, "mp_code": null, "trace_id": null,
        "warnings": [],
    });
    for (name, value) in expected.as_object().unwrap() {
        error[name] = value.clone();
    }
    assert_eq!(outcome.stderr.matches('\n').count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&outcome.stderr).unwrap(), json!({ "error": error }), "{keystore}");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""));
}

#[test]
fn each_class_of_error_has_its_code_causes_and_hint() {
    let password = Some("secret");
    for (file, password, code, cause, hint) in [
        (
            "modern.p12",
            Some("wrong"),
            "keystore_password",
            "its integrity check failed, so the password is wrong or the file is damaged",
            "correct the password, which came from MASKINPORTEN_KEYSTORE_PASSWORD",
        ),
        (
            "truncated.p12",
            None,
            "keystore_damaged",
            "it is damaged or truncated: its lengths do not match its size",
            "copy the file again from its source, in binary mode",
        ),
        (
            "random.bin",
            None,
            "keystore_not_pkcs12",
            "it is not a PKCS#12 keystore: unrecognised file format",
            "pass the .p12 or .pfx file with --keystore",
        ),
        (
            "certificates-only.p12",
            password,
            "keystore_no_private_key",
            "it has no private key, only 3 certificates",
            "export it again where the key was made, with the private key: openssl pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12",
        ),
        (
            "other-key.p12",
            password,
            "keystore_foreign_key",
            "its private key does not belong to any certificate in it",
            "put the key and its own certificate together: openssl pkcs12 -export -inkey key.pem -in certificate.pem \
             -out keystore.p12",
        ),
        (
            "iterations-sum.p12",
            None,
            "keystore_iterations",
            "opening it takes at least 18000000 key derivation iterations, and 10000000 are allowed",
            "if you trust the file, pass --max-iterations 18000000 or more",
        ),
    ] {
        let keystore = testdata(file);
        let message = format!("could not open the keystore `{keystore}`");
        fails_with(&keystore, password, code, &json!({ "message": message, "causes": [cause], "hint": hint }));
    }
}

#[test]
fn unsupported_encryption_and_ambiguous_entries_have_codes() {
    let rc4 = testdata("rc4.p12");
    fails_with(
        &rc4,
        None,
        "keystore_encryption",
        &json!({
            "message": format!("could not open the keystore `{rc4}`"),
            "causes": ["it uses RC4 with 128 bits (pbeWithSHAAnd128BitRC4), which is not supported"],
            "hint": format!(
                "convert it: openssl pkcs12 -legacy -in {rc4} -nodes -out key-and-certificates.pem && openssl pkcs12 \
                 -export -in key-and-certificates.pem -out new.p12; rm key-and-certificates.pem"
            ),
        }),
    );
    let two = testdata("two-signers.p12");
    let entry = "C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; digitalSignature keyEncipherment \
                 dataEncipherment; expires 2124-01-01";
    fails_with(
        &two,
        Some("secret"),
        "keystore_alias",
        &json!({
            "message": format!("could not open the keystore `{two}`"),
            "causes": [format!("it has several keys to choose from:\n  first: {entry}\n  second: {entry}")],
            "hint": "choose one of them with --alias ALIAS",
        }),
    );
}

#[test]
fn a_missing_file_and_a_missing_password_have_codes() {
    fails_with(
        "missing.p12",
        None,
        "keystore_unreadable",
        &json!({
            "message": "could not read the keystore `missing.p12`",
            "causes": ["No such file or directory (os error 2)"],
            "hint": "check the path given with --keystore, and that you may read it",
        }),
    );
    let modern = testdata("modern.p12");
    fails_with(
        &modern,
        None,
        "keystore_password",
        &json!({
            "message": format!("no password was given for the keystore `{modern}`, and there is no terminal to ask on"),
            "causes": [],
            "hint": "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE",
        }),
    );
}

#[test]
fn warnings_are_part_of_the_json_error() {
    let keystore = testdata("no-mac.p12");
    fails_with(
        &keystore,
        Some("wrong"),
        "keystore_password",
        &json!({
            "message": format!("could not open the keystore `{keystore}`"),
            "causes": ["it could not be decrypted, so the password is wrong or the file is damaged"],
            "hint": "correct the password, which came from MASKINPORTEN_KEYSTORE_PASSWORD",
            "warnings": ["the keystore has no MAC, so changes to it cannot be detected"],
        }),
    );
}
