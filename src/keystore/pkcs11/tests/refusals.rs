//! What goes wrong with tokens, each told apart.

use super::*;

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_pin_that_is_missing_or_wrong_is_told_apart_and_the_tokens_warning_is_passed_on() {
    let test = "a_pin_that_is_missing_or_wrong_is_told_apart_and_the_tokens_warning_is_passed_on";
    with_token(module_path!(), test, &[("enterprise", "rsa")], || {
        assert!(token().needs_pin());
        assert_eq!(token().tries(), PinTries::Enough);
        refuses(token().open("rsa", None), "hardware_pin", "the token asks for a PIN");
        for wrong in ["111111", "1", &"9".repeat(300)] {
            let cause = "the PIN is wrong; the token says that few tries are left";
            refuses(token().open("rsa", Some(&SecretString::from(wrong))), "hardware_pin", cause);
        }
        assert_eq!(token().tries(), PinTries::Few);
        open("rsa").unwrap();
        assert_eq!(token().tries(), PinTries::Enough);
        // Two keys at once, each with a session of its own, share the login.
        let (first, second) = (open("rsa").unwrap(), open("rsa").unwrap());
        drop(first);
        second.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap();
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_token_or_key_that_is_not_there_is_answered_with_those_that_are() {
    let test = "a_token_or_key_that_is_not_there_is_answered_with_those_that_are";
    with_token(module_path!(), test, &[("enterprise", "rsa"), ("ec", "twice"), ("ec384", "twice")], || {
        let missing = HardwareToken::connect(&softhsm(), "other");
        let message = missing.as_ref().unwrap_err().to_string();
        assert_eq!(message, "could not use a key in the hardware token `other`");
        let there = "no token has the label `other`; there is\n  test token: SoftHSM project SoftHSM v2";
        refuses(missing, "hardware_token", there);
        let error = open("\u{1b}none").unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert_eq!(error.code(), "hardware_key");
        assert!(cause.starts_with("no private key has the label `\u{fffd}none`; there is\n  "), "{cause}");
        for line in ["\n  rsa: id 01", "\n  twice: id 02", "\n  twice: id 03"] {
            assert!(cause.contains(line), "{cause}");
        }
        refuses(open("twice"), "hardware_key", "2 private keys have the label `twice`");
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_key_that_may_not_sign_is_told_apart() {
    with_token(module_path!(), "a_key_that_may_not_sign_is_told_apart", &[("enterprise", "rsa")], || {
        let session = writable();
        let private = objects(&session, ObjectClass::PRIVATE_KEY, "rsa")[0];
        session.update_attributes(private, &[Attribute::Sign(false)]).unwrap();
        let error = open("rsa").unwrap().sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("hardware_key", "the hardware token did not sign"));
        assert_eq!(reason(error), HardwareReason::MayNotSign);
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_session_that_is_lost_is_told_apart() {
    with_token(module_path!(), "a_session_that_is_lost_is_told_apart", &[("enterprise", "rsa")], || {
        let key = token_key("rsa");
        let signing = SigningKey::in_token(key.clone(), Vec::new()).unwrap();
        key.session.lock().unwrap().logout().unwrap();
        let error = signing.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap_err();
        assert_eq!(error.code(), "hardware_session");
        assert!(reason(error).to_string().starts_with("the session with the token is lost: "));

        let signing = open("rsa").unwrap();
        module::load(&softhsm()).unwrap().finalize().unwrap();
        let error = signing.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap_err();
        let lost = "the session with the token is lost: CryptokiNotInitialized (C_SignInit)";
        assert_eq!(reason(error).to_string(), lost);
    });
}

#[test]
fn a_module_that_is_missing_or_no_module_is_told_apart() {
    let connect = |path: &Path| HardwareToken::connect(path, LABEL);
    refuses(connect(Path::new("/no/such.so")), "hardware_module", "there is no PKCS#11 module `/no/such.so`");
    let text = testdata("README.md");
    let error = connect(&text).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert_eq!(error.code(), "hardware_module");
    assert!(cause.starts_with(&format!("the PKCS#11 module `{}` cannot be loaded: ", text.display())), "{cause}");
    let error = connect(Path::new("libno-such-module.so")).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.starts_with("the PKCS#11 module `libno-such-module.so` cannot be loaded: "), "{cause}");
}
