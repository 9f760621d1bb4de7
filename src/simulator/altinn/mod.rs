//! Altinn: the exchange of tokens, the system register, and the former REST API.
//!
//! The paths below `/authentication/api/v1/` are those of Altinn's platform
//! (<https://github.com/Altinn/altinn-authentication>), with the scopes, statuses and codes of its sources.
//!
//! | path | content |
//! |---|---|
//! | `exchange/{provider}`, `refresh` | a token of Altinn for one of Maskinporten, ID-porten or Altinn |
//! | `openid/.well-known/openid-configuration` and `…/jwks` | Altinn's issuer and keys |
//! | `systemregister/vendor` | the systems of a vendor |
//! | `systemuser/request/vendor` | requests for system users |
//! | `systemuser/vendor` | system users |
//!
//! `/accessmanagement/ui/systemuser/request` is the page on which a customer approves or rejects a request.
//! `/api/GetEnterpriseToken` and `/api/GetPersonalToken` are Altinn's test token generator
//! (<https://github.com/Altinn/AltinnTestTools>), `/api/authentication/authenticatewithpassword`, `/api/my/messagebox` and
//! `/api/serviceowner/reportees` the REST API of Altinn 2, which was shut down on 2026-06-19. `/api/whoami` is a sample API that requires a token of
//! Altinn.
//!
//! `/idporten` is an issuer whose keys and metadata are those of an ID-porten, with a token for any person at
//! `/idporten/test-token`. People do not log in there.

mod altinn2;
mod approval;
mod caller;
mod exchange;
mod idporten;
mod openid;
mod person;
mod problem;
mod requests;
mod sample_api;
mod systems;
mod test_tokens;
mod users;
mod wire;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};

use super::{
    faults::{
        AltinnFaults,
        responses::{Decision, delay, fault_status, replace_with, with_status},
    },
    state::SimulatorState,
};

/// Builds the router.
pub(crate) fn router(state: &Arc<SimulatorState>) -> Router<Arc<SimulatorState>> {
    let platform = Router::new()
        .route("/exchange/{provider}", get(exchange::exchange))
        .route("/refresh", get(exchange::refresh))
        .route("/systemregister/vendor", get(systems::list).post(systems::create))
        .route("/systemregister/vendor/{id}", get(systems::show).put(systems::update).delete(systems::delete))
        .route("/systemuser/request/vendor", post(requests::create))
        .route("/systemuser/request/vendor/{id}", get(requests::show).delete(requests::delete))
        .route("/systemuser/request/vendor/bysystem/{id}", get(requests::list))
        .route("/systemuser/request/vendor/byexternalref/{system}/{orgno}/{reference}", get(requests::find))
        .route("/systemuser/vendor/bysystem/{id}", get(users::list))
        .route("/systemuser/vendor/byquery", get(users::find))
        .layer(middleware::from_fn_with_state(Arc::clone(state), faulty));
    Router::new()
        .nest("/authentication/api/v1", platform)
        .route("/authentication/api/v1/openid/.well-known/openid-configuration", get(openid::configuration))
        .route("/authentication/api/v1/openid/.well-known/openid-configuration/jwks", get(openid::keys))
        .route("/accessmanagement/ui/systemuser/request", get(approval::show).post(approval::answer))
        .route("/idporten/.well-known/openid-configuration", get(idporten::configuration))
        .route("/idporten/jwks.json", get(idporten::keys))
        .route("/idporten/test-token", get(idporten::test_token))
        .route("/api/GetEnterpriseToken", get(test_tokens::enterprise))
        .route("/api/GetPersonalToken", get(test_tokens::person))
        .route("/api/authentication/authenticatewithpassword", post(altinn2::login))
        .route("/api/my/messagebox", get(altinn2::messagebox))
        .route("/api/serviceowner/reportees", get(altinn2::reportees))
        .route("/api/whoami", get(sample_api::whoami))
}

/// Delays and replaces the responses of the platform according to the faults.
async fn faulty(State(state): State<Arc<SimulatorState>>, request: Request, next: Next) -> Response {
    let clients = state.clients();
    let (faults, replaced) = state.count_altinn_request(&clients);
    let correct = next.run(request).await;
    delay(faults.delay_milliseconds).await;
    if !replaced {
        return correct;
    }
    let mut response = refused(faults, correct);
    response.extensions_mut().insert(Decision("fault altinn".to_owned()));
    response
}

fn refused(faults: &AltinnFaults, correct: Response) -> Response {
    let response = match (faults.answer, faults.status.and_then(fault_status)) {
        (None, Some(StatusCode::GONE)) => problem::enterprise_users_are_gone(),
        (None, Some(status)) if status.is_client_error() => with_status(status, Response::default()),
        _ => correct,
    };
    let answer = faults.answer.or_else(|| {
        let is_done = faults.status.and_then(fault_status).is_some_and(|status| status.is_client_error());
        (!is_done).then_some(super::faults::FaultAnswer::Status)
    });
    let mut response = replace_with(answer, faults.status, faults.retry_after_seconds, response);
    if let Some(seconds) = faults.retry_after_seconds {
        response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
    }
    response
}
