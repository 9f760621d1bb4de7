//! The public keys of a client: `clients/{id}/jwks`.
//!
//! There are no operations on one key: both `POST` and `PUT` replace the whole set. A key expires a year after it was
//! registered, unless its `exp` is earlier; registering it again renews it.

use axum::{body::Body, extract::Path};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::{
    pkey::{PKey, Public},
    x509::X509,
};
use serde_json::{Map, Value};

use super::{
    ApiResult,
    call::AuthenticatedCall,
    clients::{CHANGE, READ},
    deleted, members,
    problem::{InvalidMember, SelfServiceProblem},
};
use crate::simulator::{
    client_register::date, faults::responses::ok, jwk::RegisteredJwk, numeric_date, registry::MAXIMUM_KEYS,
    validator::sanitize,
};

const OBJECT: &str = "JWKS";
/// The members of a public key; all but `exp` and `x5c` are required.
const MEMBERS: [&str; 8] = ["kty", "alg", "use", "kid", "n", "e", "exp", "x5c"];
/// The members of private keys (RFC 7518 §6).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

pub(super) async fn show(call: AuthenticatedCall, Path(id): Path<String>) -> ApiResult {
    call.require(READ)?;
    let client = call.client(&call.register(), &id)?;
    Ok(ok(&client.key_document(), format!("keys of client {}", sanitize(&id))))
}

pub(super) async fn replace(call: AuthenticatedCall, Path(id): Path<String>, body: Body) -> ApiResult {
    call.require(CHANGE)?;
    let sent = members::read(OBJECT, body).await?;
    let keys = parse(&sent, &call)?;
    let mut register = call.register();
    let mut client = call.client(&register, &id)?;
    client.registered.keys = keys;
    let created = client.keys_changed.map_or(call.now, |(created, _)| created);
    client.keys_changed = Some((created, call.now));
    let kids: Vec<_> = client.registered.keys.iter().map(|key| key.kid.as_str()).collect();
    let decision = format!("client {} has the keys {}", sanitize(&id), kids.join(" "));
    let document = client.key_document();
    call.put_client(&mut register, client)?;
    Ok(ok(&document, decision))
}

/// Removes all keys, after which the client uses a certificate again.
pub(super) async fn delete(call: AuthenticatedCall, Path(id): Path<String>) -> ApiResult {
    call.require(CHANGE)?;
    let mut register = call.register();
    let mut client = call.client(&register, &id)?;
    client.registered.keys.clear();
    client.keys_changed = None;
    call.put_client(&mut register, client)?;
    Ok(deleted(format!("client {} has no keys", sanitize(&id))))
}

fn parse(sent: &Map<String, Value>, call: &AuthenticatedCall) -> Result<Vec<RegisteredJwk>, SelfServiceProblem> {
    let keys = sent.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !(1..=MAXIMUM_KEYS).contains(&keys.len()) {
        let text = format!("must be a list of 1 to {MAXIMUM_KEYS} keys");
        return Err(SelfServiceProblem::invalid(OBJECT, "keys", &text));
    }
    let mut faults = Vec::new();
    let mut registered: Vec<RegisteredJwk> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let (name, fault) = match parse_key(key, call) {
            Ok(key) if registered.iter().any(|other| other.kid == key.kid) => ("kid", "is used twice"),
            Ok(key) => {
                registered.push(key);
                continue;
            }
            Err(fault) => fault,
        };
        faults.push(InvalidMember::new(OBJECT, format!("keys[{index}].{name}"), fault));
    }
    if faults.is_empty() { Ok(registered) } else { Err(SelfServiceProblem::Invalid(faults)) }
}

/// The member that is wrong, and why.
type InvalidKeyMember = (&'static str, &'static str);

fn parse_key(key: &Value, call: &AuthenticatedCall) -> Result<RegisteredJwk, InvalidKeyMember> {
    let members = key.as_object().ok_or(("kty", "is required"))?;
    if let Some(name) = PRIVATE.into_iter().find(|name| members.contains_key(*name)) {
        return Err((name, "is a member of a private key, which must never be sent"));
    }
    let text = |name| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    for name in MEMBERS.into_iter().take(6) {
        text(name).ok_or((name, "is required"))?;
    }
    if text("kty") != Some("RSA") {
        return Err(("kty", "must be RSA"));
    }
    if !text("alg").is_some_and(|alg| ["RS256", "RS384", "RS512"].contains(&alg)) {
        return Err(("alg", "must be RS256, RS384 or RS512"));
    }
    if text("use") != Some("sig") {
        return Err(("use", "must be sig"));
    }
    let is_kid =
        |kid: &str| kid.len() <= 255 && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !text("kid").is_some_and(is_kid) {
        return Err(("kid", "must have at most 255 letters, digits, dots, underscores and hyphens"));
    }
    let is_set = |value: &&Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let exp = members.get("exp").filter(|exp| !exp.is_null());
    if exp.is_some_and(|exp| numeric_date::seconds(exp).is_none_or(|exp| exp <= call.now.timestamp())) {
        return Err(("exp", "must be seconds since 1970, in the future"));
    }
    let known = MEMBERS.into_iter().filter_map(|name| Some((name, members.get(name).filter(is_set)?)));
    let mut jwk: Map<String, Value> = known.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    jwk.insert("registered".to_owned(), date(call.now));
    let certified = jwk.get("x5c").map(certified_key).transpose()?;
    let key: RegisteredJwk = serde_json::from_value(Value::Object(jwk))
        .map_err(|_| ("n", "is not that of an RSA key of 2048 to 8192 bits"))?;
    if certified.is_some_and(|public| !public.public_eq(&key.key)) {
        return Err(("x5c", "is the certificate of another key"));
    }
    Ok(key)
}

/// Returns the key of the first certificate of an `x5c`.
fn certified_key(x5c: &Value) -> Result<PKey<Public>, InvalidKeyMember> {
    let first = x5c.as_array().and_then(|list| list.first()).and_then(Value::as_str).unwrap_or_default();
    let certificate = STANDARD.decode(first).ok().and_then(|der| X509::from_der(&der).ok());
    let key = certificate.and_then(|certificate| certificate.public_key().ok());
    key.ok_or(("x5c", "must be a list of certificates in base64"))
}
