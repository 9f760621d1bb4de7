//! Test tokens: what the generator is asked for, and what is refused before.

use snapbox::str;

use crate::{
    server::{Server, answer, json as respond},
    support::{Maskinporten, maskinporten},
};

/// A token that the generator could have made, which expires in 2100.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";

fn test_token(server: &Server, words: &[&str]) -> Maskinporten {
    maskinporten(["altinn", "test-token"])
        .args(words)
        .args(["--test-token-url", &server.url(""), "--user", "tester"])
        .env("MASKINPORTEN_ALTINN_PASSWORD", "p:å+")
}

#[test]
fn the_generator_gets_the_parameters_and_basic_authentication() {
    for (words, line) in [
        (
            ["enterprise", "--org", "ttd", "--org-number", "991825827", "--scope", "altinn:a altinn:b"].as_slice(),
            "GET /api/GetEnterpriseToken?env=tt02&scopes=altinn%3Aa+altinn%3Ab&org=ttd&orgNo=991825827 HTTP/1.1\r\n",
        ),
        (
            &["enterprise", "--scope", "a", "--supplier", "991825827", "--lifetime", "60", "--altinn-env", "at22"],
            "GET /api/GetEnterpriseToken?env=at22&scopes=a&supplierOrgNo=991825827&ttl=60 HTTP/1.1\r\n",
        ),
        (
            &["person", "--pid", "01017012345", "--level", "4", "--user-id", "1", "--party-id", "2"],
            "GET /api/GetPersonalToken?env=tt02&pid=01017012345&authLvl=4&userId=1&partyId=2 HTTP/1.1\r\n",
        ),
        (
            &["system-user", "--id", "a37ed29e", "--owner", "310547891", "--test-token-param", "env=none"],
            "GET /api/GetSystemUserToken?env=none&systemUserId=a37ed29e&systemUserOrg=310547891 HTTP/1.1\r\n",
        ),
    ] {
        let server = Server::start([respond("200 OK", format!("\"{TOKEN}\""))]);

        let printed = test_token(&server, words).args(["--format", "header"]).run().artefact();

        assert_eq!(printed, format!("Authorization: Bearer {TOKEN}\n"));
        let request = server.request();
        assert!(request.head.starts_with(line), "{}", request.head);
        // tester:p:å+
        assert!(request.head.contains("\r\nauthorization: Basic dGVzdGVyOnA6w6Ur\r\n"), "{}", request.head);
    }
}

#[test]
fn a_refusal_names_the_parameters_that_are_wrong() {
    let wrong = r#"{"pid":"Parameter was supplied with a invalid value","env":"Parameter must be supplied"}"#;
    for (step, expected) in [
        (
            respond("400 Bad Request", wrong),
            str![[r#"
error: Altinn refused to make a test token: HTTP 400: pid: Parameter was supplied with a invalid value; env: Parameter must be supplied
caused by: a parameter of the test token is missing or not valid
hint: check the scopes, the environment, and the numbers of the organisation or the person

"#]],
        ),
        (
            answer("401 Unauthorized", &["WWW-Authenticate: Basic"], ""),
            str![[r#"
error: Altinn refused to make a test token: HTTP 401
caused by: the test token generator does not accept the user name and the password
hint: check --user and its password; Altinn gives access at servicedesk@altinn.no

"#]],
        ),
    ] {
        let server = Server::start([step]);

        test_token(&server, &["person", "--pid", "1"]).run().fails(5, expected);
    }
}

#[test]
fn what_is_missing_or_contradictory_is_reported_before_anything_is_sent() {
    let server = Server::start([]);
    for (words, code, expected) in [
        (
            ["enterprise"].as_slice(),
            3,
            str![[r#"
error: no scope was given
hint: pass --scope SCOPE, or set MASKINPORTEN_SCOPE

"#]],
        ),
        (
            &["person", "--altinn-env", "prod"],
            3,
            str![[r#"
error: --altinn-env is not a test environment of Altinn
hint: pass --altinn-env tt02, or another test environment

"#]],
        ),
        (
            &["person", "--env", "prod"],
            3,
            str![[r#"
error: --env is not a test environment of Altinn
hint: pass --altinn-env tt02, or another test environment

"#]],
        ),
        (
            &["person", "--test-token-param", "pid"],
            2,
            str![[r#"
error: --test-token-param is not of the form NAME=VALUE
hint: pass --test-token-param NAME=VALUE

"#]],
        ),
    ] {
        test_token(&server, words).run().fails(code, expected);
    }
    let without_user = maskinporten(["altinn", "test-token", "person"]).env("MASKINPORTEN_ALTINN_PASSWORD", "hemmelig");
    without_user.run().fails(
        3,
        str![[r#"
error: no user name was given
hint: pass --user NAME, or set MASKINPORTEN_ALTINN_USER

"#]],
    );
    let without_password = maskinporten(["altinn", "test-token", "person", "--user", "tester"]);
    without_password.run().fails(
        3,
        str![[r#"
error: no password was given for the user `tester`, and there is no terminal to ask on
hint: set MASKINPORTEN_ALTINN_PASSWORD, or pass --altinn-password-file FILE

"#]],
    );
    let grant = maskinporten(["grant", "--env", "test"]).env("MASKINPORTEN_TEST_TOKEN", "person");
    grant.run().fails(
        3,
        str![[r#"
error: MASKINPORTEN_TEST_TOKEN has no effect here: a test token needs no grant
hint: use it with token, headers, exec, curl, serve or agent, or leave it out

"#]],
    );
}
