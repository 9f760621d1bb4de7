//! Tests of ID-porten and Ansattporten: the login, its tokens and the attacks on it.

mod attacks;
mod dpop;
mod faults;
mod logins;
mod refusals;
mod sessions;

use std::{fs, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openssl::sha::sha256;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    altinn::private_key,
    folder::open,
    grants::{TestGrant, now, x5c},
    running::{MovableClock, Running, exchange_exactly},
};
use crate::simulator::{SimulatorOptions, jwk};

/// The clients of the default `clients.json`.
const CERTIFICATE_CLIENT: &str = "2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6";
const KEY_CLIENT: &str = "c4f7a2d1-5e3b-4a86-9d10-7b2e8f6c3a55";
const SECRET_CLIENT: &str = "0e9d6b7a-83c2-4f15-a6d4-59b1c7e2f308";
const PUBLIC_CLIENT: &str = "5a2c8e40-1d7f-4b93-8e6a-c03f9d4b7162";
const EMPLOYEE_CLIENT: &str = "97b3f5c8-6a0e-4d21-b8f7-2e5c1a9d0436";
const PID: &str = "08828610032";
const REDIRECT_URI: &str = "http://127.0.0.1:54321/response";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An answer: status, head, and the body, which is `null` unless it is JSON.
struct Answer {
    status: u16,
    head: String,
    text: String,
    body: Value,
}

impl Answer {
    /// Returns a header, whose name is in lower case as the server writes it.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }
}

/// The parameters of a request, some of which a test replaces or removes.
#[derive(Clone)]
struct Form(Vec<(String, String)>);

impl Form {
    fn new<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }

    fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// Returns a valid request for a code, which needs no login page.
fn request(client_id: &str) -> Form {
    Form::new([
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid profile altinn:instances.read"),
        ("state", "a-state"),
        ("nonce", "a-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("login_hint", &format!("testid:{PID}_idporten-loa-high")),
    ])
}

/// Returns the parameters that redeem a code.
fn redemption(client_id: &str, code: &str) -> Form {
    Form::new([
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

impl Running {
    fn get(&self, path: &str, headers: &str) -> Answer {
        self.exchange(&format!("GET {path}"), headers, "")
    }

    fn post(&self, path: &str, headers: &str, form: &Form) -> Answer {
        let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
        self.exchange(&format!("POST {path}"), &headers, &form.encode())
    }

    fn exchange(&self, start: &str, headers: &str, body: &str) -> Answer {
        let (status, head, text) = exchange_exactly(self.connect(), self.port, start, headers, body);
        Answer { status, head, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    fn authorize(&self, form: &Form) -> Answer {
        self.get(&format!("/idporten/authorize?{}", form.encode()), "")
    }

    /// Returns the parameters of the redirect to the client.
    #[track_caller]
    fn redirected(&self, form: &Form) -> Vec<(String, String)> {
        redirect(&self.authorize(form))
    }

    /// Returns a code for a client of ID-porten.
    #[track_caller]
    fn code(&self, form: &Form) -> String {
        parameter(&self.redirected(form), "code")
    }

    /// Returns what a client authenticates with, in the form.
    fn authenticated(&self, service: &str, client_id: &str, form: Form) -> Form {
        let assertion = self.client_assertion(service, client_id);
        form.with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .with("client_assertion", &assertion.sign())
    }

    fn client_assertion(&self, service: &str, client_id: &str) -> TestGrant {
        let grant = if client_id == KEY_CLIENT {
            let key = private_key(&fs::read(&self.installation.registered_key.file).unwrap());
            let rsa = key.rsa().unwrap();
            let header = json!({ "alg": "RS256", "kid": jwk::thumbprint(rsa.n(), rsa.e()) });
            TestGrant::new(header, client_id, &key)
        } else {
            let (_, key, certificate) = open(&self.installation.keystores[0]).swap_remove(0);
            TestGrant::new(json!({ "alg": "RS256", "x5c": x5c(&[certificate]) }), client_id, &key)
        };
        let issued = self.clock.now().timestamp();
        let grant = grant
            .claim("iat", json!(issued))
            .claim("exp", json!(issued + 100))
            .claim("aud", json!(format!("{}{service}", self.issuer)))
            .claim("jti", json!(Uuid::new_v4().to_string()))
            .claim("sub", json!(client_id));
        grant.without_claim("scope")
    }

    fn basic(&self) -> String {
        let secret = fs::read_to_string(self.installation.dir.join("idporten.client-secret")).unwrap();
        format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{SECRET_CLIENT}:{secret}")))
    }

    /// Posts a form of the client that signs with a certificate.
    fn signed_post(&self, path: &str, headers: &str, form: Form) -> Answer {
        self.post(path, headers, &self.authenticated("idporten", CERTIFICATE_CLIENT, form))
    }

    /// Logs in, and returns the tokens.
    #[track_caller]
    fn tokens(&self) -> Value {
        let code = self.code(&request(CERTIFICATE_CLIENT));
        let answer = self.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    fn refresh(&self, token: &str) -> Answer {
        let form =
            Form::new([("grant_type", "refresh_token"), ("client_id", CERTIFICATE_CLIENT), ("refresh_token", token)]);
        self.signed_post("/idporten/token", "", form)
    }

    fn userinfo(&self, token: &str) -> Answer {
        self.get("/idporten/userinfo", &format!("Authorization: Bearer {token}\r\n"))
    }
}

/// Returns the parameters of a redirect to the client's address.
#[track_caller]
fn redirect(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.header("location").unwrap();
    let (target, query) = location.split_once('?').unwrap();
    assert_eq!(target, REDIRECT_URI);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[track_caller]
fn parameter(parameters: &[(String, String)], name: &str) -> String {
    let found = parameters.iter().find(|(own, _)| own == name);
    found.unwrap_or_else(|| panic!("{name} is missing in {parameters:?}")).1.clone()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

fn hashed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

/// Starts a simulator whose clock can be moved.
fn with_clock() -> (Running, Arc<MovableClock>) {
    let clock = Arc::new(MovableClock::default());
    let own = Arc::clone(&clock);
    (Running::start(|options: &mut SimulatorOptions| options.clock = own), clock)
}
