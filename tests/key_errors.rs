//! Every error of a JWK, PEM file, certificate file and .NET's store: all three streams and the exit code.
//!
//! `jwk_errors.txt` and `key_errors.txt` have a paragraph for each: the exit code with the options or variables, and the
//! messages.

use std::fs;

use serde_json::{Value, json};
use snapbox::{Data, file, str};

use crate::{
    key_sources::with_store,
    openssl::openssl,
    support::{Maskinporten, Outcome, assert_table, maskinporten, program, testdata},
};

/// A command that is complete except for its key.
fn grant() -> Maskinporten {
    maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b"])
}

fn every_paragraph_holds(table: Data) {
    assert_table(table, |typed| {
        let (code, typed) = typed.split_once(' ').unwrap();
        let command = typed.split(' ').fold(grant(), |command, word| match word.split_once('=') {
            Some((name, value)) if name.starts_with("MASKINPORTEN_") => command.env(name, value),
            _ => command.args([word.replace("TESTDATA/", &testdata(""))]),
        });

        let outcome = command.run();

        outcome.failure(code.parse().unwrap()).replace(&testdata(""), "TESTDATA/")
    });
}

#[test]
fn every_unusable_jwk_is_named_with_a_remedy() {
    every_paragraph_holds(file!["jwk_errors.txt"]);
}

#[test]
fn every_other_unusable_key_is_named_with_a_remedy() {
    every_paragraph_holds(file!["key_errors.txt"]);
}

#[test]
fn key_errors_are_reported_as_json_on_request() {
    for (arguments, code, cause) in [
        (["--jwk", "jwk/public.json"], "jwk_public_only", "it is a public key: the private member `d` is missing"),
        (["--jwk", "jwk/use-enc.json"], "jwk_use", "its `use` is `enc`, not `sig`"),
        (["--jwk", "jwk/missing.json"], "keystore_unreadable", "No such file or directory (os error 2)"),
        (["--key", "modern.p12"], "pem_not_pem", "it has no PEM block: it looks like a PKCS#12 keystore"),
        (["--key", "pem/request.pem"], "pem_no_private_key", "it has no private key, only CERTIFICATE REQUEST"),
    ] {
        let [option, file] = arguments;
        let outcome = grant().args(["--error-format", "json", option, &testdata(file)]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""));
        assert_eq!(outcome.stderr.lines().count(), 1);
        let error: Value = serde_json::from_str(&outcome.stderr).unwrap();
        let error = &error["error"];
        assert_eq!((&error["code"], &error["causes"], &error["exit_code"]), (&json!(code), &json!([cause]), &json!(4)));
        assert!(error["hint"].is_string() && error["message"].as_str().unwrap().contains(file), "{error}");
    }
}

#[test]
fn a_conflict_of_two_keys_is_reported_as_json() {
    let outcome = grant().args(["--error-format", "json", "--jwk", "a", "--key", "b"]).run();

    outcome.fails(
        2, str![[r#"
{"error":{"code":"conflict","message":"--jwk and --key exclude each other","causes":[],"hint":"give one of them","exit_code":2,"http_status":null,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
    );
}

#[test]
fn a_key_given_instead_of_its_file_name_is_not_shown() {
    let jwk = fs::read_to_string(testdata("jwk/ec.json")).unwrap();
    let pem = fs::read_to_string(testdata("keys/ec-key.pem")).unwrap();
    let said = |label: &str| {
        format!(
            "error: {label} holds a key or certificate itself, not the name of a file\n\
             hint: put it in a file that only you may read, and name that; a JWK can be in \
             MASKINPORTEN_CLIENT_JWK\n"
        )
    };

    grant().args(["--jwk", &jwk]).run().fails(2, &said("--jwk"));
    grant().args(["--key", &pem]).run().fails(2, &said("--key"));
    grant().args(["--key", "a", "--certificate", &pem]).run().fails(2, &said("--certificate"));
    grant().env("MASKINPORTEN_JWK", &jwk).run().fails(3, &said("MASKINPORTEN_JWK"));
    grant().env("MASKINPORTEN_KEY", &pem).run().fails(3, &said("MASKINPORTEN_KEY"));
    let theirs = ["--client_id=x", "--audience=https://a.no/", "--token_endpoint=https://a.no/", "--scopes=a:b"];
    maskinporten(theirs).args([format!("--jwk_path={jwk}")]).run().fails(2, &said("--jwk_path"));
}

#[test]
fn a_wrong_or_missing_password_of_a_pem_key_is_an_error_without_a_prompt() {
    for file in ["encrypted-pkcs8", "encrypted-3des", "encrypted-traditional", "encrypted-sec1"] {
        let key = testdata(&format!("pem/{file}.pem"));

        let wrong = grant().args(["--key", &key]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "Secret").run();
        let none = grant().args(["--key", &key]).run();

        wrong.replacing(&key, "[KEY]").fails(
            4,
            str![[r#"
error: could not load a key from the PEM file `[KEY]`
caused by: the password does not decrypt its private key
hint: correct the password, which came from MASKINPORTEN_KEYSTORE_PASSWORD

"#]],
        );
        none.replacing(&key, "[KEY]").fails(
            4,
            str![[r#"
error: no password was given for the key `[KEY]`, and there is no terminal to ask on
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
        );
    }
}

/// Writes a file for one test.
#[track_caller]
fn fails_with(option: &str, text: impl AsRef<[u8]>, why: &str, hint: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key").display().to_string();
    fs::write(&file, text).unwrap();

    let outcome = grant().args([option, &file]).run();

    let kind = if option == "--jwk" { "JWK" } else { "PEM file" };
    let stderr = format!("error: could not load a key from the {kind} `{file}`\ncaused by: {why}\nhint: {hint}\n");
    outcome.fails(4, &stderr.replace("FILE_OF_THE_TEST", &file));
}

#[test]
fn truncated_damaged_and_ambiguous_pem_have_different_errors() {
    let key = fs::read_to_string(testdata("keys/enterprise-key.pem")).unwrap();
    let other = fs::read_to_string(testdata("keys/other.pem")).unwrap();
    let again = "copy the file again from its source; this shows what OpenSSL finds: openssl pkey -in FILE_OF_THE_TEST";

    let cut = &key[..key.len() / 2];
    let why = "it is not well-formed PEM: line 1 begins `PRIVATE KEY`, but there is no line `-----END PRIVATE KEY-----` after it";
    fails_with("--key", cut, why, "correct that line, or copy the file again from its source");
    let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let why = "its block `PRIVATE KEY` is damaged: it cannot be parsed as a private key";
    fails_with("--key", damaged, why, again);
    let certificate = format!("{key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    fails_with(
        "--key",
        certificate,
        "a certificate in it cannot be parsed",
        "copy the certificate again from its source",
    );
    let two = format!("{key}{}", fs::read_to_string(testdata("keys/second-key.pem")).unwrap());
    let why = "it has 2 private keys, but one is expected";
    fails_with("--key", two, why, "keep only one private key in the file");
    let foreign = "pass the key's own certificate with --certificate FILE, or register the key and pass --kid";
    fails_with("--key", key + &other, "its private key does not belong to any certificate in it", foreign);
}

#[test]
fn rsa_keys_that_are_too_short_are_rejected_in_pem() {
    let small = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
    let pem = program(&mut openssl(&small), b"");
    let why = "its RSA key has 1024 bits; 2048 to 16384 are accepted (RFC 7518 §3.3)";

    fails_with("--key", pem, why, "make a larger key: maskinporten keys new --rsa 3072");
}

#[test]
fn a_jwk_or_pem_file_over_the_size_limit_is_not_read_to_its_end() {
    for option in ["--jwk", "--key"] {
        let outcome = grant().args([option, "/dev/zero"]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""));
        assert!(outcome.stderr.contains("\ncaused by: it is larger than "), "{}", outcome.stderr);
    }
}

fn in_store(thumbprint: &str) -> (String, Outcome) {
    let command = with_store(grant().args(["-t", thumbprint]));
    let store = command.home().join(".dotnet/corefx/cryptography/x509stores/my").display().to_string();
    (store, command.run())
}

#[test]
fn a_store_without_the_certificate_or_its_key_is_rejected_with_a_list() {
    let (store, unknown) = in_store("0000000000000000000000000000000000000000");
    let (other_store, keyless) = in_store("DC34CA2113DAD5948E30CFF2813C833C355C8B66");

    let listed = "  901BA8E0C6D4B5D3C6BDE0E9B4C450CB627978D9: C=NO, O=ANNEN TESTETAT, CN=ANNEN TESTETAT, \
                  serialNumber=310702641\n  \
                  DC34CA2113DAD5948E30CFF2813C833C355C8B66: C=NO, O=TESTETATEN, CN=TESTETATEN, \
                  serialNumber=991825827\n  \
                  E239ADFFBF998F790DA8E386387CE372129F67AD: C=NO, O=TESTETATEN, CN=TESTETATEN, \
                  serialNumber=991825827\n";
    unknown.replacing(&store, "[STORE]").replacing(listed, "[LISTED]").fails(
        4,
        str![[r#"
error: could not load a key from the certificate store `[STORE]`
caused by: no certificate in it has the thumbprint 0000000000000000000000000000000000000000; its certificates are:
[LISTED]hint: pass the thumbprint of one of them with --certificate-thumbprint

"#]],
    );
    keyless.replacing(&other_store, "[OTHER_STORE]").fails(
        4,
        str![[r#"
error: could not load a key from the certificate store `[OTHER_STORE]`
caused by: its certificate C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827 has no private key
hint: store it again with its private key, or pass the file that has both: --keystore keystore.p12

"#]],
    );
}

#[test]
fn a_user_without_a_certificate_store_gets_an_error() {
    let command = grant().args(["-t", "E239ADFFBF998F790DA8E386387CE372129F67AD"]);
    let store = command.home().join(".dotnet/corefx/cryptography/x509stores/my").display().to_string();

    command.run().replacing(&store, "[STORE]").fails(
        4,
        str![[r#"
error: could not load a key from the certificate store `[STORE]`
caused by: the folder does not exist, so .NET has not stored a certificate for this user
hint: pass the certificate's own file instead: --keystore keystore.p12

"#]],
    );
}
