//! Which of several keys is used, and the error if the choice is ambiguous.

use super::{
    openssl::Grant,
    samples::{certificate, grant},
    support::{Outcome, testdata},
};

const SIGNERS: &str = "
  first: C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; digitalSignature keyEncipherment dataEncipherment; expires 2124-01-01
  second: C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; digitalSignature keyEncipherment dataEncipherment; expires 2124-01-01";

const THREE: &str = "
  signature: C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; nonRepudiation; expires 2124-01-01
  authentication: C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; digitalSignature; expires 2124-01-01
  encryption: C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; keyEncipherment dataEncipherment; expires 2124-01-01";

fn run(file: &str, password: &str, options: &[&str]) -> Outcome {
    grant(&testdata(file)).args(options).env("MASKINPORTEN_KEYSTORE_PASSWORD", password).run()
}

#[track_caller]
fn fails(file: &str, password: &str, options: &[&str], why: &str) {
    let keystore = testdata(file);
    run(file, password, options).fails(
        4,
        &format!(
            "error: could not open the keystore `{keystore}`\n\
             caused by: {why}\n\
             hint: choose one of them with --alias ALIAS\n"
        ),
    );
}

#[test]
fn of_three_entries_the_one_that_may_sign_is_used() {
    for (file, password) in [("buypass-three.p12", "secret"), ("keytool-three.p12", "secret12")] {
        let grant = Grant::of(&run(file, password, &[]).artefact());

        assert_eq!(grant.x5c()[0], certificate("authentication"), "{file}");
    }
}

#[test]
fn two_keys_that_may_both_sign_are_listed_and_neither_is_used() {
    fails("two-signers.p12", "secret", &[], &format!("it has several keys to choose from:{SIGNERS}"));
}

#[test]
fn an_unknown_alias_is_rejected_with_a_list_of_the_entries() {
    for alias in ["third", "first "] {
        let why = format!("it has no entry with the alias `{alias}`; its entries are:{SIGNERS}");
        fails("two-signers.p12", "secret", &["--alias", alias], &why);
    }
    let why = format!("it has no entry with the alias `other`; its entries are:{THREE}");
    fails("keytool-three.p12", "secret12", &["--alias", "other"], &why);
}

#[test]
fn an_alias_chooses_a_key_that_would_not_be_chosen_without() {
    for (alias, leaf) in [("signature", "signature"), ("SIGNATURE", "signature"), ("Encryption", "encryption")] {
        let outcome = run("keytool-three.p12", "secret12", &["--alias", alias]);
        let grant = Grant::of(&outcome.stdout);

        assert!(outcome.stderr.starts_with("warning: the certificate may not sign: "), "{}", outcome.stderr);
        assert_eq!(grant.x5c()[0], certificate(leaf));
        assert!(grant.is_signed_by(&grant.leaf()));
    }
}

#[test]
fn an_unknown_alias_is_rejected_even_if_there_is_only_one_entry() {
    let entry = "\n  enterprise: C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827; digitalSignature \
                 keyEncipherment dataEncipherment; expires 2124-01-01";

    fails(
        "modern.p12",
        "secret",
        &["--alias", "mine"],
        &format!("it has no entry with the alias `mine`; its entries are:{entry}"),
    );
}

#[test]
fn the_alias_can_be_set_as_a_variable() {
    let command = grant(&testdata("two-signers.p12")).env("MASKINPORTEN_ALIAS", "second");

    let outcome = command.env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();

    assert_eq!(Grant::of(&outcome.artefact()).x5c()[0], certificate("second"));
}
