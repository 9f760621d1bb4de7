//! Proofs of possession (RFC 9449).

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::{PKey, Private},
};

use super::*;
use crate::simulator::{
    Strictness,
    tests::{grants::sign_text, running::Running},
};

/// A key for proofs.
struct ProofKey {
    key: PKey<Private>,
    jwk: Value,
}

impl ProofKey {
    fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
        let number = |number: BigNum| URL_SAFE_NO_PAD.encode(number.to_vec_padded(32).unwrap());
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": number(x), "y": number(y) });
        Self { key: PKey::from_ec_key(key).unwrap(), jwk }
    }

    fn thumbprint(&self) -> String {
        let [x, y] = ["x", "y"].map(|name| text(&self.jwk, name));
        hashed(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#))
    }

    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let proof = sign_text(&header.to_string(), &claims.to_string(), "ES256", &self.key);
        format!("DPoP: {proof}\r\n")
    }

    /// Returns the header of a valid proof.
    fn proof(&self, method: &str, url: &str) -> String {
        self.sign(&self.header(), &proof_claims(method, url))
    }

    fn api_proof(&self, url: &str, token: &str) -> String {
        let mut claims = proof_claims("GET", url);
        claims["ath"] = json!(hashed(token));
        self.sign(&self.header(), &claims)
    }
}

fn proof_claims(method: &str, url: &str) -> Value {
    json!({ "jti": Uuid::new_v4().to_string(), "htm": method, "htu": url, "iat": now().timestamp() })
}

impl Running {
    fn token_url(&self) -> String {
        format!("{}idporten/token", self.issuer)
    }

    fn redeemed(&self, headers: &str) -> Answer {
        let code = self.code(&request(CERTIFICATE_CLIENT));
        self.signed_post("/idporten/token", headers, redemption(CERTIFICATE_CLIENT, &code))
    }
}

#[test]
fn a_token_is_bound_to_the_key_of_the_proof_and_used_with_a_proof_for_the_url() {
    let running = Running::start(|_| ());
    let key = ProofKey::new();
    let answer = running.redeemed(&key.proof("POST", &running.token_url()));
    assert_eq!((answer.status, text(&answer.body, "token_type")), (200, "DPoP"), "{}", answer.text);
    let token = text(&answer.body, "access_token");
    assert_eq!(claims(token)["cnf"]["jkt"], key.thumbprint());

    let url = format!("{}api/person", running.issuer);
    let call = |scheme: &str, proof: &str| {
        running.get("/api/person?scope=openid", &format!("Authorization: {scheme} {token}\r\n{proof}"))
    };
    let proof = key.api_proof(&url, token);
    let accepted = call("DPoP", &proof);
    assert_eq!((accepted.status, &accepted.body["bound_to_key"]), (200, &json!(true)), "{}", accepted.text);

    let another = ProofKey::new();
    let without_hash = key.proof("GET", &url);
    for (scheme, proof) in [
        ("DPoP", proof),
        ("Bearer", key.api_proof(&url, token)),
        ("DPoP", String::new()),
        ("DPoP", key.api_proof(&format!("{}api/hello", running.issuer), token)),
        ("DPoP", key.api_proof(&url, "another token")),
        ("DPoP", without_hash),
        ("DPoP", key.proof("POST", &url)),
        ("DPoP", another.api_proof(&url, token)),
    ] {
        let refused = call(scheme, &proof);
        assert_eq!(refused.status, 401, "{scheme} {proof}");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.starts_with(scheme) && challenge.contains("invalid_token"), "{challenge}");
    }
    // A token that is not bound must not be sent with the scheme.
    let bearer = running.tokens();
    let headers = format!("Authorization: DPoP {}\r\n", text(&bearer, "access_token"));
    assert_eq!(running.get("/api/person", &headers).status, 401);
}

#[test]
fn a_proof_that_is_not_as_the_rfc_has_it_is_refused() {
    let running = Running::start(|_| ());
    let (key, url) = (ProofKey::new(), running.token_url());
    let replayed = key.proof("POST", &url);
    assert_eq!(running.redeemed(&replayed).status, 200);

    let with_header = |name: &str, value: Value| {
        let mut header = key.header();
        header[name] = value;
        key.sign(&header, &proof_claims("POST", &url))
    };
    let with_claim = |name: &str, value: Value| {
        let mut claims = proof_claims("POST", &url);
        claims[name] = value;
        key.sign(&key.header(), &claims)
    };
    let mut private = key.jwk.clone();
    private["d"] = private["x"].clone();
    let time = now().timestamp();
    let two = key.proof("POST", &url) + &key.proof("POST", &url);
    for proof in [
        replayed,
        two,
        "DPoP: a.b.c\r\n".to_owned(),
        with_header("typ", json!("JWT")),
        with_header("alg", json!("none")),
        with_header("alg", json!("HS256")),
        with_header("alg", json!("RS256")),
        with_header("jwk", private),
        with_header("jwk", ProofKey::new().jwk),
        with_header("jwk", Value::Null),
        with_header("crit", json!(["x"])),
        with_claim("htm", json!("GET")),
        with_claim("htu", json!(format!("{}idporten/par", running.issuer))),
        with_claim("htu", json!("https://idporten.no/token")),
        with_claim("iat", json!(time - 61)),
        with_claim("iat", json!(time + 61)),
        with_claim("iat", Value::Null),
        with_claim("jti", Value::Null),
    ] {
        let answer = running.redeemed(&proof);

        assert_eq!((answer.status, answer.error()), (400, "invalid_dpop_proof"), "{proof} {}", answer.text);
    }
    // The query is no part of what is compared (RFC 9449 §4.3).
    assert_eq!(running.redeemed(&with_claim("htu", json!(format!("{url}?a#b")))).status, 200);
}

#[test]
fn a_nonce_is_demanded_once_when_the_switch_is_on() {
    let running =
        Running::start(|options| options.strictness = Strictness { require_dpop_nonce: true, ..Strictness::default() });
    let (key, url) = (ProofKey::new(), running.token_url());
    let with_nonce = |nonce: &str, mut claims: Value| {
        claims["nonce"] = json!(nonce);
        key.sign(&key.header(), &claims)
    };

    let asked = running.redeemed(&key.proof("POST", &url));
    assert_eq!((asked.status, asked.error()), (400, "use_dpop_nonce"));
    let nonce = asked.header("dpop-nonce").unwrap().to_owned();
    assert_eq!(running.redeemed(&with_nonce("other", proof_claims("POST", &url))).error(), "use_dpop_nonce");
    let answer = running.redeemed(&with_nonce(&nonce, proof_claims("POST", &url)));
    assert_eq!(answer.status, 200, "{}", answer.text);

    let token = text(&answer.body, "access_token");
    let api = format!("{}api/person", running.issuer);
    let call = |proof: &str| running.get("/api/person", &format!("Authorization: DPoP {token}\r\n{proof}"));
    let asked = call(&key.api_proof(&api, token));
    assert_eq!((asked.status, asked.header("www-authenticate")), (401, Some("DPoP error=\"use_dpop_nonce\"")));
    let mut claims = proof_claims("GET", &api);
    claims["ath"] = json!(hashed(token));
    assert_eq!(call(&with_nonce(asked.header("dpop-nonce").unwrap(), claims)).status, 200);
}

#[test]
fn a_code_that_was_asked_for_with_a_key_needs_a_proof_by_it() {
    let running = Running::start(|_| ());
    let key = ProofKey::new();
    let bound = request(CERTIFICATE_CLIENT).with("dpop_jkt", &key.thumbprint());
    let redeem = |proof: &str| {
        let form = redemption(CERTIFICATE_CLIENT, &running.code(&bound));
        running.signed_post("/idporten/token", proof, form)
    };

    assert_eq!(redeem("").error(), "invalid_dpop_proof");
    assert_eq!(redeem(&ProofKey::new().proof("POST", &running.token_url())).error(), "invalid_dpop_proof");
    assert_eq!(redeem(&key.proof("POST", &running.token_url())).status, 200);

    let par = format!("{}idporten/par", running.issuer);
    let pushed = running.signed_post("/idporten/par", &key.proof("POST", &par), request(CERTIFICATE_CLIENT));
    let uri = text(&pushed.body, "request_uri");
    let code = running.code(&Form::new([("client_id", CERTIFICATE_CLIENT), ("request_uri", uri)]));
    let answer = running.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));
    assert_eq!(answer.error(), "invalid_dpop_proof");
}

#[test]
fn a_refresh_may_be_bound_to_a_key_or_not_but_not_with_a_wrong_proof() {
    let running = Running::start(|_| ());
    let (key, url) = (ProofKey::new(), running.token_url());
    let tokens = running.redeemed(&key.proof("POST", &url)).body;
    let refresh = |token: &str, proof: &str| {
        let form =
            Form::new([("grant_type", "refresh_token"), ("client_id", CERTIFICATE_CLIENT), ("refresh_token", token)]);
        running.signed_post("/idporten/token", proof, form)
    };
    let token = text(&tokens, "refresh_token");

    assert_eq!(refresh(token, &key.proof("GET", &url)).error(), "invalid_dpop_proof");
    let bound = refresh(token, &key.proof("POST", &url)).body;
    assert_eq!(text(&bound, "token_type"), "DPoP");
    let plain = refresh(text(&bound, "refresh_token"), "").body;
    assert_eq!(text(&plain, "token_type"), "Bearer");
}
