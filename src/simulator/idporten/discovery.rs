//! Metadata (`OpenID` Connect Discovery, RFC 8414) and keys, modified by the faults.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use serde_json::json;

use super::{LoginContext, authentication_request::DETAIL_TYPE, dpop};
use crate::simulator::{
    faults::{
        replacing,
        responses::{internal_error, serialized},
    },
    login_state::{LoginServiceKind, acrs},
    state::SimulatorState,
};

pub(super) async fn configuration(
    State(state): State<Arc<SimulatorState>>,
    Extension(kind): Extension<LoginServiceKind>,
) -> Response {
    let context = LoginContext::new(&state, kind);
    let service = context.service;
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let mut metadata = json!({
        "issuer": service.issuer.identifier,
        "authorization_endpoint": service.url("authorize"),
        "pushed_authorization_request_endpoint": service.url("par"),
        "token_endpoint": service.url("token"),
        "userinfo_endpoint": service.url("userinfo"),
        "introspection_endpoint": service.url("token/introspect"),
        "revocation_endpoint": service.url("token/revoke"),
        "end_session_endpoint": service.url("logout"),
        "jwks_uri": service.url("jwks.json"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "RS512"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile"],
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
        "acr_values_supported": acrs(kind).iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "ui_locales_supported": ["nb", "nn", "en", "se"],
        "prompt_values_supported": ["login", "consent", "none"],
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    if kind == LoginServiceKind::Ansattporten {
        metadata["authorization_details_types_supported"] = json!([DETAIL_TYPE]);
    }
    serialized(replacing(&metadata, &context.faults().metadata))
}

pub(super) async fn keys(
    State(state): State<Arc<SimulatorState>>,
    Extension(kind): Extension<LoginServiceKind>,
) -> Response {
    let context = LoginContext::new(&state, kind);
    match context.service.issuer.key(context.now).and_then(|key| key.key_set(false)) {
        Ok(keys) => serialized(replacing(&keys, &context.faults().jwk)),
        Err(_) => internal_error(),
    }
}
