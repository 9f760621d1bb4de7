//! Tests of Altinn: the exchange, the vendor's APIs, the test token generator, and Altinn 2.

mod altinn2;
mod approvals;
mod exchanges;
mod system_users;
mod systems;
mod test_tokens;

use std::fs;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::pkey::PKey;
use serde_json::{Value, json};

use super::{
    grants::{TestGrant, now},
    running::Running,
};
use crate::simulator::jwk;

/// The vendor's client and organisation.
const VENDOR: &str = "e2a5c9b0-6d1f-4f0a-8f3b-5b7d0c9a1e34";
/// A person of the synthetic national register.
const PID: &str = "08828610032";

impl Running {
    /// Returns a token of Maskinporten for the client of `modern.p12`.
    fn maskinporten(&self, scope: &str) -> String {
        self.granted(&self.grant(0, 0, &uuid::Uuid::new_v4().to_string()).claim("scope", json!(scope)))
    }

    /// Returns a token of Maskinporten for the vendor.
    fn vendor(&self, scope: &str, claims: &[(&str, Value)]) -> String {
        let pem = private_key(&fs::read(&self.installation.registered_key.file).unwrap());
        let rsa = pem.rsa().unwrap();
        let header = json!({ "alg": "RS256", "kid": jwk::thumbprint(rsa.n(), rsa.e()) });
        let grant = TestGrant::new(header, VENDOR, &pem)
            .claim("aud", json!(self.issuer))
            .claim("jti", json!(uuid::Uuid::new_v4().to_string()))
            .claim("scope", json!(scope));
        self.granted(&claims.iter().fold(grant, |grant, (name, value)| grant.claim(name, value.clone())))
    }

    fn granted(&self, grant: &TestGrant) -> String {
        let (status, _, body) = self.token(&grant.sign());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    /// Returns a token of Altinn for one of Maskinporten.
    fn exchanged(&self, token: &str) -> String {
        let (status, _, body) = self.bearer("GET /authentication/api/v1/exchange/maskinporten", token, "");
        assert_eq!(status, 200);
        body
    }

    fn idporten(&self, query: &str) -> String {
        let (status, _, body) = self.ask(&format!("GET /idporten/test-token?pid={PID}{query}"), "", "");
        assert_eq!(status, 200);
        body
    }
}

/// Returns the claims of a token without verifying it.
fn claims(token: &str) -> Value {
    part(token, 1)
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// Reads an RSA key from a JWK with openssl.
pub(super) fn private_key(jwk: &[u8]) -> PKey<openssl::pkey::Private> {
    let jwk: Value = serde_json::from_slice(jwk).unwrap();
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        openssl::bn::BigNum::from_slice(&bytes).unwrap()
    };
    let rsa = openssl::rsa::RsaPrivateKeyBuilder::new(number("n"), number("e"), number("d")).unwrap();
    let rsa = rsa.set_factors(number("p"), number("q")).unwrap();
    PKey::from_rsa(rsa.set_crt_params(number("dp"), number("dq"), number("qi")).unwrap().build()).unwrap()
}

/// The system that the tests register.
fn system(id: &str) -> Value {
    json!({
        "id": id,
        "vendor": { "authority": "iso6523-actorid-upis", "ID": "0192:310700045" },
        "name": { "nb": "Fagsystem", "nn": "Fagsystem", "en": "Business system" },
        "description": { "nb": "Et fagsystem", "nn": "Eit fagsystem", "en": "A business system" },
        "rights": [{ "Resource": [{ "id": "urn:altinn:resource", "value": "app_ttd_demo" }] }],
        "accessPackages": [{ "urn": "urn:altinn:accesspackage:skattegrunnlag" }],
        "clientId": [VENDOR],
        "allowedredirecturls": ["https://fagsystem.example/ferdig"],
    })
}

const WRITE: &str = "altinn:authentication/systemregister.write";
const REQUEST_READ: &str = "altinn:authentication/systemuser.request.read";
const REQUEST_WRITE: &str = "altinn:authentication/systemuser.request.write";
const SYSTEMS: &str = "/authentication/api/v1/systemregister/vendor";
const REQUESTS: &str = "/authentication/api/v1/systemuser/request/vendor";

/// A request for a system user of an organisation.
fn request(orgno: &str) -> Value {
    json!({
        "systemId": "310700045_fagsystem",
        "partyOrgNo": orgno,
        "rights": [{ "resource": [{ "id": "urn:altinn:resource", "value": "app_ttd_demo" }] }],
        "redirectUrl": "",
    })
}

/// Registers the system and creates a request, and returns its document.
fn requested(running: &Running, wanted: &Value) -> Value {
    let (status, body) =
        running.json(&format!("POST {SYSTEMS}"), &running.vendor(WRITE, &[]), &system("310700045_fagsystem"));
    assert_eq!(status, 200, "{body}");
    let (status, body) = running.json(&format!("POST {REQUESTS}"), &running.vendor(REQUEST_WRITE, &[]), wanted);
    assert_eq!(status, 201, "{body}");
    body
}

fn seconds() -> i64 {
    now().timestamp()
}
