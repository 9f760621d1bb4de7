//! The authorization endpoint (`OpenID` Connect Core §3.1.2) and the form of its login page.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use chrono::TimeDelta;

use super::{
    LoginContext,
    authentication_request::{self, client},
    call::LoginCall,
    code_response,
    login_page::{self, LoginChoice, PageLanguage},
    parameters::ReceivedParameters,
    refusal::LoginRefusal,
};
use crate::simulator::{
    login_state::{AuthenticationRequest, Authorization, PersonLogin},
    registry::people::RepresentedOrganisation,
};

/// Answers an authorization request: with a redirect, with the login page, or with an error for the user.
///
/// `OpenID` Connect Core §3.1.2.1: the endpoint must support a form as well as a query.
pub(super) async fn authorize(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    let for_the_user = |refusal| login_page::error(kind, PageLanguage::of(&headers, None), &refusal);
    let pushed = match pushed(&context, &parameters) {
        Ok(pushed) => pushed,
        Err(refusal) => return for_the_user(refusal),
    };
    if let Some(request) = pushed {
        return proceed(&context, &headers, request);
    }
    let target = match authentication_request::target(&context, &parameters) {
        Ok(target) => target,
        Err(refusal) => return for_the_user(refusal),
    };
    match authentication_request::parse(&context, target.clone(), &parameters) {
        Ok(request) => proceed(&context, &headers, request),
        Err(refusal) => code_response::refused(&context, &target, &refusal),
    }
}

/// Returns the pushed request that `request_uri` names; the other parameters except `client_id` are ignored.
fn pushed(
    context: &LoginContext,
    parameters: &ReceivedParameters,
) -> Result<Option<AuthenticationRequest>, LoginRefusal> {
    let Some(uri) = parameters.get("request_uri").filter(|uri| uri.starts_with("urn:idporten:")) else {
        return Ok(None);
    };
    let client_id = parameters.require("client_id")?;
    let request = context.service.store().take_pushed(uri, context.now);
    match request.filter(|request| request.target.client_id == client_id) {
        Some(request) => Ok(Some(request)),
        None => {
            Err(LoginRefusal::new("invalid_request_uri", "The request_uri is unknown, used, expired or another's."))
        }
    }
}

/// Answers a valid request.
fn proceed(context: &LoginContext, headers: &HeaderMap, request: AuthenticationRequest) -> Response {
    let target = request.target.clone();
    decide(context, headers, request).unwrap_or_else(|refusal| code_response::refused(context, &target, &refusal))
}

fn decide(
    context: &LoginContext,
    headers: &HeaderMap,
    request: AuthenticationRequest,
) -> Result<Response, LoginRefusal> {
    let language = PageLanguage::of(headers, request.ui_locale.as_deref());
    let cookie = cookie(context, headers);
    let session = cookie.and_then(|cookie| context.service.store().session(cookie, context.now));
    let is_fresh =
        |login: &PersonLogin| request.max_age.is_none_or(|age| login.at + TimeDelta::seconds(age) >= context.now);
    let is_enough = |login: &PersonLogin| login.acr.satisfies(request.acr) && is_fresh(login);
    // An organisation must be chosen again.
    let usable =
        session.filter(|login| is_enough(login) && !request.prompt_login && request.altinn_resources.is_empty());
    if let Some(login) = usable {
        return complete(context, request, login, None, language);
    }
    if request.prompt_none {
        return Err(LoginRefusal::new("login_required", "The user has to log in."));
    }
    if let Some((pid, acr)) = request.hint.clone().filter(|(_, acr)| acr.satisfies(request.acr)) {
        let person = context.clients.registry.person(&pid);
        let organisation = person.and_then(|person| person.organisations.first()).cloned();
        let (cookie, login) = context.service.store().start_session(pid, acr, context.now)?;
        let response = complete(context, request, login, organisation, language)?;
        return Ok(with_cookie(context, response, Some(&cookie)));
    }
    let id = context.service.store().open_page(request.clone(), context.now)?;
    Ok(login_page::login(context, language, &request, &id, false))
}

/// Answers the form of the login page.
pub(super) async fn login(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    let id = parameters.get("page").unwrap_or_default();
    let Some(request) = context.service.store().page(id, context.now) else {
        let refusal = LoginRefusal::request("The login page is unknown, answered or too old.");
        return login_page::error(kind, PageLanguage::of(&headers, None), &refusal);
    };
    let language = PageLanguage::of(&headers, request.ui_locale.as_deref());
    let Some(choice) = LoginChoice::parse(&context, &parameters) else {
        return login_page::login(&context, language, &request, id, true);
    };
    context.service.store().close_page(id, context.now);
    let target = request.target.clone();
    answer(&context, request, choice, language)
        .unwrap_or_else(|refusal| code_response::refused(&context, &target, &refusal))
}

fn answer(
    context: &LoginContext,
    request: AuthenticationRequest,
    choice: LoginChoice,
    language: PageLanguage,
) -> Result<Response, LoginRefusal> {
    let LoginChoice::Person { pid, organisation } = choice else {
        return Err(LoginRefusal::new("access_denied", "The user has cancelled the login."));
    };
    let (cookie, login) = context.service.store().start_session(pid, request.acr, context.now)?;
    let response = complete(context, request, login, organisation, language)?;
    Ok(with_cookie(context, response, Some(&cookie)))
}

/// Issues a code.
fn complete(
    context: &LoginContext,
    request: AuthenticationRequest,
    login: PersonLogin,
    organisation: Option<RepresentedOrganisation>,
    language: PageLanguage,
) -> Result<Response, LoginRefusal> {
    let target = request.target.clone();
    let lifetime = TimeDelta::seconds(client(context, &target.client_id)?.authorization_lifetime.into());
    let authorization = Authorization { request, login, organisation, language: language.tag() };
    let code = context.service.store().issue_code(authorization, lifetime, context.now)?;
    Ok(code_response::granted(context, &target, &code))
}

/// Returns the cookie of the session.
pub(super) fn cookie<'a>(context: &LoginContext, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = format!("{}_session=", context.service.kind.name());
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(&name))
}

/// Sets the cookie of the session, or removes it from the browser.
pub(super) fn with_cookie(context: &LoginContext, mut response: Response, cookie: Option<&str>) -> Response {
    let name = context.service.kind.name();
    let expiry = if cookie.is_some() { "" } else { "; Max-Age=0" };
    let text = format!("{name}_session={}; Path=/{name}; HttpOnly; SameSite=Lax{expiry}", cookie.unwrap_or_default());
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
