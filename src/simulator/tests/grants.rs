//! The fixtures of the tests: authorities, keys, a registry, and assertions signed with openssl.

use std::sync::{Mutex, OnceLock};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use openssl::{
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer},
    x509::X509,
};
use serde_json::{Map, Value, json};

use crate::simulator::{
    client_register::RegisterView,
    installation::certificates::{self, CertifiedKey, KeyPurpose, OrgnoAttribute, ValidityPeriod},
    jwk,
    registry::Registry,
    strictness::Strictness,
    system_register::SystemRegister,
    validator::{GrantRefusal, GrantedToken, ReplayCache, TrustAnchors, Validator},
};

pub(super) const ISSUER: &str = "http://127.0.0.1:8080/";
pub(super) const MODERN: &str = "8d001e58-c758-4beb-a9ec-ae1d770fa35e";
pub(super) const REGISTERED: &str = "673d59a6-b427-49bc-b413-b51d7a8f05be";
const CLIENTS: &str = include_str!("../installation/clients.json");

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_348_800, 0).unwrap()
}

/// Keys and certificates, created once for all tests.
pub(super) struct Fixture {
    pub(super) root: CertifiedKey,
    pub(super) intermediate: CertifiedKey,
    pub(super) leaf: CertifiedKey,
    pub(super) registered: PKey<Private>,
    pub(super) stranger: PKey<Private>,
    pub(super) token: PKey<Private>,
}

pub(super) fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let key = || certificates::rsa_key(2048).unwrap();
        let validity = ValidityPeriod::three_years(now());
        let root = certificates::root(&certificates::simulator_name("Root").unwrap(), key(), validity).unwrap();
        let intermediate =
            certificates::intermediate(&certificates::simulator_name("Intermediate").unwrap(), &root, key(), validity)
                .unwrap();
        let subject = certificates::enterprise_subject("KOMMUNE", "310700010", OrgnoAttribute::SerialNumber).unwrap();
        let leaf =
            certificates::enterprise(&subject, KeyPurpose::Authentication, &intermediate, key(), validity).unwrap();
        Fixture {
            root,
            intermediate,
            leaf,
            registered: key(),
            stranger: key(),
            token: certificates::rsa_key(3072).unwrap(),
        }
    })
}

/// Returns an enterprise certificate from the fixture's authority with these properties.
pub(super) fn certificate(
    orgno: &str,
    attribute: OrgnoAttribute,
    purpose: KeyPurpose,
    validity: ValidityPeriod,
) -> X509 {
    let subject = certificates::enterprise_subject("KOMMUNE", orgno, attribute).unwrap();
    let key = fixture().leaf.key.clone();
    certificates::enterprise(&subject, purpose, &fixture().intermediate, key, validity).unwrap().certificate
}

/// A registry, a replay cache and switches, for validating assertions.
pub(super) struct TestValidator {
    pub(super) clients: Value,
    pub(super) strictness: Strictness,
    pub(super) system_register: Mutex<SystemRegister>,
    used: Mutex<ReplayCache>,
}

impl TestValidator {
    pub(super) fn new() -> Self {
        let rsa = fixture().registered.rsa().unwrap();
        let another = fixture().stranger.rsa().unwrap();
        let clients = CLIENTS
            .replace("REGISTERED_KEY_ID", &jwk::thumbprint(rsa.n(), rsa.e()))
            .replace("REGISTERED_KEY_MODULUS", &URL_SAFE_NO_PAD.encode(rsa.n().to_vec()))
            .replace("ANOTHER_KEY_MODULUS", &URL_SAFE_NO_PAD.encode(another.n().to_vec()));
        let clients = serde_json::from_str(&clients).unwrap();
        Self { clients, strictness: Strictness::default(), system_register: Mutex::default(), used: Mutex::default() }
    }

    /// Returns a validator whose `clients.json` has been changed at one path.
    pub(super) fn edited(pointer: &str, value: Value) -> Self {
        let mut validator = Self::new();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        validator.clients.pointer_mut(parent).unwrap()[name] = value;
        validator
    }

    /// Returns a validator with other switches.
    pub(super) fn switched(turn: impl FnOnce(&mut Strictness)) -> Self {
        let mut validator = Self::new();
        turn(&mut validator.strictness);
        validator
    }

    pub(super) fn validate(&self, assertion: &str) -> Result<GrantedToken, GrantRefusal> {
        let registry = Registry::parse("clients.json".as_ref(), self.clients.to_string().as_bytes()).unwrap();
        let fixture = fixture();
        let [roots, intermediates] = [&fixture.root, &fixture.intermediate].map(|one| vec![one.certificate.clone()]);
        let anchors = TrustAnchors::new(roots, intermediates);
        let validator = Validator {
            registry: &registry,
            register: RegisterView { registry: &registry, changes: &Mutex::default(), until: now() },
            system_register: &self.system_register,
            strictness: &self.strictness,
            issuer: ISSUER,
            anchors: &anchors,
            used: &self.used,
            now: now(),
        };
        validator.validate(assertion).outcome
    }
}

/// The header and claims of an assertion, before it is signed.
#[derive(Clone)]
pub(super) struct TestGrant {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    key: PKey<Private>,
}

impl TestGrant {
    /// Returns a valid assertion of the client with the modern keystore.
    pub(super) fn modern() -> Self {
        let fixture = fixture();
        let chain = [&fixture.leaf, &fixture.intermediate, &fixture.root].map(|one| one.certificate.clone());
        Self::new(json!({"alg": "RS256", "x5c": x5c(&chain)}), MODERN, &fixture.leaf.key)
    }

    /// Returns a valid assertion of the client with a registered key.
    pub(super) fn registered() -> Self {
        let key = &fixture().registered;
        let rsa = key.rsa().unwrap();
        Self::new(json!({"alg": "RS256", "kid": jwk::thumbprint(rsa.n(), rsa.e())}), REGISTERED, key)
    }

    pub(super) fn new(header: Value, client_id: &str, key: &PKey<Private>) -> Self {
        let issued = now().timestamp();
        let claims = json!({
            "aud": ISSUER, "scope": "difitest:test1", "iss": client_id, "exp": issued + 100, "iat": issued,
            "jti": "eb6ab01e-5834-4ba0-a2a1-457bfd0f0a49",
        });
        let object = |value| if let Value::Object(members) = value { members } else { Map::new() };
        Self { header: object(header), claims: object(claims), key: key.clone() }
    }

    pub(super) fn header(mut self, name: &str, value: Value) -> Self {
        self.header.insert(name.to_owned(), value);
        self
    }

    pub(super) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    pub(super) fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    pub(super) fn key(mut self, key: &PKey<Private>) -> Self {
        self.key = key.clone();
        self
    }

    /// Signs with the algorithm that the header names.
    pub(super) fn sign(&self) -> String {
        let json = |part| serde_json::to_string(part).unwrap();
        sign_text(&json(&self.header), &json(&self.claims), self.header["alg"].as_str().unwrap_or("RS256"), &self.key)
    }
}

/// Signs header and claims as they are, even with repeated members.
pub(super) fn sign_text(header: &str, claims: &str, algorithm: &str, key: &PKey<Private>) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let digest = match algorithm.get(2..) {
        Some("384") => MessageDigest::sha384(),
        Some("512") => MessageDigest::sha512(),
        _ => MessageDigest::sha256(),
    };
    let signature = match algorithm {
        "EdDSA" => Signer::new_without_digest(key).unwrap().sign_oneshot_to_vec(signed.as_bytes()).unwrap(),
        _ if algorithm.starts_with("ES") => {
            let half = [("ES256", 32), ("ES384", 48), ("ES512", 66)].iter().find(|row| row.0 == algorithm).unwrap().1;
            let digest = openssl::hash::hash(digest, signed.as_bytes()).unwrap();
            let signature = EcdsaSig::sign(&digest, &key.ec_key().unwrap()).unwrap();
            [signature.r().to_vec_padded(half).unwrap(), signature.s().to_vec_padded(half).unwrap()].concat()
        }
        _ => {
            let mut rsa = Signer::new(digest, key).unwrap();
            if algorithm.starts_with("PS") {
                rsa.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                rsa.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
            }
            rsa.sign_oneshot_to_vec(signed.as_bytes()).unwrap()
        }
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(super) fn x5c(chain: &[X509]) -> Value {
    chain.iter().map(|certificate| STANDARD.encode(certificate.to_der().unwrap())).collect()
}
