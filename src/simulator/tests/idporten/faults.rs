//! The faults, with which clients are tested.

use openssl::{
    hash::MessageDigest,
    pkey::PKey,
    sign::{Signer, Verifier},
    x509::X509,
};

use super::*;
use crate::simulator::{Faults, IdTokenSignature, IdportenFaults, tests::running::Running};

fn with(idporten: IdportenFaults) -> Running {
    Running::start(|options| options.faults = Faults { idporten, ..Faults::default() })
}

fn members<const N: usize>(pairs: [(&str, Value); N]) -> serde_json::Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn the_authorization_response_has_another_state_and_no_issuer() {
    let running = with(IdportenFaults {
        response: members([("state", json!("other")), ("iss", Value::Null)]),
        ..IdportenFaults::default()
    });

    let parameters = running.redirected(&request(CERTIFICATE_CLIENT));

    assert_eq!(parameter(&parameters, "state"), "other");
    assert_eq!(parameters.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["code", "state"]);
}

#[test]
fn the_authorization_endpoint_answers_with_an_error() {
    let authorize_error = Some("temporarily_unavailable".to_owned());
    let running = with(IdportenFaults { authorize_error, ..IdportenFaults::default() });

    let parameters = running.redirected(&request(CERTIFICATE_CLIENT));

    assert_eq!(parameter(&parameters, "error"), "temporarily_unavailable");
}

#[test]
fn the_token_endpoint_answers_with_an_error_and_then_correctly() {
    let running = with(IdportenFaults {
        token_error: Some("server_error".to_owned()),
        status: Some(500),
        first_requests: Some(1),
        ..IdportenFaults::default()
    });
    let code = running.code(&request(CERTIFICATE_CLIENT));
    let answer = running.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));

    assert_eq!((answer.status, answer.error()), (500, "server_error"));
    assert!(running.tokens()["access_token"].is_string());
}

#[test]
fn id_tokens_have_other_claims_and_signatures() {
    for signature in
        [None, Some(IdTokenSignature::AnotherKey), Some(IdTokenSignature::None), Some(IdTokenSignature::Hs256)]
    {
        let running = with(IdportenFaults {
            id_token: members([("nonce", json!("other"))]),
            id_token_signature: signature,
            ..IdportenFaults::default()
        });
        let tokens = running.tokens();
        let token = text(&tokens, "id_token");
        assert_eq!(text(&claims(token), "nonce"), "other");
        let (signed, code) = token.rsplit_once('.').unwrap();
        let code = URL_SAFE_NO_PAD.decode(code).unwrap();
        let key_set = running.get("/idporten/jwks.json", "").body;
        let certificate = STANDARD.decode(key_set["keys"][0]["x5c"][0].as_str().unwrap()).unwrap();
        let key = X509::from_der(&certificate).unwrap().public_key().unwrap();
        let header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
        let is_signed = || {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
            verifier.verify_oneshot(&code, signed.as_bytes()).unwrap_or(false)
        };
        match signature {
            None => assert!(is_signed() && header["alg"] == "RS256"),
            Some(IdTokenSignature::AnotherKey) => {
                assert!(!is_signed() && header["alg"] == "RS256" && header["kid"] == key_set["keys"][0]["kid"]);
            }
            Some(IdTokenSignature::None) => assert!(code.is_empty() && header["alg"] == "none"),
            Some(IdTokenSignature::Hs256) => {
                let secret = PKey::hmac(&key.public_key_to_pem().unwrap()).unwrap();
                let mut hmac = Signer::new(MessageDigest::sha256(), &secret).unwrap();
                assert_eq!(hmac.sign_oneshot_to_vec(signed.as_bytes()).unwrap(), code);
                assert_eq!(header["alg"], "HS256");
            }
        }
    }
}

#[test]
fn metadata_keys_and_responses_have_other_members() {
    let running = with(IdportenFaults {
        metadata: members([("issuer", json!("https://other.example"))]),
        jwk: members([("keys", json!([]))]),
        success: members([("token_type", json!("N_A"))]),
        access_token: members([("iss", json!("https://other.example"))]),
        ..IdportenFaults::default()
    });

    assert_eq!(running.get("/idporten/.well-known/openid-configuration", "").body["issuer"], "https://other.example");
    assert_eq!(running.get("/idporten/jwks.json", "").body, json!({ "keys": [] }));
    let tokens = running.tokens();
    assert_eq!(tokens["token_type"], "N_A");
    assert_eq!(claims(text(&tokens, "access_token"))["iss"], "https://other.example");
}
