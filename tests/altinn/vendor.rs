//! What the commands of a system's vendor send, and what is refused before anything is sent.

use serde_json::{Value, json};
use snapbox::str;

use crate::{
    server::{Server, Step, answer, json as respond},
    support::{Maskinporten, maskinporten, testdata},
};

/// A token that Altinn could have issued, which expires in 2100.
const ALTINN_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";

/// The token of Maskinporten and its exchange at Altinn.
fn tokens() -> [Step; 2] {
    [crate::server::token(), answer("200 OK", &["Content-Type: text/plain"], ALTINN_TOKEN)]
}

/// Makes a command of a vendor whose Maskinporten and Altinn are this server.
fn vendor(server: &Server, words: &[&str]) -> Maskinporten {
    maskinporten(["altinn"])
        .args(words)
        .args(["--retries", "0", "--altinn-url", &server.url("/")])
        .env("MASKINPORTEN_CLIENT_ID", "our-client")
        .env("MASKINPORTEN_SCOPE", "altinn:serviceowner")
        .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
        .env("MASKINPORTEN_TOKEN_ENDPOINT", server.url("/token"))
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

/// Returns the claims of the grant in a token request.
fn grant(body: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let assertion = url::form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "assertion").unwrap().1;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn each_command_requests_a_token_with_the_scope_that_it_needs_and_exchanges_it() {
    const REGISTER: &str = "altinn:authentication/systemregister.write";
    const READ: &str = "altinn:authentication/systemuser.request.read";
    const WRITE: &str = "altinn:authentication/systemuser.request.write";
    for (words, scope, line) in [
        (["system", "list"].as_slice(), REGISTER, "GET /authentication/api/v1/systemregister/vendor"),
        (&["system", "show", "991825827_a"], REGISTER, "GET /authentication/api/v1/systemregister/vendor/991825827_a"),
        (
            &["users", "list", "991825827_a"],
            REGISTER,
            "GET /authentication/api/v1/systemuser/vendor/bysystem/991825827_a",
        ),
        (&["request", "show", "a/../b"], READ, "GET /authentication/api/v1/systemuser/request/vendor/a%2F..%2Fb"),
        (&["request", "show", "1", "--agent"], READ, "GET /authentication/api/v1/systemuser/request/vendor/agent/1"),
        (
            &["request", "list", "991825827_a"],
            READ,
            "GET /authentication/api/v1/systemuser/request/vendor/bysystem/991825827_a",
        ),
        (&["request", "delete", "1"], WRITE, "DELETE /authentication/api/v1/systemuser/request/vendor/1"),
        (
            &["request", "create", "991825827_a", "310547891", "--agent", "--access-package", "a"],
            WRITE,
            "POST /authentication/api/v1/systemuser/request/vendor/agent",
        ),
    ] {
        let server = Server::start(tokens().into_iter().chain([respond("200 OK", "{}")]));

        let outcome = vendor(&server, words).args(["-q"]).run();

        assert_eq!(outcome.code, 0, "{outcome:?}");
        let requests = server.requests();
        assert_eq!(grant(&requests[0].body)["scope"], scope, "{words:?}");
        assert!(requests[1].head.starts_with("GET /authentication/api/v1/exchange/maskinporten "), "{:?}", requests[1]);
        assert!(requests[2].head.starts_with(&format!("{line} HTTP/1.1\r\n")), "{words:?} {:?}", requests[2]);
        assert!(requests[2].head.contains(&format!("\r\nauthorization: Bearer {ALTINN_TOKEN}\r\n")), "{words:?}");
    }
}

#[test]
fn a_request_for_a_system_user_has_what_the_options_say_and_the_grant_has_none_of_it() {
    let server = Server::start(tokens().into_iter().chain([respond("201 Created", r#"{"id":"1","status":"New"}"#)]));
    let words = ["request", "create", "991825827_a", "310547891", "--right", "app_ttd_a", "--right", "b"];

    let words = [words.as_slice(), &["--external-ref", "ref", "--redirect-url", "https://a.example"]].concat();
    let printed = vendor(&server, &words).run().artefact();

    assert_eq!(printed, "request  1\nstatus   New\n");
    let requests = server.requests();
    let right = |id: &str| json!({ "resource": [{ "id": "urn:altinn:resource", "value": id }] });
    assert_eq!(
        serde_json::from_str::<Value>(&requests[2].body).unwrap(),
        json!({
            "systemId": "991825827_a",
            "partyOrgNo": "310547891",
            "rights": [right("app_ttd_a"), right("b")],
            "externalRef": "ref",
            "redirectUrl": "https://a.example",
        })
    );
    assert_eq!(grant(&requests[0].body).get("authorization_details"), None);
}

#[test]
fn every_page_of_a_list_is_fetched_from_the_platform_itself() {
    let page = |id: &str, next: Value| {
        respond("200 OK", json!({ "data": [{ "id": id }], "links": { "next": next } }).to_string())
    };
    let next = json!("https://evil.example/authentication/api/v1/x?token=page%202");
    let pages = [page("1", next), page("2", Value::Null)];
    let server = Server::start(tokens().into_iter().chain(pages));

    let printed = vendor(&server, &["users", "list", "991825827_a", "--format", "json"]).run().artefact();

    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), json!([{ "id": "1" }, { "id": "2" }]));
    let path = "GET /authentication/api/v1/systemuser/vendor/bysystem/991825827_a?token=page+2 HTTP/1.1\r\n";
    assert!(server.requests()[3].head.starts_with(path), "{:?}", server.requests()[3]);
}

#[test]
fn a_dry_run_prints_the_request_and_sends_nothing() {
    let server = Server::start([]);
    for (words, method, path) in [
        (
            ["system", "register", "991825827_a", "--name", "A"].as_slice(),
            "POST",
            "/authentication/api/v1/systemregister/vendor",
        ),
        (
            &["request", "create", "991825827_a", "310547891"],
            "POST",
            "/authentication/api/v1/systemuser/request/vendor",
        ),
        (&["request", "delete", "1"], "DELETE", "/authentication/api/v1/systemuser/request/vendor/1"),
    ] {
        let printed = vendor(&server, words).args(["--dry-run"]).run().artefact();

        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((&printed["method"], &printed["path"]), (&method.into(), &path.into()));
    }
}

#[test]
fn a_file_has_what_options_do_not_name() {
    let server = Server::start([]);
    let file = json!({ "id": "991825827_a", "name": { "nb": "Fil" }, "clientid": ["other"], "isVisible": false });

    let printed =
        vendor(&server, &["system", "register", "991825827_a", "--file", "-", "--name", "en=Option", "--dry-run"])
            .stdin(file.to_string())
            .run()
            .artefact();

    let body = serde_json::from_str::<Value>(&printed).unwrap()["body"].take();
    assert_eq!(
        body,
        json!({
            "id": "991825827_a",
            "vendor": { "authority": "iso6523-actorid-upis", "ID": "0192:991825827" },
            "name": { "nb": "Fil", "en": "Option" },
            "clientid": ["other"],
            "isVisible": false,
        })
    );
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is_sent() {
    let server = Server::start([]);
    for (words, expected) in [
        (
            ["system", "register", "smartcloud"].as_slice(),
            str![[r#"
error: the system cannot be sent
caused by: `smartcloud` is not the id of a system: it must be the vendor's organisation number, `_` and a name without spaces
hint: write it as 991825827_smartcloud

"#]],
        ),
        (
            &["system", "register", "991825828_a"],
            str![[r#"
error: the system cannot be sent
caused by: `991825828_a` is not the id of a system: it must be the vendor's organisation number, `_` and a name without spaces
caused by: `991825828` has a wrong check digit (modulus 11)
hint: write it as 991825827_smartcloud

"#]],
        ),
        (
            &["system", "register", "991825827_a", "--right", "https://a.example"],
            str![[r#"
error: the system cannot be sent
caused by: `https://a.example` is not the id of a resource or of an access package of Altinn
hint: write a resource as in Altinn's resource register (app_ORG_APP for an app), and an access package by the end of its URN

"#]],
        ),
        (
            &["system", "register", "991825827_a", "--file", "-"],
            str![[r#"
error: the system cannot be sent
caused by: the file is for the system `991825827_b`
hint: pass the id that is in the file, or change the file

"#]],
        ),
        (
            &["request", "create", "991825827_a", "123"],
            str![[r#"
error: the request cannot be sent
caused by: `123` is not nine digits
hint: give the nine digits alone, without `0192:` or `NO`

"#]],
        ),
        (
            &["request", "show", "1", "--wait=soon"],
            str![[r#"
error: --wait must be a time of at most a day
hint: pass --wait=30s or --wait=15m

"#]],
        ),
    ] {
        let outcome = vendor(&server, words).stdin(r#"{"id":"991825827_b"}"#).run();

        outcome.fails(2, expected);
    }
}

#[test]
fn altinns_reasons_are_shown_with_their_paths_and_explained() {
    let problem = json!({
        "type": "about:blank",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "code": "STD-00000",
        "validationErrors": [
            { "code": "AUTH.VLD-00002", "detail": "The system id already exists", "paths": ["/registersystemrequest/systemid"] },
        ],
    });
    for (step, expected) in [
        (
            respond("400 Bad Request", problem.to_string()),
            str![[r#"
error: Altinn refused to register the system: HTTP 400, STD-00000: One or more validation errors occurred.; AUTH.VLD-00002 at /registersystemrequest/systemid: The system id already exists
caused by: a system with this id is registered already
hint: update that system, or choose another id

"#]],
        ),
        (
            answer("403 Forbidden", &[], ""),
            str![[r#"
error: Altinn refused to register the system: HTTP 403
hint: check that the organisation is the vendor of the system, and that its token has the scope altinn:authentication/systemregister.write

"#]],
        ),
        (
            answer("409 Conflict", &["Content-Type: text/plain"], "The System already exist: 991825827_a"),
            str![[r#"
error: Altinn refused to register the system: HTTP 409: The System already exist: 991825827_a
hint: look it up in https://docs.altinn.studio/api/

"#]],
        ),
        (
            respond("200 OK", "<html>"),
            str![[r#"
error: unexpected response
caused by: [URL] answered HTTP 200 with application/json, and it is not JSON: <html>
hint: check the URL, and whether a proxy answers instead of the server

"#]],
        ),
    ] {
        let server = Server::start(tokens().into_iter().chain([step]));

        let outcome = vendor(&server, &["system", "register", "991825827_a", "--name", "A"]).run();

        let code = if outcome.stderr.contains("not JSON") { 6 } else { 5 };
        let outcome = if code == 6 {
            outcome.replacing(server.url("/authentication/api/v1/systemregister/vendor"), "[URL]")
        } else {
            outcome
        };
        outcome.fails(code, expected);
    }
}
