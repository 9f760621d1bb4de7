//! Grants: our own before it is sent, and grants of others; with certificates or with a key id.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::x509::X509;
use serde_json::{Value, json};

use super::{encode, issuer_key, signed_with};
use crate::{
    local::Local,
    support::{Maskinporten, Outcome, maskinporten, testdata},
};

const HINT: &str = "hint: the report on stdout has what was found and what was expected\n";

/// Returns `inspect --grant` with a keystore of testdata.
fn own(arguments: &[&str]) -> Maskinporten {
    let keystore = testdata("iterations-one.p12");
    maskinporten(["inspect", "--grant", "--env", "test", "-c", "ID", "-s", "difitest:test1", "-k", &keystore])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .args(arguments)
}

fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// Returns the property, the verdict and what was found.
fn findings(outcome: &Outcome) -> Vec<(String, String, String)> {
    let report = report(outcome);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["verification"]["findings"].as_array().unwrap();
    findings.iter().map(|one| (text(&one["check"]), text(&one["verdict"]), text(&one["found"]))).collect()
}

fn x5c(names: &[&str]) -> Vec<String> {
    let der = |name: &&str| {
        let pem = fs::read(testdata(&format!("keys/{name}.pem"))).unwrap();
        STANDARD.encode(X509::from_pem(&pem).unwrap().to_der().unwrap())
    };
    names.iter().map(der).collect()
}

/// Returns a grant signed by the enterprise's key with these certificates, valid for two minutes from now.
fn grant(x5c: &[String], changes: &Value) -> String {
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({ "aud": "https://test.maskinporten.no/", "scope": "a:b", "iss": "ID", "iat": now, "exp": now + 120,
        "jti": "a" });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let pem = fs::read(testdata("keys/enterprise-key.pem")).unwrap();
    let key = openssl::pkey::PKey::private_key_from_pem(&pem).unwrap();
    signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c }), &claims)
}

fn verify(grant: &str, arguments: &[&str]) -> Outcome {
    maskinporten(["inspect", "--verify", "--format", "json"]).args(arguments).stdin(grant).run()
}

/// Returns the properties with a fault, with what was found.
fn faults(outcome: &Outcome) -> Vec<(String, String)> {
    let faults = findings(outcome).into_iter().filter(|(_, verdict, _)| verdict == "fault");
    faults.map(|(check, _, found)| (check, found)).collect()
}

#[test]
fn our_own_grant_is_valid_and_nothing_is_sent() {
    let outcome = own(&["--verify", "--format", "json"]).run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let report = report(&outcome);
    assert_eq!((&report["kind"], &report["warnings"]), (&json!("grant"), &json!([])));
    assert_eq!(report["certificates"][0]["organisation_number"], "991825827");
    assert_eq!(report["certificates"].as_array().unwrap().len(), 3);
    let checks: Vec<_> = findings(&outcome).into_iter().map(|(check, verdict, _)| (check, verdict)).collect();
    let wanted =
        ["signature", "chain", "certificates", "organisation", "issuer", "expiry", "issued_at", "lifetime", "audience"];
    assert_eq!(checks, wanted.map(|check| (check.to_owned(), "good".to_owned())));
}

#[test]
fn our_own_grant_with_a_key_id_is_verified_with_the_key_s_public_half() {
    let outcome = own(&["--verify", "--format", "json", "--kid", "my-key"]).run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(findings(&outcome)[0].2, "RS256 by the key `my-key`");
}

#[test]
fn our_own_grant_is_verified_with_the_registered_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registered.json").display().to_string();
    let keystore = testdata("iterations-one.p12");
    let registered = maskinporten(["keys", "public", "-k", &keystore, "--kid", "my-key"])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .run()
        .artefact();
    fs::write(&file, registered).unwrap();

    let known = own(&["--jwks", &file, "--kid", "my-key"]).run();
    let unknown = own(&["--jwks", &file, "--kid", "another"]).run();

    assert_eq!((known.code, known.stderr.as_str()), (0, ""));
    assert_eq!((unknown.code, unknown.stderr), (7, format!("error: the token is not valid: signature\n{HINT}")));
    let line =
        "  FAULT  signature  unknown key `another`; known keys: my-key; expected a signature by a key of its issuer";
    assert!(unknown.stdout.contains(line), "{}", unknown.stdout);
}

#[test]
fn the_grant_for_the_simulator_is_valid() {
    let local = Local::start(&[]);

    let outcome = local.maskinporten(&["inspect", "--grant", "--verify", "--env", "local"]).run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(local.log(), "");
}

#[test]
fn the_grant_of_another_client_is_verified_with_its_certificates() {
    for chain in [&["enterprise", "issuing", "root"][..], &["enterprise", "issuing"], &["enterprise"]] {
        let outcome = verify(&grant(&x5c(chain), &json!({})), &[]);

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{chain:?}");
    }
}

#[test]
fn a_broken_chain_and_an_invalid_certificate_are_named() {
    for (chain, check, found) in [
        (&["enterprise", "root"][..], "chain", "certificate 1 was not issued by certificate 2"),
        (&["enterprise", "issuing", "other"], "chain", "certificate 2 was not issued by certificate 3"),
        (&["expired", "issuing", "root"], "certificates", "expired 2022-"),
        (&["not-yet-valid", "issuing", "root"], "certificates", "is not valid before 2110-"),
    ] {
        let outcome = verify(&grant(&x5c(chain), &json!({})), &[]);

        let faults = faults(&outcome);
        assert_eq!((outcome.code, faults.len(), faults[0].0.as_str()), (7, 1, check), "{faults:?}");
        assert!(faults[0].1.contains(found), "{faults:?}");
    }
}

#[test]
fn a_certificate_of_another_key_does_not_verify_the_signature() {
    let outcome = verify(&grant(&x5c(&["other", "issuing", "root"]), &json!({})), &[]);

    let faults = faults(&outcome);
    assert_eq!((outcome.code, faults.len(), faults[0].0.as_str()), (7, 1, "signature"));
    assert!(faults[0].1.starts_with("RS256, but not by "), "{faults:?}");
}

#[test]
fn a_certificate_for_encryption_may_not_sign_and_a_certificate_needs_an_organisation_number() {
    let key =
        openssl::pkey::PKey::private_key_from_pem(&fs::read(testdata("keys/encryption-key.pem")).unwrap()).unwrap();
    let now = chrono::Utc::now().timestamp();
    let claims =
        json!({ "aud": "https://test.maskinporten.no/", "scope": "a:b", "iss": "ID", "iat": now, "exp": now + 120 });
    let encryption = signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c(&["encryption"]) }), &claims);
    let key = openssl::pkey::PKey::private_key_from_pem(&fs::read(testdata("keys/root-key.pem")).unwrap()).unwrap();
    let root = signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c(&["root"]) }), &claims);

    let encryption = faults(&verify(&encryption, &[]));
    let root = faults(&verify(&root, &[]));

    assert!(encryption[0].0 == "certificates" && encryption[0].1.ends_with(" may not sign"), "{encryption:?}");
    assert!(root.iter().any(|(check, found)| check == "organisation" && found.starts_with("none in ")), "{root:?}");
}

#[test]
fn an_x5c_that_is_not_a_chain_is_a_fault() {
    let good = x5c(&["enterprise"]);
    for (x5c, found) in [
        (vec![], "`x5c` is empty"),
        (vec![good[0].replace('=', "").replace('+', "-")], "element 1 of `x5c` is not base64 with padding"),
        (vec![good[0].clone(), "AAAA".to_owned()], "element 2 of `x5c` is not a DER certificate"),
        (vec![good[0].clone(); 17], "`x5c` has more than 16 certificates"),
    ] {
        let outcome = verify(&grant(&x5c, &json!({})), &[]);

        assert_eq!(outcome.code, 7);
        assert_eq!(faults(&outcome), [("signature".to_owned(), found.to_owned())]);
        assert_eq!(report(&outcome)["warnings"][0]["message"], found);
    }
}

#[test]
fn claims_that_maskinporten_rejects_are_faults() {
    let now = chrono::Utc::now().timestamp();
    for (changes, check, found) in [
        (json!({ "exp": now + 600 }), "lifetime", "10 min"),
        (
            json!({ "aud": "https://test.maskinporten.no" }),
            "audience",
            "`aud` lacks the trailing slash: https://test.maskinporten.no/",
        ),
        (
            json!({ "aud": "https://maskinporten.no/token" }),
            "audience",
            "`aud` is the token endpoint; only the issuer identifier is accepted: https://maskinporten.no/",
        ),
        (json!({ "aud": ["https://maskinporten.no/", "b"] }), "audience", "`aud` has more than one value"),
        (
            json!({ "aud": "https://ver2.maskinporten.no/" }),
            "audience",
            "`aud` belongs to a retired environment: ver2 was phased out on 2024-06-10 and replaced by test",
        ),
        (json!({ "aud": 7 }), "audience", "`aud` is not a string"),
        (json!({ "iss": "" }), "issuer", ""),
    ] {
        let outcome = verify(&grant(&x5c(&["enterprise"]), &changes), &[]);

        assert_eq!((outcome.code, faults(&outcome)), (7, vec![(check.to_owned(), found.to_owned())]), "{changes}");
    }
}

#[test]
fn an_environment_is_the_expected_audience_of_a_grant() {
    let grant = grant(&x5c(&["enterprise"]), &json!({}));

    assert_eq!(verify(&grant, &["--env", "test"]).code, 0);
    let found = ("audience".to_owned(), "https://test.maskinporten.no/".to_owned());
    assert_eq!(faults(&verify(&grant, &["--env", "prod"])), [found]);
}

#[test]
fn a_grant_with_only_a_key_id_cannot_be_verified_without_the_client_s_keys() {
    let claims = json!({ "aud": "https://test.maskinporten.no/", "scope": "a:b", "iss": "ID", "iat": 1, "exp": 2 });
    let grant = signed_with(&issuer_key(), &json!({ "alg": "RS256", "kid": "issuer" }), &claims);

    let outcome = verify(&grant, &[]);

    let signature = "not checked: only the server knows the key (pass the client's public keys with --jwks FILE)";
    assert_eq!((outcome.code, faults(&outcome)[0].1.as_str()), (7, signature));
}

#[test]
fn certificates_never_verify_a_maskinporten_token() {
    let claims = json!({ "iss": "https://test.maskinporten.no/", "scope": "a:b", "exp": 1 });
    let pem = fs::read(testdata("keys/enterprise-key.pem")).unwrap();
    let key = openssl::pkey::PKey::private_key_from_pem(&pem).unwrap();
    let forged = signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c(&["enterprise", "issuing", "root"]) }), &claims);

    // Its issuer is not the expected one, so no keys are fetched, but it has certificates.
    let outcome = verify(&forged, &["--env", "prod"]);

    assert_eq!(outcome.code, 7);
    assert_eq!(faults(&outcome)[0].0, "signature");
    assert!(!outcome.stdout.contains(&encode(&claims)));
}
