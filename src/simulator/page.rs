//! The pages for people: in English and bokmål, without anything that runs or is loaded.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use url::Url;

use super::faults::responses::typed;

/// Builds a page. Nothing in it runs or is loaded, and no other page may show it.
///
/// `redirect_url` is where the answer to its form may lead.
pub(crate) fn page(language: &str, title: &str, content: &str, note: &str, redirect_url: Option<&str>) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{content}<p><small>{note}</small></p></main></body></html>\n"
    );
    let mut response = typed("text/html; charset=utf-8", html.into());
    // A browser applies `form-action` to the redirect after the form, too.
    let origin = redirect_url.and_then(|url| Url::parse(url).ok()).map(|url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {}",
        origin.unwrap_or_default()
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept-language"),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

const STYLE: &str = "body{font:1rem/1.5 sans-serif;color:#1e2b3c;background:#fff;margin:2rem}main{max-width:40rem;margin:auto}\
    dt{font-weight:bold}dd{margin:0 0 .5rem}ul{margin:0;padding-left:1.2rem}\
    button{font:inherit;padding:.5rem 1.5rem;border:2px solid #0062ba;background:#fff;color:#0062ba;border-radius:4px}\
    #approve{background:#0062ba;color:#fff}button:focus-visible{outline:3px solid #1e2b3c;outline-offset:2px}";

/// Whether the browser asks for Norwegian before other languages.
pub(crate) fn prefers_norwegian(headers: &HeaderMap) -> bool {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = languages.split(',').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["nb", "no", "nn"].iter().any(|own| first.starts_with(own))
}
