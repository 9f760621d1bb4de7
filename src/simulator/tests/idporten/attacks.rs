//! Attacks that the server must stop.

use super::*;
use crate::simulator::tests::running::Running;

#[test]
fn a_code_that_is_used_again_revokes_what_was_issued_for_it() {
    let running = Running::start(|_| ());
    let code = running.code(&request(CERTIFICATE_CLIENT));
    let redeem = || running.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));
    let tokens = redeem().body;
    assert_eq!(running.userinfo(text(&tokens, "access_token")).status, 200);

    let again = redeem();

    assert_eq!((again.status, again.error()), (400, "invalid_grant"));
    assert_eq!(running.userinfo(text(&tokens, "access_token")).status, 401);
    assert_eq!(running.refresh(text(&tokens, "refresh_token")).error(), "invalid_grant");
}

#[test]
fn a_code_is_bound_to_its_client_its_redirect_uri_and_its_verifier() {
    let running = Running::start(|_| ());
    let code = || running.code(&request(CERTIFICATE_CLIENT));
    let redeem = |form: Form| running.signed_post("/idporten/token", "", form);
    let valid = |code: &str| redemption(CERTIFICATE_CLIENT, code);

    let other_port = redeem(valid(&code()).with("redirect_uri", "http://127.0.0.1:54322/response"));
    let other_verifier = redeem(valid(&code()).with("code_verifier", &VERIFIER.replace('d', "e")));
    let challenge_itself = redeem(valid(&code()).with("code_verifier", CHALLENGE));
    let without_verifier = redeem(valid(&code()).without("code_verifier"));
    let form = running.authenticated("idporten", KEY_CLIENT, redemption(KEY_CLIENT, &code()));
    let other_client = running.post("/idporten/token", "", &form);

    for answer in [other_port, other_verifier, challenge_itself, other_client] {
        assert_eq!((answer.status, answer.error()), (400, "invalid_grant"), "{}", answer.text);
    }
    assert_eq!(without_verifier.error(), "invalid_request");
}

#[test]
fn a_wrong_verifier_uses_the_code_up() {
    let running = Running::start(|_| ());
    let code = running.code(&request(CERTIFICATE_CLIENT));
    let form = redemption(CERTIFICATE_CLIENT, &code);
    let wrong = running.signed_post("/idporten/token", "", form.clone().with("code_verifier", &"a".repeat(43)));

    let right = running.signed_post("/idporten/token", "", form);

    assert_eq!((wrong.error(), right.error()), ("invalid_grant", "invalid_grant"));
}

#[test]
fn pkce_cannot_be_downgraded() {
    let running = Running::start(|_| ());
    let valid = request(PUBLIC_CLIENT);
    for form in [
        valid.clone().without("code_challenge").without("code_challenge_method"),
        valid.clone().without("code_challenge_method"),
        valid.clone().with("code_challenge_method", "plain").with("code_challenge", VERIFIER),
        valid.clone().with("code_challenge", ""),
        valid.clone().with("code_challenge", &CHALLENGE[1..]),
    ] {
        let parameters = running.redirected(&form);

        assert_eq!(parameter(&parameters, "error"), "invalid_request");
        assert!(!parameters.iter().any(|(name, _)| name == "code"));
    }
}

#[test]
fn a_code_expires() {
    let (running, clock) = with_clock();
    let code = running.code(&request(CERTIFICATE_CLIENT));
    clock.advance(120);

    let answer = running.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));

    assert_eq!(answer.error(), "invalid_grant");
    assert!(answer.text.contains("expired"), "{}", answer.text);
}

#[test]
fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let running = Running::start(|_| ());
    for uri in [
        "https://evil.example/response",
        "http://127.0.0.1:54321/other",
        "http://127.0.0.1:54321/response?a=b",
        "http://localhost:54321/response",
        "http://127.0.0.1:54321@evil.example/response",
    ] {
        let answer = running.authorize(&request(CERTIFICATE_CLIENT).with("redirect_uri", uri));

        assert_eq!((answer.status, answer.header("location")), (400, None), "{uri}");
        assert!(answer.text.contains("invalid_request"));
    }
    for form in [
        request("unknown"),
        request(EMPLOYEE_CLIENT),
        // A client of Maskinporten's.
        request("8d001e58-c758-4beb-a9ec-ae1d770fa35e"),
    ] {
        assert_eq!(running.authorize(&form).header("location"), None);
    }
}

#[test]
fn a_client_assertion_cannot_be_used_twice_or_elsewhere() {
    let running = Running::start(|_| ());
    let form = || redemption(CERTIFICATE_CLIENT, &running.code(&request(CERTIFICATE_CLIENT)));
    let with = |assertion: &str| {
        form()
            .with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .with("client_assertion", assertion)
    };
    let valid = || running.client_assertion("idporten", CERTIFICATE_CLIENT);
    let issued = now().timestamp();
    let used = valid().sign();
    assert_eq!(running.post("/idporten/token", "", &with(&used)).status, 200);

    let own = format!("{}idporten", running.issuer);
    for assertion in [
        used,
        valid().claim("aud", json!(format!("{own}/"))).sign(),
        valid().claim("aud", json!(format!("{own}/token"))).sign(),
        valid().claim("aud", json!(running.issuer)).sign(),
        valid().claim("aud", json!([own])).sign(),
        valid().claim("sub", json!("another")).sign(),
        valid().without_claim("sub").sign(),
        valid().claim("iss", json!(KEY_CLIENT)).sign(),
        valid().without_claim("jti").sign(),
        valid().claim("exp", json!(issued + 121)).sign(),
        valid().claim("exp", json!(issued)).sign(),
        valid().without_header("x5c").sign(),
        valid().header("kid", json!("other")).without_header("x5c").sign(),
    ] {
        let answer = running.post("/idporten/token", "", &with(&assertion));

        assert_eq!((answer.status, answer.error()), (401, "invalid_client"), "{}", answer.text);
        assert!(text(&answer.body, "error_description").starts_with("Client authentication failed. "));
    }
}

#[test]
fn only_the_registered_method_authenticates_a_client() {
    let running = Running::start(|_| ());
    let code = |client| redemption(client, &running.code(&request(client)));
    let basic = running.basic();
    let secret = std::fs::read_to_string(running.installation.dir.join("idporten.client-secret")).unwrap();
    let wrong = format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{SECRET_CLIENT}:wrong")));

    let none = running.post("/idporten/token", "", &code(CERTIFICATE_CLIENT));
    let in_form = running.post("/idporten/token", "", &code(SECRET_CLIENT).with("client_secret", &secret));
    let wrong_secret = running.post("/idporten/token", &wrong, &code(SECRET_CLIENT));
    let assertion = running.authenticated("idporten", PUBLIC_CLIENT, code(PUBLIC_CLIENT));
    let for_public = running.post("/idporten/token", "", &assertion);
    for answer in [none, in_form, wrong_secret, for_public] {
        assert_eq!((answer.status, answer.error()), (401, "invalid_client"), "{}", answer.text);
    }

    let two = running.post("/idporten/token", &basic, &code(SECRET_CLIENT).with("client_secret", &secret));
    let another_id = running.post("/idporten/token", &basic, &code(SECRET_CLIENT).with("client_id", KEY_CLIENT));
    let form = running.authenticated("idporten", CERTIFICATE_CLIENT, code(CERTIFICATE_CLIENT)).without("client_id");
    let no_id = running.post("/idporten/token", "", &form);
    for answer in [two, another_id, no_id] {
        assert_eq!((answer.status, answer.error()), (400, "invalid_request"), "{}", answer.text);
    }
}
