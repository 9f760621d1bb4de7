//! Requests to APIs: any method, headers and body.

use std::time::Instant;

use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Endpoint, HttpClient, HttpError, JSON, MAXIMUM_RESPONSE_BYTES, Response};

/// A request to an API; everything that may be secret is.
#[derive(Debug, Clone)]
pub struct ApiRequest<'request> {
    /// The method.
    pub method: Method,
    /// The value of the header `Authorization`.
    pub authorization: Option<&'request SecretString>,
    /// Further headers, such as an API key.
    pub headers: &'request [(&'request str, SecretString)],
    /// The media type of the body, and of the response that is asked for.
    pub media_type: &'request str,
    /// The body.
    pub body: Option<&'request SecretString>,
    /// Maximum size of the response's body.
    pub limit: usize,
}

impl<'request> ApiRequest<'request> {
    /// Makes a GET request for JSON.
    #[must_use]
    pub fn get(authorization: Option<&'request SecretString>) -> Self {
        Self {
            method: Method::GET,
            authorization,
            headers: &[],
            media_type: JSON,
            body: None,
            limit: MAXIMUM_RESPONSE_BYTES,
        }
    }
}

impl HttpClient {
    /// Returns a client that sends to another endpoint over the same connections.
    ///
    /// The endpoint must have the origin of this one: the proxy and the trusted authorities are chosen by it.
    #[must_use]
    pub fn for_endpoint(&self, endpoint: Endpoint) -> Self {
        debug_assert!(endpoint.has_origin_of(&self.endpoint));
        Self { endpoint, ..self.clone() }
    }

    /// Sends a request to the endpoint and reads the response before `deadline`.
    ///
    /// # Errors
    /// As [`HttpClient::post_form`].
    pub async fn send_request(&self, request: &ApiRequest<'_>, deadline: Instant) -> Result<Response, HttpError> {
        let mut builder = self.client.request(request.method.clone(), self.endpoint.url().clone());
        if let Some(value) = request.authorization {
            builder = builder.header(AUTHORIZATION, value.expose_secret());
        }
        for (name, value) in request.headers {
            builder = builder.header(*name, value.expose_secret());
        }
        if let Some(body) = request.body {
            builder = builder.header(CONTENT_TYPE, request.media_type).body(body.expose_secret().to_owned());
        }
        self.send(builder.header(ACCEPT, request.media_type), request.limit, deadline).await
    }
}
