//! The exchange of a token of Maskinporten or ID-porten for one of Altinn's, and the renewal of that.
//!
//! <https://docs.altinn.studio/api/authentication/>: `GET /authentication/api/v1/exchange/{provider}`. The response is the
//! token alone: raw, or as a JSON string where JSON was asked for. Its lifetime is in the token.

use std::{fmt::Write as _, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{AltinnClient, AltinnError, AltinnOperation, AltinnPlatform, AltinnRequest};
use crate::{
    client::{AccessToken, ClientError},
    clock::Clock,
    http::Response,
};

/// A longer token does not fit in the headers of a request.
const MAXIMUM_TOKEN_BYTES: usize = 64 * 1024;

/// The issuer of the token that is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProvider {
    /// Maskinporten: tokens for organisations.
    Maskinporten,
    /// ID-porten: tokens for people.
    Idporten,
}

/// Which exchange a token goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltinnExchange {
    /// The platform.
    pub platform: AltinnPlatform,
    /// The issuer of the tokens that are exchanged.
    pub provider: TokenProvider,
    /// Whether Digdir's own organisation becomes the test organisation `ttd` in the token.
    pub for_test_organisation: bool,
}

/// The claims of Altinn's token that are needed here.
#[derive(Deserialize)]
struct ExchangedClaims {
    exp: f64,
    scope: Option<String>,
}

impl TokenProvider {
    /// Returns the name in the exchange's path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Maskinporten => "maskinporten",
            Self::Idporten => "id-porten",
        }
    }
}

impl AltinnExchange {
    /// Returns the text that distinguishes the tokens of this exchange from those of others, for the token cache.
    #[must_use]
    pub fn id(&self) -> String {
        let test = if self.for_test_organisation { " test" } else { "" };
        format!("{} {}{test}", self.platform.base().as_str(), self.provider.name())
    }
}

impl AltinnClient {
    /// Exchanges a token; `notify` is called before each retry.
    ///
    /// # Errors
    /// [`AltinnError::Refused`] with the status 401 when the token is not one that this platform accepts;
    /// [`AltinnError::Client`] when there is no response, or no token in it.
    pub async fn exchange(
        &self,
        token: &AccessToken,
        exchange: &AltinnExchange,
        clock: &dyn Clock,
        notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<AccessToken, AltinnError> {
        let path = ["authentication", "api", "v1", "exchange", exchange.provider.name()];
        let query: &[_] = if exchange.for_test_organisation { &[("test", "true")] } else { &[] };
        let authorization = SecretString::from(format!("Bearer {}", token.expose()));
        let request = AltinnRequest { query, ..AltinnRequest::get(AltinnOperation::Exchange, &path, &authorization) };
        self.fetch_token(&request, clock, notify).await
    }

    /// Renews a token of this platform that has not expired; `authorization` is the header with it, and `notify` is called
    /// before each retry.
    ///
    /// # Errors
    /// As [`AltinnClient::exchange`].
    pub async fn refresh(
        &self,
        authorization: &SecretString,
        clock: &dyn Clock,
        notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<AccessToken, AltinnError> {
        let path = ["authentication", "api", "v1", "refresh"];
        self.fetch_token(&AltinnRequest::get(AltinnOperation::Refresh, &path, authorization), clock, notify).await
    }

    /// Sends a request whose response is a token.
    pub(super) async fn fetch_token(
        &self,
        request: &AltinnRequest<'_>,
        clock: &dyn Clock,
        notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<AccessToken, AltinnError> {
        let response = self.send(request, notify).await?;
        let endpoint = self.platform().endpoint(request.path, request.query);
        token_in(&response, clock.now()).map_err(|fault| ClientError::unexpected(&endpoint, &response, fault).into())
    }
}

/// Reads the token of a response. `now` is the time of this machine, which the lifetime is counted from.
///
/// # Errors
/// What is wrong with the response, as the end of a sentence.
fn token_in(response: &Response, now: DateTime<Utc>) -> Result<AccessToken, &'static str> {
    let text = std::str::from_utf8(&response.body).map_err(|_| "it is not text")?.trim();
    let token = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    // By the server's clock, so that a difference between the clocks does not change the lifetime.
    from_jwt(token, response.date.unwrap_or(now), now)
}

/// Makes an access token of a JWT of Altinn's, whose lifetime starts at `issued`.
fn from_jwt(token: &str, issued: DateTime<Utc>, received: DateTime<Utc>) -> Result<AccessToken, &'static str> {
    const NOT_A_TOKEN: &str = "it is not a token";
    if token.is_empty() {
        return Err("it is empty");
    }
    if token.len() > MAXIMUM_TOKEN_BYTES {
        return Err("its token is longer than 64 KiB");
    }
    // It is written into JSON below, and later into headers.
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.".contains(&byte)) {
        return Err(NOT_A_TOKEN);
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(NOT_A_TOKEN);
    };
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| NOT_A_TOKEN)?;
    let claims: ExchangedClaims =
        serde_json::from_slice(&Zeroizing::new(payload)).map_err(|_| "its token has no expiry")?;
    // The fraction of a second does not matter, nor does a time that no token has.
    #[expect(clippy::cast_possible_truncation, reason = "a number out of range becomes the nearest one")]
    let seconds = (claims.exp as i64).saturating_sub(issued.timestamp());
    if seconds <= 0 {
        return Err("its token has expired already");
    }
    let scope = claims.scope.map(|scope| format!(r#","scope":{}"#, serde_json::Value::from(scope))).unwrap_or_default();
    // The response of a token endpoint, as the cache and every output form know it. It is never reallocated: the old text
    // would not be erased.
    let mut response = Zeroizing::new(String::with_capacity(token.len() + scope.len() + 100));
    let _ = write!(response, r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{seconds}{scope}}}"#);
    AccessToken::restore(&response, received).map_err(|_| NOT_A_TOKEN)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn jwt(claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmF0dXJl", part(&json!({ "alg": "RS256" })), part(claims))
    }

    fn response(body: &str, date: Option<DateTime<Utc>>) -> Response {
        Response {
            status: 200,
            media_type: "text/plain".to_owned(),
            location: None,
            challenge: None,
            retry_after: None,
            date,
            sent_at: at(0),
            received_at: at(0),
            dpop_nonce: None,
            cookies: Vec::new(),
            body: body.as_bytes().to_vec().into(),
        }
    }

    #[test]
    fn a_raw_and_a_quoted_token_are_the_same_with_the_lifetime_and_the_scopes_in_it() {
        let token = jwt(&json!({ "exp": at(1800).timestamp(), "scope": "altinn:a altinn:\"b\"" }));
        for body in [token.clone(), format!("\"{token}\""), format!(" {token}\r\n")] {
            let exchanged = token_in(&response(&body, None), at(0)).unwrap();
            assert_eq!(exchanged.expose(), token);
            assert_eq!(exchanged.expires_at(), Some(at(1800)));
            assert_eq!(exchanged.scope.as_deref(), Some("altinn:a altinn:\"b\""));
        }
    }

    #[test]
    fn the_lifetime_is_counted_by_the_clock_of_the_server_that_issued_the_token() {
        let token = jwt(&json!({ "exp": at(1800).timestamp() }));

        // This machine's clock is an hour ahead.
        let exchanged = token_in(&response(&token, Some(at(0))), at(3600)).unwrap();

        assert_eq!(exchanged.expires_in_seconds, Some(1800));
        assert_eq!(exchanged.expires_at(), Some(at(3600 + 1800)));
    }

    #[test]
    fn a_response_without_a_usable_token_is_described_without_quoting_it() {
        let expiring = |exp: Value| jwt(&json!({ "exp": exp }));
        for (body, fault) in [
            (String::new(), "it is empty"),
            ("\"\"".to_owned(), "it is empty"),
            ("<html>".to_owned(), "it is not a token"),
            ("a.b".to_owned(), "it is not a token"),
            ("a.!.c".to_owned(), "it is not a token"),
            (format!("{}\nX: y", expiring(json!(at(9).timestamp()))), "it is not a token"),
            (format!("{}\",\"expires_in\":9,\"a\":\"", expiring(json!(at(9).timestamp()))), "it is not a token"),
            (jwt(&json!({ "scope": "a" })), "its token has no expiry"),
            (expiring(json!("soon")), "its token has no expiry"),
            (expiring(json!(at(0).timestamp())), "its token has expired already"),
            (expiring(json!(-1e300)), "its token has expired already"),
            ("a".repeat(MAXIMUM_TOKEN_BYTES + 1), "its token is longer than 64 KiB"),
        ] {
            assert_eq!(token_in(&response(&body, None), at(0)).unwrap_err(), fault, "{body}");
        }
        // A lifetime beyond all dates is cut by the token itself.
        assert!(token_in(&response(&expiring(json!(1e300)), None), at(0)).unwrap().expires_at().is_some());
    }
}
