//! The end of a session (`OpenID` Connect RP-Initiated Logout §2).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chrono::DateTime;
use serde_json::Value;
use url::Url;

use super::{
    LoginContext,
    authentication_request::client,
    authorize::{cookie, with_cookie},
    call::LoginCall,
    login_page::{self, PageLanguage},
    parameters::ReceivedParameters,
    refusal::LoginRefusal,
};
use crate::simulator::{
    faults::responses::{Decision, with_status},
    page,
    registry::login_client,
};

pub(super) async fn logout(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    let language = PageLanguage::of(&headers, None);
    let target = match target(&context, &parameters) {
        Ok(target) => target,
        Err(refusal) => return login_page::error(kind, language, &refusal),
    };
    let (title, text) = match language {
        PageLanguage::Bokmal => ("Logget ut", "Du er logget ut."),
        PageLanguage::English => ("Logged out", "You are logged out."),
    };
    let ended = cookie(&context, &headers).and_then(|cookie| context.service.store().end_session(cookie, context.now));
    let mut response = page::page(language.tag(), title, &format!("<p role=\"status\">{text}</p>"), "", None);
    if let Some(url) = target.and_then(|url| HeaderValue::from_str(url.as_str()).ok()) {
        response = with_status(StatusCode::SEE_OTHER, response);
        response.headers_mut().insert(header::LOCATION, url);
    }
    response = with_cookie(&context, response, None);
    let decision = if ended.is_some() { "session ended" } else { "no session" };
    response.extensions_mut().insert(Decision(decision.to_owned()));
    response
}

/// Returns where the browser goes afterwards, if the client asks for a registered address.
fn target(context: &LoginContext, parameters: &ReceivedParameters) -> Result<Option<Url>, LoginRefusal> {
    let hinted = parameters.get("id_token_hint").map(|token| {
        // The id token may have expired.
        let claims = context.service.issuer.verified_claims(token, DateTime::UNIX_EPOCH);
        let audience = claims.ok().and_then(|claims| claims.get("aud").and_then(Value::as_str).map(str::to_owned));
        audience.ok_or_else(|| LoginRefusal::request("Invalid parameter value, id_token_hint."))
    });
    let hinted = hinted.transpose()?;
    let client_id = match (hinted, parameters.get("client_id")) {
        (Some(hinted), Some(given)) if hinted != given => {
            return Err(LoginRefusal::request("client_id is not that of the id_token_hint."));
        }
        (hinted, given) => hinted.or_else(|| given.map(str::to_owned)),
    };
    let state = parameters.get("state");
    if state.is_some_and(|state| !state.bytes().all(|byte| (b' '..=b'~').contains(&byte))) {
        return Err(LoginRefusal::request("Invalid parameter value, state."));
    }
    let Some(uri) = parameters.get("post_logout_redirect_uri") else { return Ok(None) };
    let client_id = client_id.ok_or_else(|| LoginRefusal::request("Missing parameter id_token_hint or client_id."))?;
    let client = client(context, &client_id)?;
    let url = Url::parse(uri).ok().filter(|_| login_client::is_registered(&client.post_logout_redirect_uris, uri));
    let unregistered = || LoginRefusal::request("Invalid parameter value, post_logout_redirect_uri.");
    let mut url = url.ok_or_else(unregistered)?;
    if let Some(state) = state {
        url.query_pairs_mut().append_pair("state", state);
    }
    Ok(Some(url))
}
