//! The request of a client at the authorization endpoint or pushed to it (`OpenID` Connect Core §3.1.2.1).

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::Url;

use super::{LoginContext, parameters::ReceivedParameters, refusal::LoginRefusal};
use crate::simulator::{
    login_state::{Acr, AuthenticationRequest, LoginServiceKind, ResponseTarget},
    registry::{RegisteredClient, login_client, people::Pid},
    validator::{json, sanitize},
};

/// The type of `authorization_details` that Ansattporten has since Altinn 2 was shut down.
pub(super) const DETAIL_TYPE: &str = "ansattporten:altinn:resource";
/// Maximum length of `state` and `nonce`.
const MAXIMUM_TEXT: usize = 2048;
const MAXIMUM_DETAILS: usize = 5;

/// Checks the client and its redirect URI. An error must be shown to the user, and not be sent to that URI.
pub(super) fn target(context: &LoginContext, parameters: &ReceivedParameters) -> Result<ResponseTarget, LoginRefusal> {
    let client = client(context, parameters.require("client_id")?)?;
    let redirect_uri = parameters.require("redirect_uri")?;
    if !login_client::is_registered(&client.redirect_uris, redirect_uri) {
        return Err(LoginRefusal::request("Invalid parameter value, redirect_uri. It is not registered."));
    }
    Ok(ResponseTarget {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: parameters.get("state").map(str::to_owned),
    })
}

/// Returns an active client of this service.
pub(super) fn client<'a>(context: &'a LoginContext, id: &str) -> Result<Cow<'a, RegisteredClient>, LoginRefusal> {
    match context.register().client(id).filter(|client| client.active) {
        None => Err(LoginRefusal::client("Client not found.")),
        Some(client) if client.integration_type != context.service.kind.name() => {
            Err(LoginRefusal::new("unauthorized_client", "The integration type of the client is another."))
        }
        Some(client) => Ok(client),
    }
}

/// Checks every parameter.
pub(super) fn parse(
    context: &LoginContext,
    target: ResponseTarget,
    parameters: &ReceivedParameters,
) -> Result<AuthenticationRequest, LoginRefusal> {
    for (name, error) in [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")] {
        if parameters.get(name).is_some() {
            return Err(LoginRefusal::new(error, format!("The parameter {name} is not supported.")));
        }
    }
    if parameters.require("response_type")? != "code" {
        return Err(LoginRefusal::new("unsupported_response_type", "The response_type is not code."));
    }
    if parameters.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(LoginRefusal::request("Invalid parameter value, response_mode."));
    }
    if !is_text(parameters.require("state")?) {
        return Err(invalid("state"));
    }
    let nonce = parameters.require("nonce")?;
    let nonce = Some(nonce).filter(|nonce| is_text(nonce)).ok_or_else(|| invalid("nonce"))?.to_owned();
    let scopes = scopes(context, &*client(context, &target.client_id)?, parameters.require("scope")?)?;
    let prompts: Vec<&str> = parameters.get("prompt").unwrap_or_default().split(' ').collect();
    let known = |prompt: &&str| ["", "login", "consent", "none"].contains(prompt);
    if !prompts.iter().all(known) || (prompts.contains(&"none") && prompts.len() > 1) {
        return Err(invalid("prompt"));
    }
    let max_age = parameters.get("max_age").map(|text| text.parse::<u32>().map_err(|_| invalid("max_age")));
    let resources: Vec<String> = parameters.all("resource").map(str::to_owned).collect();
    if !resources.iter().all(|resource| is_resource(resource)) {
        let text = "The resource is not an absolute URI without fragment.";
        return Err(LoginRefusal::new("invalid_target", text));
    }
    let details = parameters.get("authorization_details");
    Ok(AuthenticationRequest {
        target,
        nonce,
        scopes,
        code_challenge: code_challenge(parameters)?,
        acr: acr(context.service.kind, parameters.get("acr_values"))?,
        prompt_login: prompts.contains(&"login"),
        prompt_none: prompts.contains(&"none"),
        max_age: max_age.transpose()?.map(i64::from),
        ui_locale: parameters.get("ui_locales").map(str::to_owned),
        hint: parameters.get("login_hint").and_then(|text| hint(context.service.kind, text)),
        resources,
        altinn_resources: details.map_or(Ok(Vec::new()), |text| altinn_resources(context, text))?,
        dpop_jkt: parameters.get("dpop_jkt").map(str::to_owned),
    })
}

fn invalid(name: &str) -> LoginRefusal {
    LoginRefusal::request(format!("Invalid parameter value, {name}."))
}

/// Whether `state` or `nonce` consists of printable ASCII.
fn is_text(text: &str) -> bool {
    text.len() <= MAXIMUM_TEXT && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_resource(text: &str) -> bool {
    !text.contains('#') && text.bytes().all(|byte| byte.is_ascii_graphic()) && Url::parse(text).is_ok()
}

/// Returns the challenge for S256, the only method (RFC 7636 §4.3).
fn code_challenge(parameters: &ReceivedParameters) -> Result<String, LoginRefusal> {
    let challenge = parameters.require("code_challenge")?;
    // RFC 7636 §4.3: without a method it would be `plain`, which is not supported.
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(LoginRefusal::request("Invalid parameter value, code_challenge_method. It must be S256."));
    }
    let is_base64url = challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if challenge.len() != 43 || !is_base64url {
        return Err(invalid("code_challenge"));
    }
    Ok(challenge.to_owned())
}

/// Returns the first of `acr_values`, by default substantial.
fn acr(kind: LoginServiceKind, values: Option<&str>) -> Result<Acr, LoginRefusal> {
    let Some(values) = values else {
        return Acr::of_hint(kind, "idporten-loa-substantial").ok_or_else(|| invalid("acr_values"));
    };
    let known: Option<Vec<Acr>> = values.split(' ').map(|text| Acr::parse(kind, text)).collect();
    known.and_then(|known| known.first().copied()).ok_or_else(|| invalid("acr_values"))
}

/// Returns the person and the level of `testid:PID_ACR`; ID-porten ignores other hints.
fn hint(kind: LoginServiceKind, text: &str) -> Option<(Pid, Acr)> {
    let (pid, acr) = text.strip_prefix("testid:")?.split_once('_')?;
    Some((Pid::parse(pid)?, Acr::of_hint(kind, acr)?))
}

fn scopes(context: &LoginContext, client: &RegisteredClient, text: &str) -> Result<Vec<String>, LoginRefusal> {
    let scopes: Vec<String> = text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == "openid") {
        return Err(LoginRefusal::new("invalid_scope", "The scope openid is missing."));
    }
    let register = context.register();
    let is_allowed = |name: &str| {
        ["openid", "profile"].contains(&name)
            || client.scopes.iter().any(|own| own == name)
                && register.scope(name).is_some_and(|scope| {
                    scope.allowed_integration_types.contains(&client.integration_type)
                        && (scope.accessible_for_all || scope.granted_to.contains(&client.orgno))
                })
    };
    let refused: Vec<String> = scopes.iter().filter(|scope| !is_allowed(scope)).map(|scope| sanitize(scope)).collect();
    if refused.is_empty() {
        return Ok(scopes);
    }
    let text = format!("Request contains invalid scopes for client, {}", refused.join(" "));
    Err(LoginRefusal::new("invalid_scope", text))
}

/// Returns the resources in `authorization_details`, which only Ansattporten has.
///
/// <https://docs.digdir.no/docs/ansattporten/ansattporten_rar>
fn altinn_resources(context: &LoginContext, text: &str) -> Result<Vec<String>, LoginRefusal> {
    let refuse = |text: &str| LoginRefusal::new("invalid_authorization_details", text);
    if context.service.kind != LoginServiceKind::Ansattporten {
        return Err(refuse("authorization_details are not supported."));
    }
    // An object is the simplest document that the strict reader accepts.
    let wrapped = json::object(format!("{{\"details\":{text}}}").as_bytes());
    let details = wrapped.and_then(|mut object| object.remove("details"));
    let Some(Value::Array(details)) = details else {
        return Err(refuse("authorization_details are not an array."));
    };
    if details.is_empty() || details.len() > MAXIMUM_DETAILS {
        return Err(refuse("authorization_details have too few or too many elements."));
    }
    let resource = |detail: &Value| {
        let detail: &Map<String, Value> = detail.as_object().ok_or_else(|| refuse("An element is not an object."))?;
        if detail.get("type").and_then(Value::as_str) != Some(DETAIL_TYPE) {
            return Err(refuse("Unknown authorization details type."));
        }
        let known = ["type", "resource", "actions", "representation_is_required"];
        if detail.keys().any(|name| !known.contains(&name.as_str())) {
            return Err(refuse("Unknown fields in the authorization details."));
        }
        let resource = detail.get("resource").and_then(Value::as_str);
        let resource = resource.filter(|text| text.starts_with("urn:altinn:resource:") && is_resource(text));
        resource.map(str::to_owned).ok_or_else(|| refuse("Invalid authorization details values."))
    };
    details.iter().map(resource).collect()
}
