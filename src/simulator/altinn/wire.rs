//! The JSON of the platform's APIs: any case of a member's name in requests, pages of lists in responses.

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use url::Url;

use super::problem;
pub(super) use crate::simulator::faults::responses::{ok, respond};
use crate::simulator::{request_body, state::SimulatorState, validator::json};

/// The number of entries on a page. Altinn's pages are small too, so a client must follow `links.next`.
const PAGE: usize = 3;

/// The members of requests that are not in lower case.
const NAMES: [&str; 11] = [
    "accessPackages",
    "allowedRedirectUrls",
    "clientId",
    "externalRef",
    "integrationTitle",
    "isVisible",
    "partyOrgNo",
    "redirectUrl",
    "systemId",
    "userName",
    "userPassword",
];

/// Reads a JSON body. ASP.NET accepts the names of members in any case and ignores members that it does not know.
pub(super) async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Box<Response>> {
    let body = request_body::read(body).await?;
    let members = json::object(&body).ok_or_else(|| Box::new(problem::malformed("the body is not a JSON object")))?;
    // serde names members and types; a value could be a password, so an error is not passed on with it.
    serde_json::from_value(Value::Object(canonical(members)))
        .map_err(|error| Box::new(problem::malformed(&without_values(&error))))
}

/// Returns the part of an error that names a member but not its value.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") { text } else { "a member has a value of the wrong type".to_owned() }
}

fn canonical(members: Map<String, Value>) -> Map<String, Value> {
    let name = |name: &str| {
        let known = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        known.map_or_else(|| name.to_ascii_lowercase(), str::to_owned)
    };
    // ASP.NET treats a member that is null like one that is absent, unless it is required.
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members.map(|(key, value)| (name(&key), canonical_value(value))).collect()
}

fn canonical_value(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(canonical(members)),
        Value::Array(elements) => Value::Array(elements.into_iter().map(canonical_value).collect()),
        other => other,
    }
}

/// Returns the URL of a path of the platform, with its segments encoded; `None` cannot happen.
pub(super) fn platform_url(state: &SimulatorState, path: &[&str]) -> Option<Url> {
    let mut url = Url::parse(&state.issuer).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["authentication", "api", "v1"]).extend(path);
    Some(url)
}

/// Returns one page of a list: that after the entry which the continuation token names.
pub(super) fn page<T: Serialize>(
    entries: &[T],
    id: impl Fn(&T) -> &str,
    token: Option<&str>,
    url: Option<Url>,
    decision: String,
) -> Response {
    let after = match token.map(|token| URL_SAFE_NO_PAD.decode(token)) {
        None => None,
        Some(Ok(after)) => Some(after),
        Some(Err(_)) => return problem::malformed("the continuation token is not valid"),
    };
    let start = after.map_or(0, |after| {
        entries.iter().position(|entry| id(entry).as_bytes() == after).map_or(entries.len(), |index| index + 1)
    });
    let data = entries.get(start..entries.len().min(start + PAGE)).unwrap_or_default();
    let next = data.last().filter(|_| start + data.len() < entries.len());
    let next = next.zip(url).map(|(last, mut url)| {
        url.query_pairs_mut().append_pair("token", &URL_SAFE_NO_PAD.encode(id(last)));
        url.to_string()
    });
    let links = next.map_or_else(|| json!({}), |next| json!({ "next": next }));
    ok(&json!({ "links": links, "data": data }), decision)
}
