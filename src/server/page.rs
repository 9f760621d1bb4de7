//! The page that a browser shows: a document, its style and script, and the data that the script asks for.
//!
//! Nothing comes from elsewhere, and nothing else may (Content Security Policy Level 3). The document holds no token:
//! the script fetches it, and only a page of this very origin gets it.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::{
    HeaderMap,
    header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{
    ApiError, Profile, TokenSource,
    answer::{self, Answer},
    app::{App, Told},
    guard::SEC_FETCH_SITE,
    query::Query,
    tokens::Held,
};
use crate::{environment::Environment, inspect::Jwt, language::Language};

const DOCUMENT: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
pub(super) const SCRIPT: &str = include_str!("page/page.js");
pub(super) const SHOWING: &str = include_str!("page/showing.js");
pub(super) const COPYING: &str = include_str!("page/copying.js");
pub(super) const WORDS: &str = include_str!("page/words.js");

pub(super) const HTML: &str = "text/html; charset=utf-8";
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
    of_page(200, HTML, DOCUMENT)
}

pub(super) fn style() -> Answer {
    of_page(200, "text/css; charset=utf-8", STYLE)
}

pub(super) fn script(text: &'static str) -> Answer {
    of_page(200, "text/javascript; charset=utf-8", text)
}

/// An answer under the page's policy.
pub(super) fn of_page(status: u16, media_type: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = answer::with(status, HeaderValue::from_static(media_type), text);
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
        let failed = ApiError::new(403, "origin", "this is for the page at / alone");
        return Told::failed(&failed.hint("ask for /?cache=true"));
    }
    let profiles = app.source.profiles();
    let wanted = match query.wanted(&profiles) {
        Ok(wanted) => wanted,
        Err(failed) => {
            let profile = query.profile(&profiles).ok();
            let served = Served::of(&profiles, profile.as_deref(), None);
            let why = Why { served, failed: failed.to_json(), in_words: Value::Null };
            return Told::new(answer::json(failed.status, &json!(why)), failed.code());
        }
    };
    let taken = app.take(&wanted, !query.fresh.unwrap_or(false)).await;
    let served = Served::of(&profiles, Some(&wanted.profile), Some(wanted.scopes().to_string()));
    let mut told = Told::of(&taken, |held| shown(&served, held, app.clock.now()));
    if let Err(refused) = &taken {
        let why = Why { served, failed: refused.failed.to_json(), in_words: in_words(&refused.failed) };
        told.answer = answer::refused_with(refused, &json!(why));
    }
    told.about(wanted)
}

/// What is served, whether there is a token or not.
#[derive(Serialize)]
struct Served<'served> {
    profiles: Vec<&'served str>,
    profile: Option<&'served str>,
    environment: Option<&'served str>,
    scope: Option<String>,
    /// An API that takes the token, when there is one on this machine: the simulator's own.
    api: Option<String>,
}

impl<'served> Served<'served> {
    fn of(profiles: &'served [Arc<Profile>], profile: Option<&'served Profile>, scope: Option<String>) -> Self {
        let local = profile.filter(|profile| profile.environment == Environment::Local.name());
        Self {
            profiles: profiles.iter().map(|profile| profile.name.as_str()).collect(),
            profile: profile.map(|profile| profile.name.as_str()),
            environment: profile.map(|profile| profile.environment.as_str()),
            scope,
            api: local.map(|profile| format!("{}/api/hello", profile.issuer.identifier.trim_end_matches('/'))),
        }
    }
}

/// A token with what it says.
#[derive(Serialize)]
struct Shown<'token> {
    #[serde(flatten)]
    served: &'token Served<'token>,
    token: &'token str,
    claims: Option<&'token Map<String, Value>>,
    /// From now on: the browser's clock need not be this one.
    expires_in: Option<i64>,
}

/// Why there is no token, in both languages: the reader may change his mind.
#[derive(Serialize)]
struct Why<'served> {
    #[serde(flatten)]
    served: Served<'served>,
    #[serde(flatten)]
    failed: Value,
    in_words: Value,
}

fn in_words(failed: &ApiError) -> Value {
    let told = [Language::English, Language::Norwegian].map(|language| {
        let told = json!({ "meaning": failed.meaning(language), "remedy": failed.remedy(language) });
        (language.name().to_owned(), told)
    });
    Value::Object(told.into_iter().collect())
}

fn shown(served: &Served, held: &Held, now: DateTime<Utc>) -> Answer {
    let token = held.token.expose();
    let jwt = Jwt::parse(token.as_bytes()).ok();
    let expires_in = held.token.expires_at().map(|end| (end - now).num_seconds().max(0));
    let shown = Shown { served, token, claims: jwt.as_ref().map(Jwt::claims), expires_in };
    // Claims are in it twice, encoded and not; what does not grow leaves no copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(2 * token.len() + 4096));
    match serde_json::to_writer(&mut *body, &shown) {
        Ok(()) => answer::with(200, answer::JSON, Bytes::from_owner(body)),
        Err(_) => answer::failed(&ApiError::new(500, "internal", "the token could not be written as JSON")),
    }
}
