//! ID-porten and Ansattporten: the login of a person with the authorization code flow.
//!
//! The rules: <https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_authorize>,
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_token>,
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_func_dpop>, RFC 6749, 7636, 9126, 9207 and 9449, and `OpenID` Connect
//! Core. Where a page leaves something open, the stricter reading holds.
//!
//! | path below `/idporten` and `/ansattporten` | content |
//! |---|---|
//! | `.well-known/openid-configuration`, `jwks.json` | metadata and keys |
//! | `par` | pushed authorization requests (RFC 9126) |
//! | `authorize`, `login` | the login page, and its form |
//! | `token` | a code or a refresh token for tokens |
//! | `userinfo`, `token/introspect`, `token/revoke`, `logout` | the other endpoints |
//! | `test-token` | an access token for any person, without a login |
//!
//! Who logs in is chosen on the page among the `persons` of `clients.json`; `login_hint=testid:PID_idporten-loa-high`
//! skips the page. In Ansattporten, `authorization_details` also has the person choose an organisation. `/api/person` is
//! a sample API that requires an access token, and a proof for one that is bound to a key (RFC 9449 §7).

mod authentication_request;
mod authorize;
mod call;
mod client_authentication;
mod code_response;
mod discovery;
mod dpop;
mod login_page;
mod logout;
mod parameters;
mod presented_token;
mod pushed_request;
mod refusal;
mod sample_api;
mod test_token;
mod token_endpoint;
mod token_status;
mod tokens;

use std::sync::Arc;

use axum::{
    Extension, Router,
    routing::{get, post},
};
use chrono::{DateTime, Utc};

use super::{
    client_register::RegisterView,
    clients_file::ClientsSnapshot,
    faults::IdportenFaults,
    login_state::{LoginService, LoginServiceKind},
    state::SimulatorState,
};

/// What the handling of one request needs.
struct LoginContext<'a> {
    state: &'a SimulatorState,
    clients: Arc<ClientsSnapshot>,
    service: &'a LoginService,
    now: DateTime<Utc>,
}

impl<'a> LoginContext<'a> {
    fn new(state: &'a SimulatorState, kind: LoginServiceKind) -> Self {
        let service = match kind {
            LoginServiceKind::Idporten => &state.idporten,
            LoginServiceKind::Ansattporten => &state.ansattporten,
        };
        let clients = state.clients();
        let now = state.now(&clients);
        Self { state, clients, service, now }
    }

    /// Returns the clients and scopes: those of `clients.json`, with the changes of the self-service API.
    fn register(&self) -> RegisterView<'_> {
        self.state.register_view(&self.clients, self.now)
    }

    fn faults(&self) -> &IdportenFaults {
        &self.state.faults(&self.clients).idporten
    }
}

/// Builds the router.
pub(crate) fn router() -> Router<Arc<SimulatorState>> {
    Router::new()
        .nest("/idporten", service(LoginServiceKind::Idporten))
        .nest("/ansattporten", service(LoginServiceKind::Ansattporten))
        .route("/api/person", get(sample_api::person).post(sample_api::person))
}

fn service(kind: LoginServiceKind) -> Router<Arc<SimulatorState>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/jwks.json", get(discovery::keys))
        .route("/par", post(pushed_request::push))
        .route("/authorize", get(authorize::authorize).post(authorize::authorize))
        .route("/login", post(authorize::login))
        .route("/token", post(token_endpoint::token))
        .route("/token/introspect", post(token_status::introspect))
        .route("/token/revoke", post(token_status::revoke))
        .route("/userinfo", get(token_status::userinfo).post(token_status::userinfo))
        .route("/logout", get(logout::logout).post(logout::logout))
        .route("/test-token", get(test_token::test_token))
        .layer(Extension(kind))
}
