//! A strict double of AWS KMS, for the algorithms that the other one does not have or has with other salts.
//!
//! It was written from Amazon's public description of the API and has never been compared with the real service. Signatures
//! of requests are checked by `moto` in other tests.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use snapbox::str;

use super::{
    OTHER_KEY, chain,
    double::{Call, Double, ok, reply},
    ed25519, is_refused_as_expired, private_key, signature, token,
};
use crate::{
    registered::{BY_CERTIFICATE, BY_KEY, is_token_of},
    server::Step,
    support::{Maskinporten, testdata},
};

const ARN: &str = "arn:aws:kms:eu-north-1:111122223333:key/33333333-3333-4333-8333-333333333333";
const ALIAS: &str = "aws-kms://alias/maskinporten";

/// Starts a KMS with one key of testdata, which signs with the key in the second file.
fn kms(file: &'static str, signs_with: &'static str) -> Double {
    let was_busy = AtomicBool::new(false);
    Double::start(move |_, call| {
        let body = body(call);
        match call.header("x-amz-target").unwrap() {
            "TrentService.GetPublicKey" => {
                assert_eq!(body, json!({ "KeyId": "alias/maskinporten" }));
                ok(&json!({
                    "KeyId": ARN, "PublicKey": STANDARD.encode(private_key(file).public_key_to_der().unwrap()),
                    "KeyUsage": "SIGN_VERIFY"
                }))
            }
            // What AWS answers to the request that is one too many.
            "TrentService.Sign" if !was_busy.swap(true, Ordering::SeqCst) => {
                reply(400, &json!({ "__type": "ThrottlingException", "message": "Rate exceeded" }))
            }
            "TrentService.Sign" => sign(signs_with, &body),
            other => panic!("unknown operation {other}"),
        }
    })
}

fn body(call: &Call<'_>) -> Value {
    assert_eq!((call.method, call.path), ("POST", "/"));
    call.has_query(&[]);
    assert_eq!(call.header("content-type"), Some("application/x-amz-json-1.1"));
    let authorization = call.header("authorization").unwrap();
    let (date, time) = call.header("x-amz-date").unwrap().split_once('T').unwrap();
    assert!(date.len() == 8 && time.len() == 7 && time.ends_with('Z'));
    let scope = format!("AWS4-HMAC-SHA256 Credential=AKIDOFTHETESTS/{date}/eu-north-1/kms/aws4_request, ");
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=";
    assert!(authorization.starts_with(&format!("{scope}{signed}")), "{authorization}");
    serde_json::from_str(&call.request.body).unwrap()
}

fn sign(file: &str, body: &Value) -> Step {
    assert_eq!((body.as_object().unwrap().len(), &body["KeyId"]), (4, &json!(ARN)), "the alias may be given away");
    let message = STANDARD.decode(body["Message"].as_str().unwrap()).unwrap();
    let algorithm = body["SigningAlgorithm"].as_str().unwrap();
    let signature = if algorithm == "ED25519_SHA_512" {
        assert_eq!(body["MessageType"], "RAW");
        assert!(message.len() <= 4096);
        ed25519(file, &message)
    } else {
        assert_eq!(body["MessageType"], "DIGEST");
        let (family, bits) = algorithm.rsplit_once("_SHA_").unwrap();
        let family = match family {
            "RSASSA_PKCS1_V1_5" => "RS",
            "RSASSA_PSS" => "PS",
            "ECDSA" => "ES",
            other => panic!("unknown algorithm {other}"),
        };
        signature(file, &format!("{family}{bits}"), &message)
    };
    ok(&json!({ "KeyId": ARN, "Signature": STANDARD.encode(signature), "SigningAlgorithm": algorithm }))
}

fn used_by(kms: &Double, run: Maskinporten) -> Maskinporten {
    let run = run.env("AWS_ENDPOINT_URL_KMS", kms.url()).env("AWS_REGION", "eu-north-1");
    run.env("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS").env("AWS_SECRET_ACCESS_KEY", "secret-access-key-of-the-tests")
}

#[test]
fn a_key_signs_in_kms_with_each_algorithm_of_its_kind_also_after_a_request_too_many() {
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    let others = [("ec", "ES256"), ("ec384", "ES384"), ("ec521", "ES512"), ("ed25519", "EdDSA")];
    for (id, algorithm) in rsa.map(|name| ("enterprise", name)).into_iter().chain(others) {
        let file = format!("keys/{id}-key.pem").leak();
        let kms = kms(file, file);
        let run = used_by(&kms, token(BY_KEY, ALIAS)).args(["--kid", id, "--alg", algorithm, "--quiet"]);

        is_token_of(BY_KEY, &run.run().artefact());

        assert_eq!(kms.lines().len(), 3, "{algorithm}: the public key, and twice a signature");
    }
}

#[test]
fn a_message_that_ed25519_does_not_sign_there_is_not_sent() {
    let kms = kms("keys/ed25519-key.pem", "keys/ed25519-key.pem");
    let folder = tempfile::tempdir().unwrap();
    let certificates = folder.path().join("certificates.pem");
    let leaf = std::fs::read_to_string(testdata("keys/ed25519.pem")).unwrap();
    std::fs::write(&certificates, leaf + &chain()).unwrap();
    let run = used_by(&kms, token(BY_CERTIFICATE, ALIAS)).args(["--alg", "EdDSA", "--quiet"]);
    let run = run.args(["--claim", &format!("x={}", "long".repeat(1200))]);

    run.args(["--certificate", certificates.to_str().unwrap()]).run().fails(
        4,
        str![[r#"
error: could not sign the grant
caused by: the service or agent that has the private key did not sign
caused by: the key in AWS KMS cannot be used: it signs at most 4096 bytes with EdDSA, and this grant is longer
hint: use an RSA key of 2048 bits or more that may sign

"#]],
    );
}

#[test]
fn the_signature_of_another_key_never_leaves() {
    let kms = kms("keys/enterprise-key.pem", "keys/other-key.pem");

    used_by(&kms, token(BY_KEY, ALIAS)).args(["--kid", "enterprise"]).run().fails(4, OTHER_KEY);
}

#[test]
fn a_key_whose_certificate_has_expired_is_refused() {
    let kms = kms("keys/enterprise-key.pem", "keys/enterprise-key.pem");
    let run = used_by(&kms, token(BY_CERTIFICATE, ALIAS));

    is_refused_as_expired(run.args(["--certificate", &testdata("keys/expired.pem")]));
}
