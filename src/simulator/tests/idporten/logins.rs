//! Logins that succeed: every kind of client, both services, the page and the hint.

use super::*;
use crate::simulator::tests::running::Running;

/// Adds what a client authenticates with: headers, and parameters of the form.
type Authenticate<'a> = &'a dyn Fn(Form) -> (String, Form);

#[test]
fn each_kind_of_client_gets_tokens_with_the_claims_of_real_ones() {
    let running = Running::start(|_| ());
    let nothing = |form: Form| (String::new(), form);
    let signed = |client: &'static str| {
        let running = &running;
        move |form: Form| (String::new(), running.authenticated("idporten", client, form))
    };
    let basic = |form: Form| (running.basic(), form);
    let clients: [(&str, &str, Authenticate); 4] = [
        (CERTIFICATE_CLIENT, "virksomhetssertifikat", &signed(CERTIFICATE_CLIENT)),
        (KEY_CLIENT, "private_key_jwt", &signed(KEY_CLIENT)),
        (SECRET_CLIENT, "client_secret_basic", &basic),
        (PUBLIC_CLIENT, "none", &nothing),
    ];
    for (client, amr, authenticate) in clients {
        let parameters = running.redirected(&request(client));
        assert_eq!(parameter(&parameters, "state"), "a-state");
        assert_eq!(parameter(&parameters, "iss"), format!("{}idporten", running.issuer));
        let (headers, form) = authenticate(redemption(client, &parameter(&parameters, "code")));

        let answer = running.post("/idporten/token", &headers, &form);

        assert_eq!(answer.status, 200, "{client}: {}", answer.text);
        let body = &answer.body;
        assert_eq!((text(body, "token_type"), body["expires_in"].as_i64()), ("Bearer", Some(120)));
        assert_eq!(text(body, "scope"), "openid profile altinn:instances.read");
        assert_eq!(body.get("refresh_token").is_some(), client != PUBLIC_CLIENT);
        assert_eq!(body["refresh_token_expires_in"].as_i64(), (client != PUBLIC_CLIENT).then_some(600));
        let access = claims(text(body, "access_token"));
        let orgno = if client == CERTIFICATE_CLIENT { "0192:310700010" } else { "0192:310700045" };
        assert_eq!(
            (text(&access, "client_amr"), text(&access, "pid"), text(&access, "acr"), text(&access["consumer"], "ID")),
            (amr, PID, "idporten-loa-high", orgno)
        );
        let id = claims(text(body, "id_token"));
        assert_eq!(
            (text(&id, "iss"), text(&id, "aud"), text(&id, "nonce"), text(&id, "pid"), &id["amr"]),
            (&*format!("{}idporten", running.issuer), client, "a-nonce", PID, &json!(["TestID"]))
        );
        assert_eq!(id["auth_time"], now().timestamp());
        assert_eq!(id.get("sid").is_some(), client == KEY_CLIENT);
        // Pairwise: not the pid, and the same for the clients of one organisation.
        assert_eq!(id["sub"], access["sub"]);
        assert_ne!(text(&id, "sub"), PID);
    }
}

#[test]
fn altinn_exchanges_the_access_token_and_the_sample_api_accepts_it() {
    let running = Running::start(|_| ());
    let tokens = running.tokens();
    let bearer = format!("Authorization: Bearer {}\r\n", text(&tokens, "access_token"));

    let exchanged = running.get("/authentication/api/v1/exchange/id-porten", &bearer);
    let person = running.get("/api/person?scope=altinn:instances.read", &bearer);

    assert_eq!(exchanged.status, 200);
    assert_eq!(claims(&exchanged.text)["urn:altinn:authlevel"], 4);
    assert_eq!((person.status, text(&person.body, "pid")), (200, PID));
    assert_eq!(running.get("/api/person?scope=other", &bearer).status, 403);
    assert_eq!(running.userinfo(text(&tokens, "access_token")).body["pid"], PID);
}

#[test]
fn a_pushed_request_is_used_once_within_120_seconds_and_only_by_its_client() {
    let (running, clock) = with_clock();
    let push = || {
        let answer = running.signed_post("/idporten/par", "", request(CERTIFICATE_CLIENT));
        assert_eq!((answer.status, answer.body["expires_in"].as_i64()), (201, Some(120)), "{}", answer.text);
        text(&answer.body, "request_uri").to_owned()
    };
    let by = |client: &str, uri: &str| Form::new([("client_id", client), ("request_uri", uri)]);

    let uri = push();
    assert!(uri.starts_with("urn:idporten:"));
    let code = running.code(&by(CERTIFICATE_CLIENT, &uri));
    let answer = running.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));

    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(running.authorize(&by(CERTIFICATE_CLIENT, &uri)).status, 400);
    assert_eq!(running.authorize(&by(KEY_CLIENT, &push())).status, 400);
    let uri = push();
    clock.advance(120);
    assert_eq!(running.authorize(&by(CERTIFICATE_CLIENT, &uri)).status, 400);
}

#[test]
fn ansattporten_returns_the_organisation_that_was_asked_for() {
    let running = Running::start(|_| ());
    let details = r#"[{"type":"ansattporten:altinn:resource","resource":"urn:altinn:resource:ttd-demo"}]"#;
    let form = request(EMPLOYEE_CLIENT).with("authorization_details", details).with("acr_values", "high");
    let redirected = redirect(&running.get(&format!("/ansattporten/authorize?{}", form.encode()), ""));
    let form = redemption(EMPLOYEE_CLIENT, &parameter(&redirected, "code"));

    let answer = running.post("/ansattporten/token", "", &running.authenticated("ansattporten", EMPLOYEE_CLIENT, form));

    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = json!([{
        "type": "ansattporten:altinn:resource",
        "resource": "urn:altinn:resource:ttd-demo",
        "resource_name": "ttd-demo",
        "authorized_parties": [{
            "orgno": { "authority": "iso6523-actorid-upis", "ID": "0192:310700010" },
            "name": "Simulert kommune",
            "resource": "ttd-demo",
            "unit_type": "KOMM",
        }],
    }]);
    for token in ["access_token", "id_token"] {
        let claims = claims(text(&answer.body, token));
        assert_eq!((&claims["authorization_details"], text(&claims, "acr")), (&expected, "high"));
    }
    let bearer = format!("Authorization: Bearer {}\r\n", text(&answer.body, "access_token"));
    assert_eq!(running.get("/api/person", &bearer).body["authorization_details"], expected);
}

#[test]
fn the_page_lets_a_person_be_chosen_in_the_language_of_the_request() {
    let running = Running::start(|_| ());
    let form = request(CERTIFICATE_CLIENT).without("login_hint").with("ui_locales", "nb");
    let page = running.authorize(&form);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<html lang=\"nb\">") && page.text.contains("Logg inn med ID-porten"));
    assert!(page.head.contains("form-action 'self' http://127.0.0.1:54321"), "{}", page.head);
    let (_, rest) = page.text.split_once("name=\"page\" value=\"").unwrap();
    let id = rest.split_once('"').unwrap().0;
    let choose = |choice: &str, pid: &str| {
        running.post("/idporten/login", "", &Form::new([("page", id), ("choice", choice), ("pid", pid)]))
    };

    let again = choose("other", "12345678901");
    assert_eq!(again.status, 200);
    assert!(again.text.contains("role=\"alert\""));
    let code = parameter(&redirect(&choose("other", "17859000185")), "code");

    let answer = running.signed_post("/idporten/token", "", redemption(CERTIFICATE_CLIENT, &code));
    let id_token = claims(text(&answer.body, "id_token"));
    assert_eq!((text(&id_token, "pid"), text(&id_token, "locale")), ("17859000185", "nb"));
    assert_eq!(text(&id_token, "acr"), "idporten-loa-substantial");
    // It has been answered.
    assert_eq!(choose("other", "17859000185").status, 400);
}

#[test]
fn cancelling_the_login_gives_access_denied() {
    let running = Running::start(|_| ());
    let page = running.authorize(&request(CERTIFICATE_CLIENT).without("login_hint"));
    let (_, rest) = page.text.split_once("name=\"page\" value=\"").unwrap();
    let id = rest.split_once('"').unwrap().0;

    let answer = running.post("/idporten/login", "", &Form::new([("page", id), ("choice", "cancel")]));

    let parameters = redirect(&answer);
    assert_eq!((&*parameter(&parameters, "error"), &*parameter(&parameters, "state")), ("access_denied", "a-state"));
}

#[test]
fn the_metadata_has_what_the_real_ones_say_and_every_endpoint_exists() {
    let running = Running::start(|_| ());
    let metadata = running.get("/idporten/.well-known/openid-configuration", "").body;
    let issuer = format!("{}idporten", running.issuer);

    assert_eq!(text(&metadata, "issuer"), issuer);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    for (name, value) in metadata.as_object().unwrap() {
        let Some(url) = value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") else { continue };
        let path = format!("/{}", url.strip_prefix(&running.issuer).unwrap());
        assert!(![404, 0].contains(&running.get(&path, "").status), "{name}");
    }
}
