//! A request with parameters to one of the two services.

use std::sync::Arc;

use axum::{
    Extension, RequestExt as _,
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
};

use super::{
    LoginServiceKind,
    login_page::{self, PageLanguage},
    parameters::ReceivedParameters,
    refusal::LoginRefusal,
};
use crate::simulator::{request_body, state::SimulatorState};

const FORM: &str = "application/x-www-form-urlencoded";

/// A request whose parameters have been read: from the form of a `POST`, otherwise from the query.
pub(super) struct LoginCall {
    pub(super) state: Arc<SimulatorState>,
    pub(super) kind: LoginServiceKind,
    pub(super) headers: HeaderMap,
    pub(super) parameters: ReceivedParameters,
}

impl FromRequest<Arc<SimulatorState>> for LoginCall {
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &Arc<SimulatorState>) -> Result<Self, Response> {
        let Extension(kind) =
            request.extract_parts::<Extension<LoginServiceKind>>().await.map_err(IntoResponse::into_response)?;
        let (parts, body) = request.into_parts();
        let headers = parts.headers;
        let parameters = if parts.method == Method::POST {
            let body = request_body::read(body).await.map_err(|response| *response)?;
            let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
            if !media_type.eq_ignore_ascii_case(FORM) {
                return Err(LoginRefusal::request("Content-Type is not application/x-www-form-urlencoded.").response());
            }
            ReceivedParameters::parse(&body).map_err(LoginRefusal::response)?
        } else {
            // Queries come from browsers, so an error is shown to the user.
            ReceivedParameters::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .map_err(|refusal| login_page::error(kind, PageLanguage::of(&headers, None), &refusal))?
        };
        Ok(Self { state: Arc::clone(state), kind, headers, parameters })
    }
}
