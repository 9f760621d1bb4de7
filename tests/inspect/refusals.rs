//! Inputs that are not tokens are rejected, each with its own message that shows no part of it; tokens that no key can verify
//! are described, and are faults.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{encode, signed};
use crate::{
    support::{Outcome, maskinporten},
    vectors::{CLAIMS, FLATTENED, GENERAL, HMAC, RS256, UNSECURED},
};

fn inspect(token: impl Into<Vec<u8>>) -> Outcome {
    maskinporten(["inspect"]).stdin(token).run()
}

#[track_caller]
fn refused(token: impl Into<Vec<u8>>, why: &str, hint: &str) {
    inspect(token).fails(1, &format!("error: could not read the token\ncaused by: {why}\nhint: {hint}\n"));
}

/// Expects the whole report of a token that no key can verify, and exit code 7.
#[track_caller]
fn unverifiable(token: impl Into<Vec<u8>>, why: &str, hint: &str) {
    let outcome = inspect(token);

    let stderr = format!("error: the token cannot be verified\ncaused by: {why}\nhint: {hint}\n");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (7, stderr.as_str()));
    let fault = format!("FAULT  signature  {why}; expected a signature that can be verified\n");
    for part in ["\nheader\n", "\nclaims\n", "\nverification\n", &fault] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
}

const GIVE_ONE: &str = "pass exactly one token: maskinporten token --env local | maskinporten inspect";
const COPY: &str = "copy the whole token again, on one line";
const DISTRUST: &str = "do not accept it in any API, and find out where it came from";
const ASK: &str = "find out where it came from: Digdir and Altinn do not issue such tokens";

/// Returns a token with this header, the usual claims and a signature that is never verified.
fn with_header(header: &str) -> String {
    format!("{}.{CLAIMS}.c2ln", URL_SAFE_NO_PAD.encode(header))
}

#[test]
fn tokens_that_must_never_be_accepted_are_described_and_are_faults() {
    unverifiable(
        UNSECURED,
        "it is not signed (`alg` is `none`), so anyone can have written it (RFC 8725 §3.2)",
        DISTRUST,
    );
    unverifiable(
        HMAC,
        "its `alg` is `HS256`, a shared secret; a verifier that uses a public key as the secret accepts forgeries \
         (RFC 8725 §3.1)",
        DISTRUST,
    );
    unverifiable(
        with_header(r#"{"alg":"RS256","crit":["exp","b\u001b[31m"]}"#),
        "unsupported critical header parameters (`crit`: exp, b\u{fffd}[31m), so it must be rejected (RFC 7515 §4.1.11)",
        DISTRUST,
    );
    unverifiable(
        with_header(r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#),
        "its payload is not encoded (`b64` in the header), which a JWT must not use (RFC 7797 §7)",
        DISTRUST,
    );
}

#[test]
fn invalid_headers_are_rejected() {
    for (header, why) in [
        (r#"{"kid":"a"}"#, "its header has no `alg`, or one that is not a string (RFC 7515 §4.1.1)"),
        (r#"{"alg":7}"#, "its header has no `alg`, or one that is not a string (RFC 7515 §4.1.1)"),
        (r#"{"alg":"rs256"}"#, "its `alg` is `rs256`, which is not supported"),
        (r#"{"alg":"RS256","kid":7}"#, "its `kid` is not a string (RFC 7515 §4.1.4)"),
        (
            r#"{"alg":"RS256","cty":"jwt"}"#,
            "it contains another token (`cty` is `JWT`), which Digdir and Altinn never issue",
        ),
    ] {
        unverifiable(with_header(header), why, ASK);
    }
    for (header, why) in [
        (r#"{"alg":"RS256","alg":"none"}"#, "its header contains the member `alg` twice"),
        (r#"["RS256"]"#, "its header is JSON, but not an object"),
        (r#"{"alg":"RS256"} {}"#, "its header cannot be parsed: it is not JSON: line 1, column 17"),
        ("\u{feff}{}", "its header cannot be parsed: it is not JSON: line 1, column 1"),
    ] {
        refused(with_header(header), why, ASK);
    }
    refused(
        with_header(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#),
        "it is encrypted (JWE), so only its recipient can read it",
        "decrypt it first, with the private key of its recipient",
    );
}

#[test]
fn a_claims_set_with_duplicate_members_or_invalid_json_is_rejected() {
    let with_claims = |claims: &str| format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for (claims, why) in [
        (r#"{"iss":"a","iss":"b"}"#, "its claims set contains the member `iss` twice"),
        (r#"{"consumer":{"ID":"a","ID":"b"}}"#, "its claims set contains the member `ID` twice"),
        (r#"{"a":[{"b":1,"b":2}]}"#, "its claims set contains the member `b` twice"),
        ("\"text\"", "its claims set is JSON, but not an object"),
        (r#"{"exp":1e999}"#, "its claims set cannot be parsed: it is not JSON: line 1, column 12"),
        ("", "its claims set cannot be parsed: it is not JSON: line 1, column 0"),
        (&deep, "its claims set cannot be parsed: it is nested more than 128 levels deep"),
    ] {
        refused(with_claims(claims), why, ASK);
    }
    let not_utf8 = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}"));
    refused(not_utf8, "its claims set cannot be parsed: it is not JSON: line 1, column 7", ASK);
}

#[test]
fn other_serializations_are_named_and_rejected() {
    let compact = "a JWT uses the compact serialization (RFC 7519 §3)";
    refused(FLATTENED, &format!("it is in the flattened JSON serialization of JWS; {compact}"), ASK);
    refused(GENERAL, &format!("it is in the JSON serialization of JWS with 2 signature(s); {compact}"), ASK);
    refused(
        "a.b.c.d.e",
        "it is encrypted (JWE), so only its recipient can read it",
        "decrypt it first, with the private key of its recipient",
    );
    refused(
        r#"{"protected":"e30","ciphertext":"AA"}"#,
        "it is encrypted (JWE), so only its recipient can read it",
        "decrypt it first, with the private key of its recipient",
    );
}

#[test]
fn other_inputs_are_described_and_rejected() {
    refused("", "it is empty", GIVE_ONE);
    refused(" \n", "it is empty", GIVE_ONE);
    refused("\"\"", "it is empty", GIVE_ONE);
    refused(b"\xff\xfe".as_slice(), "it is empty", GIVE_ONE);
    refused("text without one", "no token was found in it", GIVE_ONE);
    refused(format!("{} {CLAIMS}", RS256.jws.replace("eyJ", "xyJ")), "no token was found in it", GIVE_ONE);
    refused(format!("A={}\nB={HMAC}\n", RS256.jws), "it contains 2 different tokens", GIVE_ONE);
    refused(b"\xff\xfd".as_slice(), "it is not UTF-8 text", GIVE_ONE);
    refused("{\"token_type\":\"Bearer\"}", "it is JSON without an `access_token`", GIVE_ONE);
    refused("{\"access_token\":", "it is JSON without an `access_token`", GIVE_ONE);
    refused("{\"access_token\":\"a\",\"access_token\":\"b\"}", "it is JSON without an `access_token`", GIVE_ONE);
    refused(
        r#"{"error":"invalid_grant","error_description":"Invalid assertion"}"#,
        "it is an OAuth error response, not a token",
        "pass it to maskinporten explain to see what it means",
    );
    refused(
        "mF_9.B5f-4.1JqM".replace('.', ""),
        "it is opaque: a reference that only its issuer can resolve, or a fragment of a token",
        "if it is complete, the API it is intended for validates it with introspection (RFC 7662)",
    );
    unverifiable(
        RS256.jws.rsplit_once('.').unwrap().0,
        "it has 2 parts separated by dots; a signed token has three (RFC 7515 §7.1)",
        COPY,
    );
    refused("a.b", "it has 2 parts separated by dots; a signed token has three (RFC 7515 §7.1)", COPY);
    refused("a.b.c.d", "it has 4 parts separated by dots; a signed token has three (RFC 7515 §7.1)", COPY);
    refused("a.b.c.d.e.f", "it has 6 parts separated by dots; a signed token has three (RFC 7515 §7.1)", COPY);
}

#[test]
fn every_token_has_one_spelling() {
    let good = RS256.jws;
    let (start, signature) = good.rsplit_once('.').unwrap();
    for (signature, fault) in [
        (format!("{signature}="), "it is padded with `=`"),
        (format!("{signature}=="), "it is padded with `=`"),
        (signature.replacen('_', "/", 1), "it uses `+` or `/`, as in standard base64"),
        (signature.replacen('_', "+", 1), "it uses `+` or `/`, as in standard base64"),
        (signature.replacen('_', "*", 1), "it contains other characters"),
        // Of the last character of 256 bytes only four bits count; `w` and `x` differ in the others.
        (signature.replace("77Rw", "77Rx"), "it has non-zero trailing bits"),
        (signature[..signature.len() - 1].to_owned(), "it is truncated"),
    ] {
        unverifiable(
            format!("{start}.{signature}"),
            &format!("its signature is not base64url without padding: {fault}"),
            COPY,
        );
    }
}

#[test]
fn stdin_is_not_read_beyond_the_size_limit() {
    let started = std::time::Instant::now();
    let why = "it is larger than 262144 bytes, the limit for a token";

    refused(vec![b'a'; 10 * 1024 * 1024], why, GIVE_ONE);
    refused(vec![b' '; 10 * 1024 * 1024], why, GIVE_ONE);

    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn a_token_within_the_size_limit_is_read() {
    let token = signed(&json!({ "iss": "https://maskinporten.no/", "long": "a".repeat(190_000) }));

    let outcome = inspect(token);

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn no_error_shows_any_part_of_the_token() {
    let secret = encode(&json!({ "iss": "hemmelig" }));
    for token in [
        format!("e30.{secret}x.c2ln"),
        format!("eyJhbGciOiJSUzI1NiJ9.{secret}x.c2ln"),
        format!("a={secret}.{secret}.c2ln b={secret}.{secret}.c2lm"),
        format!("eyJhbGciOiJSUzI1NiJ9.{secret}.c2ln.x"),
        format!("{{\"token\":\"{secret}\"}}"),
        format!("{secret} {secret}"),
        secret.clone(),
    ] {
        let outcome = inspect(token);

        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
        assert!(!outcome.stderr.contains(&secret) && !outcome.stderr.contains("hemmelig"), "{}", outcome.stderr);
    }
}

#[test]
fn each_kind_of_error_has_a_code_for_programs() {
    for (token, exit, code) in [
        (UNSECURED, 7, "token_unsecured"),
        (HMAC, 7, "token_hmac"),
        ("abc", 1, "token_opaque"),
        ("", 1, "token_missing"),
    ] {
        let outcome = maskinporten(["inspect", "--error-format", "json"]).stdin(token).run();

        let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
        assert_eq!((outcome.code, &error["error"]["code"]), (exit, &json!(code)));
    }
}
