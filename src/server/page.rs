//! The page that a browser shows: a document, its style and scripts, and the data that the script requests.
//!
//! Nothing is loaded from elsewhere, and nothing else may be (Content Security Policy Level 3). The document contains no
//! token: the script requests it, and only a page of this origin gets it.

use std::sync::{Arc, LazyLock};

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use hyper::{
    HeaderMap,
    header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{
    api_error::ApiError,
    app::App,
    guard::SEC_FETCH_SITE,
    login,
    profile::{ProfileSource, ServedProfile},
    query::Query,
    response::{self, HandledRequest},
};
use crate::{
    client::AccessToken,
    environment::Environment,
    inspect::Jwt,
    json,
    language::Language,
    printer::{RefusalPage, refusal_page_path, refusal_pages},
    sessions::{PersonTokens, SessionInfo},
};

/// The pages about refusals, which need no secret.
pub(super) const REFUSALS: &str = "/explain/{*page}";
static REFUSAL_PAGES: LazyLock<Vec<RefusalPage>> = LazyLock::new(refusal_pages);

const DOCUMENT: &str = include_str!("page/page.html");
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
pub(super) struct PageFile {
    pub(super) path: &'static str,
    media_type: &'static str,
    text: &'static str,
}

/// The files that the document loads.
pub(super) static FILES: [PageFile; 5] = [
    PageFile {
        path: "/page.css",
        media_type: STYLE,
        text: concat!(include_str!("../printer/base.css"), include_str!("page/page.css")),
    },
    PageFile { path: "/page.js", media_type: SCRIPT, text: include_str!("page/page.js") },
    PageFile { path: "/showing.js", media_type: SCRIPT, text: include_str!("page/showing.js") },
    PageFile { path: "/copying.js", media_type: SCRIPT, text: include_str!("page/copying.js") },
    PageFile { path: "/words.js", media_type: SCRIPT, text: include_str!("page/words.js") },
];

/// Whether the route is one of the files that the document loads, or of the pages about refusals.
pub(super) fn has_file(route: &str) -> bool {
    route == REFUSALS || FILES.iter().any(|file| file.path == route)
}

/// `GET /explain/…`: a page about a refusal, or the list of them.
pub(super) async fn refusal(Path(path): Path<String>) -> Result<Response, ApiError> {
    let page = REFUSAL_PAGES.iter().find(|page| page.path == path);
    let page = page.ok_or_else(|| ApiError::new(404, "not_found", "no page about such a refusal"))?;
    let media_type = match path.rsplit('.').next() {
        Some("css") => STYLE,
        Some("js") => SCRIPT,
        _ => HTML,
    };
    Ok(HandledRequest::new("page").attach_to(with_policy(200, media_type, page.text.as_bytes())))
}

pub(super) fn file(file: &PageFile, query: Option<&str>) -> Result<Response, ApiError> {
    Query::parse(query, &[])?;
    Ok(HandledRequest::new("page").attach_to(with_policy(200, file.media_type, file.text)))
}

pub(super) fn document() -> Response {
    HandledRequest::new("page").attach_to(with_policy(200, HTML, DOCUMENT))
}

/// Makes a response with the page's security policy.
pub(super) fn with_policy(status: u16, media_type: &'static str, text: impl Into<Bytes>) -> Response {
    let mut response = response::with_body(status, HeaderValue::from_static(media_type), text);
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `GET /page.json`: the data that the page shows.
pub(super) async fn data<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref(), &["fresh", "profile", "scope"])?;
    // Every current browser sends this with a request of the page's script.
    if headers.get(SEC_FETCH_SITE).is_none_or(|site| site != "same-origin") {
        let error = ApiError::new(403, "origin", "this path is only for the page at /");
        return Err(error.hint("use /?cache=true"));
    }
    let profiles = app.source.profiles();
    let wanted = match query.wanted(&profiles) {
        Ok(wanted) => wanted,
        Err(error) => {
            let profile = query.profile(&profiles).ok();
            let served = PageContext::new(&profiles, profile.as_deref(), None).await;
            let body = PageError { served, error: error.to_json(), in_words: Value::Null };
            let response = response::json(error.status, &json!(body));
            return Ok(HandledRequest::new(error.code().to_owned()).attach_to(response));
        }
    };
    let taken = app.take(&wanted, !query.fresh.unwrap_or(false)).await;
    let served = PageContext::new(&profiles, Some(&wanted.profile), Some(wanted.scopes().to_string())).await;
    let response = match &taken {
        Ok(obtained) => token_data(&served, &obtained.token, app.clock.now()),
        Err(missing) => {
            let error = &missing.error;
            let body = PageError { served, error: error.to_json(), in_words: in_words(error) };
            response::no_token(missing, &json!(body))
        }
    };
    Ok(HandledRequest::for_token(wanted, &taken).attach_to(response))
}

/// The part of the page's data that does not depend on a token.
#[derive(Serialize)]
struct PageContext<'served> {
    profiles: Vec<&'served str>,
    profile: Option<&'served str>,
    environment: Option<&'served str>,
    scope: Option<String>,
    /// The API of the simulator, which accepts its tokens.
    api: Option<String>,
    /// The login of the person whose token it is.
    login: Option<PageLogin>,
}

/// The login of a person. Times are those of JWTs.
#[derive(Serialize)]
struct PageLogin {
    provider: String,
    logged_in_at: Option<i64>,
    /// When the person must log in again unless the login is renewed before.
    ends_at: Option<i64>,
    is_renewable: bool,
    /// Where the person logs in again; without it, that is done in a terminal.
    page: Option<&'static str>,
}

impl PageLogin {
    async fn new(login: &PersonTokens) -> Self {
        let info = login.info().await;
        let info = info.as_ref();
        Self {
            provider: login.identity_provider().to_string(),
            logged_in_at: info.map(|info| info.logged_in_at.timestamp()),
            ends_at: info.and_then(SessionInfo::ends_at).map(|end| end.timestamp()),
            is_renewable: info.is_some_and(|info| info.is_renewable),
            page: login.has_browser_login().then_some(login::START),
        }
    }
}

impl<'served> PageContext<'served> {
    async fn new(
        profiles: &'served [Arc<ServedProfile>],
        profile: Option<&'served ServedProfile>,
        scope: Option<String>,
    ) -> Self {
        let local = profile.filter(|profile| profile.environment == Environment::Local.name());
        let login = match profile.and_then(|profile| profile.login.as_deref()) {
            Some(login) => Some(PageLogin::new(login).await),
            None => None,
        };
        Self {
            profiles: profiles.iter().map(|profile| profile.name.as_str()).collect(),
            profile: profile.map(|profile| profile.name.as_str()),
            environment: profile.map(|profile| profile.environment.as_str()),
            scope,
            api: local.map(sample_api),
            login,
        }
    }
}

/// Returns the API of the simulator that accepts the tokens of a profile; its ID-porten is below its Maskinporten.
fn sample_api(profile: &ServedProfile) -> String {
    let issuer = &profile.issuer.identifier;
    let (base, name) = match &profile.login {
        Some(login) => (issuer.trim_end_matches(login.identity_provider().name()), "person"),
        None => (issuer.as_str(), "hello"),
    };
    format!("{}/api/{name}", base.trim_end_matches('/'))
}

/// The page's data with a token and its claims.
#[derive(Serialize)]
struct PageToken<'token> {
    #[serde(flatten)]
    served: &'token PageContext<'token>,
    token: &'token str,
    claims: Option<&'token Map<String, Value>>,
    /// Relative, because the browser's clock may differ from this machine's.
    expires_in: Option<i64>,
}

/// The page's data without a token.
#[derive(Serialize)]
struct PageError<'served> {
    #[serde(flatten)]
    served: PageContext<'served>,
    #[serde(flatten)]
    error: Value,
    in_words: Value,
}

/// Explains an error in both languages, because the reader may switch, and links to the page about it.
fn in_words(error: &ApiError) -> Value {
    let explanation = error.refusal.as_ref().and_then(|refusal| refusal.explanation);
    let words = [Language::English, Language::Norwegian].map(|language| {
        let page = explanation.map(|explanation| format!("/explain/{}", refusal_page_path(explanation, language)));
        let words = json!({ "meaning": error.meaning(language), "remedy": error.remedy(language), "page": page });
        (language.name().to_owned(), words)
    });
    Value::Object(words.into_iter().collect())
}

fn token_data(served: &PageContext, access_token: &AccessToken, now: DateTime<Utc>) -> Response {
    let token = access_token.expose();
    let jwt = Jwt::parse(token.as_bytes()).ok();
    let expires_in = access_token.expires_at().map(|end| (end - now).num_seconds().max(0));
    let data = PageToken { served, token, claims: jwt.as_ref().map(Jwt::claims), expires_in };
    // Room for the claims twice, encoded and decoded: a body that does not grow leaves no copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(2 * token.len() + 4096));
    match json::write(&mut *body, &data) {
        Ok(()) => response::with_body(200, response::JSON, Bytes::from_owner(body)),
        Err(_) => ApiError::new(500, "internal", "could not write the token as JSON").into_response(),
    }
}
