//! Responses that are neither a token nor a refusal: one clear sentence each, nothing on stdout, and neither control
//! characters nor secrets in the message.

use snapbox::str;

use crate::{
    server::{Server, Step, answer, asking, json, raw, success},
    support::{Expected, Outcome, assert_snapshot},
};

const PAGE: &str =
    "<!DOCTYPE html>\r\n<html><head><title>Access denied</title></head>\n\t<body>Ask your administrator</body>";
const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJtYXNraW5wb3J0ZW4ifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

/// Requests a token once, from a server that responds with this.
fn token_from(step: Step) -> (Outcome, String) {
    let server = Server::start([step]);
    let outcome = asking("token", &server).args(["--retries", "0"]).run();
    (outcome, server.url("/token"))
}

/// Requests a token and returns the failure, in which `[URL]` and `[REASON]` replace the address and the text after
/// `before`, and that text.
#[track_caller]
fn reason_of(step: Step, before: &str) -> (Outcome, String) {
    let (outcome, url) = token_from(step);
    let outcome = outcome.replacing(url, "[URL]");
    let reason = outcome.failure(6).split_once(before).and_then(|(_, rest)| rest.split_once("\nhint: "));
    let (reason, _) = reason.unwrap_or_else(|| panic!("{}", outcome.stderr));
    let reason = reason.to_owned();
    (outcome.replacing(format!("{before}{reason}"), &format!("{before}[REASON]")), reason)
}

/// The response is neither a token nor a refusal, for this reason.
#[track_caller]
fn makes_no_sense(step: Step, expected: impl Expected) {
    let (outcome, reason) = reason_of(step, "[URL] answered ");
    outcome.fails(
        6,
        str![[r#"
error: unexpected response
caused by: [URL] answered [REASON]
hint: check the URL, and whether a proxy answers instead of the server

"#]],
    );
    assert_snapshot(&reason, expected);
}

/// The response could not be read to its end, for this reason.
#[track_caller]
fn cannot_be_read(step: Step, expected: impl Expected) {
    let (outcome, reason) = reason_of(step, "caused by: ");
    outcome.fails(
        6,
        str![[r#"
error: could not read the response
caused by: [REASON]
hint: check the URL, and whether a proxy answers instead of the server

"#]],
    );
    assert_snapshot(&reason, expected);
}

/// The server is unavailable, with this status and text.
#[track_caller]
fn is_not_available(step: Step, expected: impl Expected) {
    let (outcome, reason) = reason_of(step, "is unavailable: ");
    outcome.fails(
        6,
        str![[r#"
error: [URL] is unavailable: [REASON]
hint: try again later

"#]],
    );
    assert_snapshot(&reason, expected);
}

fn page(status: &str) -> Step {
    answer(status, &["Content-Type: text/html; charset=utf-8"], PAGE)
}

#[test]
fn a_page_from_a_proxy_is_shown_on_one_line_with_its_status_and_type() {
    makes_no_sense(
        page("200 OK"),
        str![
            "HTTP 200 with text/html, and it is not JSON: <!DOCTYPE html> <html><head><title>Access denied</title></head> <body>Ask your administrator</body>"
        ],
    );
    makes_no_sense(
        page("403 Forbidden"),
        str![
            "HTTP 403 with text/html, and it is not an OAuth error: <!DOCTYPE html> <html><head><title>Access denied</title></head> <body>Ask your administrator</body>"
        ],
    );
    makes_no_sense(
        page("404 Not Found"),
        str![
            "HTTP 404 with text/html, and it is not an OAuth error: <!DOCTYPE html> <html><head><title>Access denied</title></head> <body>Ask your administrator</body>"
        ],
    );
    is_not_available(
        page("502 Bad Gateway"),
        str![
            "HTTP 502: <!DOCTYPE html> <html><head><title>Access denied</title></head> <body>Ask your administrator</body>"
        ],
    );
}

#[test]
fn only_the_beginning_of_a_long_page_is_shown() {
    let page = "a page without end ".repeat(1000);

    is_not_available(
        answer("503 Service Unavailable", &["Content-Type: text/html"], &page),
        str![
            "HTTP 503: a page without end a page without end a page without end a page without end a page without end a page without end a page without end a page without end a page w…"
        ],
    );
}

#[test]
fn an_empty_body_is_reported_by_its_status() {
    makes_no_sense(json("200 OK", ""), str!["HTTP 200 with application/json, and it is not JSON"]);
    makes_no_sense(json("400 Bad Request", ""), str!["HTTP 400 with application/json, and it is not an OAuth error"]);
    makes_no_sense(
        answer("401 Unauthorized", &["WWW-Authenticate: Basic"], ""),
        str!["HTTP 401, and it is not an OAuth error"],
    );
    makes_no_sense(
        raw("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
        str!["HTTP 204, and a token endpoint does not use this status"],
    );
    is_not_available(json("500 Internal Server Error", ""), str!["HTTP 500"]);
}

#[test]
fn a_401_that_a_web_framework_wrote_is_not_a_refusal() {
    makes_no_sense(
        json("401 Unauthorized", r#"{"status":401,"title":"Unauthorized"}"#),
        str![[
            r#"HTTP 401 with application/json, and it is not an OAuth error: {"status":401,"title":"Unauthorized"}"#
        ]],
    );
}

#[test]
fn a_redirect_is_never_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = Server::start([]);
        let location = format!("Location: {}", elsewhere.url("/token?session=hemmelig#x"));

        let (outcome, url) = token_from(answer(status, &[&location], ""));

        outcome
            .replacing(url, "[URL]")
            .replacing(elsewhere.url("/token"), "[LOCATION]")
            .replacing(&status[..3], "[STATUS]")
            .fails(
                6,
                str![[r#"
error: unexpected response
caused by: [URL] answered HTTP [STATUS], and it is a redirect, which is never followed (to [LOCATION])
hint: check the URL, and whether a proxy answers instead of the server

"#]],
            );
    }
}

#[test]
fn a_truncated_body_is_not_a_token() {
    let cut = str!["the connection to [URL] failed before the response was complete: unexpected end of data"];
    let whole = success();
    let beginning = &whole[..whole.len() - 1];
    cannot_be_read(raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{whole}")), cut.clone());
    cannot_be_read(
        raw(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len())),
        cut.clone(),
    );
    makes_no_sense(json("200 OK", beginning), str!["HTTP 200 with application/json, and it is cut short"]);
}

#[test]
fn an_endless_body_is_read_up_to_one_mebibyte() {
    let too_long = str!["the response from [URL] is longer than 1048576 bytes"];
    for status in ["200 OK", "400 Bad Request", "503 Service Unavailable"] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{{\"access_token\":\"");
        cannot_be_read(Step::Endless(head.into_bytes(), vec![b'a'; 65536]), too_long.clone());
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"8000\r\n".as_slice(), &vec![b' '; 0x8000], b"\r\n"].concat();
    cannot_be_read(Step::Endless(chunked.into(), chunk), too_long.clone());
}

#[test]
fn endless_headers_are_read_up_to_their_limit() {
    let too_long =
        str!["the connection to [URL] failed before the response was complete: the response headers are too long"];
    cannot_be_read(Step::Endless("HTTP/1.1 200 OK\r\n".into(), b"X-Header: value\r\n".repeat(1000)), too_long.clone());
    cannot_be_read(Step::Endless("HTTP/1.1 200 OK\r\nX-Header: ".into(), vec![b'a'; 65536]), too_long.clone());
}

#[test]
fn a_response_that_is_not_http_is_reported_as_such() {
    let no_http =
        str!["the connection to [URL] failed before the response was complete: the response is not valid HTTP"];
    cannot_be_read(raw("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), no_http.clone());
    cannot_be_read(raw(b"\x15\x03\x03\x00\x02\x02\x28"), no_http.clone());
}

#[test]
fn a_token_is_accepted_with_any_content_type() {
    for kind in [&[][..], &["Content-Type: text/html"], &["Content-Type: application/json;charset=UTF-8"]] {
        let (outcome, _) = token_from(answer("200 OK", kind, success()));

        assert_eq!(outcome.artefact(), format!("{}\n", crate::server::TOKEN));
    }
}

#[test]
fn a_success_without_a_usable_token_is_an_error() {
    let missing = str!["HTTP 200 with application/json, and it has no `access_token`"];
    let no_object = str!["HTTP 200 with application/json, and it is JSON, but not an object"];
    let strange = str![
        "HTTP 200 with application/json, and its `access_token` is empty or has characters that a token cannot have"
    ];
    for (body, reason) in [
        (r"{}", missing.clone()),
        ("[]", no_object.clone()),
        ("null", no_object.clone()),
        (r#"{"error":"invalid_grant"}"#, missing.clone()),
        (r#"{"access_token":null,"token_type":"Bearer"}"#, missing.clone()),
        (
            r#"{"access_token":["secret-token"],"token_type":"Bearer"}"#,
            str!["HTTP 200 with application/json, and its `access_token` is not a string"],
        ),
        (
            r#"{"access_token":"secret-token","access_token":"b","token_type":"Bearer"}"#,
            str!["HTTP 200 with application/json, and it has `access_token` more than once"],
        ),
        (
            r#"{"access_token":"secret-token","token_type":1}"#,
            str!["HTTP 200 with application/json, and its `token_type` is not a string"],
        ),
        (
            r#"{"access_token":"secret-token","token_type":"Bearer","scope":["a:b"]}"#,
            str!["HTTP 200 with application/json, and its `scope` is not a string"],
        ),
        (r#"{"access_token":"","token_type":"Bearer"}"#, strange.clone()),
        (r#"{"access_token":"secret-token\nX-Evil: 1","token_type":"Bearer"}"#, strange.clone()),
        (r#"{"access_token":"secret-token ","token_type":"Bearer"}"#, strange.clone()),
        (r#"{"access_token":"secret-token';reboot;'","token_type":"Bearer"}"#, strange.clone()),
        (r#"{"access_token":"secret-token"}"#, str!["HTTP 200 with application/json, and it has no `token_type`"]),
        (
            r#"{"access_token":"secret-token","token_type":"N_A"}"#,
            str!["HTTP 200 with application/json, and its `token_type` is not Bearer"],
        ),
        (
            r#"{"access_token":"secret-token","token_type":"Bearer"} and more"#,
            str!["HTTP 200 with application/json, and it is not JSON"],
        ),
        ("access_token=secret-token&token_type=Bearer", str!["HTTP 200 with application/json, and it is not JSON"]),
    ] {
        makes_no_sense(json("200 OK", body), reason);
    }
}

#[test]
fn a_token_in_an_unusable_response_is_not_shown() {
    for (status, body) in [
        ("201 Created", success()),
        ("200 OK", format!("\u{feff}{}", success())),
        ("200 OK", format!("[{}]", success())),
        ("200 OK", "\"secret-token\"".to_owned()),
        ("200 OK", "secret-token".to_owned()),
        ("400 Bad Request", r#"{"title":"too late","access_token":"secret-token"}"#.to_owned()),
        ("502 Bad Gateway", format!("upstream said {}", success())),
    ] {
        let (outcome, _) = token_from(json(status, body));

        assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""));
        assert!(!outcome.stderr.contains("secret-token"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains(crate::server::TOKEN), "{}", outcome.stderr);
    }
}

#[test]
fn an_error_with_duplicate_members_is_not_an_oauth_error() {
    makes_no_sense(
        json("400 Bad Request", r#"{"error":"invalid_grant","error":"other"}"#),
        str![[
            r#"HTTP 400 with application/json, and it is not an OAuth error: {"error":"invalid_grant","error":"other"}"#
        ]],
    );
}

#[test]
fn control_characters_and_tokens_in_a_refusal_are_removed() {
    let body = format!(
        r#"{{"error":"invalid_\u0041","error_description":"a\u001b[31mred\u0007\r\nhint: run this\u202e\u2066\u009b2J\u061c\u200b {JWT}","error_uri":"https://example.no/\u001b]8;;x"}}"#
    );

    let (outcome, _) = token_from(json("400 Bad Request", body));

    outcome.fails(
        5,
        str![[r#"
error: the token endpoint refused the grant: HTTP 400, invalid_A
caused by: the server says: a [31mred hint: run this 2J [JWT]
caused by: the server refers to https://example.no/ ]8;;x
hint: look the error up in the server's documentation or log; some servers want --client-auth or --token-request-param

"#]],
    );
}

#[test]
fn control_characters_and_assertions_in_a_page_are_removed() {
    is_not_available(
        answer("502 Bad Gateway", &[], format!("\u{1b}]0;title\u{7}\u{9b}31m\u{202e}got assertion={JWT}&x=1 \u{0}end")),
        str!["HTTP 502: ]0;title 31mgot assertion=[JWT]&x=1 end"],
    );
    cannot_be_read(
        answer("404 Not Found", &["Content-Type: text/\u{1b}[31mhtml"], "gone"),
        str!["the connection to [URL] failed before the response was complete: the response is not valid HTTP"],
    );
}

#[test]
fn json_errors_have_no_control_characters_and_contain_the_status() {
    let server = Server::start([page("200 OK")]);

    let outcome = asking("token", &server).args(["--error-format", "json"]).run();

    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
{"error":{"code":"answer","message":"unexpected response","causes":["[URL] answered HTTP 200 with text/html, and it is not JSON: <!DOCTYPE html> <html><head><title>Access denied</title></head> <body>Ask your administrator</body>"],"hint":"check the URL, and whether a proxy answers instead of the server","exit_code":6,"http_status":200,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
    );
}
