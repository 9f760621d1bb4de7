//! The checks that every request must pass before its handler runs.
//!
//! Pages in the user's browser can send requests to loopback too. `Host` must name this machine, so that a name that an
//! attacker points at 127.0.0.1 is rejected (DNS rebinding). Requests from pages of other origins carry `Origin` or
//! `Sec-Fetch-Site` (<https://www.w3.org/TR/fetch-metadata/>) and are rejected unless the origin is allowed. The secret
//! is a bearer token (RFC 6750).

use std::{net::SocketAddr, sync::Arc};

use hyper::{
    HeaderMap, Request,
    header::{ACCEPT, AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN},
};

use super::{
    api_error::ApiError,
    credentials::{Credentials, SecretHash},
};

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The checks of one listener.
pub(super) struct Guard {
    /// The accepted values of `Host`; `None` accepts any, because the secret is required.
    hosts: Option<Vec<String>>,
    scheme: &'static str,
    credentials: Arc<Credentials>,
    allowed_origins: Vec<String>,
}

impl Guard {
    /// Makes the guard of a listener at this loopback address; without an address, of any other listener.
    pub(super) fn new(
        loopback: Option<SocketAddr>,
        scheme: &'static str,
        credentials: Arc<Credentials>,
        allowed_origins: Vec<String>,
    ) -> Self {
        let hosts = loopback.map(|address| {
            let port = address.port();
            let default_port = if scheme == "https" { 443 } else { 80 };
            let names = ["127.0.0.1", "localhost", "[::1]"];
            let with_port = names.iter().map(|name| format!("{name}:{port}")).chain([address.to_string()]);
            with_port.chain(names.iter().filter(|_| port == default_port).map(|name| (*name).to_owned())).collect()
        });
        Self { hosts, scheme, credentials, allowed_origins }
    }

    /// Returns the request's origin if it is one of the allowed ones.
    pub(super) fn allowed_origin<'headers>(&self, headers: &'headers HeaderMap) -> Option<&'headers str> {
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        self.allowed_origins.iter().any(|allowed| allowed == origin).then_some(origin)
    }

    /// Checks `Host`, origin and, unless the response is public, the secret.
    pub(super) fn check<B>(&self, request: &Request<B>, is_public: bool) -> Result<(), ApiError> {
        let host = self.check_host(request)?;
        self.check_origin(request.headers(), host)?;
        match self.credentials.secret() {
            Some(secret) if !is_public => check_secret(secret, request.headers()),
            _ => Ok(()),
        }
    }

    /// Checks that `Host` names this server, and returns it.
    pub(super) fn check_host<'request, B>(&self, request: &'request Request<B>) -> Result<&'request str, ApiError> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().unwrap_or_default(),
            (None, _) => return Err(ApiError::bad_request("the request has no `Host`")),
            _ => return Err(ApiError::bad_request("the request has more than one `Host`")),
        };
        let same = |own: &str| own.eq_ignore_ascii_case(host);
        let authority = request.uri().authority().map(hyper::http::uri::Authority::as_str);
        if self.hosts.as_ref().is_some_and(|own| !own.iter().any(|own| same(own))) || !authority.is_none_or(same) {
            let error = ApiError::new(403, "host", "`Host` does not name this server on this machine");
            return Err(error.hint(
                "use http://127.0.0.1 with the server's port; other names are rejected, since any website can have one \
                 that leads here",
            ));
        }
        Ok(host)
    }

    fn check_origin(&self, headers: &HeaderMap, host: &str) -> Result<(), ApiError> {
        let site = headers.get(SEC_FETCH_SITE).map(|site| site.to_str().unwrap_or_default());
        let is_own = |origin: &str| {
            let rest = origin.strip_prefix(self.scheme).and_then(|rest| rest.strip_prefix("://"));
            rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
        };
        let accepted = match headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
            Some(origin) if self.allowed_origins.iter().any(|allowed| allowed == origin) => true,
            Some(origin) => is_own(origin) && matches!(site, None | Some("same-origin")),
            // `none` is an action of the user: a typed address, a bookmark.
            None => matches!(site, None | Some("same-origin" | "none")),
        };
        let is_single = |name| headers.get_all(name).iter().count() < 2;
        if accepted && is_single(ORIGIN) && is_single(SEC_FETCH_SITE) {
            return Ok(());
        }
        let error = ApiError::new(403, "origin", "pages of other origins may not send requests");
        Err(error.hint("to allow a page of your own, start the server with --allow-origin and the page's origin"))
    }
}

fn check_secret(secret: SecretHash, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (sent.next().map(HeaderValue::as_bytes), sent.next());
    // The scheme is case-insensitive (RFC 7235 §2.1).
    let bearer = first.filter(|sent| sent.len() > 7 && sent[..7].eq_ignore_ascii_case(b"bearer "));
    if second.is_none() && bearer.is_some_and(|sent| secret.matches(&sent[7..])) {
        return Ok(());
    }
    let error = ApiError::new(401, "unauthorized", "the request does not contain this server's secret");
    Err(error.hint("send the secret that the server was started with as `Authorization: Bearer SECRET`"))
}

/// Whether a browser navigates to an address and expects a page. Old browsers do not send `Sec-Fetch-Mode`.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let accept = text(ACCEPT).unwrap_or_default();
    match text(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate" && accept.contains("text/html"),
        None => accept.starts_with("text/html"),
    }
}
