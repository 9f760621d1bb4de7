//! New keys: the JWK is that of the generated key and can be parsed.

use std::process::Command;

use maskinporten::{
    explain::Explain as _,
    keystore::{JwkFile, NewKey, NewKeyKind, SignatureAlgorithm},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::MESSAGE;
use crate::support::program;

fn members(key: &NewKey) -> String {
    let jwk: Value = serde_json::from_str(key.private_jwk().expose_secret()).unwrap();
    jwk.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_new_key_of_each_kind_has_every_member_and_is_parsed_as_the_same_key() {
    for (kind, algorithm, words, wanted) in [
        (NewKeyKind::Rsa3072, SignatureAlgorithm::Rs256, "RSA with 3072 bits", "kty use alg kid e n d p q dp dq qi"),
        (NewKeyKind::Rsa4096, SignatureAlgorithm::Rs256, "RSA with 4096 bits", "kty use alg kid e n d p q dp dq qi"),
        (NewKeyKind::P256, SignatureAlgorithm::Es256, "EC on P-256", "kty use alg kid crv x y d"),
        (NewKeyKind::Ed25519, SignatureAlgorithm::EdDsa, "Ed25519", "kty use alg kid crv x d"),
    ] {
        let made = NewKey::generate(kind, Some("my.key_1")).unwrap();
        let read = JwkFile::parse("new", made.private_jwk().expose_secret()).unwrap().choose(None).unwrap();

        assert_eq!(members(&made), wanted);
        assert_eq!((read.key_id(), read.algorithm(), read.kind().as_str()), (Some("my.key_1"), Some(algorithm), words));
        assert_eq!(read.thumbprint(), made.signing_key().thumbprint());
        assert_eq!(made.signing_key().key_id(), Some("my.key_1"));
        read.sign(algorithm, MESSAGE).unwrap();
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn without_a_key_id_a_new_key_gets_the_thumbprint_that_another_program_computes() {
    let made = NewKey::generate(NewKeyKind::Rsa3072, None).unwrap();
    let script = "import base64, hashlib, json, sys\nkey = json.load(sys.stdin)\n\
                  public = json.dumps({name: key[name] for name in ('e', 'kty', 'n')}, separators=(',', ':'))\n\
                  print(base64.urlsafe_b64encode(hashlib.sha256(public.encode()).digest()).rstrip(b'=').decode())";
    let public = made.signing_key().public_jwk(made.key_id(), SignatureAlgorithm::Rs256);
    let computed = program(Command::new("python3").args(["-c", script]), public.to_string().as_bytes());

    assert_eq!(computed.trim_end(), made.key_id());
    assert_eq!(made.key_id(), made.signing_key().thumbprint());
}

#[test]
fn a_key_id_that_digdir_rejects_is_an_error_before_a_key_is_generated() {
    let error = NewKey::generate(NewKeyKind::Rsa4096, Some("my key\u{1b}")).unwrap_err();

    let message = "`my key\u{fffd}` is not a valid key id: Digdir accepts letters, digits and `._-`, 255 at most";
    assert_eq!(error.to_string(), message);
    assert_eq!(error.code(), "key_id");
    assert_eq!(error.hint().unwrap(), "leave --kid out to use the key's thumbprint (RFC 7638)");
}

#[test]
fn a_new_key_does_not_show_in_debug_output() {
    let shown = format!("{:?}", NewKey::generate(NewKeyKind::Ed25519, Some("k")).unwrap());

    assert!(shown.ends_with(r#"key_id: "k", jwk: SecretBox<str>([REDACTED]) }"#), "{shown}");
}
