//! Who calls an API of the platform, by the token in `Authorization`.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value};

use crate::simulator::{
    faults::responses::empty,
    registry::Orgno,
    state::SimulatorState,
    validator::details::{AUTHORITY, SCHEME},
};

/// The claims of the caller's token, which has been verified.
pub(super) struct Caller {
    pub(super) claims: Map<String, Value>,
}

impl Caller {
    /// Authenticates the caller of an API that requires one of these scopes.
    ///
    /// Altinn accepts Maskinporten's tokens here, and its own.
    pub(super) fn authorize(
        state: &SimulatorState,
        headers: &HeaderMap,
        scopes: &[&str],
    ) -> Result<Self, Box<Response>> {
        let refused = |status, reason: &str| Box::new(refuse(status, reason));
        let token = bearer_token(headers).ok_or_else(|| refused(StatusCode::UNAUTHORIZED, NO_TOKEN))?;
        let now = state.now(&state.clients());
        let claims = state
            .token_issuer
            .verified_claims(token, &state.issuer, now)
            .or_else(|_| state.altinn.verified_claims(token, now))
            .map_err(|reason| refused(StatusCode::UNAUTHORIZED, reason))?;
        let caller = Self { claims };
        if !scopes.iter().any(|scope| caller.has_scope(scope)) {
            let reason = format!("the token lacks the scope {}", scopes.join(" or "));
            return Err(refused(StatusCode::FORBIDDEN, &reason));
        }
        Ok(caller)
    }

    /// Returns a claim that is a string.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// Whether the token has this scope.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.text("scope").is_some_and(|scopes| scopes.split(' ').any(|own| own == scope))
    }

    /// Returns the organisation in the claim `consumer`.
    pub(super) fn orgno(&self) -> Option<Orgno> {
        consumer(&self.claims)
    }
}

/// The reason of a refusal of a request without a token.
pub(super) const NO_TOKEN: &str = "the request has no Bearer token";

/// Returns the organisation in the claim `consumer`, if its authority is that of Norwegian organisation numbers.
pub(super) fn consumer(claims: &Map<String, Value>) -> Option<Orgno> {
    let consumer = claims.get("consumer")?;
    let text = |name| consumer.get(name).and_then(Value::as_str);
    let id = text("ID").filter(|_| text("authority") == Some(AUTHORITY))?;
    Orgno::parse(id.strip_prefix(SCHEME)?)
}

/// Returns the token in `Authorization`.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty())
}

/// Refuses a request without a body, as Altinn does. Only the log has the reason.
pub(super) fn refuse(status: StatusCode, reason: &str) -> Response {
    empty(status, reason)
}
