//! Who may ask: the checks that come before any path is looked at.
//!
//! A page in the user's browser can send requests to loopback too. `Host` must name this machine, so that a name that is
//! bound to 127.0.0.1 for a moment gets nothing (DNS rebinding); requests that a page of another origin makes carry
//! `Origin` or `Sec-Fetch-Site` (<https://www.w3.org/TR/fetch-metadata/>) and are refused unless that origin is named.
//! The secret is RFC 6750's bearer token.

use std::{net::SocketAddr, sync::Arc};

use hyper::{
    HeaderMap, Method, Request, StatusCode,
    header::{AUTHORIZATION, HOST, HeaderName, ORIGIN},
};
use openssl::{memcmp, sha::sha256};
use secrecy::{ExposeSecret as _, SecretString};

use super::{ApiError, credentials::Credentials, page, route::Route};

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A secret that callers must know: its hash, so that comparing takes the same time whatever is sent.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

/// The checks of one listening socket.
pub(super) struct Guard {
    /// What `Host` may be; `None` when it may be anything, since the secret is asked for.
    hosts: Option<Vec<String>>,
    scheme: &'static str,
    credentials: Arc<Credentials>,
    origins: Vec<String>,
}

impl Secret {
    pub(super) fn of(secret: &SecretString) -> Self {
        Self(sha256(secret.expose_secret().as_bytes()))
    }

    fn is(&self, told: &[u8]) -> bool {
        memcmp::eq(&self.0, &sha256(told))
    }
}

impl Guard {
    /// The guard of a socket on loopback at this address; of any other socket when there is none.
    pub(super) fn new(
        address: Option<SocketAddr>,
        scheme: &'static str,
        credentials: Arc<Credentials>,
        origins: Vec<String>,
    ) -> Self {
        let hosts = address.map(|address| {
            let port = address.port();
            let usual = if scheme == "https" { 443 } else { 80 };
            let names = ["127.0.0.1", "localhost", "[::1]"];
            let with_port = names.iter().map(|name| format!("{name}:{port}")).chain([address.to_string()]);
            with_port.chain(names.iter().filter(|_| port == usual).map(|name| (*name).to_owned())).collect()
        });
        Self { hosts, scheme, credentials, origins }
    }

    /// The origin in whose name a request may come, when it names one that is let in.
    pub(super) fn allowed_origin<'headers>(&self, headers: &'headers HeaderMap) -> Option<&'headers str> {
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        self.origins.iter().any(|own| own == origin).then_some(origin)
    }

    /// Whether a request is let in; without the secret only what tells nothing is.
    pub(super) fn check<B>(&self, request: &Request<B>, route: Option<Route>) -> Result<(), ApiError> {
        let host = self.check_host(request)?;
        self.check_origin(request.headers(), host)?;
        // A preflight carries no credentials (Fetch §4.8), and an origin that is not named has got no further.
        // Somebody who mistypes the page's address in a browser is told so.
        let is_page = matches!(route, None | Some(Route::Token)) && page::is_wanted(request.headers());
        let is_open = is_page || route.is_some_and(Route::is_open) || request.method() == Method::OPTIONS;
        match self.credentials.secret() {
            Some(secret) if !is_open => check_secret(&secret, request.headers()),
            _ => Ok(()),
        }
    }

    fn check_host<'request, B>(&self, request: &'request Request<B>) -> Result<&'request str, ApiError> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().unwrap_or_default(),
            (None, _) => return Err(bad_request("the request has no `Host`")),
            _ => return Err(bad_request("the request has more than one `Host`")),
        };
        let same = |own: &str| own.eq_ignore_ascii_case(host);
        let authority = request.uri().authority().map(hyper::http::uri::Authority::as_str);
        if self.hosts.as_ref().is_some_and(|own| !own.iter().any(|own| same(own))) || !authority.is_none_or(same) {
            let told = "`Host` does not name this server on this machine";
            return Err(ApiError::new(StatusCode::FORBIDDEN.as_u16(), "host", told)
                .hint("ask http://127.0.0.1 with the port that it listens on; a name of your own is refused, since any website could have one"));
        }
        Ok(host)
    }

    fn check_origin(&self, headers: &HeaderMap, host: &str) -> Result<(), ApiError> {
        let site = headers.get(SEC_FETCH_SITE).map(|site| site.to_str().unwrap_or_default());
        let own = |origin: &str| {
            let rest = origin.strip_prefix(self.scheme).and_then(|rest| rest.strip_prefix("://"));
            rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
        };
        let let_in = match headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
            Some(origin) if self.origins.iter().any(|named| named == origin) => true,
            Some(origin) => own(origin) && matches!(site, None | Some("same-origin")),
            // `none` is the user's own doing: an address that was typed, a bookmark.
            None => matches!(site, None | Some("same-origin" | "none")),
        };
        if let_in && headers.get_all(ORIGIN).iter().count() < 2 && headers.get_all(SEC_FETCH_SITE).iter().count() < 2 {
            return Ok(());
        }
        Err(ApiError::new(StatusCode::FORBIDDEN.as_u16(), "origin", "a page of another origin may not ask for tokens")
            .hint("if it is your own, name its origin with --allow-origin when the server is started"))
    }
}

fn check_secret(secret: &Secret, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut told = headers.get_all(AUTHORIZATION).iter();
    let (first, more) = (told.next().map(hyper::header::HeaderValue::as_bytes), told.next());
    // RFC 7235 §2.1: the scheme's letter case does not count.
    let bearer = first.filter(|told| told.len() > 7 && told[..7].eq_ignore_ascii_case(b"bearer "));
    if more.is_none() && bearer.is_some_and(|told| secret.is(&told[7..])) {
        return Ok(());
    }
    let told = "the request does not carry this server's secret";
    Err(ApiError::new(StatusCode::UNAUTHORIZED.as_u16(), "unauthorized", told)
        .hint("send `Authorization: Bearer` with the secret that the server was started with"))
}

pub(super) fn bad_request(told: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST.as_u16(), "invalid_request", told)
}
