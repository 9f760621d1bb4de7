//! Clients: `clients`, `clients/{id}` and `clients/{id}/secret`.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Path, Query},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    ApiResult,
    call::{AuthenticatedCall, DCR_MODIFY, DCR_READ, DCR_SUPPLIER, DCR_WRITE},
    deleted,
    members::{self, CLIENT, JWT_BEARER},
    problem::{InvalidMember, SelfServiceProblem},
};
use crate::simulator::{
    client_register::{ClientEntry, ClientRegister},
    faults::responses::ok,
    login_state,
    registry::{DEFAULT_LIFETIME_SECONDS, MAXIMUM_LIFETIME_SECONDS, Orgno, RegisteredClient, login_client},
    validator::sanitize,
};

const OBJECT: &str = "Client";
pub(super) const READ: &[&str] = &[DCR_READ, DCR_SUPPLIER];
pub(super) const CHANGE: &[&str] = &[DCR_WRITE, DCR_MODIFY, DCR_SUPPLIER];
const CREATE: &[&str] = &[DCR_WRITE, DCR_SUPPLIER];
/// The integration types of the login of people.
const LOGIN_TYPES: [&str; 2] = ["idporten", "ansattporten"];
/// Scopes of the login of people, which belong to no organisation.
const LOGIN_SCOPES: [&str; 2] = ["openid", "profile"];

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default, deserialize_with = "members::flag")]
    inactive: bool,
}

pub(super) async fn list(call: AuthenticatedCall, Query(query): Query<ListQuery>) -> ApiResult {
    call.require(READ)?;
    let clients = call.register().clients(call.registry());
    let own = clients.iter().filter(|client| call.owns(client) && (query.inactive || client.registered.active));
    let documents: Vec<_> = own.map(|client| client.document()).collect();
    Ok(ok(&documents, format!("{} clients of {}", documents.len(), call.orgno.as_str())))
}

pub(super) async fn show(call: AuthenticatedCall, Path(id): Path<String>) -> ApiResult {
    call.require(READ)?;
    let client = call.client(&call.register(), &id)?;
    Ok(ok(&client.document(), format!("client {}", sanitize(&id))))
}

pub(super) async fn create(call: AuthenticatedCall, body: Body) -> ApiResult {
    call.require(CREATE)?;
    let sent = members::read(OBJECT, body).await?;
    let owner = owner(&call, sent.get("client_orgno"))?;
    let mut register = call.register();
    let id = sent.get("client_id").and_then(Value::as_str);
    if id.is_some_and(|id| register.client(call.registry(), id).is_some()) {
        return Err(SelfServiceProblem::Conflict("a client with this id exists, perhaps as one that is not active"));
    }
    let members = validated(&call, &register, &owner, sent, None)?;
    let mut client = ClientEntry {
        registered: RegisteredClient::new(Uuid::new_v4().to_string(), owner.clone()),
        members: Map::new(),
        supplier: Some(call.orgno.clone()).filter(|caller| *caller != owner),
        on_behalf_of: BTreeMap::new(),
        created: call.now,
        last_updated: call.now,
        keys_changed: None,
    };
    client.set_members(members, call.now);
    let mut document = client.document();
    if client.registered.token_endpoint_auth_method.has_secret() {
        set_secret(&mut client, &mut document)?;
    }
    let decision = format!("client {} of {} created", client.registered.id, owner.as_str());
    call.put_client(&mut register, client)?;
    Ok(ok(&document, decision))
}

/// Returns the organisation of a new client: the caller's own, or a customer's if the caller is a supplier.
fn owner(call: &AuthenticatedCall, sent: Option<&Value>) -> Result<Orgno, SelfServiceProblem> {
    let Some(sent) = sent.filter(|value| !value.is_null()) else { return Ok(call.orgno.clone()) };
    let Some(orgno) = sent.as_str().and_then(Orgno::parse) else {
        return Err(SelfServiceProblem::invalid(OBJECT, "client_orgno", "is not an organisation number"));
    };
    if orgno != call.orgno && !call.has_scope(DCR_SUPPLIER) {
        return Err(SelfServiceProblem::MissingScope(&[DCR_SUPPLIER]));
    }
    Ok(orgno)
}

pub(super) async fn update(call: AuthenticatedCall, Path(id): Path<String>, body: Body) -> ApiResult {
    call.require(CHANGE)?;
    let sent = members::read(OBJECT, body).await?;
    let mut register = call.register();
    let mut client = call.client(&register, &id)?;
    let members = validated(&call, &register, &client.registered.orgno, sent, Some(&client))?;
    client.set_members(members, call.now);
    let document = client.document();
    call.put_client(&mut register, client)?;
    Ok(ok(&document, format!("client {} changed", sanitize(&id))))
}

/// Deactivates a client; it is not removed.
pub(super) async fn delete(call: AuthenticatedCall, Path(id): Path<String>) -> ApiResult {
    call.require(CHANGE)?;
    let mut register = call.register();
    let mut client = call.client(&register, &id)?;
    client.members.insert("active".to_owned(), false.into());
    let members = client.members.clone();
    client.set_members(members, call.now);
    call.put_client(&mut register, client)?;
    Ok(deleted(format!("client {} deactivated", sanitize(&id))))
}

/// Makes a new secret for a client that authenticates with one.
pub(super) async fn secret(call: AuthenticatedCall, Path(id): Path<String>) -> ApiResult {
    call.require(CHANGE)?;
    let mut register = call.register();
    let mut client = call.client(&register, &id)?;
    if !client.registered.token_endpoint_auth_method.has_secret() {
        let text = "has no secret: the client authenticates in another way";
        return Err(SelfServiceProblem::invalid(OBJECT, "token_endpoint_auth_method", text));
    }
    let mut document = client.document();
    set_secret(&mut client, &mut document)?;
    call.put_client(&mut register, client)?;
    Ok(ok(&document, format!("client {} has a new secret", sanitize(&id))))
}

/// Gives a client a random secret, which only this answer shows.
fn set_secret(client: &mut ClientEntry, document: &mut Map<String, Value>) -> Result<(), SelfServiceProblem> {
    let secret = login_state::secret().map_err(|_| SelfServiceProblem::Full)?;
    client.registered.client_secret = Some(secret.clone().into());
    document.insert("client_secret".to_owned(), secret.into());
    Ok(())
}

/// Returns what is wrong with the members for the login of people, by their names. A lifetime of 0 is the default one.
fn login_faults(members: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
    let mut faults = Vec::new();
    for name in ["redirect_uris", "post_logout_redirect_uris"] {
        let mut uris = members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if uris.any(|uri| !login_client::is_redirect_uri(uri)) {
            faults.push((name, "must be URLs without fragment"));
        }
    }
    let lifetime = |name: &str, default: u32| {
        let own = members.get(name).and_then(Value::as_u64).filter(|seconds| *seconds > 0);
        own.unwrap_or(default.into())
    };
    let access = lifetime("access_token_lifetime", DEFAULT_LIFETIME_SECONDS);
    let refresh = lifetime("refresh_token_lifetime", login_client::refresh_token_lifetime());
    // https://docs.digdir.no/docs/idporten/oidc/oidc_func_clientreg
    if access >= refresh || refresh > lifetime("authorization_lifetime", login_client::authorization_lifetime()) {
        faults.push((
            "refresh_token_lifetime",
            "must be longer than access_token_lifetime, and not longer than authorization_lifetime",
        ));
    }
    faults
}

/// Validates the members of a client that is created, or that replace those of an existing one.
fn validated(
    call: &AuthenticatedCall,
    register: &ClientRegister,
    owner: &Orgno,
    sent: Map<String, Value>,
    existing: Option<&ClientEntry>,
) -> Result<Map<String, Value>, SelfServiceProblem> {
    let (members, mut faults) = members::validate(OBJECT, CLIENT, sent);
    if !faults.is_empty() {
        return Err(SelfServiceProblem::Invalid(faults));
    }
    let mut refuse = |name: &str, message: &str| faults.push(InvalidMember::new(OBJECT, name, message));
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let integration_type = text("integration_type");
    if existing.is_some_and(|client| client.registered.integration_type != integration_type) {
        refuse("integration_type", "cannot be changed");
    }
    if integration_type == "maskinporten" {
        if text("token_endpoint_auth_method") != "private_key_jwt" {
            refuse("token_endpoint_auth_method", "must be private_key_jwt for this integration_type");
        }
        if members.get("grant_types") != Some(&Value::from([JWT_BEARER].as_slice())) {
            refuse("grant_types", &format!("must be {JWT_BEARER} for this integration_type"));
        }
    }
    if LOGIN_TYPES.contains(&integration_type) {
        for (name, message) in login_faults(&members) {
            refuse(name, message);
        }
    }
    let lifetime = members.get("access_token_lifetime").and_then(Value::as_u64).unwrap_or(0);
    if lifetime > MAXIMUM_LIFETIME_SECONDS.into() {
        refuse("access_token_lifetime", &format!("must not exceed {MAXIMUM_LIFETIME_SECONDS}"));
    }
    let scopes = members.get("scopes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let registered = existing.map_or(&[][..], |client| &client.registered.scopes);
    for scope in scopes.filter(|scope| !registered.iter().any(|own| own == scope)) {
        let is_login = integration_type != "maskinporten" && LOGIN_SCOPES.contains(&scope);
        if !is_login && let Some(reason) = scope_fault(call, register, owner, scope, integration_type) {
            refuse("scopes", &format!("has {}, which {reason}", sanitize(scope)));
        }
    }
    if faults.is_empty() { Ok(members) } else { Err(SelfServiceProblem::Invalid(faults)) }
}

/// Why a scope cannot be added to a client of an organisation. Access to one that can be delegated may come from a customer.
fn scope_fault(
    call: &AuthenticatedCall,
    register: &ClientRegister,
    owner: &Orgno,
    name: &str,
    integration_type: &str,
) -> Option<&'static str> {
    let Some(scope) = register.scope(call.registry(), name).filter(|scope| scope.registered.active) else {
        return Some("does not exist or is not active");
    };
    if !scope.registered.allowed_integration_types.iter().any(|allowed| allowed == integration_type) {
        return Some("is not for this integration_type");
    }
    let is_granted = scope.access.get(owner).is_some_and(|access| access.approved);
    let registered = &scope.registered;
    let is_accessible =
        registered.accessible_for_all || registered.delegation_source.is_some() || scope.owner == *owner || is_granted;
    (!is_accessible).then_some("the organisation has no access to")
}
