//! What is no signed token is refused, each kind in its own words, and none of it is shown.

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

const GIVE_ONE: &str = "give one token and nothing else: maskinporten token --env local | maskinporten inspect";
const COPY: &str = "copy the whole token again, on one line";
const DISTRUST: &str = "let no API accept it, and ask where it came from";
const ASK: &str = "ask where it came from: no token of Digdir's or Altinn's is like this";

/// A token with this header over the usual claims, whose signature nobody will look at.
fn with_header(header: &str) -> String {
    format!("{}.{CLAIMS}.c2ln", URL_SAFE_NO_PAD.encode(header))
}

#[test]
fn tokens_that_prove_nothing_are_refused() {
    refused(UNSECURED, "it is not signed (`alg` is `none`), so anybody can have written it (RFC 8725 §3.2)", DISTRUST);
    refused(
        HMAC,
        "its `alg` is `HS256`, a shared secret; who took a public key for that secret would believe anybody \
         (RFC 8725 §3.1)",
        DISTRUST,
    );
    refused(
        with_header(r#"{"alg":"RS256","crit":["exp","b\u001b[31m"]}"#),
        "its header demands extensions that are not known here (`crit`: exp, b\u{fffd}[31m), so it must be refused \
         (RFC 7515 §4.1.11)",
        DISTRUST,
    );
    refused(
        with_header(r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#),
        "its payload is not encoded (`b64` in the header, RFC 7797), which no JWT may be",
        DISTRUST,
    );
}

#[test]
fn headers_that_no_token_has_are_refused() {
    for (header, why) in [
        (r#"{"kid":"a"}"#, "its header has no `alg` that is a text (RFC 7515 §4.1.1)"),
        (r#"{"alg":7}"#, "its header has no `alg` that is a text (RFC 7515 §4.1.1)"),
        (r#"{"alg":"rs256"}"#, "its `alg` is `rs256`, which is not known here"),
        (r#"{"alg":"RS256","kid":7}"#, "its `kid` is not a text (RFC 7515 §4.1.4)"),
        (
            r#"{"alg":"RS256","cty":"jwt"}"#,
            "there is another token in it (`cty` is `JWT`), which Digdir and Altinn never issue",
        ),
        (r#"{"alg":"RS256","alg":"none"}"#, "its header has the member `alg` twice"),
        (r#"["RS256"]"#, "its header is JSON, but no object"),
        (r#"{"alg":"RS256"} {}"#, "its header is not JSON: line 1, column 17"),
        ("\u{feff}{}", "its header is not JSON: line 1, column 1"),
    ] {
        refused(with_header(header), why, ASK);
    }
    refused(
        with_header(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#),
        "it is encrypted (JWE), so only its recipient can read it",
        "decrypt it first, with the key that it was encrypted for",
    );
}

#[test]
fn claims_that_say_two_things_or_none_are_refused() {
    let with_claims = |claims: &str| format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for (claims, why) in [
        (r#"{"iss":"a","iss":"b"}"#, "its claims part has the member `iss` twice"),
        (r#"{"consumer":{"ID":"a","ID":"b"}}"#, "its claims part has the member `ID` twice"),
        (r#"{"a":[{"b":1,"b":2}]}"#, "its claims part has the member `b` twice"),
        ("\"text\"", "its claims part is JSON, but no object"),
        (r#"{"exp":1e999}"#, "its claims part is not JSON: line 1, column 12"),
        ("", "its claims part is not JSON: line 1, column 0"),
        (&deep, "its claims part is nested more than 128 levels deep"),
    ] {
        refused(with_claims(claims), why, ASK);
    }
    let not_utf8 = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}"));
    refused(not_utf8, "its claims part is not JSON: line 1, column 7", ASK);
}

#[test]
fn other_serializations_are_refused_by_name() {
    let compact = "and a JWT is always in the compact one (RFC 7519 §3)";
    refused(FLATTENED, &format!("it is in the flattened JSON serialization of JWS, {compact}"), ASK);
    refused(GENERAL, &format!("it is in the JSON serialization of JWS with 2 signature(s), {compact}"), ASK);
    refused(
        "a.b.c.d.e",
        "it is encrypted (JWE), so only its recipient can read it",
        "decrypt it first, with the key that it was encrypted for",
    );
    refused(
        r#"{"protected":"e30","ciphertext":"AA"}"#,
        "it is encrypted (JWE), so only its recipient can read it",
        "decrypt it first, with the key that it was encrypted for",
    );
}

#[test]
fn what_is_no_token_says_what_it_is() {
    refused("", "it is empty", GIVE_ONE);
    refused(" \n", "it is empty", GIVE_ONE);
    refused("\"\"", "it is empty", GIVE_ONE);
    refused(b"\xff\xfe".as_slice(), "it is not UTF-8 text", GIVE_ONE);
    refused("{\"token_type\":\"Bearer\"}", "it is JSON without an `access_token`", GIVE_ONE);
    refused("{\"access_token\":", "it is JSON without an `access_token`", GIVE_ONE);
    refused("{\"access_token\":\"a\",\"access_token\":\"b\"}", "it is JSON without an `access_token`", GIVE_ONE);
    refused(
        r#"{"error":"invalid_grant","error_description":"Invalid assertion"}"#,
        "it is a server's refusal, not a token",
        "read its `error` and `error_description`: there is no token in it",
    );
    refused(
        "mF_9.B5f-4.1JqM".replace('.', ""),
        "it is opaque: a reference that means something to its issuer alone, or a piece of a token",
        "if it is whole, the API that it is for asks its issuer about it with introspection (RFC 7662)",
    );
    refused("a.b", "it has 2 parts between dots, and a signed token has three (RFC 7515 §7.1)", COPY);
    refused("a.b.c.d", "it has 4 parts between dots, and a signed token has three (RFC 7515 §7.1)", COPY);
    refused("a.b.c.d.e.f", "it has 6 parts between dots, and a signed token has three (RFC 7515 §7.1)", COPY);
}

#[test]
fn every_token_has_one_spelling() {
    let good = RS256.jws;
    let (start, signature) = good.rsplit_once('.').unwrap();
    refused(good.replacen('.', ".\n", 1), "there are blanks or line breaks inside it", COPY);
    for (signature, fault) in [
        (format!("{signature}="), "it is padded with `=`"),
        (format!("{signature}=="), "it is padded with `=`"),
        (signature.replacen('_', "/", 1), "it uses `+` or `/`, which belong to plain base64"),
        (signature.replacen('_', "+", 1), "it uses `+` or `/`, which belong to plain base64"),
        (signature.replacen('_', "*", 1), "there are other signs in it"),
        // The last sign of 256 octets has four bits of its own; `w` and `x` differ in the others.
        (signature.replace("77Rw", "77Rx"), "its last sign has bits that belong to no octet"),
        (signature[..signature.len() - 1].to_owned(), "it is cut short"),
    ] {
        refused(
            format!("{start}.{signature}"),
            &format!("its signature is not base64url without padding: {fault}"),
            COPY,
        );
    }
}

#[test]
fn a_stdin_without_end_is_not_read_to_its_end() {
    let started = std::time::Instant::now();
    let why = "it is larger than 262144 bytes, which no token is";

    refused(vec![b'a'; 10 * 1024 * 1024], why, GIVE_ONE);
    refused(vec![b' '; 10 * 1024 * 1024], why, GIVE_ONE);

    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn a_token_as_large_as_is_allowed_is_read() {
    let token = signed(&json!({ "iss": "https://maskinporten.no/", "long": "a".repeat(190_000) }));

    let outcome = inspect(token);

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn no_error_shows_a_part_of_the_token() {
    let secret = encode(&json!({ "iss": "hemmelig" }));
    for token in [
        format!("e30.{secret}.c2ln"),
        format!("eyJhbGciOiJSUzI1NiJ9.{secret}x.c2ln"),
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
fn programs_get_a_code_for_each_kind_of_refusal() {
    for (token, code) in
        [(UNSECURED, "token_unsecured"), (HMAC, "token_hmac"), ("abc", "token_opaque"), ("", "token_missing")]
    {
        let outcome = maskinporten(["inspect", "--error-format", "json"]).stdin(token).run();

        let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
        assert_eq!((outcome.code, &error["error"]["code"]), (1, &json!(code)));
    }
}
