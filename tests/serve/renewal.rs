//! Tokens that are renewed before their expiry.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Serve, wait_until};
use crate::local::Local;

/// Returns the seconds until the token in memory expires.
fn seconds_left(serve: &Serve) -> i64 {
    let metrics = serve.get("/metrics").body;
    metrics.trim_end().rsplit_once("} ").unwrap().1.parse().unwrap()
}

#[test]
fn a_token_in_use_is_renewed_before_its_expiry_and_an_unused_one_is_not() {
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
    // It was used once since, so it is renewed once more, and the third one expires.
    wait_until(|| local.grants() == 3 && seconds_left(&serve) <= 0);
    assert_eq!(local.grants(), 3);
}

#[test]
fn new_tokens_that_are_not_used_from_memory_are_not_renewed() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "success": { "expires_in": 3 } }));
    let serve = Serve::local(&local, &[]);

    for _ in 0..10 {
        assert_eq!(serve.get("/").status, 200);
    }

    wait_until(|| seconds_left(&serve) <= 0);
    assert_eq!(local.grants(), 10);
}

#[test]
fn a_failed_renewal_is_logged_and_retried() {
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
fn a_minimum_lifetime_close_to_the_whole_lifetime_causes_few_renewals() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "success": { "expires_in": 10 } }));
    let serve = Serve::local(&local, &["--min-ttl", "9"]);

    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        assert_eq!(serve.get("/?cache=true").status, 200);
    }

    assert!(local.grants() <= 8, "{}", local.grants());
}
