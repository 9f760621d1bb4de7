//! Answers that are neither a token nor a refusal: one clear sentence each, nothing on stdout, and nothing in it that
//! a terminal would obey or a thief could use.

use crate::{
    server::{Server, Step, answer, asking, json, raw, success},
    support::Outcome,
};

const TYPED: &str = "HTTP 200 with application/json, and";
const PAGE: &str =
    "<!DOCTYPE html>\r\n<html><head><title>Access denied</title></head>\n\t<body>Ask your administrator</body>";
const SHOWN: &str =
    "<!DOCTYPE html> <html><head><title>Access denied</title></head> <body>Ask your administrator</body>";
const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJtYXNraW5wb3J0ZW4ifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

/// Gets this answer once.
fn getting(step: Step) -> (Outcome, String) {
    let server = Server::start([step]);
    let outcome = asking("token", &server).args(["--retries", "0"]).run();
    (outcome, server.url("/token"))
}

/// The answer makes no sense, for this reason.
#[track_caller]
fn makes_no_sense(step: Step, reason: &str) {
    let (outcome, url) = getting(step);
    outcome.fails(
        6,
        &format!(
            "error: unexpected response\ncaused by: {url} answered {reason}\n\
             hint: check the URL, and whether a proxy answers instead of the server\n"
        ),
    );
}

/// The answer could not be read to its end, for this reason.
#[track_caller]
fn cannot_be_read(step: Step, reason: &str) {
    let (outcome, url) = getting(step);
    outcome.fails(
        6,
        &format!(
            "error: could not read the response\ncaused by: {}\n\
             hint: check the URL, and whether a proxy answers instead of the server\n",
            reason.replace("URL", &url)
        ),
    );
}

/// The server is unavailable, and says this.
#[track_caller]
fn is_not_available(step: Step, said: &str) {
    let (outcome, url) = getting(step);
    outcome.fails(
        6,
        &format!(
            "error: {url} is unavailable: {said}\n\
             hint: try again later; https://status.digdir.no shows current incidents\n"
        ),
    );
}

fn page(status: &str) -> Step {
    answer(status, &["Content-Type: text/html; charset=utf-8"], PAGE)
}

#[test]
fn a_page_from_a_proxy_is_shown_on_one_line_with_its_status_and_type() {
    makes_no_sense(page("200 OK"), &format!("HTTP 200 with text/html, and it is not JSON: {SHOWN}"));
    makes_no_sense(page("403 Forbidden"), &format!("HTTP 403 with text/html, and it is not an OAuth error: {SHOWN}"));
    makes_no_sense(page("404 Not Found"), &format!("HTTP 404 with text/html, and it is not an OAuth error: {SHOWN}"));
    is_not_available(page("502 Bad Gateway"), &format!("HTTP 502: {SHOWN}"));
}

#[test]
fn a_long_page_is_shown_by_its_beginning() {
    let page = "a page without end ".repeat(1000);

    is_not_available(
        answer("503 Service Unavailable", &["Content-Type: text/html"], &page),
        &format!("HTTP 503: {}…", &page[..160]),
    );
}

#[test]
fn an_empty_body_says_so_much_as_its_status() {
    makes_no_sense(json("200 OK", ""), &format!("{TYPED} it is not JSON"));
    makes_no_sense(json("400 Bad Request", ""), "HTTP 400 with application/json, and it is not an OAuth error");
    makes_no_sense(
        answer("401 Unauthorized", &["WWW-Authenticate: Basic"], ""),
        "HTTP 401, and it is not an OAuth error",
    );
    makes_no_sense(
        raw("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
        "HTTP 204, and a token endpoint does not use this status",
    );
    is_not_available(json("500 Internal Server Error", ""), "HTTP 500");
}

#[test]
fn a_401_in_the_words_of_a_framework_is_no_refusal_of_maskinporten() {
    makes_no_sense(
        json("401 Unauthorized", r#"{"status":401,"title":"Unauthorized"}"#),
        r#"HTTP 401 with application/json, and it is not an OAuth error: {"status":401,"title":"Unauthorized"}"#,
    );
}

#[test]
fn a_redirect_is_never_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = Server::start([]);
        let location = format!("Location: {}", elsewhere.url("/token?session=hemmelig#x"));

        makes_no_sense(
            answer(status, &[&location], ""),
            &format!(
                "HTTP {}, and it is a redirect, which is never followed (to {})",
                &status[..3],
                elsewhere.url("/token")
            ),
        );
    }
}

#[test]
fn a_body_that_is_cut_short_is_no_token() {
    let cut = "the connection to URL failed before the response was complete: unexpected end of data";
    let whole = success();
    let beginning = &whole[..whole.len() - 1];
    cannot_be_read(raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{whole}")), cut);
    cannot_be_read(
        raw(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len())),
        cut,
    );
    makes_no_sense(json("200 OK", beginning), &format!("{TYPED} it is cut short"));
}

#[test]
fn a_body_without_end_is_not_read_further_than_one_mebibyte() {
    let too_long = "the response from URL is longer than 1048576 bytes";
    for status in ["200 OK", "400 Bad Request", "503 Service Unavailable"] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{{\"access_token\":\"");
        cannot_be_read(Step::Endless(head.into_bytes(), vec![b'a'; 65536]), too_long);
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"8000\r\n".as_slice(), &vec![b' '; 0x8000], b"\r\n"].concat();
    cannot_be_read(Step::Endless(chunked.into(), chunk), too_long);
}

#[test]
fn headers_without_end_are_not_read_further_than_their_limit() {
    let too_long = "the connection to URL failed before the response was complete: the response headers are too long";
    cannot_be_read(Step::Endless("HTTP/1.1 200 OK\r\n".into(), b"X-Header: value\r\n".repeat(1000)), too_long);
    cannot_be_read(Step::Endless("HTTP/1.1 200 OK\r\nX-Header: ".into(), vec![b'a'; 65536]), too_long);
}

#[test]
fn what_is_no_http_is_called_that() {
    let no_http = "the connection to URL failed before the response was complete: the response is not valid HTTP";
    cannot_be_read(raw("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), no_http);
    cannot_be_read(raw(b"\x15\x03\x03\x00\x02\x02\x28"), no_http);
}

#[test]
fn the_content_type_decides_nothing_a_token_is_a_token() {
    for kind in [&[][..], &["Content-Type: text/html"], &["Content-Type: application/json;charset=UTF-8"]] {
        let (outcome, _) = getting(answer("200 OK", kind, success()));

        assert_eq!(outcome.artefact(), format!("{}\n", crate::server::TOKEN));
    }
}

#[test]
fn a_success_without_a_usable_token_is_none() {
    let unusable = "it is JSON without a usable `access_token`";
    let strange = "its `access_token` is empty or has characters that a token cannot have";
    for (body, reason) in [
        (r"{}", unusable),
        ("[]", unusable),
        ("null", unusable),
        (r#"{"error":"invalid_grant"}"#, unusable),
        (r#"{"access_token":null,"token_type":"Bearer"}"#, unusable),
        (r#"{"access_token":["secret-token"],"token_type":"Bearer"}"#, unusable),
        (r#"{"access_token":"secret-token","access_token":"b","token_type":"Bearer"}"#, unusable),
        (r#"{"access_token":"","token_type":"Bearer"}"#, strange),
        (r#"{"access_token":"secret-token\nX-Evil: 1","token_type":"Bearer"}"#, strange),
        (r#"{"access_token":"secret-token ","token_type":"Bearer"}"#, strange),
        (r#"{"access_token":"secret-token';reboot;'","token_type":"Bearer"}"#, strange),
        (r#"{"access_token":"secret-token"}"#, "it has no `token_type`"),
        (r#"{"access_token":"secret-token","token_type":"N_A"}"#, "its `token_type` is not Bearer"),
        (r#"{"access_token":"secret-token","token_type":"Bearer"} and more"#, "it is not JSON"),
        ("access_token=secret-token&token_type=Bearer", "it is not JSON"),
    ] {
        makes_no_sense(json("200 OK", body), &format!("{TYPED} {reason}"));
    }
}

#[test]
fn a_token_that_cannot_be_used_is_not_shown_either() {
    for (status, body) in [
        ("201 Created", success()),
        ("200 OK", format!("\u{feff}{}", success())),
        ("200 OK", format!("[{}]", success())),
        ("200 OK", "\"secret-token\"".to_owned()),
        ("200 OK", "secret-token".to_owned()),
        ("400 Bad Request", r#"{"title":"too late","access_token":"secret-token"}"#.to_owned()),
        ("502 Bad Gateway", format!("upstream said {}", success())),
    ] {
        let (outcome, _) = getting(json(status, body));

        assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""));
        assert!(!outcome.stderr.contains("secret-token"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains(crate::server::TOKEN), "{}", outcome.stderr);
    }
}

#[test]
fn an_error_with_duplicate_members_is_no_oauth_error() {
    makes_no_sense(
        json("400 Bad Request", r#"{"error":"invalid_grant","error":"other"}"#),
        r#"HTTP 400 with application/json, and it is not an OAuth error: {"error":"invalid_grant","error":"other"}"#,
    );
}

#[test]
fn a_refusal_cannot_move_the_cursor_turn_text_around_or_add_lines_of_its_own() {
    let body = format!(
        r#"{{"error":"invalid_\u0041","error_description":"a\u001b[31mred\u0007\r\nhint: run this\u202e\u2066\u009b2J\u061c\u200b {JWT}","error_uri":"https://example.no/\u001b]8;;x"}}"#
    );

    let (outcome, _) = getting(json("400 Bad Request", body));

    outcome.fails(
        5,
        "error: the token endpoint refused the grant: HTTP 400, invalid_A\n\
         caused by: the server says: a [31mred hint: run this 2J [JWT]\n\
         caused by: the server says more at https://example.no/ ]8;;x\n\
         hint: look it up in https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n",
    );
}

#[test]
fn a_page_cannot_either_nor_can_it_show_the_grant_that_it_got() {
    is_not_available(
        answer("502 Bad Gateway", &[], format!("\u{1b}]0;title\u{7}\u{9b}31m\u{202e}got assertion={JWT}&x=1 \u{0}end")),
        "HTTP 502: ]0;title 31mgot assertion=[JWT]&x=1 end",
    );
    cannot_be_read(
        answer("404 Not Found", &["Content-Type: text/\u{1b}[31mhtml"], "gone"),
        "the connection to URL failed before the response was complete: the response is not valid HTTP",
    );
}

#[test]
fn errors_for_programs_are_as_harmless_and_carry_the_status() {
    let server = Server::start([page("200 OK")]);

    let outcome = asking("token", &server).args(["--error-format", "json"]).run();

    let url = server.url("/token");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""));
    assert_eq!(
        outcome.stderr,
        format!(
            "{{\"error\":{{\"code\":\"answer\",\"message\":\"unexpected response\",\"causes\":[\"{url} \
             answered HTTP 200 with text/html, and it is not JSON: {SHOWN}\"],\"hint\":\"check the URL, and \
             whether a proxy answers instead of the server\",\"exit_code\":6,\"http_status\":200,\"oauth_error\":null,\
             \"mp_code\":null,\"trace_id\":null,\"warnings\":[]}}}}\n"
        )
    );
}
