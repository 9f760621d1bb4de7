//! Tests of the self-service API and of what its changes mean for Maskinporten.

mod access;
mod clients;
mod faults;
mod flows;
mod keys;
mod on_behalf_of;
mod scopes;

use openssl::pkey::{PKey, Private};
use serde_json::{Value, json};

use super::{
    grants::{TestGrant, fixture},
    running::Running,
};
use crate::simulator::jwk;

/// The administrators of 310700010 and 310700029, who sign with the certificates of their keystores.
const ADMIN: &str = "d5c1a3f7-8e42-4b69-9f0d-3a6b7c8d9e01";
const OTHER_ADMIN: &str = "0f9e8d7c-6b5a-4c3d-8e2f-1a0b9c8d7e6f";

const ALL: &str = "idporten:dcr.read idporten:dcr.write idporten:scopes.write";
const ON_BEHALF_OF: &str = "idporten:dcr/onbehalfof:write";
const SUPPLIER: &str = "idporten:dcr.supplier";

/// A running simulator with a token of an administrator.
struct Admin<'a> {
    running: &'a Running,
    token: String,
}

impl<'a> Admin<'a> {
    fn new(running: &'a Running, scope: &str) -> Self {
        Self { running, token: running.admin_token(0, ADMIN, scope) }
    }

    /// The administrator of 310700029.
    fn other(running: &'a Running) -> Self {
        Self { running, token: running.admin_token(1, OTHER_ADMIN, ALL) }
    }

    fn send(&self, start: &str, body: &Value) -> (u16, Value) {
        self.running.json(start, &self.token, body)
    }

    /// Sends a request without a body.
    fn ask(&self, start: &str) -> (u16, Value) {
        self.send(start, &Value::Null)
    }

    /// The same, for one that must succeed.
    fn get(&self, start: &str) -> Value {
        let (status, body) = self.ask(start);
        assert_eq!(status, 200, "{start}: {body}");
        body
    }

    /// Creates a client and returns its id.
    fn client(&self, scopes: &[&str]) -> String {
        let (status, body) = self.send("POST /api/v1/clients", &client(scopes));
        assert_eq!(status, 200, "{body}");
        body["client_id"].as_str().unwrap().to_owned()
    }

    fn scope(&self, subscope: &str) {
        let (status, body) = self.send("POST /api/v1/scopes", &scope(subscope));
        assert_eq!(status, 200, "{body}");
    }

    fn register(&self, client_id: &str, keys: &[(&str, &PKey<Private>)]) -> Value {
        let keys: Vec<Value> = keys.iter().map(|(kid, key)| public(kid, key)).collect();
        let (status, body) = self.send(&format!("PUT /api/v1/clients/{client_id}/jwks"), &json!({ "keys": keys }));
        assert_eq!(status, 200, "{body}");
        body
    }
}

impl Running {
    fn admin_token(&self, keystore: usize, client_id: &str, scope: &str) -> String {
        let grant = self.grant(keystore, 0, &uuid::Uuid::new_v4().to_string());
        let grant = self.at_this_time(grant.claim("iss", json!(client_id)).claim("scope", json!(scope)));
        let (status, _, body) = self.token(&grant.sign());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks for a token with a registered key, and returns the status with the scope or the refusal.
    fn token_with(&self, client_id: &str, kid: &str, key: &PKey<Private>, scope: &str) -> (u16, String) {
        let grant = TestGrant::new(json!({ "alg": "RS256", "kid": kid }), client_id, key)
            .claim("aud", json!(self.issuer))
            .claim("jti", json!(uuid::Uuid::new_v4().to_string()))
            .claim("scope", json!(scope));
        let (status, _, body) = self.token(&self.at_this_time(grant).sign());
        let body: Value = serde_json::from_str(&body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let code = text("error_uri").rsplit('/').next().unwrap_or_default().to_owned();
        let refusal = if code.is_empty() { text("error_description") } else { code };
        (status, if status == 200 { text("scope") } else { refusal })
    }

    /// The clock of the simulator may be another than that of the fixtures.
    fn at_this_time(&self, grant: TestGrant) -> TestGrant {
        let now = self.clock.now().timestamp();
        grant.claim("iat", json!(now)).claim("exp", json!(now + 100))
    }
}

/// A client of Maskinporten, as it is sent.
fn client(scopes: &[&str]) -> Value {
    json!({
        "integration_type": "maskinporten",
        "application_type": "web",
        "client_name": "Testklient",
        "description": "En klient",
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "scopes": scopes,
    })
}

/// A scope with the prefix of 310700010, as it is sent.
fn scope(subscope: &str) -> Value {
    json!({ "prefix": "simulator", "subscope": subscope, "description": "Et API" })
}

/// Two keys, neither of which is registered.
fn keys() -> [&'static PKey<Private>; 2] {
    [&fixture().registered, &fixture().stranger]
}

/// The public JWK of a key.
fn public(kid: &str, key: &PKey<Private>) -> Value {
    let rsa = key.rsa().unwrap();
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "e": jwk::encode(rsa.e()), "n": jwk::encode(rsa.n()) })
}

/// The members that a refusal names.
fn refused_members(body: &Value) -> Vec<&str> {
    body["errors"].as_array().unwrap().iter().map(|error| error["fieldIdentifier"].as_str().unwrap()).collect()
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|entry| entry[member].as_str().unwrap()).collect()
}
