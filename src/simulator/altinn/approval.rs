//! The page on which a customer approves or rejects a request for a system user.
//!
//! There is no login: the page acts for the customer that the request names.

use std::sync::{Arc, PoisonError};

use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;

use super::caller::refuse;
use crate::{
    simulator::{
        clients_file::ClientsSnapshot,
        faults::responses::{Decision, with_status},
        page, request_body,
        state::SimulatorState,
        system_register::{RequestStatus, UserRequest, VendorSystem},
    },
    text::escaped_html,
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
        None => missing(texts),
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
        return missing(texts);
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

fn missing(texts: &Texts) -> Response {
    with_status(StatusCode::NOT_FOUND, page(texts, &format!("<p role=\"status\">{}</p>", texts.missing), None))
}

fn request_page(state: &SimulatorState, texts: &Texts, request: &UserRequest, system: &VendorSystem) -> Response {
    let resources = request.rights.iter().flat_map(|right| &right.resource).map(|resource| resource.value.as_str());
    let packages = request.access_packages.iter().map(|package| package.urn.as_str());
    let rights: Vec<String> = resources.chain(packages).map(escaped_html).collect();
    let rights = rights.join("</li><li>");
    let facts = format!(
        "<dl><dt>{}</dt><dd>{} ({})</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd><ul><li>{rights}</li></ul></dd></dl>",
        texts.system,
        escaped_html(title(system, texts.language)),
        escaped_html(&system.id),
        texts.vendor,
        escaped_html(system.vendor.orgno().unwrap_or_default()),
        texts.customer,
        escaped_html(&request.party_org_no),
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

/// Returns the texts in Norwegian if the browser asks for it, otherwise in English.
fn texts(headers: &HeaderMap) -> &'static Texts {
    if page::prefers_norwegian(headers) { &BOKMAL } else { &ENGLISH }
}

fn page(texts: &Texts, content: &str, redirect_url: Option<&str>) -> Response {
    page::page(texts.language, texts.title, content, texts.note, redirect_url)
}
