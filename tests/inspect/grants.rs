//! Grants: our own before it is sent, and grants of others; with certificates or with a key id.

use std::fs;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::{PKey, Private},
    x509::{X509, X509Name, extension::BasicConstraints},
};
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
    let pem = fs::read(testdata("keys/enterprise-key.pem")).unwrap();
    grant_by(&PKey::private_key_from_pem(&pem).unwrap(), x5c, changes)
}

fn grant_by(key: &PKey<Private>, x5c: &[String], changes: &Value) -> String {
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({ "aud": "https://test.maskinporten.no/", "scope": "a:b", "iss": "ID", "iat": now, "exp": now + 120,
        "jti": "a" });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signed_with(key, &json!({ "alg": "RS256", "x5c": x5c }), &claims)
}

fn verify(grant: &str, arguments: &[&str]) -> Outcome {
    maskinporten(["inspect", "--verify", "--format", "json"]).args(arguments).stdin(grant).run()
}

/// Returns a JWK set with the public half of a key of testdata, as it is registered on the client.
fn registered(key: &str) -> tempfile::NamedTempFile {
    let pem = fs::read(testdata(&format!("keys/{key}-key.pem"))).unwrap();
    let rsa = openssl::rsa::Rsa::private_key_from_pem(&pem).unwrap();
    let [n, e] = [rsa.n(), rsa.e()].map(|number| URL_SAFE_NO_PAD.encode(number.to_vec()));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, json!({ "keys": [{ "kty": "RSA", "kid": "a", "n": n, "e": e }] }).to_string()).unwrap();
    file
}

/// Verifies a grant with the enterprise's registered key.
fn verify_registered(grant: &str, arguments: &[&str]) -> Outcome {
    let keys = registered("enterprise");
    verify(grant, &[&["--jwks", keys.path().to_str().unwrap()], arguments].concat())
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
fn a_grant_is_not_verified_by_the_certificates_that_its_sender_put_in_it() {
    for chain in [&["enterprise", "issuing", "root"][..], &["enterprise", "issuing"], &["enterprise"]] {
        let grant = grant(&x5c(chain), &json!({}));

        let alone = verify(&grant, &[]);
        let registered = verify_registered(&grant, &[]);

        assert_eq!(alone.stderr, format!("error: the token is not valid: signature\n{HINT}"), "{chain:?}");
        let [(check, found)] = faults(&alone).try_into().unwrap();
        assert_eq!((alone.code, check.as_str()), (7, "signature"));
        let why = "but only by the key that the grant itself points to (`x5c`), and no known root vouches for it: pass the \
                   client's public keys with --jwks FILE";
        assert!(found.starts_with("not verified: RS256 by C=NO, ") && found.ends_with(why), "{found}");
        assert_eq!(report(&alone)["signature"], json!({ "verified": false, "reason": found }));
        assert_eq!((registered.code, registered.stderr.as_str()), (0, ""), "{chain:?}");
        assert_eq!(report(&registered)["signature"]["verified"], true);
    }
}

/// Returns a certificate with a key of its own, signed by an issuer's, or by itself.
fn certificate(name: &str, issuer: Option<&(X509, PKey<Private>)>, is_authority: bool) -> (X509, PKey<Private>) {
    let key = PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    subject.append_entry_by_text("serialNumber", "991825827").unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = openssl::bn::BigNum::from_u32(name.len().try_into().unwrap()).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |(issuer, _)| issuer.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(30).unwrap()).unwrap();
    if is_authority {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    builder.sign(issuer.map_or(&key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

#[test]
fn a_grant_is_verified_by_a_certificate_up_to_a_root_of_enterprise_certificates_that_the_machine_trusts() {
    const TEST_ROOT: &str = "Buypass Class 3 Test4 Root CA G2 ST";
    let test = json!({});
    let production = json!({ "aud": "https://maskinporten.no/" });
    for (root_name, is_authority, trusts_root, changes, verified) in [
        (TEST_ROOT, true, true, &test, true),
        ("Buypass Class 3 Root CA G2 ST", true, true, &test, true),
        ("Buypass Class 3 Root CA G2 ST", true, true, &production, true),
        // Test certificates are no proof in production.
        (TEST_ROOT, true, true, &production, false),
        // A root of other certificates, such as those of websites.
        ("Another Root", true, true, &test, false),
        // Only the name is that of a known root.
        (TEST_ROOT, true, false, &test, false),
        // The holder of a certificate cannot issue others.
        (TEST_ROOT, false, true, &test, false),
    ] {
        let root = certificate(root_name, None, true);
        let issuing = certificate("Issuing", Some(&root), is_authority);
        let (leaf, key) = certificate("Leaf", Some(&issuing), false);
        let trusted = tempfile::NamedTempFile::new().unwrap();
        let stranger = certificate(root_name, None, true);
        fs::write(&trusted, if trusts_root { &root.0 } else { &stranger.0 }.to_pem().unwrap()).unwrap();
        let x5c = [&leaf, &issuing.0, &root.0].map(|one| STANDARD.encode(one.to_der().unwrap()));
        let grant = grant_by(&key, &x5c, changes);

        let outcome = maskinporten(["inspect", "--verify", "--format", "json"])
            .env("SSL_CERT_FILE", trusted.path())
            .stdin(grant)
            .run();

        let case = format!("{root_name} {is_authority} {trusts_root} {changes} {}", outcome.stderr);
        assert_eq!(outcome.code, if verified { 0 } else { 7 }, "{case}");
        assert_eq!(report(&outcome)["signature"]["verified"], verified, "{case}");
        let end = format!(", up to CN={root_name}, serialNumber=991825827");
        assert_eq!(report(&outcome)["signature"]["reason"].as_str().unwrap().ends_with(&end), verified, "{case}");
    }
}

#[test]
fn a_grant_for_the_simulator_is_verified_up_to_its_root_and_for_no_other_server() {
    let local = Local::start(&[]);
    let for_it = local.maskinporten(&["grant", "--env", "local"]).run().artefact();
    let for_test = ["grant", "--env", "local", "--audience", "https://test.maskinporten.no/"];
    let for_test = local.maskinporten(&for_test).run().artefact();

    let known = local.maskinporten(&["inspect", "--verify", "--format", "json"]).stdin(for_it).run();
    let unknown = local.maskinporten(&["inspect", "--verify", "--format", "json"]).stdin(for_test).run();

    assert_eq!((known.code, known.stderr.as_str()), (0, ""));
    assert_eq!(report(&known)["signature"]["verified"], true);
    assert_eq!((unknown.code, &report(&unknown)["signature"]["verified"]), (7, &json!(false)));
}

#[test]
fn a_broken_chain_and_an_invalid_certificate_are_named() {
    for (chain, check, found) in [
        (&["enterprise", "root"][..], "chain", "certificate 1 was not issued by certificate 2"),
        (&["enterprise", "issuing", "other"], "chain", "certificate 2 was not issued by certificate 3"),
        (&["expired", "issuing", "root"], "certificates", "expired 2022-"),
        (&["not-yet-valid", "issuing", "root"], "certificates", "is not valid before 2110-"),
    ] {
        let outcome = verify_registered(&grant(&x5c(chain), &json!({})), &[]);

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
    let key = PKey::private_key_from_pem(&fs::read(testdata("keys/encryption-key.pem")).unwrap()).unwrap();
    let now = chrono::Utc::now().timestamp();
    let claims =
        json!({ "aud": "https://test.maskinporten.no/", "scope": "a:b", "iss": "ID", "iat": now, "exp": now + 120 });
    let encryption = signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c(&["encryption"]) }), &claims);
    let key = PKey::private_key_from_pem(&fs::read(testdata("keys/root-key.pem")).unwrap()).unwrap();
    let root = signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c(&["root"]) }), &claims);

    let encryption = faults(&verify(&encryption, &[]));
    let root = faults(&verify(&root, &[]));

    assert!(encryption[1].0 == "certificates" && encryption[1].1.ends_with(" may not sign"), "{encryption:?}");
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
        let outcome = verify_registered(&grant(&x5c(&["enterprise"]), &changes), &[]);

        assert_eq!((outcome.code, faults(&outcome)), (7, vec![(check.to_owned(), found.to_owned())]), "{changes}");
    }
}

#[test]
fn no_grant_is_what_is_expected_of_an_access_token() {
    let grant = grant(&x5c(&["enterprise"]), &json!({ "consumer": { "ID": "0192:991825827" } }));
    let own = "a JWT bearer grant, whose claims are what the client itself asks for";
    for (arguments, check, found) in [
        (["--env", "test"], "issuer", "ID"),
        (["--env", "prod"], "issuer", "ID"),
        (["--scope", "a:b"], "scope", own),
        (["--consumer", "991825827"], "consumer", own),
    ] {
        let outcome = verify_registered(&grant, &arguments);

        assert_eq!((outcome.code, faults(&outcome)), (7, vec![(check.to_owned(), found.to_owned())]), "{arguments:?}");
    }
    assert_eq!(verify_registered(&grant, &["--audience", "https://test.maskinporten.no/"]).code, 0);
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
    let key = PKey::private_key_from_pem(&pem).unwrap();
    let forged = signed_with(&key, &json!({ "alg": "RS256", "x5c": x5c(&["enterprise", "issuing", "root"]) }), &claims);

    // Its issuer is not the expected one, so no keys are fetched, but it has certificates.
    let outcome = verify(&forged, &["--env", "prod"]);

    assert_eq!(outcome.code, 7);
    assert_eq!(faults(&outcome)[0].0, "signature");
    let warning = "its header carries a key of its own (`x5c`), which is never used";
    assert_eq!(report(&outcome)["warnings"][0]["message"], warning);
    assert!(!outcome.stdout.contains(&encode(&claims)));
}
