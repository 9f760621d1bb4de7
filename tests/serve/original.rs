//! The server mode of the original program, with its command line.

use std::fs;

use snapbox::str;

use super::Serve;
use crate::local::Local;

/// Returns the command line of the original's wrapper script, `start_test_token_server`.
fn wrapper(local: &Local, port: &str) -> Vec<String> {
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    vec![
        "--client_id=8d001e58-c758-4beb-a9ec-ae1d770fa35e".to_owned(),
        format!("--audience={}", local.issuer()),
        format!("--token_endpoint={}token", local.issuer()),
        "--scopes=difitest:test1,altinn:serviceowner".to_owned(),
        format!("--keystore_path={}", local.file("modern.p12").display()),
        format!("--keystore_password={password}"),
        "--server_mode".to_owned(),
        format!("--server_port={port}"),
    ]
}

#[test]
fn the_originals_server_mode_serves_what_postman_scripts_request() {
    let local = Local::start(&[]);
    let arguments = wrapper(&local, "0");
    let serve = Serve::start(local.maskinporten(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));

    let (remembered, again, fresh) = (serve.get("/?cache=true"), serve.get("/?cache=1"), serve.get("/"));

    assert_eq!(remembered.json()["scope"], "difitest:test1 altinn:serviceowner");
    assert_eq!(remembered.body, again.body);
    assert_ne!(remembered.body, fresh.body);
    assert_eq!(local.grants(), 2);
    assert!(!fresh.head.to_lowercase().contains("x-tokenrequest"));
}

#[test]
fn post_and_head_are_the_same_request_as_get() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let remembered = serve.get("/?cache=true");

    let posted = serve.post("/?cache=true", "application/x-www-form-urlencoded", "a=b");
    let empty = serve.request("POST", "/?cache=true", &["Content-Length: 0"], "");
    let head = serve.request("HEAD", "/?cache=true", &[], "");

    assert_eq!((&posted.body, &empty.body), (&remembered.body, &remembered.body));
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length").unwrap(), remembered.body.len().to_string());
    assert_eq!(local.grants(), 1);
    assert_eq!(serve.request("HEAD", "/", &[], "").status, 200);
    assert_ne!(serve.post("/", "text/plain", "").token(), remembered.token());
    assert_eq!(local.grants(), 3);
    assert_eq!(serve.request("HEAD", "/healthz", &[], "").status, 200);
    serve.request("POST", "/", &["Origin: https://evil.example.no", "Content-Length: 0"], "").fails(403, "origin");
}

#[test]
fn a_port_that_is_not_a_number_is_rejected_although_the_original_ignores_it() {
    let local = Local::start(&[]);
    let arguments = wrapper(&local, "abc");

    local.maskinporten(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).run().fails(
        2,
        str![[r#"
error: --server_port must be a number from 0 to 65535
hint: pass --server_port=17823, or leave it out

"#]],
    );
}
