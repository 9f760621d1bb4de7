//! The requests of the NAIS API: their members, as JSON or a form.
//!
//! Members that the API does not know are ignored, as Texas does.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::CONTENT_TYPE;
use tokio::sync::Semaphore;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{api_error::ApiError, profile::MASKINPORTEN, query::shown};
use crate::json::{self, JsonValue};

/// A token to introspect has a few kilobytes; every other body is shorter.
const MAXIMUM_BODY: usize = 64 * 1024;
/// The size that nearly every body fits in.
const USUAL_BODY: usize = 4 * 1024;
/// The number of larger bodies that are read at a time; further ones wait.
static LARGE_BODIES: Semaphore = Semaphore::const_new(64);
/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

const PROVIDER: &str = "identity_provider";
/// The identity providers of NAIS, with the name that its messages use.
const PROVIDERS: [(&str, &str); 6] = [
    (MASKINPORTEN, MASKINPORTEN),
    ("entra_id", "entra_id"),
    ("azuread", "entra_id"),
    ("tokenx", "tokenx"),
    ("idporten", "idporten"),
    ("ansattporten", "ansattporten"),
];

/// The members of a request. An array or object is its JSON text, which a form also sends.
pub(super) struct Members(BTreeMap<&'static str, Zeroizing<String>>);

impl Members {
    /// Reads the members with these names.
    pub(super) async fn read(request: Request, names: &[&'static str]) -> Result<Self, ApiError> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let parse = match media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => parse_json,
            "application/x-www-form-urlencoded" => parse_form,
            _ => {
                return Err(ApiError::bad_request(format!(
                    "unsupported media type: {}: expected one of `application/json`, \
                     `application/x-www-form-urlencoded`",
                    shown(media_type)
                )));
            }
        };
        Ok(Self(parse(&read(request.into_body()).await?, names)?))
    }

    /// Returns a member that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns a member that every request of this kind must have.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::bad_request(format!("`{name}` is missing")))
    }

    /// Returns a boolean member, which is false when it is missing.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::bad_request(format!("`{name}` is neither true nor false"))),
        }
    }

    /// Returns the identity provider, by the name that NAIS' messages use.
    pub(super) fn identity_provider(&self) -> Result<&'static str, ApiError> {
        let name = self.required(PROVIDER)?;
        let expected = || PROVIDERS.map(|(name, _)| name).join(", ");
        let unknown =
            || ApiError::bad_request(format!("unknown `{PROVIDER}`: {}; expected one of {}", shown(name), expected()));
        PROVIDERS.iter().find(|(known, _)| *known == name).map(|(_, shown)| *shown).ok_or_else(unknown)
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

fn parse_json(body: &[u8], names: &[&'static str]) -> Result<BTreeMap<&'static str, Zeroizing<String>>, ApiError> {
    let Ok(JsonValue::Object(object)) = json::parse(body) else {
        return Err(ApiError::bad_request("the body is not a JSON object"));
    };
    if object.duplicate().is_some() {
        return Err(duplicate_member());
    }
    let mut members = BTreeMap::new();
    for (name, value) in object {
        let Some(name) = names.iter().find(|known| **known == name) else { continue };
        let text = match value {
            JsonValue::Null => continue,
            JsonValue::String(text) => text,
            JsonValue::Bool(value) => Zeroizing::new(value.to_string()),
            JsonValue::Number(number) => Zeroizing::new(number.to_string()),
            list @ (JsonValue::Array(_) | JsonValue::Object(_)) => {
                let value = list.into_value().map_err(|_| duplicate_member())?;
                Zeroizing::new(value.to_string())
            }
        };
        members.insert(*name, text);
    }
    Ok(members)
}

fn parse_form(body: &[u8], names: &[&'static str]) -> Result<BTreeMap<&'static str, Zeroizing<String>>, ApiError> {
    let mut members = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        let Some(name) = names.iter().find(|known| **known == name) else { continue };
        if members.insert(*name, Zeroizing::new(value.into_owned())).is_some() {
            return Err(duplicate_member());
        }
    }
    Ok(members)
}

fn duplicate_member() -> ApiError {
    ApiError::bad_request("the body has a member more than once")
}
