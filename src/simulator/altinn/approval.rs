//! The page on which a customer approves or rejects a request for a system user.
//!
//! Nobody logs in here: the page acts for the customer that the request names.

use std::sync::{Arc, PoisonError};

use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use url::Url;

use super::caller::refuse;
use crate::simulator::{
    clients_file::ClientsSnapshot,
    faults::responses::{Decision, typed, with_status},
    request_body,
    state::SimulatorState,
    system_register::{RequestStatus, UserRequest, VendorSystem},
};

/// The query of the approval link.
#[derive(Deserialize)]
pub(super) struct RequestQuery {
    id: String,
}

/// The texts of the page in one language.
struct Texts {
    language: &'static str,
    title: &'static str,
    question: &'static str,
    system: &'static str,
    vendor: &'static str,
    customer: &'static str,
    rights: &'static str,
    note: &'static str,
    approve: &'static str,
    reject: &'static str,
    accepted: &'static str,
    rejected: &'static str,
    timed_out: &'static str,
    missing: &'static str,
}

const BOKMAL: Texts = Texts {
    language: "nb",
    title: "Systembruker",
    question: "Vil du gi systemet tilgang?",
    system: "System",
    vendor: "Leverandør",
    customer: "På vegne av",
    rights: "Tilganger",
    note: "Dette er en simulator: du er ikke logget inn, og siden handler på vegne av kunden i forespørselen.",
    approve: "Godkjenn",
    reject: "Avvis",
    accepted: "Forespørselen er godkjent. Systembrukeren er opprettet.",
    rejected: "Forespørselen er avvist.",
    timed_out: "Forespørselen er utløpt.",
    missing: "Forespørselen finnes ikke.",
};

const ENGLISH: Texts = Texts {
    language: "en",
    title: "System user",
    question: "Do you want to give the system access?",
    system: "System",
    vendor: "Vendor",
    customer: "On behalf of",
    rights: "Access",
    note: "This is a simulator: you are not logged in, and the page acts for the customer in the request.",
    approve: "Approve",
    reject: "Reject",
    accepted: "The request has been approved. The system user exists now.",
    rejected: "The request has been rejected.",
    timed_out: "The request has timed out.",
    missing: "The request does not exist.",
};

/// Shows the request, and two buttons while the customer has not answered.
pub(super) async fn show(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<RequestQuery>,
    headers: HeaderMap,
) -> Response {
    let clients = state.clients();
    let texts = texts(&headers);
    match find(&state, &clients, &query.id) {
        Some((request, system)) => request_page(&state, texts, &request, &system),
        None => {
            with_status(StatusCode::NOT_FOUND, page(texts, &format!("<p role=\"status\">{}</p>", texts.missing), None))
        }
    }
}

/// Records the customer's answer, and returns to the vendor if the request has a redirect URL.
pub(super) async fn answer(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<RequestQuery>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match request_body::read(body).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let field = |wanted: &str| {
        let mut fields = url::form_urlencoded::parse(&body);
        fields.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    if field("secret").as_deref() != Some(state.form_secret.as_str()) {
        return refuse(StatusCode::FORBIDDEN, "the form is not this simulator's");
    }
    let accepted = match field("answer").as_deref() {
        Some("approve") => true,
        Some("reject") => false,
        _ => return refuse(StatusCode::BAD_REQUEST, "the form has no answer"),
    };
    let clients = state.clients();
    let now = state.now(&clients);
    let answered = {
        let mut register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
        register.answer(&clients.registry, &query.id, accepted, now)
    };
    let texts = texts(&headers);
    let Some((request, system)) = find(&state, &clients, &query.id) else {
        return with_status(
            StatusCode::NOT_FOUND,
            page(texts, &format!("<p role=\"status\">{}</p>", texts.missing), None),
        );
    };
    let mut response = request_page(&state, texts, &request, &system);
    if answered
        && let Some(url) = request.redirect_url.as_deref().filter(|url| !url.is_empty())
        && let Ok(url) = HeaderValue::from_str(url)
    {
        response = with_status(StatusCode::SEE_OTHER, response);
        response.headers_mut().insert(header::LOCATION, url);
    }
    let decision = match (answered, accepted) {
        (false, _) => format!("request {} was {:?} already", request.id, request.status),
        (true, true) => format!("request {} approved by {}", request.id, request.party_org_no),
        (true, false) => format!("request {} rejected by {}", request.id, request.party_org_no),
    };
    response.extensions_mut().insert(Decision(decision));
    response
}

fn find(state: &SimulatorState, clients: &ClientsSnapshot, id: &str) -> Option<(UserRequest, VendorSystem)> {
    let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let request = register.request(id, state.now(clients))?;
    let system = register.system(&clients.registry, &request.system_id)?;
    Some((request, system))
}

fn request_page(state: &SimulatorState, texts: &Texts, request: &UserRequest, system: &VendorSystem) -> Response {
    let resources = request.rights.iter().flat_map(|right| &right.resource).map(|resource| resource.value.as_str());
    let packages = request.access_packages.iter().map(|package| package.urn.as_str());
    let rights: Vec<String> = resources.chain(packages).map(escape).collect();
    let rights = rights.join("</li><li>");
    let facts = format!(
        "<dl><dt>{}</dt><dd>{} ({})</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd><ul><li>{rights}</li></ul></dd></dl>",
        texts.system,
        escape(title(system, texts.language)),
        escape(&system.id),
        texts.vendor,
        escape(system.vendor.orgno().unwrap_or_default()),
        texts.customer,
        escape(&request.party_org_no),
        texts.rights,
    );
    let outcome = match request.status {
        RequestStatus::New => format!(
            "<h2>{}</h2><form method=\"post\"><input type=\"hidden\" name=\"secret\" value=\"{}\">\
             <button name=\"answer\" value=\"approve\" id=\"approve\">{}</button> \
             <button name=\"answer\" value=\"reject\" id=\"reject\">{}</button></form>",
            texts.question, state.form_secret, texts.approve, texts.reject
        ),
        RequestStatus::Accepted => format!("<p role=\"status\" id=\"accepted\">{}</p>", texts.accepted),
        RequestStatus::Rejected => format!("<p role=\"status\" id=\"rejected\">{}</p>", texts.rejected),
        RequestStatus::Timedout => format!("<p role=\"status\" id=\"timed-out\">{}</p>", texts.timed_out),
    };
    page(texts, &format!("{facts}{outcome}"), request.redirect_url.as_deref())
}

/// Returns the system's name in a language, or else its name in bokmål.
fn title<'a>(system: &'a VendorSystem, language: &str) -> &'a str {
    system.name.get(language).map_or(system.title(), String::as_str)
}

/// Builds a page. Nothing in it runs or is loaded, and no other page may show it.
fn page(texts: &Texts, content: &str, redirect_url: Option<&str>) -> Response {
    let Texts { language, title, note, .. } = texts;
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

/// Returns the texts in Norwegian if the browser asks for it, otherwise in English.
fn texts(headers: &HeaderMap) -> &'static Texts {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = languages.split(',').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ["nb", "no", "nn"].iter().any(|own| first.starts_with(own)) { &BOKMAL } else { &ENGLISH }
}

/// Escapes text for HTML, in elements and in quoted attributes.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}
