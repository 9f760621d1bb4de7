//! Every error of a hardware token, with `SoftHSM2`: all three streams and the exit code.

use snapbox::str;

use crate::{
    registered::SoftHsm,
    support::{Maskinporten, maskinporten, testdata},
};

const FEW: &str = "warning: a wrong PIN was given before; the token accepts only a few more\n";
const IN_PROCESS_LIST: &str = "warning: --pkcs11-pin shows in the process list; set MASKINPORTEN_PKCS11_PIN instead\n";
fn grant() -> Maskinporten {
    maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b", "--kid", "registered"])
}

fn with_key(hsm: &SoftHsm) -> Maskinporten {
    hsm.key(grant(), "signing")
}

fn with_pin(command: Maskinporten) -> Maskinporten {
    command.env("MASKINPORTEN_PKCS11_PIN", SoftHsm::PIN)
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_wrong_pin_is_an_error_and_the_next_run_warns_before_it_tries() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);

    let first = with_key(&hsm).env("MASKINPORTEN_PKCS11_PIN", "000000").run();
    let second = with_key(&hsm).args(["--pkcs11-pin-command", "echo 000001"]).run();
    let right = with_pin(with_key(&hsm)).run();
    let after = with_pin(with_key(&hsm)).run();

    first.fails(
        4,
        str![[r#"
error: could not use a key in the hardware token `test token`
caused by: the PIN is wrong; the token reports that few tries are left
hint: do not guess: after a few wrong PINs the token locks itself

"#]],
    );
    second.fails(
        4,
        str![[r#"
warning: a wrong PIN was given before; the token accepts only a few more
error: could not use a key in the hardware token `test token`
caused by: the PIN is wrong; the token reports that few tries are left
hint: do not guess: after a few wrong PINs the token locks itself

"#]],
    );
    assert_eq!((right.code, right.stderr.as_str()), (0, FEW));
    assert_eq!((after.code, after.stderr.as_str()), (0, ""));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_pin_on_the_command_line_works_with_a_warning() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);

    let right = with_key(&hsm).args(["--pkcs11-pin", SoftHsm::PIN]).run();
    let wrong = with_key(&hsm).args(["--pkcs11-pin", "000000"]).run();

    assert_eq!((right.code, right.stderr.as_str()), (0, IN_PROCESS_LIST));
    assert_eq!(right.stdout.split('.').count(), 3);
    wrong.fails(
        4,
        str![[r#"
warning: --pkcs11-pin shows in the process list; set MASKINPORTEN_PKCS11_PIN instead
error: could not use a key in the hardware token `test token`
caused by: the PIN is wrong; the token reports that few tries are left
hint: do not guess: after a few wrong PINs the token locks itself

"#]],
    );
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_wrong_pin_is_reported_as_json_on_request() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);

    let outcome = with_key(&hsm).args(["--error-format", "json", "--pkcs11-pin-command", "echo 000000"]).run();

    outcome.fails(
        4, str![[r#"
{"error":{"code":"hardware_pin","message":"could not use a key in the hardware token `test token`","causes":["the PIN is wrong; the token reports that few tries are left"],"hint":"do not guess: after a few wrong PINs the token locks itself","exit_code":4,"http_status":null,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
    );
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn each_pin_source_that_gives_no_pin_is_named() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);
    let hint = "hint: set MASKINPORTEN_PKCS11_PIN, or pass --pkcs11-pin-file FILE\n";
    for (arguments, said) in [
        (&[][..], "no PIN was given for the token `test token`, and there is no terminal to ask on"),
        (&["--pkcs11-pin-env", "UNSET"], "the variable that --pkcs11-pin-env names is not set"),
        (
            &["--pkcs11-pin-file", "/nonexistent"],
            "could not read the PIN file `/nonexistent`: No such file or directory (os error 2)",
        ),
        (&["--pkcs11-pin-command", "false"], "the command of --pkcs11-pin-command failed: exit status: 1"),
        (&["--pkcs11-pin-command", "true"], "the command of --pkcs11-pin-command printed nothing"),
    ] {
        let outcome = with_key(&hsm).args(arguments).run();

        let is_file = arguments.contains(&"--pkcs11-pin-file");
        let hint = if is_file { "hint: check the path and its permissions\n" } else { hint };
        outcome.fails(4, &format!("error: {said}\n{hint}"));
    }
    let two = with_key(&hsm).args(["--pkcs11-pin-env", "A", "--pkcs11-pin-command", "true"]).run();
    two.fails(
        2,
        str![[r#"
error: --pkcs11-pin-env and --pkcs11-pin-command exclude each other
hint: give one of them

"#]],
    );
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn an_unknown_token_or_key_is_rejected_with_a_list() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);
    let module = ["--pkcs11-module", &SoftHsm::module()].map(str::to_owned);
    let elsewhere = grant().args(module).args(["--pkcs11-token", "other", "--pkcs11-key", "signing"]);

    let no_token = with_pin(elsewhere).env("SOFTHSM2_CONF", hsm.settings()).run();
    let no_key = with_pin(hsm.key(grant(), "other")).run();

    no_token.fails(
        4,
        str![[r#"
error: could not use a key in the hardware token `other`
caused by: no token has the label `other`; the tokens are:
  test token: SoftHSM project SoftHSM v2
hint: insert the token, or pass the label of one in the list with --pkcs11-token

"#]],
    );
    no_key.fails(
        4,
        str![[r#"
error: could not use a key in the hardware token `test token`
caused by: no private key has the label `other`; the keys are:
  signing: id 01
hint: pass the label of one in the list with --pkcs11-key

"#]],
    );
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_label_of_two_keys_is_rejected() {
    let hsm = SoftHsm::with(&[("enterprise", "signing"), ("second", "signing")]);

    let outcome = with_pin(with_key(&hsm)).run();

    outcome.fails(
        4,
        str![[r#"
error: could not use a key in the hardware token `test token`
caused by: 2 private keys have the label `signing`
hint: give each of them a different label, in the software that came with the token

"#]],
    );
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_hardware_key_needs_its_own_certificate_and_a_supported_algorithm() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);
    let other = testdata("keys/other.pem");

    let foreign = with_pin(with_key(&hsm)).args(["--certificate", &other]).run();
    let elliptic = with_pin(with_key(&hsm)).args(["--alg", "ES256", "--quiet"]).run();

    foreign.replacing(&other, "[OTHER]").fails(
        4, str![[r#"
error: could not use the certificates in `[OTHER]`
caused by: none of its 1 certificate(s) belongs to the private key; the first is C=NO, O=ANNEN TESTETAT, CN=ANNEN TESTETAT, serialNumber=310702641
hint: pass the key's own certificate; this shows the public key in the file: openssl x509 -in [OTHER] -noout -pubkey

"#]],
    );
    elliptic.fails(
        4,
        str![[r#"
error: could not sign the grant
caused by: the private key cannot sign with ES256
hint: pass --alg RS256, or use another key

"#]],
    );
}

#[test]
fn a_module_that_cannot_be_loaded_or_initialised_is_an_error() {
    let module = testdata("random.bin");
    let arguments = ["--pkcs11-module", &module, "--pkcs11-token", "a", "--pkcs11-key", "b"];

    let none = grant().args(arguments).run();
    let unset = SoftHsm::module();
    let arguments = ["--pkcs11-module", &unset, "--pkcs11-token", "a", "--pkcs11-key", "b"];
    let unset = grant().args(arguments).env("SOFTHSM2_CONF", "/nonexistent/softhsm2.conf").run();

    assert_eq!((none.code, none.stdout.as_str()), (4, ""));
    let said = format!("\ncaused by: the PKCS#11 module `{module}` cannot be loaded: ");
    assert!(none.stderr.contains(&said), "{}", none.stderr);
    assert!(
        none.stderr
            .ends_with("\nhint: pass a PKCS#11 module for this operating system and processor with --pkcs11-module\n")
    );
    unset.fails(
        4,
        str![[r#"
error: could not use a key in the hardware token `a`
caused by: the PKCS#11 module returned GeneralError (C_Initialize)
hint: check that the token works: pkcs11-tool --module MODULE --list-slots; SoftHSM needs SOFTHSM2_CONF

"#]],
    );
}
