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
//! | `systemuser/request/vendor`, `…/vendor/agent` | requests for system users |
//! | `systemuser/vendor` | system users |
//!
//! `/accessmanagement/ui/systemuser/request` is the page on which a customer approves or rejects a request.
//! `/api/GetEnterpriseToken`, `/api/GetPersonalToken` and `/api/GetSystemUserToken` are Altinn's test token generator
//! (<https://github.com/Altinn/AltinnTestTools>), `/api/authentication/authenticatewithpassword`, `/api/my/messagebox` and
//! `/api/serviceowner/reportees` the REST API of Altinn 2, which was shut down on 2026-06-19. `/api/whoami` is a sample API that requires a token of
//! Altinn.

mod altinn2;
mod approval;
mod caller;
mod exchange;
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

pub(crate) use self::caller::bearer_token;
use super::{
    faults::{
        AltinnFaults, FaultAnswer,
        responses::{Decision, delay, fault_status, replace_with, with_retry_after, with_status},
    },
    state::SimulatorState,
    system_register::UserType,
};

/// Builds the router.
pub(crate) fn router(state: &Arc<SimulatorState>) -> Router<Arc<SimulatorState>> {
    let platform = Router::new()
        .route("/exchange/{provider}", get(exchange::exchange))
        .route("/refresh", get(exchange::refresh))
        .route("/systemregister/vendor", get(systems::list).post(systems::create))
        .route("/systemregister/vendor/{id}", get(systems::show).put(systems::update).delete(systems::delete))
        .nest("/systemuser/request/vendor", requests::router(UserType::Standard))
        .nest("/systemuser/request/vendor/agent", requests::router(UserType::Agent))
        .route("/systemuser/vendor/bysystem/{id}", get(users::list))
        .route("/systemuser/vendor/byquery", get(users::find))
        .layer(middleware::from_fn_with_state(Arc::clone(state), faulty));
    Router::new()
        .nest("/authentication/api/v1", platform)
        .route("/authentication/api/v1/openid/.well-known/openid-configuration", get(openid::configuration))
        .route("/authentication/api/v1/openid/.well-known/openid-configuration/jwks", get(openid::keys))
        .route("/accessmanagement/ui/systemuser/request", get(approval::show).post(approval::answer))
        .route("/accessmanagement/ui/systemuser/agentrequest", get(approval::show).post(approval::answer))
        .route("/api/GetEnterpriseToken", get(test_tokens::enterprise))
        .route("/api/GetPersonalToken", get(test_tokens::person))
        .route("/api/GetSystemUserToken", get(test_tokens::system_user))
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

/// Returns the answer of a fault: a refusal of Altinn's own form, unless the fault has another answer.
fn refused(faults: &AltinnFaults, correct: Response) -> Response {
    let own = faults.status.filter(|_| faults.answer.is_none()).and_then(fault_status);
    let response = match own.filter(StatusCode::is_client_error) {
        Some(StatusCode::GONE) => problem::enterprise_users_are_gone(),
        Some(status) => with_status(status, Response::default()),
        None => {
            let answer = Some(faults.answer.unwrap_or(FaultAnswer::Status));
            return replace_with(answer, faults.status, faults.retry_after_seconds, correct);
        }
    };
    with_retry_after(faults.retry_after_seconds, response)
}
