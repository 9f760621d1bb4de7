//! Altinn's test token generator: a token for any organisation or person, with basic authentication.
//!
//! <https://github.com/Altinn/AltinnTestTools>. The tokens are those of the simulator's Altinn, whatever `env` is.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{caller::refuse, wire::respond};
use crate::simulator::{
    faults::responses::{Decision, plain},
    registry::Orgno,
    state::SimulatorState,
};

/// The environments of the generator.
const ENVIRONMENTS: [&str; 6] = ["at21", "at22", "at23", "at24", "tt02", "yt01"];
/// The organisation of tokens that name no other.
const DIGDIR: &str = "991825827";
/// The lifetime of tokens.
const LIFETIME_SECONDS: u32 = 1800;

/// The parameters of a request, which are checked one by one so that the response names all that are wrong.
struct Parameters {
    given: HashMap<String, String>,
    errors: BTreeMap<&'static str, &'static str>,
}

impl Parameters {
    /// Returns a parameter; an empty one counts as absent.
    fn get(&mut self, name: &'static str, is_required: bool, is_valid: impl Fn(&str) -> bool) -> Option<String> {
        let value = self.given.get(name).filter(|value| !value.is_empty());
        if value.is_none() && is_required {
            self.errors.insert(name, "Parameter must be supplied");
        }
        if value.is_some_and(|value| !is_valid(value)) {
            self.errors.insert(name, "Parameter was supplied with a invalid value");
        }
        value.cloned()
    }

    /// Returns the claims that all tokens have; without `default_scope` the parameter is required.
    fn common(&mut self, now: i64, default_scope: Option<&str>) -> Map<String, Value> {
        self.get("env", true, |env| ENVIRONMENTS.contains(&env));
        let scopes = self.get("scopes", default_scope.is_none(), is_scopes);
        let scopes = scopes.unwrap_or_else(|| default_scope.unwrap_or_default().to_owned());
        let lifetime = self.get("ttl", false, |text| text.parse::<u32>().is_ok());
        let lifetime = lifetime.and_then(|text| text.parse().ok()).unwrap_or(LIFETIME_SECONDS);
        let scopes: Vec<&str> = scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).collect();
        claims([
            ("scope", json!(scopes.join(" "))),
            ("token_type", json!("Bearer")),
            ("exp", json!(now + i64::from(lifetime))),
            ("iat", json!(now)),
            ("nbf", json!(now)),
            ("client_id", json!(Uuid::new_v4().to_string())),
            ("jti", json!(Uuid::new_v4().to_string())),
            ("actual_iss", json!("altinn-test-tools")),
        ])
    }
}

pub(super) async fn enterprise(
    State(state): State<Arc<SimulatorState>>,
    Query(given): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    generate(&state, given, &headers, None, |parameters, claims| {
        let is_orgno = |text: &str| Orgno::parse(text).is_some();
        let org = parameters.get("org", false, is_identifier);
        let orgno = parameters.get("orgNo", false, is_orgno).unwrap_or_else(|| DIGDIR.to_owned());
        let supplier = parameters.get("supplierOrgNo", false, is_orgno);
        claims.extend(self::claims([
            ("consumer", organisation(&orgno)),
            ("urn:altinn:orgNumber", json!(orgno)),
            ("urn:altinn:authenticatemethod", json!("maskinporten")),
            ("urn:altinn:authlevel", json!(3)),
        ]));
        claims.extend(org.map(|org| ("urn:altinn:org".to_owned(), json!(org))));
        claims.extend(supplier.map(|orgno| ("supplier".to_owned(), organisation(&orgno))));
        orgno
    })
}

pub(super) async fn person(
    State(state): State<Arc<SimulatorState>>,
    Query(given): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    generate(&state, given, &headers, None, |parameters, claims| {
        let is_number = |text: &str| text.parse::<u32>().is_ok();
        let pid = parameters.get("pid", false, |pid| pid.len() == 11 && pid.bytes().all(|byte| byte.is_ascii_digit()));
        let user_id = parameters.get("userId", false, is_number);
        let party_id = parameters.get("partyId", false, is_number);
        let level = parameters.get("authLvl", false, |level| ["0", "1", "2", "3", "4"].contains(&level));
        let level = level.unwrap_or_else(|| "3".to_owned());
        let acr = match level.as_str() {
            "3" => "idporten-loa-substantial",
            "4" => "idporten-loa-high",
            _ => "idporten-loa-low",
        };
        claims.extend(self::claims([
            ("acr", json!(acr)),
            ("client_amr", json!("virksomhetssertifikat")),
            ("consumer", organisation(DIGDIR)),
            ("urn:altinn:authenticatemethod", json!("NotDefined")),
            ("urn:altinn:authlevel", json!(level)),
        ]));
        claims.extend(pid.map(|pid| ("pid".to_owned(), json!(pid))));
        let number = |text: &str| json!(text.parse::<u32>().unwrap_or_default());
        let user_id = user_id.into_iter().flat_map(|id| [("nameid", number(&id)), ("urn:altinn:userid", number(&id))]);
        let party_id = party_id.map(|id| ("urn:altinn:partyid", number(&id)));
        claims.extend(user_id.chain(party_id).map(|(name, value)| (name.to_owned(), value)));
        "a person".to_owned()
    })
}

pub(super) async fn system_user(
    State(state): State<Arc<SimulatorState>>,
    Query(given): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    generate(&state, given, &headers, Some("altinn:enduser"), |parameters, claims| {
        let is_orgno = |text: &str| Orgno::parse(text).is_some();
        let orgno = parameters.get("orgNo", false, is_orgno).unwrap_or_else(|| DIGDIR.to_owned());
        let supplier = parameters.get("supplierOrgNo", false, is_orgno);
        let customer = parameters.get("systemUserOrg", false, is_orgno).unwrap_or_else(|| DIGDIR.to_owned());
        let id = parameters.get("systemUserId", true, |id| Uuid::try_parse(id).is_ok()).unwrap_or_default();
        let detail = json!({
            "type": "urn:altinn:systemuser",
            "systemuser_org": organisation(&customer),
            "systemuser_id": [id],
            "system_id": format!("{orgno}_test"),
        });
        claims.extend(self::claims([
            ("consumer", organisation(&orgno)),
            ("authorization_details", json!([detail])),
            ("urn:altinn:authenticatemethod", json!("systemuser")),
            ("urn:altinn:authlevel", json!(3)),
        ]));
        claims.extend(supplier.map(|orgno| ("supplier".to_owned(), organisation(&orgno))));
        format!("the system user of {customer}")
    })
}

/// Authenticates the caller, collects the claims, and signs them unless a parameter is wrong.
fn generate(
    state: &SimulatorState,
    given: HashMap<String, String>,
    headers: &HeaderMap,
    default_scope: Option<&str>,
    add: impl FnOnce(&mut Parameters, &mut Map<String, Value>) -> String,
) -> Response {
    if let Some(refusal) = unauthorized(state, headers) {
        return refusal;
    }
    let now = state.now(&state.clients());
    let mut parameters = Parameters { given, errors: BTreeMap::new() };
    let mut claims = parameters.common(now.timestamp(), default_scope);
    claims.insert("iss".to_owned(), json!(state.altinn.identifier));
    let subject = add(&mut parameters, &mut claims);
    if !parameters.errors.is_empty() {
        let names: Vec<&str> = parameters.errors.keys().copied().collect();
        let decision = format!("invalid parameters: {}", names.join(", "));
        return respond(StatusCode::BAD_REQUEST, &parameters.errors, decision);
    }
    // The generator writes the thumbprint of its certificate as `x5c`.
    let token = state.altinn.key(now).ok().and_then(|key| {
        let header = json!({ "alg": "RS256", "kid": key.key_id(), "typ": "JWT", "x5c": key.key_id() });
        key.sign(&header, &claims).ok()
    });
    let Some(token) = token else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the token could not be signed");
    };
    let mut response = plain(token);
    response.extensions_mut().insert(Decision(format!("test token for {subject}")));
    response
}

/// Refuses a request whose `Authorization` is not that of a user (RFC 7617).
fn unauthorized(state: &SimulatorState, headers: &HeaderMap) -> Option<Response> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credentials = match authorization.split_once(' ') {
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("Basic") => credentials.trim(),
        _ => return Some(challenge("the request has no basic authentication")),
    };
    let decoded = STANDARD_NO_PAD.decode(credentials.trim_end_matches('=')).ok();
    let decoded = Zeroizing::new(decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default());
    let Some((user_name, password)) = decoded.split_once(':') else {
        return Some(refuse(StatusCode::BAD_REQUEST, "the basic authentication cannot be read"));
    };
    let clients = state.clients();
    let is_known = clients.registry.altinn.user(user_name, password).is_some();
    (!is_known).then(|| challenge("the user name or the password is wrong"))
}

fn challenge(reason: &str) -> Response {
    let mut response = refuse(StatusCode::UNAUTHORIZED, reason);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token generator\""));
    response
}

fn claims<const N: usize>(claims: [(&str, Value); N]) -> Map<String, Value> {
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn organisation(orgno: &str) -> Value {
    json!({ "authority": "iso6523-actorid-upis", "ID": format!("0192:{orgno}") })
}

fn is_scopes(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":/_-,. ".contains(&byte);
    text.len() <= 500 && text.bytes().all(is_allowed)
}

fn is_identifier(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    text.len() <= 50 && text.bytes().all(is_allowed)
}
