//! The response of each path.

use std::fs;

use serde_json::json;

use super::{Serve, wait_until};
use crate::local::Local;

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8";
const OWN: &str = "Sec-Fetch-Site: same-origin";

#[test]
fn a_plain_request_gets_a_new_token_in_the_token_endpoints_json() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);

    let (first, second) = (serve.get("/"), serve.get("/"));

    assert_eq!((first.status, second.status, local.grants()), (200, 200, 2));
    assert_ne!(first.token(), second.token());
    let answer = first.json();
    let members: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["access_token", "token_type", "expires_in", "scope"]);
    assert_eq!((&answer["expires_in"], &answer["scope"]), (&json!(119), &json!("difitest:test1")));
    for (name, value) in [("content-type", "application/json"), ("cache-control", "no-store"), ("age", "0")] {
        assert_eq!(first.header(name), Some(value));
    }
    assert_eq!(first.header("content-length").unwrap(), first.body.len().to_string());
    for leak in ["x-tokenrequest", "access-control", "assertion", "server:"] {
        assert!(!first.head.to_lowercase().contains(leak), "{}", first.head);
    }
}

#[test]
fn a_token_from_memory_has_the_same_bytes_each_time() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);

    let first = serve.get("/?cache=true");

    for query in ["cache=true", "cache=1", "cache=TRUE"] {
        assert_eq!(serve.get(&format!("/?{query}")).body, first.body);
    }
    assert_eq!(local.grants(), 1);
    for (count, value) in (2..).zip(["=false", "=0", "=yes", "=", "", "=2", "=true%20"]) {
        assert_ne!(serve.get(&format!("/?cache{value}")).body, first.body, "as in the original, {value} is not true");
        assert_eq!(local.grants(), count);
    }
}

#[test]
fn a_token_with_less_than_the_minimum_lifetime_left_is_not_served_from_memory() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--min-ttl", "119"]);

    let first = serve.get("/?cache=true").token();

    wait_until(|| serve.get("/?cache=true").token() != first);
    assert_eq!(local.grants(), 2);
}

#[test]
fn other_scopes_that_the_profile_has_or_allows_get_tokens_of_their_own() {
    let local = Local::start(&[]);
    let serve = Serve::local(
        &local,
        &["-s", "difitest:test1 difitest:test2", "--allow-scopes", "altinn:*", "--allow-scopes", "simulator:short"],
    );
    let scope = |query: &str| serve.get(&format!("/?cache=true&scope={query}"));

    let both = serve.get("/?cache=true");
    let one = scope("difitest:test2");
    let altinn = scope("altinn:events.publish%20altinn:serviceowner");

    assert_eq!(both.json()["scope"], "difitest:test1 difitest:test2");
    assert_eq!(one.json()["scope"], "difitest:test2");
    assert_eq!(altinn.json()["scope"], "altinn:events.publish altinn:serviceowner");
    assert_eq!(scope("altinn:events.publish+altinn:serviceowner").body, altinn.body);
    assert_eq!(scope("difitest:test1,difitest:test2").body, both.body);
    assert_eq!(scope("simulator:short").status, 200);
    assert_eq!(local.grants(), 4);
    for forbidden in ["simulator:ungranted", "difitest:test1%20simulator:shorter", "altinn", "difitest:"] {
        scope(forbidden).fails(403, "scope_not_allowed");
    }
    assert_eq!(local.grants(), 4, "scopes that are not allowed are not requested");
    scope("").fails(400, "scope");
    scope("a%22b").fails(400, "scope");
}

#[test]
fn profiles_are_served_by_name_and_the_first_is_the_default() {
    let local = Local::start(&[]);
    let folder = profiles(&local);
    let config = folder.path().join("config.toml").display().to_string();

    let serve = Serve::start(local.maskinporten(&[
        "serve",
        "--port",
        "0",
        "--config",
        &config,
        "--profile",
        "b",
        "--profile",
        "a",
    ]));

    assert_eq!(serve.get("/?cache=true").json()["scope"], "difitest:test2");
    assert_eq!(serve.get("/?cache=true&profile=b").json()["scope"], "difitest:test2");
    assert_eq!(serve.get("/?cache=true&profile=a").json()["scope"], "difitest:test1");
    assert_eq!(local.grants(), 2);
    let unknown = serve.get("/?profile=c");
    unknown.fails(404, "unknown_profile");
    assert_eq!(unknown.json()["remedy"], "use one of b, a");
    assert_eq!(
        serve.get("/headers?profile=a").body.lines().skip(1).collect::<Vec<_>>(),
        ["Accept: application/hal+json"]
    );
    assert!(serve.log().contains("(serving b, a)"), "{}", serve.log());
}

#[test]
fn without_profile_options_only_the_default_profile_is_served() {
    let local = Local::start(&[]);
    let folder = profiles(&local);
    let config = folder.path().join("config.toml").display().to_string();

    let serve = Serve::start(local.maskinporten(&["serve", "--port", "0", "--config", &config]));

    assert_eq!(serve.get("/").json()["scope"], "difitest:test1");
    serve.get("/?profile=b").fails(404, "unknown_profile");
}

/// Writes two profiles of the simulator's client.
pub(super) fn profiles(local: &Local) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "default_profile = \"a\"\n\
         [profiles.a]\nenv = \"local\"\nscope = \"difitest:test1\"\nkeystore = \"{keystore}\"\n\
         keystore_password_file = \"{password}\"\nclient_id = \"8d001e58-c758-4beb-a9ec-ae1d770fa35e\"\n\
         [profiles.a.headers]\nAccept = \"application/hal+json\"\n\
         [profiles.b]\nextends = \"a\"\nscope = \"difitest:test2\"\n",
        keystore = local.file("modern.p12").display(),
        password = local.file("modern.password").display(),
    );
    fs::write(folder.path().join("config.toml"), text).unwrap();
    folder
}

#[test]
fn an_invalid_query_is_rejected_rather_than_ignored() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for query in ["caching=true", "cache=true&cache=true", "profile=default&profile=x", "x"] {
        serve.get(&format!("/?{query}")).fails(400, "invalid_request");
    }
    serve.get("/healthz?cache=true").fails(400, "invalid_request");
    assert_eq!(local.grants(), 0);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn headers_are_lines_for_curl_and_come_from_memory_unless_the_query_says_otherwise() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);

    let token = serve.get("/?cache=true").token();
    let headers = serve.get("/headers");

    assert_eq!(headers.body, format!("Authorization: Bearer {token}\n"));
    assert_eq!(headers.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_ne!(serve.get("/headers?cache=false").body, headers.body);
    let hello = format!("{}api/hello", local.issuer());
    let line = format!("curl -sSf http://localhost:{}/headers | curl -sSf -H @- {hello}", serve.port());
    let output = crate::support::program(std::process::Command::new("sh").args(["-c", &line]), b"");
    assert!(output.starts_with(r#"{"hello":"310700010""#), "{output}");
}

#[test]
fn health_is_ok_and_metrics_count_requests_and_errors() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-scopes", "simulator:ungranted"]);

    assert_eq!((serve.get("/healthz").status, serve.get("/healthz").body.as_str()), (200, "ok\n"));
    serve.get("/?cache=true");
    serve.get("/?cache=true");
    serve.get("/nothing");
    serve.get("/?scope=simulator:ungranted");
    let metrics = serve.get("/metrics");

    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        r#"maskinporten_requests_total{path="/",status="200"} 2"#,
        r#"maskinporten_requests_total{path="/",status="502"} 1"#,
        r#"maskinporten_requests_total{path="-",status="404"} 1"#,
        r#"maskinporten_requests_total{path="/healthz",status="200"} 2"#,
        r#"maskinporten_upstream_requests_total{profile="default"} 2"#,
        r#"maskinporten_upstream_errors_total{profile="default",code="MP-250"} 1"#,
        "# TYPE maskinporten_token_expires_in_seconds gauge",
    ] {
        assert!(metrics.body.lines().any(|own| own == line), "{line}: {}", metrics.body);
    }
    let left = metrics.body.rsplit_once("scope=\"difitest:test1\"} ").unwrap().1.trim().parse::<u32>().unwrap();
    assert!((110..=119).contains(&left), "{left}");
    let gauge = |name: &str| {
        let line = metrics.body.lines().find(|line| line.starts_with(&format!("{name}{{profile=\"default\"")));
        line.unwrap().rsplit_once(' ').unwrap().1.parse::<i64>().unwrap()
    };
    // The certificate of the simulator's key is valid for three years.
    assert!(gauge("maskinporten_key_expires_in_seconds") > 365 * 24 * 60 * 60);
    let age = chrono::Utc::now().timestamp() - gauge("maskinporten_token_received_timestamp_seconds");
    assert!((0..60).contains(&age), "{age}");
}

#[test]
fn unknown_paths_and_methods_are_rejected_with_the_accepted_ones() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for path in ["/token", "//", "/index.html", "/api/v1/token/", "/page.html", "/%2e%2e/etc/passwd", "/../headers"] {
        serve.get(path).fails(404, "not_found");
    }
    for (method, path, allowed) in [
        ("PUT", "/", "GET, HEAD, POST"),
        ("OPTIONS", "/", "GET, HEAD, POST"),
        ("POST", "/headers", "GET, HEAD"),
        ("DELETE", "/headers", "GET, HEAD"),
        ("BREW", "/metrics", "GET, HEAD"),
        ("GET", "/api/v1/token", "POST"),
        ("PUT", "/api/v1/introspect", "POST"),
    ] {
        let answer = serve.request(method, path, &[], "");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}");
    }
    let rejected = serve.request("POST", "/", &["Origin: https://evil.example.no"], "");
    assert_eq!((rejected.status, rejected.header("allow")), (403, None));
    assert_eq!(local.grants(), 0);
}

#[test]
fn a_browser_that_navigates_gets_a_page_and_any_other_client_json() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for (headers, is_page) in [
        (&[BROWSER, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none"][..], true),
        (&[BROWSER], true),
        (&[BROWSER, "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin"], false),
        (&["Accept: */*"], false),
        (&["Accept: application/json, text/html"], false),
        (&["Accept: application/json", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none"], false),
    ] {
        let answer = serve.get_with("/", headers);
        let wanted = if is_page { "text/html; charset=utf-8" } else { "application/json" };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(wanted)), "{headers:?}");
    }
    let page = serve.get_with("/", &[BROWSER]);
    assert_eq!(
        page.header("content-security-policy"),
        Some(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(!page.body.contains("eyJ"), "the document holds no token");
    assert_eq!(serve.get("/page.css").header("content-type"), Some("text/css; charset=utf-8"));
    for script in ["/page.js", "/showing.js", "/copying.js", "/words.js"] {
        assert_eq!(serve.get(script).header("content-type"), Some("text/javascript; charset=utf-8"));
    }
}

#[test]
fn only_the_page_gets_the_pages_data() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);

    for headers in [&[][..], &["Sec-Fetch-Site: none"]] {
        serve.get_with("/page.json", headers).fails(403, "origin");
    }
    let data = serve.get_with("/page.json", &[OWN]).json();
    let again = serve.get_with("/page.json?profile=default", &[OWN]).json();
    let fresh = serve.get_with("/page.json?fresh=1", &[OWN]).json();

    assert_eq!((&data["profiles"], &data["profile"]), (&json!(["default"]), &json!("default")));
    assert_eq!((&data["environment"], &data["scope"]), (&json!("local"), &json!("difitest:test1")));
    assert_eq!(data["claims"]["consumer"]["ID"], "0192:310700010");
    assert!((110..120).contains(&data["expires_in"].as_i64().unwrap()), "{data}");
    assert_eq!(data["token"], again["token"]);
    assert_ne!(data["token"], fresh["token"]);
}

#[test]
fn the_page_gets_a_refusal_in_both_languages() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--scope", "simulator:ungranted"]);

    let answer = serve.get_with("/page.json", &[OWN]);

    let result = answer.json();
    assert_eq!((answer.status, &result["mp_code"], &result["profiles"]), (502, &json!("MP-250"), &json!(["default"])));
    assert_eq!(
        (&result["in_words"]["en"]["meaning"], &result["in_words"]["en"]["remedy"]),
        (&result["meaning"], &result["remedy"])
    );
    assert!(result["in_words"]["nb"]["meaning"].as_str().unwrap().starts_with("API-tilbyderen "), "{result}");
}
