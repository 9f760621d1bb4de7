//! The members of the documents that requests send, their forms and their defaults.
//!
//! Names and values: <https://docs.digdir.no/docs/idporten/oidc/oidc_func_clientreg> for clients and
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten> for scopes.

use axum::body::Body;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::problem::{InvalidMember, SelfServiceProblem};
use crate::simulator::{request_body, validator::json};

/// Maximum number of characters of a text.
const MAXIMUM_TEXT: usize = 1000;
/// Maximum number of seconds of a lifetime, ten years.
const MAXIMUM_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

/// The grant type of Maskinporten.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The integration types of clients and scopes.
const INTEGRATION_TYPES: &[&str] = &["maskinporten", "idporten", "ansattporten", "api_klient", "krr", "eformidling"];

/// A member that a request may send.
pub(super) struct MemberRule {
    name: &'static str,
    form: MemberForm,
    default: MemberDefault,
}

enum MemberForm {
    Text,
    Texts,
    Flag,
    Seconds,
    OneOf(&'static [&'static str]),
    /// A list of these.
    AnyOf(&'static [&'static str]),
}

enum MemberDefault {
    Required,
    Absent,
    False,
    Zero,
    Text(&'static str),
    List(&'static [&'static str]),
}

use MemberDefault::{Absent, False, List, Required, Text as Default, Zero};
use MemberForm::{AnyOf, Flag, OneOf, Seconds, Text, Texts};

const fn rule(name: &'static str, form: MemberForm, default: MemberDefault) -> MemberRule {
    MemberRule { name, form, default }
}

/// The members of clients.
pub(super) const CLIENT: &[MemberRule] = &[
    rule("client_name", Text, Required),
    rule("description", Text, Absent),
    rule("integration_type", OneOf(INTEGRATION_TYPES), Required),
    rule("application_type", OneOf(&["web", "browser", "native"]), Default("web")),
    rule(
        "token_endpoint_auth_method",
        OneOf(&["private_key_jwt", "client_secret_basic", "client_secret_post", "none"]),
        Default("private_key_jwt"),
    ),
    rule("grant_types", AnyOf(&[JWT_BEARER, "authorization_code", "refresh_token", "implicit"]), List(&[JWT_BEARER])),
    rule("scopes", Texts, List(&[])),
    rule("access_token_lifetime", Seconds, Zero),
    rule("authorization_lifetime", Seconds, Zero),
    rule("refresh_token_lifetime", Seconds, Zero),
    rule("refresh_token_usage", OneOf(&["ONETIME", "REUSE"]), Default("ONETIME")),
    rule("client_uri", Text, Absent),
    rule("redirect_uris", Texts, Absent),
    rule("post_logout_redirect_uris", Texts, Absent),
    rule("frontchannel_logout_uri", Text, Absent),
    rule("frontchannel_logout_session_required", Flag, False),
    rule("sso_disabled", Flag, Absent),
    rule("code_challenge_method", OneOf(&["none", "S256"]), Absent),
    rule("active", Flag, Absent),
];

/// The members of scopes.
pub(super) const SCOPE: &[MemberRule] = &[
    rule("prefix", Text, Required),
    rule("subscope", Text, Required),
    rule("description", Text, Absent),
    rule("long_description", Text, Absent),
    rule("long_description#en", Text, Absent),
    rule("long_description#nn", Text, Absent),
    rule("visibility", OneOf(&["PUBLIC", "PRIVATE", "INTERNAL"]), Default("PUBLIC")),
    rule("token_type", OneOf(&["SELF_CONTAINED", "OPAQUE"]), Default("SELF_CONTAINED")),
    rule("at_max_age", Seconds, Zero),
    rule("authorization_max_lifetime", Seconds, Zero),
    rule("requires_user_consent", Flag, False),
    rule("requires_user_authentication", Flag, False),
    rule("requires_pseudonymous_tokens", Flag, False),
    rule("accessible_for_all", Flag, False),
    rule("delegation_source", Text, Absent),
    rule("allowed_integration_types", AnyOf(INTEGRATION_TYPES), List(&["maskinporten"])),
    rule("enforced_aud_for_introspection", Text, Absent),
    rule("active", Flag, Absent),
];

/// The members of registrations on behalf of a customer.
pub(super) const ON_BEHALF_OF: &[MemberRule] = &[
    rule("onbehalfof", Text, Required),
    rule("name", Text, Required),
    rule("orgno", Text, Required),
    rule("description", Text, Absent),
    rule("client_uri", Text, Absent),
];

/// Reads a body that is a JSON object.
pub(super) async fn read(object_name: &'static str, body: Body) -> Result<Map<String, Value>, SelfServiceProblem> {
    let body = request_body::read(body).await.map_err(|response| SelfServiceProblem::Unread(response.status()))?;
    let members = json::object(&body);
    members.ok_or_else(|| {
        SelfServiceProblem::invalid(object_name, "body", "is not a JSON object without repeated members")
    })
}

/// Reads a parameter that is true or false, in any case: the documentation has `inactive=TRUE`.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)?.eq_ignore_ascii_case("true"))
}

/// Returns the members that the rules have, with their defaults, and what is wrong with them.
///
/// Other members are ignored; among them are those that the API sets itself, such as `created`.
pub(super) fn validate(
    object_name: &'static str,
    rules: &[MemberRule],
    mut sent: Map<String, Value>,
) -> (Map<String, Value>, Vec<InvalidMember>) {
    let mut members = Map::new();
    let mut faults = Vec::new();
    for rule in rules {
        let value = sent.remove(rule.name).filter(|value| !value.is_null()).or_else(|| rule.default());
        match value {
            Some(value) => {
                if let Some(message) = rule.fault(&value) {
                    faults.push(InvalidMember::new(object_name, rule.name, &message));
                }
                members.insert(rule.name.to_owned(), value);
            }
            None if matches!(rule.default, Required) => {
                faults.push(InvalidMember::new(object_name, rule.name, "is required"));
            }
            None => {}
        }
    }
    (members, faults)
}

impl MemberRule {
    fn default(&self) -> Option<Value> {
        match self.default {
            Required | Absent => None,
            False => Some(false.into()),
            Zero => Some(0.into()),
            Default(text) => Some(text.into()),
            List(texts) => Some(texts.into()),
        }
    }

    fn fault(&self, value: &Value) -> Option<String> {
        let is_short = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() <= MAXIMUM_TEXT);
        let is_one = |value: &Value, allowed: &[&str]| value.as_str().is_some_and(|text| allowed.contains(&text));
        let all = |is_valid: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(is_valid));
        let is_valid = match self.form {
            Text => is_short(value) && !(matches!(self.default, Required) && value == ""),
            Texts => all(&is_short),
            Flag => value.is_boolean(),
            Seconds => value.as_u64().is_some_and(|seconds| seconds <= MAXIMUM_SECONDS),
            OneOf(allowed) => is_one(value, allowed),
            AnyOf(allowed) => all(&|element| is_one(element, allowed)),
        };
        (!is_valid).then(|| match self.form {
            Text => format!("must be a text of at most {MAXIMUM_TEXT} characters, and not empty if it is required"),
            Texts => format!("must be a list of texts of at most {MAXIMUM_TEXT} characters"),
            Flag => "must be true or false".to_owned(),
            Seconds => format!("must be a number of seconds up to {MAXIMUM_SECONDS}"),
            OneOf(allowed) => format!("must be one of {}", allowed.join(" ")),
            AnyOf(allowed) => format!("must be a list of {}", allowed.join(" ")),
        })
    }
}
