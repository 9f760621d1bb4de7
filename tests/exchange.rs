//! The token request on the wire, and each form in which the token is printed.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::{
    server::{Server, TOKEN, asking, curl, json, shell, success, token},
    support::testdata,
};

fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

fn rfc3339(epoch: i64) -> String {
    DateTime::from_timestamp(epoch, 0).unwrap().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns an output and the expiry in it, which must be 599 s after the response.
#[track_caller]
fn ending(output: impl Fn() -> String, end_in: impl Fn(&str) -> i64) -> (String, i64) {
    let before = now();
    let printed = output();
    let end = end_in(&printed);
    assert!((before + 599..=now() + 599).contains(&end), "{printed}");
    (printed, end)
}

#[test]
fn the_request_is_exactly_that_of_rfc_7523() {
    let server = Server::start([token()]);

    asking("token", &server).run().artefact();

    let request = server.request();
    let length = request.body.len();
    let host = server.address();
    assert_eq!(
        request.head,
        format!(
            "POST /token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\naccept: application/json\r\n\
             user-agent: maskinporten/{}\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n",
            env!("CARGO_PKG_VERSION")
        )
    );
    let assertion =
        request.body.strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    let parts: Vec<_> = assertion.unwrap().split('.').collect();
    assert_eq!(parts.len(), 3);
    for part in parts {
        assert!(part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{part}");
        assert!(!part.is_empty());
    }
}

#[test]
fn the_query_of_a_token_endpoint_is_sent_but_not_shown() {
    let server = Server::start([json("200 OK", "[]")]);

    let outcome = asking("token", &server).args(["--token-endpoint", &server.url("/token?tenant=hemmelig")]).run();

    assert_eq!(server.request().line(), "POST /token?tenant=hemmelig HTTP/1.1");
    assert!(!outcome.stderr.contains("hemmelig"), "{}", outcome.stderr);
}

#[test]
fn the_claims_on_the_wire_are_those_of_the_options() {
    let server = Server::start([token()]);

    let before = now();
    asking("token", &server)
        .args([
            "--scope",
            "difitest:test1, difitest:test2",
            "--ttl",
            "90",
            "--consumer-org",
            "991825827",
            "--claim",
            "purpose=a test",
        ])
        .run()
        .artefact();

    let mut claims = server.request().claims();
    let issued = claims["iat"].as_i64().unwrap();
    assert!((before..=now()).contains(&issued));
    assert_eq!(claims["jti"].as_str().map(str::len), Some(36));
    claims.as_object_mut().unwrap().remove("jti");
    assert_eq!(
        claims,
        json!({
            "aud": "https://issuer.example/", "scope": "difitest:test1 difitest:test2", "iss": "our-client",
            "exp": issued + 90, "iat": issued, "consumer_org": "991825827", "purpose": "a test",
        })
    );
}

#[test]
fn token_prints_the_token_and_a_newline() {
    let server = Server::start([token()]);

    let printed = asking("token", &server).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn token_as_json_contains_the_expiry_in_rfc_3339_and_in_seconds() {
    let server = Server::start([token()]);

    let (printed, end) = ending(
        || asking("token", &server).args(["--format", "json"]).run().artefact(),
        |printed| serde_json::from_str::<Value>(printed).unwrap()["expires_at_epoch"].as_i64().unwrap(),
    );

    assert_eq!(
        printed,
        format!(
            "{{\"access_token\":\"{TOKEN}\",\"token_type\":\"Bearer\",\"expires_in\":599,\"scope\":\"difitest:test1\",\
             \"expires_at\":\"{}\",\"expires_at_epoch\":{end}}}\n",
            rfc3339(end)
        )
    );
}

#[test]
fn token_as_json_omits_what_the_response_does_not_contain() {
    let server = Server::start([json("200 OK", r#"{"access_token":"a.b-c","token_type":"bearer"}"#)]);

    let printed = asking("token", &server).args(["--format", "json"]).run().artefact();

    assert_eq!(printed, "{\"access_token\":\"a.b-c\",\"token_type\":\"Bearer\"}\n");
}

#[test]
fn token_as_env_can_be_evaluated_by_a_shell() {
    let server = Server::start([token()]);

    let (printed, end) = ending(
        || asking("token", &server).args(["--format", "env"]).run().artefact(),
        |printed| {
            let at = shell(&format!("eval \"$(cat <<'ENV'\n{printed}ENV\n)\"; echo $MASKINPORTEN_TOKEN_EXPIRES_AT"));
            DateTime::parse_from_rfc3339(at.trim()).unwrap().timestamp()
        },
    );

    let at = rfc3339(end);
    assert_eq!(printed, format!("export MASKINPORTEN_TOKEN={TOKEN}\nexport MASKINPORTEN_TOKEN_EXPIRES_AT={at}\n"));
    let seen_by_a_child = format!("{printed}sh -c 'echo \"$MASKINPORTEN_TOKEN $MASKINPORTEN_TOKEN_EXPIRES_AT\"'");
    assert_eq!(shell(&seen_by_a_child), format!("{TOKEN} {at}\n"));
}

#[test]
fn token_as_env_unsets_an_earlier_expiry_when_the_response_has_none() {
    let server = Server::start([json("200 OK", r#"{"access_token":"abc","token_type":"Bearer"}"#)]);

    let printed = asking("token", &server).args(["--format", "env"]).run().artefact();

    let script = format!("MASKINPORTEN_TOKEN_EXPIRES_AT=earlier\n{printed}echo \"$MASKINPORTEN_TOKEN_EXPIRES_AT.\"");
    assert_eq!(shell(&script), ".\n");
}

#[test]
fn token_prints_a_header_or_a_line_for_curls_config() {
    for (form, wanted) in [
        ("header", format!("Authorization: Bearer {TOKEN}\n")),
        ("curl-config", format!("header = \"Authorization: Bearer {TOKEN}\"\n")),
    ] {
        let server = Server::start([token()]);

        let printed = asking("token", &server).args(["--format", form]).run().artefact();

        assert_eq!(printed, wanted);
    }
}

#[test]
fn headers_are_printed_in_every_form_with_the_additional_ones() {
    let along = ["--header", r#"ApiKey: it's "a\b" $HOME"#, "--header", "Accept: text/a", "--header", "accept:text/b"];
    for (form, wanted) in [
        (
            "lines",
            format!("Authorization: Bearer {TOKEN}\nApiKey: it's \"a\\b\" $HOME\nAccept: text/a\naccept: text/b\n"),
        ),
        (
            "curl",
            format!(
                "-H 'Authorization: Bearer {TOKEN}' -H \"ApiKey: it's \\\"a\\\\b\\\" \"'$HOME' -H 'Accept: text/a' \
                 -H 'accept: text/b'\n"
            ),
        ),
        (
            "curl-config",
            format!(
                "header = \"Authorization: Bearer {TOKEN}\"\nheader = \"ApiKey: it's \\\"a\\\\b\\\" $HOME\"\n\
                 header = \"Accept: text/a\"\nheader = \"accept: text/b\"\n"
            ),
        ),
        (
            "json",
            format!(
                "{{\"Authorization\":\"Bearer {TOKEN}\",\"ApiKey\":\"it's \\\"a\\\\b\\\" $HOME\",\
                 \"Accept\":\"text/a, text/b\"}}\n"
            ),
        ),
    ] {
        let server = Server::start([token()]);

        let printed = asking("headers", &server).args(["--format", form]).args(along).run().artefact();

        assert_eq!(printed, wanted, "{form}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn curl_sends_the_output_of_headers_in_each_form_for_curl() {
    for form in ["lines", "curl-config", "curl"] {
        let server = Server::start([token()]);
        let api = Server::start([json("200 OK", "{}")]);
        let url = api.url("/api/hello");
        let arguments = ["--format", form, "--header", r#"ApiKey: it's "a\b" $HOME"#];

        let printed = asking("headers", &server).args(arguments).run().artefact();
        let output = match form {
            "lines" => curl(["-H", "@-", &url], &printed),
            "curl-config" => curl(["-K", "-", &url], &printed),
            _ => shell(&format!("curl -q -sS {} {url}", printed.trim_end())),
        };

        assert_eq!(output, "{}");
        let request = api.request();
        assert_eq!(request.line(), "GET /api/hello HTTP/1.1", "{form}");
        assert_eq!(request.header("Authorization"), Some(format!("Bearer {TOKEN}").as_str()), "{form}");
        assert_eq!(request.header("ApiKey"), Some(r#"it's "a\b" $HOME"#), "{form}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn curl_posts_the_form_of_a_grant() {
    let server = Server::start([token()]);

    let form = asking("grant", &server).args(["--format", "form"]).run().artefact();
    let output = curl(["-d", "@-", &server.url("/token")], &form);

    assert_eq!(output, success());
    let request = server.request();
    assert_eq!(request.line(), "POST /token HTTP/1.1");
    assert_eq!(request.header("Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(format!("{}\n", request.body), form);
    assert_eq!(request.claims()["iss"], "our-client");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_shell_runs_the_curl_command_of_a_grant() {
    let server = Server::start([token()]);
    let url = server.url("/token?a=it's");

    let command = asking("grant", &server).args(["--token-endpoint", &url, "--format", "curl"]).run().artefact();
    let output = shell(&command);

    assert_eq!(output, success());
    let request = server.request();
    assert_eq!(request.header("Content-Type"), Some("application/x-www-form-urlencoded"));
    let sent = server.url("/token?a=it%27s");
    assert_eq!(command, format!("curl -sS --data @- '{sent}' <<'FORM'\n{}\nFORM\n", request.body));
}

#[test]
fn a_grant_is_printed_without_a_request_to_the_server() {
    let server = Server::start([]);

    let jwt = asking("grant", &server).run().artefact();
    let decoded = asking("grant", &server).args(["--decode"]).run().artefact();

    assert_eq!(jwt.trim_end().split('.').count(), 3);
    let decoded: Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(decoded["header"]["alg"], "RS256");
    assert_eq!(decoded["claims"]["aud"], "https://issuer.example/");
}

#[test]
fn a_keystore_from_stdin_gets_a_token() {
    let server = Server::start([token()]);
    let keystore = std::fs::read(testdata("iterations-one.p12")).unwrap();

    let printed = asking("token", &server).args(["--keystore", "-"]).stdin(keystore).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}
