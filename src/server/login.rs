//! The login of a person with the browser, at a server that has the person's tokens: `/login` redirects to ID-porten,
//! which redirects the browser to `/response`.
//!
//! `/response` is reached from a page of another origin. The login's `state` decides whether it is an answer. The response is a
//! page without a token, which sends the browser on to `/?cache=true`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, HeaderName, HeaderValue},
};
use zeroize::Zeroizing;

use super::{
    api_error::ApiError,
    app::App,
    guard::is_navigation,
    profile::{ProfileSource, ServedProfile},
    response::HandledRequest,
};
use crate::{
    clock::Clock,
    explain::Explain,
    language::Language,
    login::{LoginError, LoginPage},
    sessions::{PersonTokens, SessionError},
};

/// The redirect address.
pub(super) const ANSWER: &str = "/response";
/// Where a login starts.
pub(super) const START: &str = "/login";

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Returns the first profile where a person can log in with the browser, with its login.
fn profile<S: ProfileSource>(app: &App<S>) -> Option<(Arc<ServedProfile>, Arc<PersonTokens>)> {
    let with_login = |profile: &Arc<ServedProfile>| Some((Arc::clone(profile), Arc::clone(browser_login(profile)?)));
    app.source.profiles().iter().find_map(with_login)
}

fn browser_login(profile: &ServedProfile) -> Option<&Arc<PersonTokens>> {
    profile.login.as_ref().filter(|login| login.has_browser_login())
}

/// `GET /login`: to the service where the person logs in.
pub(super) async fn start<S: ProfileSource>(State(app): State<Arc<App<S>>>, request: Request) -> Response {
    let Some((_, login)) = profile(&app) else { return not_found() };
    redirect(&login, Language::of_request(request.headers())).await
}

/// Leads a browser to the login if the profile's tokens need one.
pub(super) async fn redirect_if_needed(
    profile: &ServedProfile,
    clock: &dyn Clock,
    language: Language,
) -> Option<Response> {
    let login = browser_login(profile)?;
    let info = login.info().await;
    let is_over = info.is_none_or(|info| info.ends_at().is_some_and(|end| end <= clock.now()));
    if is_over { Some(redirect(login, language).await) } else { None }
}

async fn redirect(login: &PersonTokens, language: Language) -> Response {
    match login.login_url().await {
        Ok(Some(url)) => {
            let mut response = Redirect::to(&url).into_response();
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            HandledRequest::new("to the login").attach_to(response)
        }
        Ok(None) => not_found(),
        Err(error) => failed(&error, StatusCode::BAD_GATEWAY, language),
    }
}

/// `GET /response`: the answer of a login.
pub(super) async fn answer<S: ProfileSource>(State(app): State<Arc<App<S>>>, request: Request) -> Response {
    let Some((profile, login)) = profile(&app) else { return not_found() };
    let language = Language::of_request(request.headers());
    let is_document = |value: &HeaderValue| value == "document";
    // An image or a script of another page is not the person's browser coming back.
    if !is_navigation(request.headers()) || !request.headers().get(SEC_FETCH_DEST).is_none_or(is_document) {
        let error = ApiError::new(403, "origin", "this path is only for the browser that comes back from a login");
        return error.hint("open / in a browser, and log in").into_response();
    }
    let query = Zeroizing::new(request.uri().query().unwrap_or_default().to_owned());
    if let Err(error) = login.finish_login(&query).await {
        let status = match &error {
            SessionError::Login(error) if matches!(**error, LoginError::Client(_)) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::BAD_REQUEST,
        };
        return failed(&error, status, language);
    }
    // A token of an earlier login may be of another person.
    if let Some(earlier) = profile.tokens.in_memory() {
        let _ = profile.tokens.forget(&earlier);
    }
    profile.tokens.end_backoff();
    let mut response = LoginPage::logged_in(language).response(StatusCode::OK, language);
    response.headers_mut().insert(REFRESH, HeaderValue::from_static("0; url=/?cache=true"));
    HandledRequest::new("logged in").attach_to(response)
}

/// Makes the page of a login that failed, in the language of the browser.
fn failed(error: &dyn Explain, status: StatusCode, language: Language) -> Response {
    let explained = ApiError::from_error(status.as_u16(), error);
    let causes = std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string);
    let texts = std::iter::once(error.to_string()).chain(causes).chain(error.hint());
    let texts = texts.map(|text| language.translate(&text).into_owned());
    let page = LoginPage::failed(texts.collect(), language);
    HandledRequest::new(explained.code().to_owned()).attach_to(page.response(status, language))
}

fn not_found() -> Response {
    ApiError::not_found().into_response()
}
