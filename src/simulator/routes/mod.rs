//! The paths of the simulator.
//!
//! Those of Maskinporten (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_wellknown>): `/token`, `/jwk`,
//! `/.well-known/oauth-authorization-server`, `/health` and the pages in `error_uri`; and the sample API `/api/hello`,
//! which requires a token. Those of Altinn are in [`altinn`], those of ID-porten and Ansattporten in [`idporten`], those of
//! the self-service API in [`self_service`], and those of the register of business units in [`business_register`]. At
//! `/token`, a `DPoP` header is ignored, because Maskinporten does not document support for it.

mod discovery;
mod hello;
mod token;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};

use chrono::{DateTime, Utc};

use super::{
    altinn, business_register,
    event::SimulatorEvent,
    faults::responses::{Decision, json, plain, with_status},
    idporten, self_service,
    state::SimulatorState,
};

/// Builds the router.
pub(crate) fn router(state: Arc<SimulatorState>) -> Router {
    Router::new()
        .route("/token", post(token::token))
        .route("/jwk", get(discovery::jwk))
        .route("/.well-known/oauth-authorization-server", get(discovery::metadata))
        // Clients such as Spring Security append the path of the issuer, which is a slash (RFC 8414 §3.1).
        .route("/.well-known/oauth-authorization-server/", get(discovery::metadata))
        .route("/health", get(|| async { json("{\"status\":\"UP\"}".into()) }))
        .route("/errors/{code}", get(error_page))
        .route("/api/hello", get(hello::hello))
        .merge(altinn::router(&state))
        .merge(idporten::router())
        .merge(self_service::router(&state))
        .merge(business_register::router())
        .fallback(|| async { not_found() })
        .layer(middleware::from_fn_with_state(Arc::clone(&state), check_host_and_report))
        .with_state(state)
}

/// Rejects requests for other hosts, sets `Date` to the simulator's time, and reports the request.
async fn check_host_and_report(State(state): State<Arc<SimulatorState>>, request: Request, next: Next) -> Response {
    let method: String = request.method().as_str().chars().take(20).collect();
    let path: String = request.uri().path().chars().take(200).collect();
    let mut response = if is_own_host(request.headers(), state.port) {
        next.run(request).await
    } else {
        // A page in a browser could make its own host name resolve to this machine (DNS rebinding).
        with_status(StatusCode::MISDIRECTED_REQUEST, plain("Misdirected Request\n"))
    };
    if !response.headers().contains_key(header::DATE) {
        let now = state.now(&state.clients());
        set_date(&mut response, now);
    }
    let status = response.status();
    let decision = match response.extensions_mut().remove::<Decision>() {
        Some(Decision(text)) => text,
        None => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    state.report(&SimulatorEvent::Request { method, path, status: status.as_u16(), decision });
    response
}

/// Sets `Date` in the format of RFC 9110 §5.6.7.
fn set_date(response: &mut Response, now: DateTime<Utc>) {
    if let Ok(date) = HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        response.headers_mut().insert(header::DATE, date);
    }
}

fn is_own_host(headers: &HeaderMap, port: u16) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let (name, given) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().ok()),
        _ => (host, Some(port).filter(|port| [80, 443].contains(port))),
    };
    given == Some(port) && ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn not_found() -> Response {
    with_status(StatusCode::NOT_FOUND, plain("Not Found\n"))
}

/// The page that `error_uri` links to, after <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>.
async fn error_page(Path(code): Path<String>) -> Response {
    plain(match code.as_str() {
        "MP-011" => "MP-011: the assertion or a parameter cannot be parsed. Look for line breaks and typing errors.\n",
        "MP-012" => {
            "MP-012: the assertion has been used before. Create a new one, with a new jti, for every request.\n"
        }
        "MP-100" => "MP-100: no active client has this client_id. Check iss and the environment.\n",
        "MP-110" => "MP-110: aud must be exactly the issuer identifier, with its trailing slash.\n",
        "MP-120" => "MP-120: the certificate is not valid here: expired, revoked or of another environment.\n",
        "MP-121" => "MP-121: the key was registered more than a year ago. Register a new key, or the same key again.\n",
        "MP-122" => "MP-122: the certificate's organisation number is not that of the client.\n",
        "MP-123" => "MP-123: x5c must be an array of strings, each a certificate in standard base64.\n",
        "MP-124" => "MP-124: the signature cannot be verified with the key that the header names.\n",
        "MP-130" => "MP-130: exp has passed. Check the clock.\n",
        "MP-200" => "MP-200: the client does not have the scope.\n",
        "MP-201" => "MP-201: the scope is for the login of people and not for Maskinporten.\n",
        "MP-250" => "MP-250: the owner of the API must grant the scope to the organisation.\n",
        "MP-251" => "MP-251: the customer must delegate the scope to the supplier in Altinn.\n",
        "MP-301" => "MP-301: authorization_details has a type that is not in the metadata.\n",
        "MP-302" => "MP-302: authorization_details has an unknown member, or an externalRef in the wrong format.\n",
        "MP-303" => "MP-303: authorization_details has an invalid value, or Altinn has no matching system user.\n",
        _ => return not_found(),
    })
}
