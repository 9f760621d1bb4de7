//! The answer of the authorization endpoint: a redirect with a code or an error (RFC 6749 §4.1.2, RFC 9207).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value, json};
use url::Url;

use super::{LoginContext, refusal::LoginRefusal};
use crate::simulator::{
    faults::{
        replacing,
        responses::{Decision, internal_error, with_status},
    },
    login_state::ResponseTarget,
};

/// Redirects with a code, unless the faults have an error.
pub(super) fn granted(context: &LoginContext, target: &ResponseTarget, code: &str) -> Response {
    if let Some(error) = &context.faults().authorize_error {
        let description = "A fault of the simulator.";
        let members = json!({ "error": error, "error_description": description });
        return redirect(context, target, members, format!("client {}: fault {error}", target.client_id));
    }
    redirect(context, target, json!({ "code": code }), format!("client {}: code issued", target.client_id))
}

/// Redirects with an error.
pub(super) fn refused(context: &LoginContext, target: &ResponseTarget, refusal: &LoginRefusal) -> Response {
    let (description, decision) = refusal.texts();
    let members = json!({ "error": refusal.error, "error_description": description });
    redirect(context, target, members, format!("client {}: {decision}", target.client_id))
}

fn redirect(context: &LoginContext, target: &ResponseTarget, mut members: Value, decision: String) -> Response {
    members["iss"] = json!(context.service.issuer.identifier);
    if let Some(state) = &target.state {
        members["state"] = json!(state);
    }
    let members = replacing(&members, &context.faults().response).ok();
    let members: Option<Map<String, Value>> = members.and_then(|text| serde_json::from_slice(&text).ok());
    let (Ok(mut url), Some(members)) = (Url::parse(&target.redirect_uri), members) else { return internal_error() };
    let texts = members.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    url.query_pairs_mut().extend_pairs(texts);
    let mut response = with_status(StatusCode::SEE_OTHER, Response::default());
    let headers = [
        (header::LOCATION, url.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response.extensions_mut().insert(Decision(decision));
    response
}
