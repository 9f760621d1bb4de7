//! The token endpoint.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};

use crate::simulator::{
    clients_file::ClientsSnapshot,
    faults::{
        replacing,
        responses::{Decision, delay_and_replace, internal_error, plain, serialized, with_status},
    },
    state::SimulatorState,
    validator::{self, GrantRefusal, Validator},
};

/// Maximum size of a token request; a larger one gets 413.
const MAXIMUM_BODY_BYTES: usize = 64 * 1024;
/// Time limit for receiving the body.
const BODY_TIME: Duration = Duration::from_secs(10);

pub(super) async fn token(State(state): State<Arc<SimulatorState>>, headers: HeaderMap, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY_TIME, to_bytes(body, MAXIMUM_BODY_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return with_status(StatusCode::PAYLOAD_TOO_LARGE, plain("Payload Too Large\n")),
        Err(_) => return with_status(StatusCode::REQUEST_TIMEOUT, plain("Request Timeout\n")),
    };
    let clients = state.clients();
    let (response, decision) = decide(&state, &clients, &headers, &body);
    let mut response = delay_and_replace(state.faults(&clients), &clients.faults_shown, response).await;
    response.extensions_mut().insert(Decision(decision));
    response
}

/// Decides on a token request. The text is for the log and contains neither the assertion nor a token.
fn decide(state: &SimulatorState, clients: &ClientsSnapshot, headers: &HeaderMap, body: &Bytes) -> (Response, String) {
    let (now, faults) = (state.now(clients), state.faults(clients));
    let validator = Validator {
        registry: &clients.registry,
        strictness: state.strictness(clients),
        issuer: &state.issuer,
        anchors: &state.anchors,
        used: &state.used,
        now,
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (client_id, outcome) = match validator::assertion(content_type, body) {
        Ok(assertion) => {
            let validation = validator.validate(&assertion);
            (validation.client_id, validation.outcome)
        }
        Err(refusal) => (None, Err(refusal)),
    };
    let client = client_id.as_deref().unwrap_or("unknown");
    match outcome {
        Ok(granted) => match state.token_issuer.issue(&granted, &state.issuer, now, faults) {
            Ok(response) => {
                let mut decision = format!("client {client}: token issued for {}", granted.scope);
                if !granted.undocumented.is_empty() {
                    let _ = write!(decision, "; accepted undocumented {}", granted.undocumented.join(" and "));
                }
                (serialized(replacing(&response, &faults.success)), decision)
            }
            Err(error) => (internal_error(), format!("client {client}: could not issue the token: {error}")),
        },
        Err(refusal) => refused(&refusal, &state.issuer, client),
    }
}

fn refused(refusal: &GrantRefusal, issuer: &str, client: &str) -> (Response, String) {
    let trace_id = trace_id();
    let (status, body) = refusal.response(issuer, &trace_id);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let decision = format!("client {client}: {} trace_id {trace_id}", refusal.summary());
    (with_status(status, serialized(serde_json::to_vec(&body))), decision)
}

/// Returns 32 lower-case hexadecimal digits. A trace id is not a secret, so a failing generator does no harm.
fn trace_id() -> String {
    let mut bytes = [0_u8; 16];
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
