//! The paths that the simulator answers on.
//!
//! Those of Maskinporten (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_wellknown>): `/token`,
//! `/jwk`, `/.well-known/oauth-authorization-server`, `/health` and the pages that `error_uri` names; and one
//! API of the simulator's own, `/api/hello`, that wants a token. A `DPoP` header is ignored, as nothing says that
//! Maskinporten knows it.

mod discovery;
mod hello;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Event, Observer,
    explanations::explanation,
    faults::{
        Faults,
        answers::{json, of_token, plain, with_status},
        replacing,
    },
    judge::{self, Anchors, Refusal, Used, Validator},
    registry::{Watched, Watching},
    strictness::Strictness,
    token::TokenIssuer,
};
use crate::clock::Clock;

/// Larger token requests are refused with 413.
const MAXIMUM_BODY_BYTES: usize = 64 * 1024;
/// For as long a body may be on its way.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) issuer: String,
    pub(crate) port: u16,
    pub(crate) mint: TokenIssuer,
    pub(crate) anchors: Anchors,
    pub(crate) watching: Watching,
    pub(crate) strictness: Strictness,
    pub(crate) faults: Faults,
    pub(crate) used: std::sync::Mutex<Used>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Observer>,
}

/// What was decided, for the log.
#[derive(Clone)]
struct Decision(String);

impl Shared {
    fn tell(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    fn watched(&self) -> Arc<Watched> {
        let (watched, problem) = self.watching.current();
        if let Some(error) = problem {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            self.tell(&Event::ClientsFile { problem: format!("{error}{cause}") });
        }
        watched
    }

    fn faults<'a>(&'a self, watched: &'a Watched) -> &'a Faults {
        watched.registry.faults.as_ref().unwrap_or(&self.faults)
    }

    fn now(&self, watched: &Watched) -> DateTime<Utc> {
        self.faults(watched).shifted(self.clock.now())
    }
}

/// Puts the paths together.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/jwk", get(discovery::jwk))
        .route("/.well-known/oauth-authorization-server", get(discovery::metadata))
        .route("/health", get(|| async { json("{\"status\":\"UP\"}".into()) }))
        .route("/errors/{code}", get(error_page))
        .route("/api/hello", get(hello::hello))
        .fallback(|| async { with_status(StatusCode::NOT_FOUND, plain("Not Found\n")) })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), around))
        .with_state(shared)
}

/// Around every request: whose name was used for us, the simulator's own time, and the log.
async fn around(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let method: String = request.method().as_str().chars().take(20).collect();
    let path: String = request.uri().path().chars().take(200).collect();
    let mut response = if is_our_name(request.headers(), shared.port) {
        next.run(request).await
    } else {
        // A page in a browser could make its own name point here (DNS rebinding).
        with_status(StatusCode::MISDIRECTED_REQUEST, plain("Misdirected Request\n"))
    };
    let now = shared.now(&shared.watched());
    // RFC 9110 §5.6.7.
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    let status = response.status();
    let decision = response.extensions_mut().remove::<Decision>();
    let decision = decision.map_or_else(|| status.canonical_reason().unwrap_or_default().to_owned(), |said| said.0);
    shared.tell(&Event::Request { method, path, status: status.as_u16(), decision });
    response
}

fn is_our_name(headers: &HeaderMap, port: u16) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let (name, given) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().ok()),
        _ => (host, Some(port).filter(|port| [80, 443].contains(port))),
    };
    given == Some(port) && ["127.0.0.1", "localhost", "[::1]"].iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY_TIME, to_bytes(body, MAXIMUM_BODY_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return with_status(StatusCode::PAYLOAD_TOO_LARGE, plain("Payload Too Large\n")),
        Err(_) => return with_status(StatusCode::REQUEST_TIMEOUT, plain("Request Timeout\n")),
    };
    let watched = shared.watched();
    let (answer, decision) = decide(&shared, &watched, &headers, &body);
    let mut response = of_token(shared.faults(&watched), &watched.faults_shown, answer).await;
    response.extensions_mut().insert(Decision(decision));
    response
}

/// Judges a token request; the second half is for the log and holds neither grant nor token.
fn decide(shared: &Shared, watched: &Watched, headers: &HeaderMap, body: &Bytes) -> (Response, String) {
    let registry = &watched.registry;
    let (now, faults) = (shared.now(watched), shared.faults(watched));
    let court = Validator {
        registry,
        strictness: registry.strictness.as_ref().unwrap_or(&shared.strictness),
        issuer: &shared.issuer,
        anchors: &shared.anchors,
        used: &shared.used,
        now,
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (client_id, outcome) = match judge::assertion(content_type, body) {
        Ok(assertion) => {
            let judgement = court.judge(&assertion);
            (judgement.client_id, judgement.outcome)
        }
        Err(refusal) => (None, Err(refusal)),
    };
    let client = client_id.as_deref().unwrap_or("unknown");
    match outcome {
        Ok(granted) => match shared.mint.issue(&granted, &shared.issuer, now, faults) {
            Ok(success) => {
                let decision = format!("client {client}: token issued for {}", granted.scope);
                (json(replacing(&success, &faults.success).into()), decision)
            }
            Err(_) => (
                with_status(StatusCode::INTERNAL_SERVER_ERROR, plain("Internal Server Error\n")),
                format!("client {client}: openssl could not sign the token"),
            ),
        },
        Err(refusal) => refused(&refusal, &shared.issuer, client),
    }
}

fn refused(refusal: &Refusal, issuer: &str, client: &str) -> (Response, String) {
    let trace_id = trace_id();
    let (status, body) = refusal.answer(issuer, &trace_id);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let decision = format!("client {client}: {} trace_id {trace_id}", refusal.summary());
    (with_status(status, to_json(&body)), decision)
}

/// 32 lower-case hexadecimal digits. A trace id is no secret, so that a failing generator does no harm.
fn trace_id() -> String {
    let mut bytes = [0_u8; 16];
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Plain structs with string keys: writing them as JSON cannot fail.
fn to_json<T: Serialize>(body: &T) -> Response {
    json(serde_json::to_vec(body).unwrap_or_default().into())
}

async fn error_page(Path(code): Path<String>) -> Response {
    match explanation(&code) {
        Some(text) => plain(text),
        None => with_status(StatusCode::NOT_FOUND, plain("Not Found\n")),
    }
}
