//! The parameters of a request: each at most once, and an empty one counts as omitted (RFC 6749 §3.1 and §3.2).

use axum::{
    Extension, RequestExt as _,
    extract::{FromRequest, Request},
    http::{Method, header},
    response::{IntoResponse as _, Response},
};
use zeroize::Zeroizing;

use super::{
    LoginServiceKind,
    login_page::{self, PageLanguage},
    refusal::LoginRefusal,
};
use crate::simulator::request_body;

/// Maximum number of parameters.
const MAXIMUM: usize = 40;
const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a query or a form.
pub(super) struct ReceivedParameters(Vec<(String, Zeroizing<String>)>);

impl ReceivedParameters {
    /// Parses a query or the body of a form. Only `resource` may be repeated (RFC 8707 §2).
    pub(super) fn parse(text: &[u8]) -> Result<Self, LoginRefusal> {
        let mut parameters: Vec<(String, Zeroizing<String>)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if parameters.len() == MAXIMUM {
                return Err(LoginRefusal::request("Too many parameters."));
            }
            if name != "resource" && parameters.iter().any(|(other, _)| *other == name) {
                return Err(LoginRefusal::request("A parameter is included more than once."));
            }
            parameters.push((name.into_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(Self(parameters))
    }

    /// Returns a parameter that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns a required parameter.
    pub(super) fn require(&self, name: &str) -> Result<&str, LoginRefusal> {
        self.get(name).ok_or_else(|| LoginRefusal::request(format!("Missing parameter {name}.")))
    }

    /// Returns every value of a parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// Reads the form of a `POST`, otherwise the query. Queries come from browsers, so an error in one is shown to the user.
impl<S: Send + Sync> FromRequest<S> for ReceivedParameters {
    type Rejection = Response;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Response> {
        let Extension(kind) =
            request.extract_parts::<Extension<LoginServiceKind>>().await.map_err(|error| error.into_response())?;
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST {
            return Self::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .map_err(|refusal| login_page::error(kind, PageLanguage::of(&parts.headers, None), &refusal));
        }
        let body = request_body::read(body).await.map_err(|response| *response)?;
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case(FORM) {
            return Err(LoginRefusal::request("Content-Type is not application/x-www-form-urlencoded.").response());
        }
        Self::parse(&body).map_err(LoginRefusal::response)
    }
}
