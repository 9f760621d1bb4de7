//! Requests that are refused.

use super::*;
use crate::simulator::tests::running::Running;

#[test]
fn a_wrong_parameter_is_reported_to_the_client_with_its_state() {
    let running = Running::start(|_| ());
    let valid = request(CERTIFICATE_CLIENT);
    for (form, error) in [
        (valid.clone().with("response_type", "token"), "unsupported_response_type"),
        (valid.clone().without("response_type"), "invalid_request"),
        (valid.clone().with("scope", "profile"), "invalid_scope"),
        (valid.clone().with("scope", "openid difitest:test1"), "invalid_scope"),
        (valid.clone().with("scope", "openid simulator:ungranted"), "invalid_scope"),
        (valid.clone().without("nonce"), "invalid_request"),
        (valid.clone().with("nonce", "å"), "invalid_request"),
        (valid.clone().with("acr_values", "Level4"), "invalid_request"),
        (valid.clone().with("prompt", "none login"), "invalid_request"),
        (valid.clone().with("prompt", "select_account"), "invalid_request"),
        (valid.clone().with("max_age", "-1"), "invalid_request"),
        (valid.clone().with("response_mode", "fragment"), "invalid_request"),
        (valid.clone().with("resource", "https://api.example/#a"), "invalid_target"),
        (valid.clone().with("request", "a.b.c"), "request_not_supported"),
        (valid.clone().with("request_uri", "https://client.example/"), "request_uri_not_supported"),
        (valid.clone().with("authorization_details", "[]"), "invalid_authorization_details"),
    ] {
        let parameters = running.redirected(&form);

        assert_eq!(parameter(&parameters, "error"), error, "{}", form.encode());
        assert_eq!(parameter(&parameters, "state"), "a-state");
        assert_eq!(parameter(&parameters, "iss"), format!("{}idporten", running.issuer));
        assert!(parameter(&parameters, "error_description").contains("(trace_id: "));
    }
    let parameters = running.redirected(&valid.without("state"));
    assert_eq!(parameter(&parameters, "error"), "invalid_request");
}

#[test]
fn the_details_of_ansattporten_have_a_known_type_and_members() {
    let running = Running::start(|_| ());
    let details = |text: &str| {
        let form = request(EMPLOYEE_CLIENT).with("authorization_details", text);
        redirect(&running.get(&format!("/ansattporten/authorize?{}", form.encode()), ""))
    };
    for text in [
        "{}",
        "[]",
        "[1]",
        r#"[{"type":"ansattporten:altinn:service","resource":"urn:altinn:resource:2480:40"}]"#,
        r#"[{"type":"ansattporten:altinn:resource"}]"#,
        r#"[{"type":"ansattporten:altinn:resource","resource":"ttd-demo"}]"#,
        r#"[{"type":"ansattporten:altinn:resource","resource":"urn:altinn:resource:a","other":1}]"#,
        r#"[]},"details":[{"#,
    ] {
        assert_eq!(parameter(&details(text), "error"), "invalid_authorization_details", "{text}");
    }
}

#[test]
fn a_request_with_a_repeated_parameter_is_refused() {
    let running = Running::start(|_| ());
    let form = request(CERTIFICATE_CLIENT).encode();

    let authorize = running.get(&format!("/idporten/authorize?{form}&state=b"), "");
    let token = running.exchange(
        "POST /idporten/token",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "grant_type=authorization_code&grant_type=refresh_token",
    );
    let json = running.exchange("POST /idporten/token", "Content-Type: application/json\r\n", "{}");

    assert_eq!((authorize.status, authorize.header("location")), (400, None));
    assert_eq!((token.error(), json.error()), ("invalid_request", "invalid_request"));
}

#[test]
fn a_pushed_request_is_checked_before_it_is_accepted() {
    let running = Running::start(|_| ());
    let push = |form: Form| running.signed_post("/idporten/par", "", form);
    let valid = request(CERTIFICATE_CLIENT);

    let unregistered = push(valid.clone().with("redirect_uri", "https://evil.example/"));
    let scope = push(valid.clone().with("scope", "openid other"));
    let nested = push(valid.clone().with("request_uri", "urn:idporten:x"));
    let unauthenticated = running.post("/idporten/par", "", &valid);

    assert_eq!((unregistered.status, unregistered.error()), (400, "invalid_request"));
    assert_eq!((scope.status, scope.error()), (400, "invalid_scope"));
    assert_eq!(nested.error(), "request_uri_not_supported");
    assert_eq!((unauthenticated.status, unauthenticated.error()), (401, "invalid_client"));
    assert!(unauthenticated.text.contains("Client authentication failed. No client authentication included."));
}

#[test]
fn another_grant_type_is_refused() {
    let running = Running::start(|_| ());
    let form = Form::new([("grant_type", "password"), ("client_id", CERTIFICATE_CLIENT)]);

    assert_eq!(running.signed_post("/idporten/token", "", form).error(), "unsupported_grant_type");
}
