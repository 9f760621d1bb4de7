//! The self-service API of Digdir, for clients, their keys, scopes and accesses.
//!
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin> and
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>. Its paths are below `/api/v1`, and below the
//! roots of its earlier versions. Except for `scopes/all`, each requires a token of this Maskinporten.
//!
//! | path | operations |
//! |---|---|
//! | `clients` | `GET` (`?inactive=true`), `POST` |
//! | `clients/{id}` | `GET`, `PUT`, `DELETE`, which deactivates |
//! | `clients/{id}/secret` | `POST` |
//! | `clients/{id}/jwks` | `GET`, `POST` and `PUT`, which replace all keys, `DELETE` |
//! | `clients/{id}/onbehalfof`, `…/{onbehalfof}` | `GET`, `POST`; `GET`, `PUT`, `DELETE` |
//! | `scopes` | `GET` (`?inactive=true`), `POST`; with `?scope=` `GET`, `PUT`, `DELETE`, which deactivates |
//! | `scopes/all` | `GET` of the public scopes (`?accessible_for_all=`, `?integration_type=`, `?inactive=true`) |
//! | `scopes/access` | `GET` with `?scope=` or `?consumer_orgno=` |
//! | `scopes/access/all` | `GET` of those that the caller has received |
//! | `scopes/access/{orgno}` | `PUT` and `DELETE` with `?scope=` |
//! | `delegationsources` | `GET` |
//!
//! A client belongs to the organisation of the token, a scope to that of its prefix in `clients.json`.

mod access;
mod call;
mod clients;
mod keys;
mod members;
mod on_behalf_of;
mod problem;
mod scopes;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use chrono::DateTime;
use serde_json::json;

use self::{call::AuthenticatedCall, problem::SelfServiceProblem};
use super::{
    client_register::date,
    faults::{
        FaultAnswer,
        responses::{Decision, delay, empty, fault_status, ok, replace_with, with_retry_after},
    },
    state::SimulatorState,
};

/// The response to a request.
type ApiResult = Result<Response, SelfServiceProblem>;

/// The issuer of the one delegation source.
const DELEGATION_SOURCE: &str = "https://tt02.altinn.no/";

/// Builds the router.
pub(crate) fn router(state: &Arc<SimulatorState>) -> Router<Arc<SimulatorState>> {
    let paths = || {
        let client_list = get(clients::list).post(clients::create);
        let scope_list = get(scopes::list).post(scopes::create).put(scopes::update).delete(scopes::delete);
        Router::new()
            // Some clients end these with a slash.
            .route("/clients", client_list.clone())
            .route("/clients/", client_list)
            .route("/clients/{id}", get(clients::show).put(clients::update).delete(clients::delete))
            .route("/clients/{id}/secret", post(clients::secret))
            .route("/clients/{id}/jwks", get(keys::show).post(keys::replace).put(keys::replace).delete(keys::delete))
            .route("/clients/{id}/onbehalfof", get(on_behalf_of::list).post(on_behalf_of::create))
            .route(
                "/clients/{id}/onbehalfof/{onbehalfof}",
                get(on_behalf_of::show).put(on_behalf_of::update).delete(on_behalf_of::delete),
            )
            .route("/scopes", scope_list.clone())
            .route("/scopes/", scope_list)
            .route("/scopes/all", get(scopes::all))
            .route("/scopes/access", get(access::list))
            .route("/scopes/access/", get(access::list))
            .route("/scopes/access/all", get(access::received))
            .route("/scopes/access/{orgno}", put(access::grant).delete(access::revoke))
            .route("/delegationsources", get(delegation_sources))
    };
    let faulty = middleware::from_fn_with_state(Arc::clone(state), faulty);
    Router::new().nest("/api/v1", paths()).nest("/external/api/v1", paths()).merge(paths()).layer(faulty)
}

/// Makes the bodies of refusals, and delays and replaces the responses according to the faults.
async fn faulty(State(state): State<Arc<SimulatorState>>, request: Request, next: Next) -> Response {
    let clients = state.clients();
    let now = state.now(&clients);
    let (faults, replaced) = state.count_self_service_request(&clients);
    let status = faults.status.filter(|_| replaced && faults.answer.is_none()).and_then(fault_status);
    let refusal = status.and_then(SelfServiceProblem::with_status);
    let is_refused = refusal.is_some();
    let mut response = match refusal {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    if let Some(problem) = response.extensions_mut().remove::<SelfServiceProblem>() {
        response = problem.response(now);
    }
    delay(faults.delay_milliseconds).await;
    if !replaced {
        return response;
    }
    let mut response = if is_refused {
        with_retry_after(faults.retry_after_seconds, response)
    } else {
        let answer = Some(faults.answer.unwrap_or(FaultAnswer::Status));
        replace_with(answer, faults.status, faults.retry_after_seconds, response)
    };
    response.extensions_mut().insert(Decision("fault self_service".to_owned()));
    response
}

async fn delegation_sources(call: AuthenticatedCall) -> ApiResult {
    call.require(access::ANY)?;
    let epoch = date(DateTime::UNIX_EPOCH);
    let sources = json!([{ "name": "altinn", "issuer": DELEGATION_SOURCE, "created": epoch, "last_updated": epoch }]);
    Ok(ok(&sources, "delegation sources".to_owned()))
}

/// Returns the response to a successful deletion, which has no body.
fn deleted(decision: String) -> Response {
    empty(StatusCode::NO_CONTENT, decision)
}
