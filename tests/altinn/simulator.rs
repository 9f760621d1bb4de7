//! The commands of `altinn` against the simulator, over TLS where passwords and certificates are sent.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;
use snapbox::str;

use crate::{
    local::Local,
    support::{Maskinporten, http_get, https_get_with, maskinporten, wait},
};

/// The client of a vendor, whose organisation has the number in the ids of its systems.
const VENDOR: &str = "e2a5c9b0-6d1f-4f0a-8f3b-5b7d0c9a1e34";
const SYSTEM: &str = "310700045_sky";
const CUSTOMER: &str = "310700010";

/// Makes a command of the vendor.
fn vendor(local: &Local, words: &[&str]) -> Maskinporten {
    let key = local.file("registered-key.jwk.json");
    local
        .maskinporten(&["altinn", "-q"])
        .args(words)
        .args(["--env", "local", "--client-id", VENDOR, "--jwk"])
        .args([key])
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Registers the system, and asks the customer to approve a system user; returns the request.
fn request(local: &Local) -> Value {
    vendor(local, &["system", "register", SYSTEM, "--name", "Sky", "--description", "En sky", "--right", "app_ttd_a"])
        .run()
        .artefact();
    let created = ["request", "create", SYSTEM, CUSTOMER, "--right", "app_ttd_a", "--format", "json"];
    json(&vendor(local, &created).run().artefact())
}

/// Answers a request on its page, as the customer does.
fn answer(local: &Local, request: &Value, answer: &str) {
    let url = request["confirmUrl"].as_str().unwrap();
    let page = http_get(url);
    let (_, rest) = page.split_once("name=\"secret\" value=\"").unwrap();
    let body = format!("secret={}&answer={answer}", rest.split('"').next().unwrap());
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}{}", local.log());
}

#[test]
fn a_system_is_registered_changed_and_listed() {
    let local = Local::start(&[]);
    let words = ["system", "register", SYSTEM, "--name", "Sky", "--description", "nb=En sky", "--right", "app_ttd_a"];
    let shown = vendor(&local, &words).args(["--redirect-url", "https://a.example/ok"]).run().artefact();
    let changed = vendor(&local, &["system", "update", SYSTEM, "--name", "en=Cloud", "--visible", "false"]);
    let changed = changed.args(["--access-package", "regnskapsforer-lonn", "--file", "-"]);
    let changed = changed.stdin(r#"{ "description": { "nb": "En ny sky" } }"#).run().artefact();
    let listed = vendor(&local, &["system", "list"]).run().artefact();

    assert_eq!(
        shown,
        format!(
            "system         {SYSTEM}\nvendor         0192:310700045\nname           Sky\ndescription    En sky\n\
             clients        {VENDOR}\nrights         app_ttd_a\nredirect URLs  https://a.example/ok\n\
             visible        true\n"
        )
    );
    assert!(changed.contains("\nname             Cloud\n"), "{changed}");
    assert!(changed.contains("\ndescription      En ny sky\n"), "{changed}");
    assert!(changed.contains("\nrights           app_ttd_a\n"), "{changed}");
    assert!(changed.contains("\naccess packages  urn:altinn:accesspackage:regnskapsforer-lonn\n"), "{changed}");
    assert_eq!(listed, format!("system         name   visible  type\n{SYSTEM}  Cloud  false    standard\n"));
}

#[test]
fn a_system_user_is_waited_for_until_the_customer_has_approved_it() {
    let local = Local::start(&[]);
    let created = request(&local);
    let id = created["id"].as_str().unwrap();
    assert_eq!(created["status"], "New");

    let (waiting, home) = vendor(&local, &["request", "show", id, "--wait=2m", "--format", "json"]).start();
    // It has asked at least once before the customer answers.
    std::thread::sleep(Duration::from_millis(500));
    answer(&local, &created, "approve");
    let outcome = wait(waiting);
    drop(home);

    assert_eq!(json(&outcome.artefact())["status"], "Accepted");
    let users = json(&vendor(&local, &["users", "list", SYSTEM, "--format", "json"]).run().artefact());
    assert_eq!(users[0]["reporteeOrgNo"], CUSTOMER);
    // The system user's token, exchanged.
    let key = local.file("registered-key.jwk.json");
    let token = local
        .maskinporten(&["token", "--env", "local", "--altinn", "--client-id", VENDOR, "--system-user", CUSTOMER])
        .args(["--scope", "altinn:systembruker.demo", "--jwk"])
        .args([key])
        .run()
        .artefact();
    let who = local.maskinporten(&["altinn", "whoami", "--format", "json"]).stdin(token).run().artefact();
    let who = json(&who);
    assert_eq!((&who["system_user_owner"], &who["system"]), (&CUSTOMER.into(), &SYSTEM.into()));
    assert_eq!((&who["kind"], &who["environment"]), (&"altinn_token".into(), &"local".into()));
}

#[test]
fn a_request_that_the_customer_rejects_is_a_failure_with_a_remedy() {
    let local = Local::start(&[]);
    let created = request(&local);
    let id = created["id"].as_str().unwrap();
    answer(&local, &created, "reject");

    let outcome = vendor(&local, &["request", "show", id, "--wait"]).run();

    outcome.fails(
        5,
        str![[r#"
error: the customer has not approved the system user: the status is Rejected
hint: ask the customer, then delete the request and make another: maskinporten altinn request delete ID

"#]],
    );
}

#[test]
fn a_customer_who_has_not_answered_in_time_can_be_waited_for_again() {
    let local = Local::start(&[]);
    let created = request(&local);
    let id = created["id"].as_str().unwrap();

    let outcome = vendor(&local, &["request", "show", id, "--wait=1s"]).run();

    outcome.replacing(id, "[ID]").fails(
        6,
        str![[r#"
error: the customer has not answered yet
hint: wait again: maskinporten altinn request show [ID] --wait

"#]],
    );
}

#[test]
fn a_request_is_listed_and_deleted() {
    let local = Local::start(&[]);
    let created = request(&local);
    let id = created["id"].as_str().unwrap();
    let list = || json(&vendor(&local, &["request", "list", SYSTEM, "--format", "json"]).run().artefact());

    assert_eq!(list()[0]["id"], id);
    assert_eq!(vendor(&local, &["request", "delete", id]).run().artefact(), "");
    assert_eq!(list(), json("[]"));
}

#[test]
fn altinns_own_code_is_explained() {
    let local = Local::start(&[]);

    let outcome = vendor(&local, &["request", "create", "310700045_none", CUSTOMER, "--right", "app_ttd_a"]).run();

    outcome.fails(
        5,
        str![[r#"
error: Altinn refused to make the request for a system user: HTTP 404, AUTH-00011: No system of this vendor has this id.
caused by: there is no system with this id in the system register
hint: check the system id, and register the system in this environment

"#]],
    );
}

/// The second user is that of an organisation, whose certificate is in the keystore of the simulator's first client.
#[test]
fn both_methods_of_altinn_2_work_over_tls_and_the_session_is_used() {
    let local = Local::start(&["--tls"]);
    for (user, more, name) in
        [("simulert", [].as_slice(), "simulert"), ("virksomhetsbruker", &["--client-certificate"], "310700010")]
    {
        let login =
            local.maskinporten(&["altinn", "login", "-q", "--env", "local", "--user", user, "--format", "json"]);
        let login = login.args(more).args(["--altinn-password-file"]).args([local.file("altinn.password")]);
        let headers = json(&login.args(["--api-key-file"]).args([local.file("altinn.api-key")]).run().artefact());

        let response = https_get_with(&format!("{}api/my/messagebox", local.issuer()), &headers);

        assert!(response.contains(&format!("\"Name\":\"{name}\"")), "{response}");
    }
    // The password alone is not enough.
    let login = local.maskinporten(&["altinn", "login", "-q", "--env", "local", "--user", "virksomhetsbruker"]);
    let login = login.args(["--altinn-password-file"]).args([local.file("altinn.password")]);
    let refused = login.args(["--api-key-file"]).args([local.file("altinn.api-key")]).run();
    assert!(refused.failure(5).contains("an enterprise user also needs --client-certificate"), "{}", refused.stderr);
}

#[test]
fn test_tokens_are_used_by_every_command_that_takes_a_token() {
    let local = Local::start(&[]);
    let settings = |command: Maskinporten| {
        command
            .env("MASKINPORTEN_ENV", "local")
            .env("MASKINPORTEN_TEST_TOKEN", "enterprise")
            .env("MASKINPORTEN_TEST_TOKEN_PARAM", "orgNo=991825827")
            .env("MASKINPORTEN_SCOPE", "altinn:serviceowner")
            .env("MASKINPORTEN_ALTINN_USER", "simulert")
            .env("MASKINPORTEN_ALTINN_PASSWORD_FILE", local.file("altinn.password"))
    };
    let token = settings(local.maskinporten(&["token"])).run().artefact();
    let headers = settings(local.maskinporten(&["headers"])).run().artefact();
    let run =
        settings(local.maskinporten(&["exec", "--", "sh", "-c", "printf %s \"$MASKINPORTEN_TOKEN\""])).run().artefact();

    for token in [token.as_str(), headers.strip_prefix("Authorization: Bearer ").unwrap(), &run] {
        let who = maskinporten(["altinn", "whoami", "-q", "--format", "json"]).stdin(token).run().artefact();
        assert_eq!(json(&who)["organisation_number"], "991825827");
    }
}

/// The platform answers with a token of its own, and refuses one that it did not sign.
#[test]
fn the_platform_says_whom_it_takes_a_token_for() {
    let local = Local::start(&[]);
    let token = local.maskinporten(&["token", "--env", "local", "--altinn"]).run().artefact();
    let ask =
        |token: &str| local.maskinporten(&["altinn", "whoami", "--ask", "-q", "--env", "local"]).stdin(token).run();

    let known = ask(&token).artefact();
    assert!(known.contains("\norganisation    310700010\n"), "{known}");

    let (signed, signature) = token.trim_end().rsplit_once('.').unwrap();
    let other: String = signature.chars().rev().collect();
    let refused = ask(&format!("{signed}.{other}"));
    assert!(refused.failure(5).contains("HTTP 401"), "{}", refused.stderr);
}
