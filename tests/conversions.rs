//! The commands in hints work when pasted: each is run, and its result opens.

use std::{fs, path::Path, process::Command};

use snapbox::str;

use super::{
    openssl::{Grant, succeeds},
    samples::{certificate, grant},
    support::{program, testdata},
};

/// Returns the command in the hint for a file whose name must be quoted.
#[track_caller]
fn hint_for(keystore: &Path) -> String {
    let outcome = grant(&keystore.display().to_string()).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""));
    let hint = outcome.stderr.lines().last().unwrap().strip_prefix("hint: ").unwrap();
    hint.split_once(": ").unwrap().1.to_owned()
}

/// Opens a file from `testdata` under a name with a space and an apostrophe, runs the command in the hint with these
/// answers, and opens its result.
#[track_caller]
fn opens_when_converted(file: &str, adapt: impl Fn(&str) -> String, answers: &str, makes: &str, password: &str) {
    let folder = tempfile::tempdir().unwrap();
    let keystore = folder.path().join(format!("it's {file}"));
    fs::copy(testdata(file), &keystore).unwrap();
    let command = adapt(&hint_for(&keystore));

    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(folder.path()).env("OLD", "secret").env("NEW", password);
    program(&mut shell, answers.as_bytes());

    let made = folder.path().join(makes).display().to_string();
    let grant = Grant::of(&grant(&made).env("MASKINPORTEN_KEYSTORE_PASSWORD", password).run().artefact());
    assert_eq!(grant.x5c()[0], certificate("enterprise"), "{file}");
    assert!(grant.is_signed_by(&grant.leaf()), "{file}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{file}: {left:?}");
}

/// Adds the passwords for which `openssl` would prompt.
fn without_questions(command: &str) -> String {
    command
        .replace("openssl pkcs12 -legacy", "openssl pkcs12 -passin env:OLD -legacy")
        .replace("openssl pkcs12 -export", "openssl pkcs12 -passout env:NEW -export")
}

#[test]
fn unsupported_encryption_is_named_and_the_file_opens_when_converted() {
    for (file, encryption) in [
        ("rc2-128.p12", "RC2 with 128 bits (pbeWithSHAAnd128BitRC2-CBC)"),
        ("rc4.p12", "RC4 with 128 bits (pbeWithSHAAnd128BitRC4)"),
        ("two-key-3des.p12", "3DES with two keys (pbeWithSHAAnd2-KeyTripleDES-CBC)"),
    ] {
        let keystore = testdata(file);

        let outcome = grant(&keystore).run();

        outcome.replacing(&keystore, "[KEYSTORE]").replacing(encryption, "[ENCRYPTION]").fails(
            4, str![[r#"
error: could not open the keystore `[KEYSTORE]`
caused by: it uses [ENCRYPTION], which is not supported
hint: convert it: openssl pkcs12 -legacy -in [KEYSTORE] -nodes -out key-and-certificates.pem && openssl pkcs12 -export -in key-and-certificates.pem -out new.p12; rm key-and-certificates.pem

"#]],
        );
        opens_when_converted(file, without_questions, "", "new.p12", "new blåbær");
    }
}

#[test]
fn the_unencrypted_key_is_removed_when_the_conversion_fails_half_way() {
    let folder = tempfile::tempdir().unwrap();
    let keystore = folder.path().join("rc4.p12");
    fs::copy(testdata("rc4.p12"), &keystore).unwrap();
    let command = without_questions(&hint_for(&keystore)).replace("-out new.p12", "-out missing/new.p12");

    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(folder.path()).env("OLD", "secret").env("NEW", "new");
    shell.output().unwrap();

    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["rc4.p12"]);
}

#[test]
fn a_pem_file_with_key_and_certificate_opens_with_the_option_in_the_hint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's not-pkcs12.pem");
    fs::copy(testdata("not-pkcs12.pem"), &file).unwrap();
    let option = hint_for(&file);

    let binary = env!("CARGO_BIN_EXE_maskinporten");
    let command = format!("'{binary}' grant --env test --client-id our-client --scope a:b {option}");
    let printed = program(Command::new("sh").args(["-c", &command]).env("HOME", folder.path()), b"");

    assert!(option.starts_with("--key "), "{option}");
    let grant = Grant::of(&printed);
    assert_eq!(grant.x5c()[0], certificate("enterprise"));
    assert!(grant.is_signed_by(&grant.leaf()));
}

#[test]
fn a_der_key_opens_when_put_together_with_its_certificate() {
    let with_certificate = |command: &str| {
        without_questions(command).replace("-in certificate.pem", &format!("-in {}", testdata("keys/enterprise.pem")))
    };
    opens_when_converted("pkcs8.der", with_certificate, "", "keystore.p12", "new");
}

#[test]
fn a_jks_keystore_opens_when_keytool_has_converted_it() {
    if !succeeds(Command::new("sh").args(["-c", "command -v keytool"])) {
        eprintln!("not run: there is no keytool here");
        return;
    }
    opens_when_converted("java.jks", str::to_owned, "secret12\nsecret12\nsecret12\n", "keystore.p12", "secret12");
}
