//! The token API that NAIS gives to applications (<https://docs.nais.io/auth/reference/#texas>), for Maskinporten, so
//! that they also run on a developer's machine.
//!
//! Requests are JSON or forms; `target` contains the scopes. Tokens for users (`tokenx`, `idporten`) and the exchange
//! endpoint are not supported.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{RawQuery, Request, State},
    response::Response,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{
    api_error::ApiError,
    app::App,
    profile::{ProfileSource, RequestedToken, ServedProfile},
    query::{Query, not_allowed, parse_scopes, shown},
    response::{self, HandledRequest},
};
use crate::{
    grant::Resource,
    json::{self, JsonValue},
};

/// A token to introspect has a few kilobytes; every other body is shorter.
const MAXIMUM_BODY: usize = 64 * 1024;
/// The size that nearly every body fits in.
const USUAL_BODY: usize = 4 * 1024;
/// The number of larger bodies that are read at a time; further ones wait.
static LARGE_BODIES: Semaphore = Semaphore::const_new(64);
/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The members of a request.
type Members = BTreeMap<String, Zeroizing<String>>;

/// `POST /api/v1/token`
pub(super) async fn token<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref(), &["profile"])?;
    let members = members(request, &["identity_provider", "target", "resource", "skip_cache"]).await?;
    let skip_cache = match members.get("skip_cache").map(|skip| skip.as_str()) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ApiError::bad_request("`skip_cache` is neither true nor false")),
    };
    let wanted = wanted(&members, &query, &app.source.profiles())?;
    let taken = app.take(&wanted, !skip_cache).await;
    let response = match &taken {
        Ok(obtained) => {
            let body = Zeroizing::new(format!(
                r#"{{"access_token":"{}","expires_in":{},"token_type":"Bearer"}}"#,
                obtained.token.expose(),
                response::seconds_left(&obtained.token, app.clock.now()),
            ));
            response::with_body(200, response::JSON, Bytes::from_owner(ErasedText(body)))
        }
        Err(missing) => response::no_token(missing, &missing.error.to_json()),
    };
    Ok(HandledRequest::for_token(wanted, &taken).attach_to(response))
}

/// `POST /api/v1/introspect`
pub(super) async fn introspect<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref(), &["profile"])?;
    let members = members(request, &["identity_provider", "token"]).await?;
    let token = members.get("token").ok_or_else(|| ApiError::bad_request("`token` is missing"))?;
    let profile = query.profile(&app.source.profiles())?;
    let (body, what) = match app.issuers.introspect(&profile, token, app.clock.now()).await {
        Ok(mut claims) => {
            claims.insert("active".to_owned(), Value::Bool(true));
            (Value::Object(claims), "active")
        }
        Err(inactive) => (serde_json::json!({ "active": false, "error": inactive.why }), inactive.what),
    };
    Ok(HandledRequest::new(what).attach_to(response::json(200, &body)))
}

/// Returns the token that a request asks for, of the named profile, else of the first that allows the scopes.
fn wanted(members: &Members, query: &Query, profiles: &[Arc<ServedProfile>]) -> Result<RequestedToken, ApiError> {
    let target = members.get("target").ok_or_else(|| ApiError::bad_request("`target`, the scopes, is missing"))?;
    let scopes = parse_scopes(target)?;
    let resource = members.get("resource").filter(|resource| !resource.is_empty());
    let resource = resource.map(|resource| Resource::parse(resource)).transpose();
    let resource = resource.map_err(|error| ApiError::from_error(400, &error))?;
    let first = query.profile(profiles)?;
    let mut others = profiles.iter().filter(|_| !query.names_profile());
    let profile = if first.allows(&scopes) { Some(&first) } else { others.find(|other| other.allows(&scopes)) };
    let profile = Arc::clone(profile.ok_or_else(|| not_allowed(&first, &scopes))?);
    Ok(RequestedToken::new(profile, scopes, resource))
}

/// Reads a request for Maskinporten, as JSON or a form.
async fn members(request: Request, allowed: &[&str]) -> Result<Members, ApiError> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let parse = match media_type.as_str() {
        "application/json" => parse_json,
        "application/x-www-form-urlencoded" => parse_form,
        _ => {
            let error = ApiError::new(415, "unsupported_media_type", "the body is neither JSON nor a form");
            return Err(error.hint("send `Content-Type: application/json` or application/x-www-form-urlencoded"));
        }
    };
    let members = parse(&read(request.into_body()).await?)?;
    if let Some(name) = members.keys().find(|name| !allowed.contains(&name.as_str())) {
        let error = ApiError::bad_request(format!("unknown member `{}`", shown(name)));
        return Err(error.hint(&format!("use only {}", allowed.join(", "))));
    }
    match members.get("identity_provider").map(|provider| provider.as_str()) {
        Some("maskinporten") => Ok(members),
        Some(_) => Err(ApiError::bad_request("unsupported `identity_provider`").hint("use maskinporten")),
        None => Err(ApiError::bad_request("`identity_provider` is missing").hint("use maskinporten")),
    }
}

/// Reads a body, up to a limit on its size and time.
async fn read(body: Body) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let size = body.size_hint();
    if size.lower() > MAXIMUM_BODY as u64 {
        return Err(too_large());
    }
    let capacity = size.exact().and_then(|size| usize::try_from(size).ok()).unwrap_or(MAXIMUM_BODY);
    let read = async {
        let _permit = if capacity > USUAL_BODY { LARGE_BODIES.acquire().await.ok() } else { None };
        let mut body = pin!(Limited::new(body, MAXIMUM_BODY));
        // It never grows, so no copy of the token is left behind.
        let mut read = Zeroizing::new(Vec::with_capacity(capacity));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => too_large(),
                None => ApiError::bad_request("the body ended too early"),
            })?;
            read.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
        }
        Ok(read)
    };
    let late = |_| ApiError::new(408, "request_timeout", "the body did not arrive in time");
    tokio::time::timeout(BODY_TIME, read).await.map_err(late)?
}

fn too_large() -> ApiError {
    ApiError::new(413, "too_large", format!("the body is longer than {MAXIMUM_BODY} bytes"))
}

fn parse_json(body: &[u8]) -> Result<Members, ApiError> {
    let Ok(JsonValue::Object(object)) = json::parse(body) else {
        return Err(ApiError::bad_request("the body is not a JSON object"));
    };
    if object.duplicate().is_some() {
        return Err(duplicate_member());
    }
    let mut members = Members::new();
    for (name, value) in object {
        let text = match value {
            JsonValue::String(text) => text,
            JsonValue::Bool(value) => Zeroizing::new(value.to_string()),
            JsonValue::Null => continue,
            _ => return Err(ApiError::bad_request("the body has a member that is neither a string nor a boolean")),
        };
        members.insert(name, text);
    }
    Ok(members)
}

fn parse_form(body: &[u8]) -> Result<Members, ApiError> {
    let mut members = Members::new();
    for (name, value) in form_urlencoded::parse(body) {
        if members.insert(name.into_owned(), Zeroizing::new(value.into_owned())).is_some() {
            return Err(duplicate_member());
        }
    }
    Ok(members)
}

fn duplicate_member() -> ApiError {
    ApiError::bad_request("the body has a member more than once")
}

/// Text that is erased when the response has been sent.
struct ErasedText(Zeroizing<String>);

impl AsRef<[u8]> for ErasedText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
