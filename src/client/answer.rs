//! Reads what a token endpoint answered: a token, a refusal, or something that makes no sense.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{AccessToken, ClientError, Refusal, error::UnexpectedResponse};
use crate::http::{Endpoint, Response};

/// RFC 6749 §5.1 under its wire names. Members that are not known here are let be.
#[derive(Deserialize)]
struct Success {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Value>,
    scope: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// [`ClientError::Refused`] for an OAuth error in a 4xx; [`ClientError::Unavailable`] for 429 and 5xx;
/// [`ClientError::UnexpectedResponse`] for anything that is neither a token nor a refusal.
pub(super) fn read(answer: &Response, endpoint: &Endpoint, now: DateTime<Utc>) -> Result<AccessToken, ClientError> {
    let unintelligible = |what| ClientError::UnexpectedResponse(UnexpectedResponse::of(endpoint, answer, what));
    match answer.status {
        200 => success(&answer.body, now).map_err(unintelligible),
        429 | 500..=599 => Err(ClientError::Unavailable {
            endpoint: endpoint.clone(),
            status: answer.status,
            retry_after: answer.retry_after,
            said: UnexpectedResponse::of(endpoint, answer, "").excerpt,
        }),
        400..=499 => Err(match Refusal::read(answer.status, &answer.body) {
            Some(refusal) => ClientError::Refused(Box::new(refusal)),
            None => unintelligible("it is no OAuth error"),
        }),
        300..=399 => Err(unintelligible("it is a redirect, which is never followed")),
        _ => Err(unintelligible("no token endpoint answers with this status")),
    }
}

/// Reads a success.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn success(body: &[u8], now: DateTime<Utc>) -> Result<AccessToken, &'static str> {
    let success: Success = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "it is JSON without a usable `access_token`",
        serde_json::error::Category::Eof if !body.is_empty() => "it is cut short",
        _ => "it is no JSON",
    })?;
    let token = SecretString::from(success.access_token);
    if !is_bearer_token(secrecy::ExposeSecret::expose_secret(&token)) {
        return Err("its `access_token` is empty or holds what no token holds");
    }
    // RFC 6749 §7.1: a token of a type that the client does not know must not be used.
    let token_type = success.token_type.ok_or("it has no `token_type`")?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err("its `token_type` is not Bearer");
    }
    let answer = SecretString::from(String::from_utf8_lossy(body).into_owned());
    let mut access_token = AccessToken::new(token, answer, "Bearer".to_owned(), now);
    access_token.expires_in_seconds = success.expires_in.as_ref().and_then(seconds);
    access_token.scope = success.scope;
    Ok(access_token)
}

/// The characters of RFC 6750 §2.1, so that a token cannot carry a second header line or a shell command.
fn is_bearer_token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// A number of seconds; some servers write it as a string.
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
        fn whatever_a_server_answers_is_a_token_or_an_error_that_does_not_show_it(
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
                    retry_after: None,
                    date: None,
                    sent_at: DateTime::UNIX_EPOCH,
                    received_at: DateTime::UNIX_EPOCH,
                    body: body.into(),
                };
                match read(&answer, &endpoint, DateTime::UNIX_EPOCH) {
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
    fn a_token_holds_the_characters_of_rfc_6750_alone() {
        for token in ["mF_9.B5f-4.1JqM", "abc==", "a~b+c/d"] {
            assert!(is_bearer_token(token), "{token}");
        }
        for token in ["", "=", "a b", "a\r\nX-Evil: 1", "a;b", "å", "a=b"] {
            assert!(!is_bearer_token(token), "{token}");
        }
    }

    #[test]
    fn reads_the_documented_success() {
        let body = br#"{ "access_token":"abc", "token_type":"Bearer", "expires_in":599, "scope":"difitest:test1" }"#;
        let token = success(body, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!((token.expose(), token.expires_in_seconds), ("abc", Some(599)));
        assert_eq!(token.scope.as_deref(), Some("difitest:test1"));
    }

    #[test]
    fn says_what_is_wrong_with_a_success_that_is_none() {
        for (body, wanted) in [
            ("", "it is no JSON"),
            ("<html>", "it is no JSON"),
            (r#"{"access_token":"a"#, "it is cut short"),
            ("{}", "it is JSON without a usable `access_token`"),
            (r#"{"access_token":7,"token_type":"Bearer"}"#, "it is JSON without a usable `access_token`"),
            (r#"{"access_token":"a","access_token":"b"}"#, "it is JSON without a usable `access_token`"),
            (
                r#"{"access_token":"","token_type":"Bearer"}"#,
                "its `access_token` is empty or holds what no token holds",
            ),
            (r#"{"access_token":"a"}"#, "it has no `token_type`"),
            (r#"{"access_token":"a","token_type":"mac"}"#, "its `token_type` is not Bearer"),
        ] {
            assert_eq!(success(body.as_bytes(), DateTime::UNIX_EPOCH).unwrap_err(), wanted, "{body}");
        }
    }
}
