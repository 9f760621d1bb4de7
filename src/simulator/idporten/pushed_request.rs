//! Pushed authorization requests (RFC 9126).

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::json;

use super::{
    LoginContext, authentication_request,
    call::LoginCall,
    client_authentication::authenticate,
    dpop::{self, ProofProblem, ProofTarget},
    parameters::ReceivedParameters,
    refusal::LoginRefusal,
};
use crate::simulator::{faults::responses::respond, login_state::PUSHED_SECONDS};

pub(super) async fn push(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    match pushed(&context, &headers, &parameters) {
        Ok((uri, client_id)) => {
            let body = json!({ "request_uri": uri, "expires_in": PUSHED_SECONDS });
            respond(StatusCode::CREATED, &body, format!("client {client_id}: request pushed"))
        }
        Err(refusal) => refusal.response(),
    }
}

fn pushed(
    context: &LoginContext,
    headers: &HeaderMap,
    parameters: &ReceivedParameters,
) -> Result<(String, String), LoginRefusal> {
    let client = authenticate(context, headers, parameters)?;
    let target = authentication_request::target(context, parameters)?;
    if target.client_id != client.client.id {
        return Err(LoginRefusal::request("client_id differs from that of the client authentication."));
    }
    let mut request = authentication_request::parse(context, target, parameters)?;
    // RFC 9449 §10.1: a proof here binds the code to its key.
    if let Some(key) = proof_key(context, headers, "par")? {
        if request.dpop_jkt.as_ref().is_some_and(|asked| *asked != key) {
            return Err(LoginRefusal::new("invalid_dpop_proof", "dpop_jkt is another key."));
        }
        request.dpop_jkt = Some(key);
    }
    let uri = context.service.store().push(request, context.now)?;
    Ok((uri, client.client.id.clone()))
}

/// Returns the key of the proof in a request to a path of the service.
pub(super) fn proof_key(
    context: &LoginContext,
    headers: &HeaderMap,
    path: &str,
) -> Result<Option<String>, LoginRefusal> {
    let url = context.service.url(path);
    let target = ProofTarget { method: "POST", url: &url, access_token: None };
    dpop::proof_key(context, headers, &target).map_err(|problem| match problem {
        ProofProblem::Invalid(reason) => {
            LoginRefusal::new("invalid_dpop_proof", format!("DPoP proof is invalid: {reason}."))
        }
        ProofProblem::NonceNeeded => LoginRefusal::nonce_needed(dpop::current_nonce(context)),
    })
}
