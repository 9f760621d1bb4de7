//! Errors of tokens.

use super::*;

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_missing_pin_and_a_wrong_pin_have_different_errors_and_few_tries_are_reported() {
    let test = "a_missing_pin_and_a_wrong_pin_have_different_errors_and_few_tries_are_reported";
    with_token(module_path!(), test, &[("enterprise", "rsa")], || {
        assert!(token().needs_pin());
        assert_eq!(token().tries(), PinTries::Enough);
        refuses(token().open("rsa", None), "hardware_pin", "the token requires a PIN");
        for wrong in ["111111", "1", &"9".repeat(300)] {
            let cause = "the PIN is wrong; the token reports that few tries are left";
            refuses(token().open("rsa", Some(&SecretString::from(wrong))), "hardware_pin", cause);
        }
        assert_eq!(token().tries(), PinTries::Few);
        open("rsa").unwrap();
        assert_eq!(token().tries(), PinTries::Enough);
        // Two keys, each with its own session, share the login.
        let (first, second) = (open("rsa").unwrap(), open("rsa").unwrap());
        drop(first);
        second.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap();
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn an_unknown_token_or_key_is_rejected_with_a_list() {
    let test = "an_unknown_token_or_key_is_rejected_with_a_list";
    with_token(module_path!(), test, &[("enterprise", "rsa"), ("ec", "twice"), ("ec384", "twice")], || {
        let missing = HardwareToken::connect(&softhsm(), "other");
        let message = missing.as_ref().unwrap_err().to_string();
        assert_eq!(message, "could not use a key in the hardware token `other`");
        let there = "no token has the label `other`; the tokens are:\n  test token: SoftHSM project SoftHSM v2";
        refuses(missing, "hardware_token", there);
        let error = open("\u{1b}none").unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert_eq!(error.code(), "hardware_key");
        assert!(cause.starts_with("no private key has the label `\u{fffd}none`; the keys are:\n  "), "{cause}");
        for line in ["\n  rsa: id 01", "\n  twice: id 02", "\n  twice: id 03"] {
            assert!(cause.contains(line), "{cause}");
        }
        refuses(open("twice"), "hardware_key", "2 private keys have the label `twice`");
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_key_that_may_not_sign_has_an_error_of_its_own() {
    with_token(module_path!(), "a_key_that_may_not_sign_has_an_error_of_its_own", &[("enterprise", "rsa")], || {
        let session = writable();
        let private = objects(&session, ObjectClass::PRIVATE_KEY, "rsa")[0];
        session.update_attributes(private, &[Attribute::Sign(false)]).unwrap();
        let error = open("rsa").unwrap().sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("hardware_key", "the hardware token could not sign"));
        assert_eq!(reason(error), HardwareErrorKind::MayNotSign);
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_lost_session_has_an_error_of_its_own() {
    with_token(module_path!(), "a_lost_session_has_an_error_of_its_own", &[("enterprise", "rsa")], || {
        let key = Arc::new(token_key("rsa"));
        let signing = signing_key(key.clone());
        key.session.lock().unwrap().logout().unwrap();
        let error = signing.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap_err();
        assert_eq!(error.code(), "hardware_session");
        assert!(reason(error).to_string().starts_with("the session with the token was lost: "));

        let signing = open("rsa").unwrap();
        module::load(&softhsm()).unwrap().finalize().unwrap();
        let error = signing.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap_err();
        let lost = "the session with the token was lost: CryptokiNotInitialized (C_SignInit)";
        assert_eq!(reason(error).to_string(), lost);
    });
}

#[test]
fn a_missing_module_and_an_invalid_module_have_errors_of_their_own() {
    let connect = |path: &Path| HardwareToken::connect(path, LABEL);
    refuses(connect(Path::new("/no/such.so")), "hardware_module", "the PKCS#11 module `/no/such.so` does not exist");
    let text = testdata("README.md");
    let error = connect(&text).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert_eq!(error.code(), "hardware_module");
    assert!(cause.starts_with(&format!("the PKCS#11 module `{}` cannot be loaded: ", text.display())), "{cause}");
    let error = connect(Path::new("libno-such-module.so")).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.starts_with("the PKCS#11 module `libno-such-module.so` cannot be loaded: "), "{cause}");
}
