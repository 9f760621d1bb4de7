//! Parses what the server answers to this client's own requests: tokens, a refusal, the name of posted parameters.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use super::{LoginError, LoginStep, RefreshToken};
use crate::{
    client::{AccessToken, ClientError, Refusal},
    http::{Endpoint, Response},
    inspect::{Jwt, LEEWAY},
};

/// Longer lifetimes of refresh tokens are cut to this one.
const LONGEST_LIFETIME_SECONDS: u64 = 365 * 24 * 60 * 60;

/// The tokens of a response, of which the id token is not verified yet.
#[expect(clippy::struct_field_names, reason = "the names of the standards")]
pub(super) struct ReceivedTokens {
    pub(super) access_token: AccessToken,
    pub(super) id_token: Option<SecretString>,
    pub(super) refresh_token: Option<RefreshToken>,
}

/// The members beside those of an access token, under their wire names (`OpenID` Connect Core §3.1.3.3).
#[derive(Deserialize)]
struct LoginMembers {
    #[serde(default, deserialize_with = "secret")]
    id_token: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    refresh_token: Option<SecretString>,
    refresh_token_expires_in: Option<u64>,
}

/// The response to posted parameters (RFC 9126 §2.2).
#[derive(Deserialize)]
struct PushedRequest {
    request_uri: String,
}

fn secret<'de, D: Deserializer<'de>>(member: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(member)?.map(SecretString::from))
}

/// The members of an access token's response (RFC 6749 §5.1).
#[derive(Serialize)]
struct AloneToken<'token> {
    access_token: &'token str,
    token_type: &'token str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'token str>,
}

/// Returns an access token as if it had come without the others. Programs get its response as it is, and whoever has the
/// refresh token could end the login.
fn alone(token: &AccessToken, length: usize, token_type: &'static str) -> Result<AccessToken, &'static str> {
    // Large enough not to grow, which would leave a copy behind.
    let mut response = Zeroizing::new(Vec::with_capacity(length + 128));
    let members = AloneToken {
        access_token: token.expose(),
        token_type: &token.token_type,
        expires_in: token.expires_in_seconds,
        scope: token.scope.as_deref(),
    };
    serde_json::to_writer(&mut *response, &members).map_err(|_| "it is not JSON")?;
    AccessToken::read(&response, token_type, token.received_at)
}

/// Parses the tokens of a response.
pub(super) fn read(
    response: &Response,
    endpoint: &Endpoint,
    token_type: &'static str,
    now: DateTime<Utc>,
) -> Result<ReceivedTokens, LoginError> {
    let unexpected = |what| LoginError::from(ClientError::unexpected(endpoint, response, what));
    let access_token = AccessToken::read(&response.body, token_type, now).map_err(unexpected)?;
    let access_token = alone(&access_token, response.body.len(), token_type).map_err(unexpected)?;
    let others: LoginMembers = serde_json::from_slice(&response.body).map_err(|_| {
        unexpected("its `id_token` or `refresh_token` is not a string, or its lifetime is not a number")
    })?;
    let expiry = |seconds: u64| {
        let seconds = i64::try_from(seconds.min(LONGEST_LIFETIME_SECONDS)).ok()?;
        now.checked_add_signed(TimeDelta::seconds(seconds))
    };
    let expires_at = others.refresh_token_expires_in.and_then(expiry);
    let refresh_token = others.refresh_token.map(|token| RefreshToken::new(token, expires_at));
    Ok(ReceivedTokens { access_token, id_token: others.id_token, refresh_token })
}

/// Checks the times of an access token that is a JWT; any other is for its API alone to read.
pub(super) fn check_times(token: &AccessToken, now: DateTime<Utc>) -> Result<(), LoginError> {
    let Ok(jwt) = Jwt::parse(token.expose().as_bytes()) else { return Ok(()) };
    if jwt.has("exp") && jwt.time("exp").is_none_or(|end| end + LEEWAY <= now) {
        return Err(LoginError::AccessTokenExpired);
    }
    if jwt.has("iat") && jwt.time("iat").is_none_or(|start| start > now + LEEWAY) {
        return Err(LoginError::AccessTokenIssuedAt);
    }
    Ok(())
}

/// Returns the name of posted parameters.
pub(super) fn request_uri(response: &Response, endpoint: &Endpoint) -> Result<String, LoginError> {
    let pushed: Option<PushedRequest> = serde_json::from_slice(&response.body).ok();
    let name = pushed.map(|pushed| pushed.request_uri).filter(|name| !name.is_empty());
    name.ok_or_else(|| ClientError::unexpected(endpoint, response, "it has no `request_uri` (RFC 9126 §2.2)").into())
}

/// Whether a server wants a nonce in the proof of possession (RFC 9449 §8).
pub(super) fn wants_nonce(response: &Response) -> bool {
    let refusal = Refusal::of_login(response.status, &response.body);
    matches!(response.status, 400 | 401) && refusal.is_some_and(|refusal| refusal.error == "use_dpop_nonce")
}

/// Returns the response if it is a success.
pub(super) fn success(step: LoginStep, endpoint: &Endpoint, response: Response) -> Result<Response, LoginError> {
    match response.status {
        200 | 201 => Ok(response),
        400..=428 | 430..=499 => Err(match Refusal::of_login(response.status, &response.body) {
            Some(refusal) => LoginError::Refused { step, refusal: Box::new(refusal) },
            None => ClientError::unexpected(endpoint, &response, "it is not an OAuth error").into(),
        }),
        _ => Err(ClientError::of_status(endpoint, &response).into()),
    }
}
