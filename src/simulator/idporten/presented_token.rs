//! An access token in a request to an API (RFC 6750 §2.1, RFC 9449 §7).

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value};

use super::{
    LoginContext,
    dpop::{self, ProofProblem, ProofTarget},
};
use crate::simulator::faults::responses::{Decision, plain, with_status};

/// An access token that the caller may use.
pub(super) struct PresentedToken<'a> {
    pub(super) text: &'a str,
    pub(super) claims: Map<String, Value>,
    pub(super) is_bound: bool,
}

/// Verifies the access token of a request to a URL, and its proof if the token is bound to a key.
pub(super) fn verify<'a>(
    context: &LoginContext,
    method: &Method,
    url: &str,
    headers: &'a HeaderMap,
) -> Result<PresentedToken<'a>, Box<Response>> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, text) = authorization.split_once(' ').unwrap_or_default();
    let (is_bearer, is_dpop) = (scheme.eq_ignore_ascii_case("Bearer"), scheme.eq_ignore_ascii_case("DPoP"));
    if !is_bearer && !is_dpop {
        return Err(Box::new(refuse("Bearer, DPoP", "the request has no token")));
    }
    let text = text.trim();
    let invalid = |reason| {
        let scheme = if is_dpop { "DPoP" } else { "Bearer" };
        Box::new(refuse(&format!("{scheme} error=\"invalid_token\", error_description=\"{reason}\""), reason))
    };
    let claims = context.service.issuer.verified_claims(text, context.now).map_err(invalid)?;
    let bound_to = claims.get("cnf").and_then(|cnf| cnf.get("jkt")).and_then(Value::as_str);
    match bound_to {
        Some(_) if is_bearer => return Err(invalid("the token is bound to a key and must not be sent as Bearer")),
        None if is_dpop => return Err(invalid("the token is not bound to a key")),
        None => {}
        Some(bound_to) => {
            let target = ProofTarget { method: method.as_str(), url, access_token: Some(text) };
            let unproven = |reason: &str| {
                let text = "DPoP proof is missing or invalid";
                Box::new(refuse(&format!("DPoP error=\"invalid_token\", error_description=\"{text}\""), reason))
            };
            match dpop::proof_key(context, headers, &target) {
                Ok(Some(key)) if key == bound_to => {}
                Ok(Some(_)) => return Err(unproven("the proof is by another key than that of the token")),
                Ok(None) => return Err(unproven("the proof is missing")),
                Err(ProofProblem::Invalid(reason)) => return Err(unproven(reason)),
                Err(ProofProblem::NonceNeeded) => {
                    let mut response = refuse("DPoP error=\"use_dpop_nonce\"", "the proof needs a nonce");
                    if let Ok(nonce) = HeaderValue::from_str(&dpop::current_nonce(context)) {
                        response.headers_mut().insert(dpop::NONCE_HEADER, nonce);
                    }
                    return Err(Box::new(response));
                }
            }
        }
    }
    Ok(PresentedToken { text, is_bound: bound_to.is_some(), claims })
}

fn refuse(challenge: &str, reason: &str) -> Response {
    let mut response = with_status(StatusCode::UNAUTHORIZED, plain(format!("{reason}\n")));
    if let Ok(challenge) = HeaderValue::from_str(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response.extensions_mut().insert(Decision(reason.to_owned()));
    response
}
