//! The token endpoint.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, Utc};

use super::set_date;
use crate::simulator::{
    clients_file::ClientsSnapshot,
    faults::{
        Faults, replacing,
        responses::{Decision, delay, internal_error, replace, serialized, with_status},
    },
    request_body,
    state::SimulatorState,
    validator::{self, GrantRefusal, Validator},
};

pub(super) async fn token(State(state): State<Arc<SimulatorState>>, headers: HeaderMap, body: Body) -> Response {
    let body = match request_body::read(body).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let clients = state.clients();
    let faults = state.count_token_request(&clients);
    let now = faults.shifted(state.clock.now());
    let answer = decide(&state, &clients, faults, now, &headers, &body);
    delay(faults.delay_milliseconds).await;
    let decision = answer.decision(faults);
    let mut response = replace(faults, faults.answer, answer.response);
    // The faults may be others by the time that the response is sent.
    set_date(&mut response, now);
    response.extensions_mut().insert(Decision(decision));
    response
}

/// The correct response, and what the log has of it: neither the assertion nor a token.
struct CorrectAnswer {
    response: Response,
    client_id: Option<String>,
    /// The scopes of the token, or the refusal.
    outcome: Result<String, String>,
}

impl CorrectAnswer {
    /// Returns the text for the log.
    fn decision(&self, faults: &Faults) -> String {
        let client = self.client_id.as_deref().unwrap_or("unknown");
        let names = faults.names(self.outcome.is_ok());
        match &self.outcome {
            Ok(scope) if names.is_empty() => format!("client {client}: token issued for {scope}"),
            Err(refusal) if names.is_empty() => format!("client {client}: {refusal}"),
            Ok(scope) => format!("client {client}: fault {} (otherwise a token for {scope})", names.join(", ")),
            Err(refusal) => format!("client {client}: fault {} (otherwise {refusal})", names.join(", ")),
        }
    }
}

/// Decides on a token request.
fn decide(
    state: &SimulatorState,
    clients: &ClientsSnapshot,
    faults: &Faults,
    now: DateTime<Utc>,
    headers: &HeaderMap,
    body: &Bytes,
) -> CorrectAnswer {
    let validator = Validator {
        registry: &clients.registry,
        register: state.register_view(clients, now),
        system_register: &state.system_register,
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
    let (response, outcome) = match outcome {
        Ok(granted) => match state.token_issuer.issue(&granted, &state.issuer, now, faults) {
            Ok(response) => (serialized(replacing(&response, &faults.success)), Ok(granted.summary())),
            Err(error) => (internal_error(), Err(format!("could not issue the token: {error}"))),
        },
        Err(refusal) => refused(&refusal, &state.issuer),
    };
    CorrectAnswer { response, client_id, outcome }
}

fn refused(refusal: &GrantRefusal, issuer: &str) -> (Response, Result<String, String>) {
    let trace_id = validator::trace_id();
    let (status, body) = refusal.response(issuer, &trace_id);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let outcome = Err(format!("{} trace_id {trace_id}", refusal.summary()));
    (with_status(status, serialized(serde_json::to_vec(&body))), outcome)
}
