//! The examples of the standards: those that are signed with public keys are verified, the others rejected.

use maskinporten::{
    inspect::{Expectations, Jwt, TokenKind, VerificationKeys, verify},
    keystore::KeySet,
};

use crate::vectors::{CLAIMS, ED25519, ES256, ES512, RS256};

#[test]
fn the_signatures_of_rfc_7515_are_verified_with_their_keys_and_no_others() {
    let now = "2011-03-22T18:42:00Z".parse().unwrap();
    for (example, other) in [(RS256, ES256), (ES256, RS256)] {
        let jwt = Jwt::parse(example.jws.as_bytes()).unwrap();
        for (key, holds) in [(example.key, true), (other.key, false)] {
            let keys = KeySet::parse(key.as_bytes()).unwrap();
            let expected = Expectations { issuer: Some("joe".to_owned()), ..Expectations::default() };

            let verification = verify(&jwt, TokenKind::Unknown, &VerificationKeys::Set(&keys), &expected, now);

            assert_eq!(verification.is_valid, holds, "{}: {verification:?}", example.name);
        }
        assert_eq!(jwt.claims().keys().collect::<Vec<_>>(), ["iss", "exp", "http://example.com/is_root"]);
    }
}

#[test]
fn examples_whose_payload_is_not_a_claims_set_are_not_jwts() {
    for (example, wanted) in [
        (ES512, "its claims set cannot be parsed: it is not JSON: line 1, column 1"),
        (ED25519, "its claims set cannot be parsed: it is not JSON: line 1, column 1"),
    ] {
        assert_eq!(Jwt::parse(example.jws.as_bytes()).unwrap_err().to_string(), wanted, "{}", example.name);
    }
}

#[test]
fn the_signature_of_one_token_does_not_verify_another() {
    let (_, signature) = RS256.jws.rsplit_once('.').unwrap();
    let keys = KeySet::parse(RS256.key.as_bytes()).unwrap();
    let changed = CLAIMS.replacen("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb3ki", 1);

    let jwt = Jwt::parse(format!("eyJhbGciOiJSUzI1NiJ9.{changed}.{signature}").as_bytes()).unwrap();

    assert_eq!(jwt.issuer(), Some("joy"));
    assert!(!keys.find(None, jwt.algorithm().unwrap()).any(|key| jwt.is_signed_by(key)));
}
