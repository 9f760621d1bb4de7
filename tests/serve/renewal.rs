//! Tokens that are renewed before anybody has to wait for them.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Serve;
use crate::local::Local;

#[test]
fn a_token_in_use_is_renewed_before_anybody_has_to_wait_and_one_that_is_not_is_let_go() {
    let local = Local::with_clients(&[], |clients| {
        clients["faults"] = json!({ "success": { "expires_in": 4 }, "delay_milliseconds": 300 });
    });
    let mut serve = Serve::local(&local, &[]);
    let first = serve.get("/?cache=true").token();
    serve.get("/?cache=true");

    serve.wait_for("renewed before expiry (default: difitest:test1)");
    let asked = Instant::now();
    let second = serve.get("/?cache=true").token();

    assert_ne!(first, second);
    assert!(asked.elapsed() < Duration::from_millis(200), "{:?}", asked.elapsed());
    assert_eq!(local.grants(), 2);
    // Used once since, so it is renewed once more; then nobody comes.
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(local.grants(), 3);
}

#[test]
fn fresh_tokens_that_nobody_takes_from_memory_are_not_renewed() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "success": { "expires_in": 3 } }));
    let serve = Serve::local(&local, &[]);

    for _ in 0..10 {
        assert_eq!(serve.get("/").status, 200);
    }
    std::thread::sleep(Duration::from_secs(4));

    assert_eq!(local.grants(), 10);
}

#[test]
fn a_renewal_that_fails_is_tried_again_and_told_in_the_log() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "success": { "expires_in": 12 } }));
    let mut serve = Serve::local(&local, &["--retries", "0", "--min-ttl", "6"]);
    let token = serve.get("/?cache=true").token();
    assert_eq!(serve.get("/?cache=true").token(), token);

    local.edit(|clients| {
        clients["faults"] =
            json!({ "answer": "status", "status": 503, "first_requests": 1, "success": { "expires_in": 12 } });
    });
    serve.wait_for("could not renew: unavailable (default: difitest:test1)");
    let meanwhile = serve.get("/?cache=true");
    serve.wait_for("renewed before expiry (default: difitest:test1)");

    assert_eq!(meanwhile.token(), token);
    assert_ne!(serve.get("/?cache=true").token(), token);
}

#[test]
fn a_margin_of_nearly_the_whole_life_makes_no_storm_of_renewals() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "success": { "expires_in": 10 } }));
    let serve = Serve::local(&local, &["--min-ttl", "9"]);

    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        assert_eq!(serve.get("/?cache=true").status, 200);
    }

    assert!(local.grants() <= 8, "{}", local.grants());
}
