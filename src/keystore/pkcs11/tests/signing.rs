//! Keys in a token sign with the mechanisms that the token offers.

use super::*;
use crate::keystore::Certificate;

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn every_algorithm_of_rsa_and_ec_signs_in_the_token() {
    let keys = [("enterprise", "rsa"), ("ec", "p256"), ("ec384", "p384"), ("ec521", "p521")];
    with_token(module_path!(), "every_algorithm_of_rsa_and_ec_signs_in_the_token", &keys, || {
        use SignatureAlgorithm::{Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        for algorithm in [Rs256, Rs384, Rs512, Ps256, Ps384, Ps512] {
            signs_as(&open("rsa").unwrap(), "enterprise", algorithm);
        }
        for (label, file, algorithm) in [("p256", "ec", Es256), ("p384", "ec384", Es384), ("p521", "ec521", Es512)] {
            signs_as(&open(label).unwrap(), file, algorithm);
        }
        assert_eq!(open("rsa").unwrap().kind(), "RSA with 2048 bits");
        assert!(matches!(
            open("p256").unwrap().sign(Rs256, MESSAGE),
            Err(SigningError::KindMismatch { possible: Es256, .. })
        ));
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_token_without_hashing_mechanisms_gets_the_digest() {
    let keys = [("enterprise", "rsa"), ("ec", "p256")];
    with_token(module_path!(), "a_token_without_hashing_mechanisms_gets_the_digest", &keys, || {
        use SignatureAlgorithm::{Es256, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let with = |label: &str, offered: &[MechanismType]| {
            let key = TokenKey { mechanisms: offered.to_vec(), ..token_key(label) };
            signing_key(Arc::new(key))
        };
        let bare = with("rsa", &[MechanismType::RSA_PKCS]);
        for algorithm in [Rs256, Rs384, Rs512] {
            signs_as(&bare, "enterprise", algorithm);
        }
        assert_eq!(reason(bare.sign(Ps256, MESSAGE).unwrap_err()), HardwareErrorKind::Mechanism(Ps256));
        let none = with("p256", &[]);
        let error = none.sign(Es256, MESSAGE).unwrap_err();
        assert_eq!(error.code(), "hardware_mechanism");
        assert_eq!(reason(error).to_string(), "the token has no mechanism for ES256");
        // SoftHSM 2.6 has CKM_RSA_PKCS_PSS for digests.
        let pss = with("rsa", &[MechanismType::RSA_PKCS_PSS]);
        for algorithm in [Ps256, Ps384, Ps512] {
            signs_as(&pss, "enterprise", algorithm);
        }
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn certificates_in_the_token_give_the_chain_and_others_are_left_out() {
    let test = "certificates_in_the_token_give_the_chain_and_others_are_left_out";
    with_token(module_path!(), test, &[("enterprise", "rsa"), ("second", "other")], || {
        let session = writable();
        for (file, id) in [("root", 8), ("other", 7), ("enterprise", 1), ("issuing", 9)] {
            store_certificate(&session, file, id);
        }
        let subjects = |key: &SigningKey| key.certificates().iter().map(Certificate::subject).collect::<Vec<_>>();
        let chain = subjects(&open("rsa").unwrap());
        assert_eq!(chain.len(), 3, "{chain:?}");
        assert!(chain[0].contains("O=TESTETATEN") && chain[1].contains("Issuing CA") && chain[2].contains("Root CA"));
        let given = CertificateFile::read(&testdata("keys/second.pem")).unwrap();
        let without = open("other").unwrap();
        assert!(without.certificates().is_empty());
        assert_eq!(without.with_certificates(&given).unwrap().certificates().len(), 1);
        let foreign = open("rsa").unwrap().with_certificates(&given);
        assert_eq!(foreign.unwrap_err().code(), "certificate_foreign");
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn the_certificate_gives_the_public_key_if_the_token_has_none() {
    let test = "the_certificate_gives_the_public_key_if_the_token_has_none";
    with_token(module_path!(), test, &[("ec", "p256")], || {
        let session = writable();
        for public in objects(&session, ObjectClass::PUBLIC_KEY, "p256") {
            session.destroy_object(public).unwrap();
        }
        let cause = "the token has neither a public key nor a certificate with the private key's CKA_ID";
        refuses(open("p256"), "hardware_key", cause);
        store_certificate(&session, "ec", 1);
        signs_as(&open("p256").unwrap(), "ec", SignatureAlgorithm::Es256);
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_key_that_requires_the_pin_for_each_signature_gets_it_each_time() {
    with_token(module_path!(), "a_key_that_requires_the_pin_for_each_signature_gets_it_each_time", &[], || {
        let session = writable();
        let named = |private| {
            vec![
                Attribute::Token(true),
                Attribute::Private(private),
                Attribute::Label("each".into()),
                Attribute::Id(vec![5]),
            ]
        };
        let mut public = named(false);
        public.extend([Attribute::ModulusBits(2048.into()), Attribute::PublicExponent(vec![1, 0, 1])]);
        let mut private = named(true);
        private.extend([Attribute::Sign(true), Attribute::AlwaysAuthenticate(true)]);
        session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private).unwrap();

        let key = open("each").unwrap();
        assert!(token_key("each").pin.is_some());
        for algorithm in [SignatureAlgorithm::Rs256, SignatureAlgorithm::Ps512, SignatureAlgorithm::Rs256] {
            key.sign(algorithm, MESSAGE).unwrap();
        }
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn neither_key_nor_pin_shows_in_debug_output() {
    with_token(module_path!(), "neither_key_nor_pin_shows_in_debug_output", &[("enterprise", "rsa")], || {
        let shown = format!("{:?}", open("rsa").unwrap());
        let wanted =
            r#"SigningKey { key: "[REDACTED]", kind: Rsa { bits: 2048 }, key_id: None, certificates: [], .. }"#;
        assert_eq!(shown, wanted);
    });
}
