//! Paths and their handlers, behind one middleware that checks, counts and logs every request.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Bytes,
    extract::{MatchedPath, RawQuery, Request, State},
    handler::Handler,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, any},
};
use hyper::{
    Method,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, AGE, ALLOW, HeaderName, HeaderValue, VARY,
    },
};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{
    api_error::ApiError,
    app::App,
    error_page,
    event::Event,
    guard::{Guard, is_navigation},
    nais, page,
    profile::ProfileSource,
    query::Query,
    response::{self, HandledRequest},
};
use crate::{
    client::AccessToken,
    connections::Phase,
    language::Language,
    printer::{HeadersForm, print_headers},
};

const HEALTH: &str = "/healthz";
/// What log and metrics show in place of a path that is not served.
const UNKNOWN: &str = "-";
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// The response headers that a page of an allowed origin may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("age, retry-after");

/// The parameters of a query for a token.
const TOKEN_QUERY: &[&str] = &["cache", "profile", "scope"];

/// What a listener's middleware needs.
struct MiddlewareState<S> {
    guard: Guard,
    app: Arc<App<S>>,
    phase: watch::Receiver<Phase>,
}

/// Makes the routes of one listener.
pub(super) fn router<S: ProfileSource>(app: Arc<App<S>>, guard: Guard, phase: watch::Receiver<Phase>) -> Router {
    let state = Arc::new(MiddlewareState { guard, app: Arc::clone(&app), phase });
    let mut router = Router::new()
        .route("/", methods("GET, HEAD, POST", token_or_page::<S>).post(token_or_page::<S>))
        .route("/headers", get_only(headers::<S>))
        .route(HEALTH, get_only(health))
        .route("/metrics", get_only(metrics::<S>))
        .route("/page.json", get_only(page::data::<S>))
        .route(page::REFUSALS, get_only(page::refusal))
        .route("/api/v1/token", post_only(nais::token::<S>))
        .route("/api/v1/token/exchange", post_only(nais::exchange))
        .route("/api/v1/introspect", post_only(nais::introspect::<S>));
    for file in &page::FILES {
        let respond = move |RawQuery(query): RawQuery| async move { page::file(file, query.as_deref()) };
        router = router.route(file.path, get_only(respond));
    }
    router.fallback(not_found).layer(from_fn_with_state(state, handle::<S>)).with_state(app)
}

/// Makes a route for GET and HEAD.
fn get_only<H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(handler: H) -> MethodRouter<S> {
    methods("GET, HEAD", handler)
}

/// Makes a route for GET, and so for HEAD (RFC 9110 §9.3.2), that names these methods to requests with another one.
fn methods<H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(
    allowed: &'static str,
    handler: H,
) -> MethodRouter<S> {
    any(move || async move { response::method_not_allowed(allowed) }).get(handler)
}

fn post_only<H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(handler: H) -> MethodRouter<S> {
    any(|| async { response::method_not_allowed("POST") }).post(handler)
}

/// Answers a request, counts it, and reports it to the observer.
async fn handle<S: ProfileSource>(
    State(state): State<Arc<MiddlewareState<S>>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let path = matched.as_ref().map_or(UNKNOWN, MatchedPath::as_str);
    let origin = state.guard.allowed_origin(request.headers()).and_then(|origin| HeaderValue::from_str(origin).ok());
    let mut response = respond(&state, request, path, origin.is_some(), next).await;
    let status = response.status().as_u16();
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    state.app.metrics.count_request(path, status);
    if let Some(observer) = &state.app.observer {
        let handled = response.extensions_mut().remove::<HandledRequest>();
        let (what, wanted) = handled.map(|handled| (handled.what, handled.wanted)).unwrap_or_default();
        observer(&Event::Request {
            method,
            path: path.to_owned(),
            status,
            milliseconds: started.elapsed().as_millis(),
            profile: wanted.as_ref().map(|wanted| wanted.profile.name.clone()),
            scope: wanted.as_ref().map(|wanted| wanted.scopes().to_string()),
            what: what.into_owned(),
        });
    }
    response
}

/// Passes a request that the guard accepts on to its handler.
async fn respond<S: ProfileSource>(
    state: &MiddlewareState<S>,
    request: Request,
    path: &str,
    cors: bool,
    next: Next,
) -> Response {
    let reader = is_navigation(request.headers()).then(|| Language::of_request(request.headers()));
    let is_options = request.method() == Method::OPTIONS;
    // A preflight carries no credentials (Fetch §4.8), and the error page for a mistyped address contains nothing secret.
    let is_public =
        is_options || path == HEALTH || page::has_file(path) || (reader.is_some() && ["/", UNKNOWN].contains(&path));
    if let Err(error) = state.guard.check(&request, is_public) {
        return error.into_response();
    }
    let mut phase = state.phase.clone();
    let response = tokio::select! {
        biased;
        response = next.run(request) => response,
        _ = phase.wait_for(|phase| *phase == Phase::Over) => return stopped().into_response(),
    };
    // The response to the unknown method names the one that the path accepts.
    if let Some(allowed) = response.headers().get(ALLOW).filter(|_| is_options && cors) {
        return preflight(allowed.clone());
    }
    match (response.extensions().get::<HandledRequest>(), reader) {
        (Some(HandledRequest { error: Some(error), what, .. }), Some(language)) => {
            HandledRequest::new(what.clone()).attach_to(error_page::page(error, language))
        }
        _ => response,
    }
}

/// Answers a preflight request of a page of an allowed origin (Fetch §4.8, and
/// <https://wicg.github.io/private-network-access/>).
fn preflight(method: HeaderValue) -> Response {
    const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
    let mut response = response::with_body(204, response::TEXT, "");
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    headers.insert(PRIVATE_NETWORK, HeaderValue::from_static("true"));
    HandledRequest::new("preflight").attach_to(response)
}

/// Returns a method as the log shows it; an unknown one is text from the client and is left out.
fn known(method: &Method) -> &'static str {
    let known = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"];
    known.into_iter().find(|known| method.as_str() == *known).unwrap_or("-")
}

fn stopped() -> ApiError {
    let error = ApiError::new(503, "stopped", "the server was stopped before the response was ready");
    error.hint("try again when the server is running")
}

async fn not_found() -> ApiError {
    let error = ApiError::new(404, "not_found", "unknown path");
    error.hint("use GET / or GET /headers, or POST /api/v1/token")
}

async fn health(RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[])?;
    Ok(HandledRequest::new("healthy").attach_to(response::with_body(200, response::TEXT, "ok\n")))
}

async fn metrics<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[])?;
    let text = app.metrics.text(&app.source.profiles(), &app.tokens_in_memory(), app.clock.now());
    Ok(HandledRequest::new("metrics").attach_to(response::with_body(200, METRICS, text)))
}

/// `/`: the token endpoint's JSON, or the page for a browser. POST is the same request, as it was in the original.
async fn token_or_page<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::parse(request.uri().query(), TOKEN_QUERY)?;
    if is_navigation(request.headers()) {
        return Ok(page::document());
    }
    take(&app, &query, query.cache.unwrap_or(false), |token| {
        let age = (app.clock.now() - token.received_at).num_seconds().max(0); // RFC 9111 §5.1
        let body = response::token_body(token);
        response::with_header(response::with_body(200, response::JSON, body), AGE, HeaderValue::from(age))
    })
    .await
}

/// `GET /headers`: the headers of an API request, as `curl -H @-` reads them. From memory unless the query disables that.
async fn headers<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref(), TOKEN_QUERY)?;
    let extra = query.profile(&app.source.profiles())?.headers.clone();
    take(&app, &query, query.cache.unwrap_or(true), |token| {
        let mut lines = Zeroizing::new(Vec::new());
        match print_headers(HeadersForm::Lines, token, &extra, &mut *lines) {
            Ok(()) => response::with_body(200, response::TEXT, Bytes::from_owner(lines)),
            Err(_) => ApiError::new(500, "internal", "could not write the headers").into_response(),
        }
    })
    .await
}

/// Returns the response with the token that a query asks for.
async fn take<S: ProfileSource>(
    app: &App<S>,
    query: &Query,
    remembered: bool,
    respond: impl FnOnce(&AccessToken) -> Response + Send,
) -> Result<Response, ApiError> {
    let wanted = query.wanted(&app.source.profiles())?;
    let taken = app.take(&wanted, remembered).await;
    let response = match &taken {
        Ok(obtained) => respond(&obtained.token),
        Err(missing) => response::no_token(missing, &missing.error.to_json()),
    };
    Ok(HandledRequest::for_token(wanted, &taken).attach_to(response))
}
