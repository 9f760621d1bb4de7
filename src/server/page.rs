//! The page that a browser shows: a document, its style and script, and the data that the script asks for.
//!
//! Nothing comes from elsewhere, and nothing else may (Content Security Policy Level 3). The document holds no token:
//! the script fetches it, and only a page of this very origin gets it.

use std::sync::Arc;

use hyper::{
    HeaderMap,
    header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY},
};
use serde_json::{Value, json};

use super::{
    Failed, TokenSource,
    answer::{self, Answer},
    app::{App, Told},
    guard::SEC_FETCH_SITE,
    query::Query,
};
use crate::{inspect::Jwt, language::Language};

const DOCUMENT: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a browser wants a page rather than a token: it says that it navigates, or is too old to say so.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let accept = text(ACCEPT).unwrap_or_default();
    match text(HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => mode == "navigate" && accept.contains("text/html"),
        None => accept.starts_with("text/html"),
    }
}

pub(super) fn document() -> Answer {
    of_page("text/html; charset=utf-8", DOCUMENT)
}

pub(super) fn style() -> Answer {
    of_page("text/css; charset=utf-8", STYLE)
}

pub(super) fn script() -> Answer {
    of_page("text/javascript; charset=utf-8", SCRIPT)
}

fn of_page(media_type: &'static str, text: &'static str) -> Answer {
    let mut answer = answer::with(200, HeaderValue::from_static(media_type), text);
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// `GET /page.json`: what the page shows.
pub(super) async fn data<S: TokenSource>(app: &Arc<App<S>>, headers: &HeaderMap, query: &Query) -> Told {
    // A script of this origin says so in every browser of today; anything else is no page of ours.
    if headers.get(SEC_FETCH_SITE).is_none_or(|site| site != "same-origin") {
        let failed = Failed::new(403, "origin", "this is for the page at / alone");
        return Told::failed(&failed.hint("ask for /?cache=true"));
    }
    let profiles = app.source.profiles();
    let wanted = match query.wanted(&profiles) {
        Ok(wanted) => wanted,
        Err(failed) => return Told::failed(&failed),
    };
    let taken = app.take(&wanted, !query.fresh.unwrap_or(false)).await;
    let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    let profile = &wanted.profile;
    let host = headers.get(hyper::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let told = Told::of(&taken, |held| {
        let claims = Jwt::parse(held.token.expose().as_bytes()).map(|jwt| Value::Object(jwt.claims().clone()));
        answer::json(
            200,
            &json!({
                "profiles": names,
                "profile": profile.name,
                "environment": profile.environment,
                "scope": wanted.scopes().to_string(),
                "token": held.token.expose(),
                "claims": claims.unwrap_or_default(),
                "received_at": held.token.received_at.timestamp(),
                "expires_at": held.token.expires_at().map(|end| end.timestamp()),
                "curl": format!("curl -sS 'http://{host}/headers?profile={}' | curl -H @- URL", profile.name),
                "language": language(headers).name(),
            }),
        )
    });
    told.about(wanted)
}

/// The language that the browser's user would rather read (RFC 9110 §12.5.4), by the order in which it names them.
fn language(headers: &HeaderMap) -> Language {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut named = wanted.split(',').filter_map(|range| range.trim().split([';', '-']).next());
    let known = named.find_map(|language| match language.to_ascii_lowercase().as_str() {
        "nb" | "nn" | "no" => Some(Language::Norwegian),
        "en" => Some(Language::English),
        _ => None,
    });
    known.unwrap_or(Language::English)
}
