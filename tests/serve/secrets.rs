//! Servers with a secret.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::Serve;
use crate::local::Local;

/// Writes a secret to a private file.
pub(super) fn secret_file(local: &Local, secret: &str) -> String {
    let file = local.home().join("secret");
    fs::write(&file, secret).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_secret_file_that_others_can_read_causes_a_warning() {
    let local = Local::start(&[]);
    let secret = secret_file(&local, "hemmelig-nøkkel\n");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();

    let serve = Serve::local(&local, &["--secret-file", &secret]);

    let warning = format!("warning: other users of this machine can read `{secret}`; run chmod 600 on it\n");
    assert!(serve.log().starts_with(&warning), "{}", serve.log());
}

#[test]
fn no_token_is_served_without_the_secret() {
    let local = Local::start(&[]);
    let secret = secret_file(&local, "hemmelig-nøkkel\n");
    let serve = Serve::local(&local, &["--secret-file", &secret]);

    for headers in [
        &[][..],
        &["Authorization: Bearer "],
        &["Authorization: Bearer hemmelig"],
        &["Authorization: Bearer hemmelig-nøkkel "],
        &["Authorization: Basic hemmelig-nøkkel"],
        &["Authorization: hemmelig-nøkkel"],
        &["Authorization: Bearer hemmelig-nøkkel", "Authorization: Bearer hemmelig-nøkkel"],
    ] {
        for path in ["/", "/?cache=true", "/headers", "/metrics", "/nothing"] {
            let answer = serve.get_with(path, headers);
            let trimmed = headers.first().is_some_and(|header| header.ends_with("nøkkel "));
            if trimmed {
                // White space around a value is not part of it (RFC 9110 §5.5).
                assert_ne!(answer.status, 401);
                continue;
            }
            answer.fails(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    serve.get_with("/page.json", &["Sec-Fetch-Site: same-origin"]).fails(401, "unauthorized");
    serve.post("/api/v1/token", "application/json", "{}").fails(401, "unauthorized");
    assert_eq!(serve.get_with("/?cache=true", &["authorization: bearer hemmelig-nøkkel"]).status, 200);
    assert_eq!(serve.get("/healthz").status, 200);
    assert_eq!(serve.get_with("/", &["Accept: text/html"]).header("content-type"), Some("text/html; charset=utf-8"));
    assert!(!serve.log().contains("hemmelig"), "{}", serve.log());
}

#[test]
fn a_secret_on_the_command_line_works_and_causes_a_warning() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--secret", "hemmelig-og-lang-nok"]);

    assert_eq!(serve.get_with("/", &["Authorization: Bearer hemmelig-og-lang-nok"]).status, 200);
    serve.get("/").fails(401, "unauthorized");
    let warning = "warning: --secret shows in the process list; pass --secret-file FILE instead\n";
    assert!(serve.log().starts_with(warning), "{}", serve.log());
}
