//! Registrations of a supplier's client on behalf of customers, which preceded delegation: `clients/{id}/onbehalfof`.
//!
//! Maskinporten has deprecated them, and refuses `iss_onbehalfof` here.

use axum::{body::Body, extract::Path};
use serde_json::{Map, Value};

use super::{
    ApiResult,
    call::{AuthenticatedCall, DCR_MODIFY, DCR_ON_BEHALF_OF, DCR_READ, DCR_WRITE},
    deleted,
    members::{self, ON_BEHALF_OF},
    problem::{InvalidMember, SelfServiceProblem},
};
use crate::simulator::{client_register::date, faults::responses::ok, registry::Orgno, validator::sanitize};

const OBJECT: &str = "OnBehalfOf";
const READ: &[&str] = &[DCR_READ, DCR_MODIFY, DCR_WRITE, DCR_ON_BEHALF_OF];
const WRITE: &[&str] = &[DCR_ON_BEHALF_OF];
/// Maximum number of registrations of a client.
const MAXIMUM_ENTRIES: usize = 1000;

pub(super) async fn list(call: AuthenticatedCall, Path(client_id): Path<String>) -> ApiResult {
    call.require(READ)?;
    let client = call.client(&call.register(), &client_id)?;
    let entries: Vec<_> = client.on_behalf_of.values().collect();
    Ok(ok(&entries, format!("{} registrations of client {}", entries.len(), sanitize(&client_id))))
}

pub(super) async fn show(call: AuthenticatedCall, Path((client_id, id)): Path<(String, String)>) -> ApiResult {
    call.require(READ)?;
    let client = call.client(&call.register(), &client_id)?;
    let entry = client.on_behalf_of.get(&id).ok_or(NOT_FOUND)?;
    Ok(ok(entry, format!("registration {}", sanitize(&id))))
}

const NOT_FOUND: SelfServiceProblem = SelfServiceProblem::NotFound("the client has no such registration");

pub(super) async fn create(call: AuthenticatedCall, Path(client_id): Path<String>, body: Body) -> ApiResult {
    call.require(WRITE)?;
    let members = validated(members::read(OBJECT, body).await?)?;
    let id = members.get("onbehalfof").and_then(Value::as_str).unwrap_or_default().to_owned();
    put(&call, &client_id, &id, members, true)
}

pub(super) async fn update(
    call: AuthenticatedCall,
    Path((client_id, id)): Path<(String, String)>,
    body: Body,
) -> ApiResult {
    call.require(WRITE)?;
    let members = validated(members::read(OBJECT, body).await?)?;
    if members.get("onbehalfof").and_then(Value::as_str) != Some(&id) {
        return Err(SelfServiceProblem::invalid(OBJECT, "onbehalfof", "cannot be changed"));
    }
    put(&call, &client_id, &id, members, false)
}

fn put(
    call: &AuthenticatedCall,
    client_id: &str,
    id: &str,
    mut members: Map<String, Value>,
    is_new: bool,
) -> ApiResult {
    let mut register = call.register();
    let mut client = call.client(&register, client_id)?;
    let old = client.on_behalf_of.get(id);
    match (is_new, old) {
        (true, Some(_)) => return Err(SelfServiceProblem::Conflict("the client has this registration already")),
        (false, None) => return Err(NOT_FOUND),
        (true, None) if client.on_behalf_of.len() == MAXIMUM_ENTRIES => return Err(SelfServiceProblem::Full),
        (true, None) | (false, Some(_)) => {}
    }
    let created = old.and_then(|old| old.get("created").cloned()).unwrap_or_else(|| date(call.now));
    members.insert("created".to_owned(), created);
    members.insert("last_updated".to_owned(), date(call.now));
    client.on_behalf_of.insert(id.to_owned(), members.clone());
    call.put_client(&mut register, client)?;
    Ok(ok(&members, format!("registration {} of client {}", sanitize(id), sanitize(client_id))))
}

pub(super) async fn delete(call: AuthenticatedCall, Path((client_id, id)): Path<(String, String)>) -> ApiResult {
    call.require(WRITE)?;
    let mut register = call.register();
    let mut client = call.client(&register, &client_id)?;
    client.on_behalf_of.remove(&id).ok_or(NOT_FOUND)?;
    call.put_client(&mut register, client)?;
    Ok(deleted(format!("registration {} deleted", sanitize(&id))))
}

fn validated(sent: Map<String, Value>) -> Result<Map<String, Value>, SelfServiceProblem> {
    let (members, mut faults) = members::validate(OBJECT, ON_BEHALF_OF, sent);
    let orgno = members.get("orgno").and_then(Value::as_str);
    if orgno.is_some_and(|orgno| Orgno::parse(orgno).is_none()) {
        faults.push(InvalidMember::new(OBJECT, "orgno", "is not an organisation number"));
    }
    if faults.is_empty() { Ok(members) } else { Err(SelfServiceProblem::Invalid(faults)) }
}
