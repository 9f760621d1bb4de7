//! Parses the token endpoint's response: a token, a refusal, or something unexpected.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{AccessToken, ClientError, Refusal, access_token::Secrets, refusal};
use crate::{
    environment::is_maskinporten_host,
    http::{Endpoint, Response},
    json,
};

/// A success of RFC 6749 §5.1 under its wire names. Unknown members are ignored.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: Option<Value>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
    scope: Option<Value>,
}

/// The members of [`TokenResponse`], each with the error for a response that has it twice.
const REPEATED: [(&str, &str); 4] = [
    ("`access_token`", "it has `access_token` more than once"),
    ("`token_type`", "it has `token_type` more than once"),
    ("`expires_in`", "it has `expires_in` more than once"),
    ("`scope`", "it has `scope` more than once"),
];

/// Parses a response.
///
/// # Errors
/// [`ClientError::Refused`] for an OAuth error in a 4xx; [`ClientError::Unavailable`] for 429 and 5xx;
/// [`ClientError::UnexpectedResponse`] for anything that is neither a token nor a refusal.
pub(super) fn parse(answer: &Response, endpoint: &Endpoint, now: DateTime<Utc>) -> Result<AccessToken, ClientError> {
    let unexpected = |what| ClientError::unexpected(endpoint, answer, what);
    match answer.status {
        200 => success(&answer.body, now).map_err(unexpected),
        400..=428 | 430..=499 => {
            Err(match Refusal::read(answer.status, &answer.body, is_maskinporten_host(endpoint.host())) {
                Some(refusal) => ClientError::Refused(Box::new(refusal)),
                None => unexpected(refusal::fault(&answer.body)),
            })
        }
        _ => Err(ClientError::of_status(endpoint, answer, "a token endpoint does not use this status")),
    }
}

impl AccessToken {
    /// Restores a token from its response, as [`expose_answer`](Self::expose_answer) returns it. The response is
    /// validated like a fresh one.
    ///
    /// # Errors
    /// What is wrong with the response, as the end of a sentence that does not quote it.
    pub fn restore(answer: &str, received_at: DateTime<Utc>) -> Result<Self, &'static str> {
        success(answer.as_bytes(), received_at)
    }

    /// Reads a token of this type, `Bearer` or `DPoP` (RFC 9449 §5), from the response to a login.
    ///
    /// [`expose_answer`](Self::expose_answer) then has the members of the access token alone: programs get it as it is, and
    /// a program with the refresh token could end the login.
    ///
    /// # Errors
    /// As [`AccessToken::restore`].
    pub(crate) fn read(
        body: &[u8],
        token_type: &'static str,
        received_at: DateTime<Utc>,
    ) -> Result<Self, &'static str> {
        let token = success_of_type(body, token_type, received_at)?;
        // Large enough not to grow, which would leave a copy behind.
        let mut alone = Zeroizing::new(Vec::with_capacity(body.len()));
        serde_json::to_writer(&mut *alone, &token.members()).map_err(|_| NOT_JSON)?;
        let response = answer(&alone);
        Ok(Self { secrets: Arc::new(Secrets { token: token.secrets.token.clone(), response }), ..token })
    }
}

/// The usual type of a token (RFC 6750 §4).
const BEARER: &str = "Bearer";
const NOT_AN_OBJECT: &str = "it is JSON, but not an object";
const NOT_JSON: &str = "it is not JSON";
const NO_TOKEN: &str = "it has no `access_token`";

/// Returns a member's text; `fault` is for a value of another type.
fn text(member: Option<Value>, fault: &'static str) -> Result<Option<String>, &'static str> {
    match member {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(fault),
    }
}

/// Parses a success.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn success(body: &[u8], now: DateTime<Utc>) -> Result<AccessToken, &'static str> {
    success_of_type(body, BEARER, now)
}

fn success_of_type(body: &[u8], wanted: &'static str, now: DateTime<Utc>) -> Result<AccessToken, &'static str> {
    let response: TokenResponse = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            // With the types of `TokenResponse`, the only other fault is that it is not an object.
            let text = error.to_string();
            let repeated = REPEATED.iter().find(|(name, _)| text.starts_with(&format!("duplicate field {name}")));
            repeated.map_or(NOT_AN_OBJECT, |(_, fault)| fault)
        }
        serde_json::error::Category::Eof if !body.is_empty() => "it is cut short",
        _ => NOT_JSON,
    })?;
    // serde also reads a struct from an array.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(NOT_AN_OBJECT);
    }
    let token = SecretString::from(text(response.access_token, "its `access_token` is not a string")?.ok_or(NO_TOKEN)?);
    if !is_bearer_token(token.expose_secret()) {
        return Err("its `access_token` is empty or has characters that a token cannot have");
    }
    // RFC 6749 §7.1: a client must not use a token whose type it does not know.
    let token_type = text(response.token_type, "its `token_type` is not a string")?.ok_or("it has no `token_type`")?;
    if !token_type.eq_ignore_ascii_case(wanted) {
        return Err(if wanted == BEARER { "its `token_type` is not Bearer" } else { "its `token_type` is not DPoP" });
    }
    let scope = text(response.scope, "its `scope` is not a string")?;
    Ok(AccessToken {
        secrets: Arc::new(Secrets { token, response: answer(body) }),
        token_type: wanted.to_owned(),
        expires_in_seconds: response.expires_in.as_ref().and_then(seconds),
        scope,
        received_at: now,
    })
}

/// Returns the response as it is kept. Whoever shows it need not look at it again: `serve` returns it many times.
fn answer(body: &[u8]) -> SecretString {
    SecretString::from(json::escaped(&String::from_utf8_lossy(body)).into_owned())
}

/// Whether the token has only the characters of RFC 6750 §2.1: it cannot carry a header line or a shell command.
fn is_bearer_token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// Returns a number of seconds; some servers write it as a string.
fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_response_is_a_token_or_an_error_that_does_not_contain_it(
            status in prop_oneof![3 => Just(200_u16), 1 => prop::sample::select(vec![204_u16, 302, 400, 401, 403, 429, 503])],
            body in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                r#"\{("(access_token|token_type|expires_in|scope|error)":("[a-zA-Z0-9._ -]{0,40}"|-?[0-9]{1,30}|null|\{\}),?){0,6}\}?"#
                    .prop_map(String::into_bytes),
            ],
        ) {
            let endpoint = Endpoint::parse("https://test.maskinporten.no/token").unwrap();
            let marked = [body.as_slice(), br#"{"access_token":"hemmelig-token"}"#].concat();
            for body in [body, marked] {
                let answer = Response {
                    status,
                    media_type: String::new(),
                    location: None,
                    challenge: None,
                    retry_after: None,
                    date: None,
                    sent_at: DateTime::UNIX_EPOCH,
                    received_at: DateTime::UNIX_EPOCH,
                    dpop_nonce: None,
                    cookies: Vec::new(),
                    body: body.into(),
                };
                match parse(&answer, &endpoint, DateTime::UNIX_EPOCH) {
                    Ok(token) => prop_assert!(status == 200 && is_bearer_token(token.expose())),
                    Err(error) => {
                        let shown = format!("{error} {:?}", std::error::Error::source(&error));
                        prop_assert!(!shown.contains("hemmelig"), "{}", shown);
                    }
                }
            }
        }
    }

    #[test]
    fn a_token_has_only_the_characters_of_rfc_6750() {
        for token in ["mF_9.B5f-4.1JqM", "abc==", "a~b+c/d"] {
            assert!(is_bearer_token(token), "{token}");
        }
        for token in ["", "=", "a b", "a\r\nX-Evil: 1", "a;b", "å", "a=b"] {
            assert!(!is_bearer_token(token), "{token}");
        }
    }

    #[test]
    fn parses_the_documented_success() {
        let body = br#"{ "access_token":"abc", "token_type":"Bearer", "expires_in":599, "scope":"difitest:test1" }"#;
        let token = success(body, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!((token.expose(), token.expires_in_seconds), ("abc", Some(599)));
        assert_eq!(token.scope.as_deref(), Some("difitest:test1"));
    }

    #[test]
    fn names_the_fault_of_a_success_that_is_not_one() {
        for (body, wanted) in [
            ("", "it is not JSON"),
            ("<html>", "it is not JSON"),
            (r#"{"access_token":"a"#, "it is cut short"),
            ("[]", "it is JSON, but not an object"),
            (r#"["a","Bearer",1,"a:b"]"#, "it is JSON, but not an object"),
            (r#""a""#, "it is JSON, but not an object"),
            ("{}", "it has no `access_token`"),
            (r#"{"access_token":null,"token_type":"Bearer"}"#, "it has no `access_token`"),
            (r#"{"access_token":7,"token_type":"Bearer"}"#, "its `access_token` is not a string"),
            (r#"{"access_token":"a","access_token":"b"}"#, "it has `access_token` more than once"),
            (r#"{"access_token":"a","token_type":"Bearer","scope":"a","scope":"b"}"#, "it has `scope` more than once"),
            (r#"{"access_token":"a","token_type":1}"#, "its `token_type` is not a string"),
            (r#"{"access_token":"a","token_type":["Bearer"]}"#, "its `token_type` is not a string"),
            (r#"{"access_token":"a","token_type":"Bearer","scope":["a:b"]}"#, "its `scope` is not a string"),
            (
                r#"{"access_token":"","token_type":"Bearer"}"#,
                "its `access_token` is empty or has characters that a token cannot have",
            ),
            (r#"{"access_token":"a"}"#, "it has no `token_type`"),
            (r#"{"access_token":"a","token_type":"mac"}"#, "its `token_type` is not Bearer"),
        ] {
            assert_eq!(success(body.as_bytes(), DateTime::UNIX_EPOCH).unwrap_err(), wanted, "{body}");
        }
    }
}
