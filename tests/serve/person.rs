//! The tokens of a person: of a kept login, and of one at the server with the original's command line.

use std::fs;

use serde_json::{Value, json};

use super::{Answer, Serve};
use crate::{
    local::Local,
    login::{HINT, PERSON, SavingBrowser, User, claims, location},
    original,
    support::{http_get, wait_until},
};

const JSON: &str = "application/json";
/// The client of the simulator that has no key, and so no refresh token.
const PUBLIC: &str = "5a2c8e40-1d7f-4b93-8e6a-c03f9d4b7162";
const BROWSER: [&str; 2] = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];

/// Serves the kept login of a user.
pub fn serve(user: &User, arguments: &[&str]) -> Serve {
    Serve::start(user.command(&[&["serve", "--env", "local", "--person", "--port", "0"], arguments].concat()))
}

fn page(serve: &Serve) -> Value {
    serve.get_with("/page.json", &["Sec-Fetch-Site: same-origin"]).json()
}

#[test]
fn the_tokens_of_a_kept_login_are_served_and_renewed() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let kept = user.log_in(&["--scope", "altinn:instances.read"]);
    let serve = serve(&user, &[]);

    let (first, again) = (serve.get("/?cache=true"), serve.get("/headers"));
    let shown = page(&serve);
    let fresh = serve.get("/");

    for served in [&first.body, &fresh.body] {
        assert!(!served.contains("refresh_token") && !served.contains("id_token"), "{served}");
    }
    assert_eq!((first.token(), again.body), (kept.clone(), format!("Authorization: Bearer {kept}\n")));
    assert_eq!((&shown["login"]["provider"], &shown["claims"]["pid"]), (&json!("ID-porten"), &json!(PERSON)));
    assert_eq!((&shown["login"]["is_renewable"], &shown["login"]["page"]), (&json!(true), &Value::Null));
    assert!(shown["login"]["ends_at"].as_i64() > shown["login"]["logged_in_at"].as_i64(), "{shown}");
    assert_eq!(shown["api"], format!("{}api/person", local.issuer()));
    assert_ne!(fresh.token(), kept);
    assert_eq!(user.run(&["token", "--env", "local", "--person"]).trim_end(), fresh.token(), "both have one login");
    assert!(serve.get("/metrics").body.contains("maskinporten_upstream_requests_total{profile=\"default\"} 1\n"));
}

#[test]
fn naiss_api_serves_them_as_those_of_id_porten() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let kept = user.log_in(&["--scope", "altinn:instances.read"]);
    let serve = serve(&user, &["--allow-scopes", "altinn:*"]);
    let post = |path: &str, body: Value| serve.post(path, JSON, &body.to_string());
    let token = |provider: &str, target: &str| {
        post("/api/v1/token", json!({ "identity_provider": provider, "target": target, "resource": "https://a.no/" }))
    };

    assert_eq!(token("idporten", "altinn:instances.read").json()["access_token"], kept);
    for (provider, target, status, expected) in [
        ("maskinporten", "altinn:instances.read", 400, "identity provider 'maskinporten' is not enabled"),
        ("ansattporten", "altinn:instances.read", 400, "identity provider 'ansattporten' is not enabled"),
        ("idporten", "altinn:other", 403, "the profile `default` does not allow the scope `altinn:other`"),
    ] {
        let answer = token(provider, target);
        assert!(answer.status == status && answer.body.contains(expected), "{answer:?}");
    }
    assert!(token("idporten", "altinn:other").body.contains("maskinporten login --keep --scope altinn:other"));
    let introspect =
        |provider: &str| post("/api/v1/introspect", json!({ "identity_provider": provider, "token": kept }));
    let active = introspect("idporten").json();
    assert_eq!((&active["active"], &active["pid"]), (&json!(true), &json!(PERSON)), "{active}");
    assert_eq!(introspect("maskinporten").json()["active"], false);
    let exchange = json!({ "identity_provider": "idporten", "target": "a", "user_token": "b" });
    let refused = post("/api/v1/token/exchange", exchange);
    assert!(refused.body.contains("identity provider 'idporten' does not support token exchange"), "{}", refused.body);
}

#[test]
fn when_the_login_has_ended_the_answer_says_how_to_log_in_again() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let kept = user.log_in(&[]);
    let serve = serve(&user, &["--lang", "nb"]);
    assert_eq!(serve.get("/?cache=true").token(), kept);
    user.command(&["login", "--env", "local", "--logout", "--no-browser"]).run();

    let ended = serve.get("/");

    let expected = json!({
        "error": "session_missing",
        "error_description": "ingen innlogging er lagret under navnet `local`",
        "mp_code": null,
        "meaning": null,
        "remedy": "logg inn med samme --env og --profile: maskinporten login --keep",
        "trace_id": null,
    });
    assert_eq!((ended.status, ended.json()), (502, expected));
    let new = user.log_in(&[]);
    assert_eq!(serve.get("/headers?cache=false").status, 200, "there is no pause: the person may log in at any time");
    assert_ne!(serve.get("/?cache=true").token(), new);
}

#[test]
fn a_login_that_cannot_be_renewed_is_served_until_it_expires() {
    let local = Local::with_clients(&[], |clients| {
        let all = clients["clients"].as_array_mut().unwrap();
        all.iter_mut().find(|client| client["client_id"] == PUBLIC).unwrap()["access_token_lifetime"] = json!(3);
    });
    let user = User::new(&local);
    let kept = user.log_in(&["-c", PUBLIC, "--public"]);
    let serve = serve(&user, &["-c", PUBLIC]);

    let (fresh, shown) = (serve.get("/"), page(&serve));
    let expired = wait_until("the end", || Some(serve.get("/?cache=true")).filter(|answer| answer.status == 502));

    assert_eq!(fresh.token(), kept, "there is no newer one");
    assert!(!serve.log().contains("renew"), "it is not tried again and again: {}", serve.log());
    assert_eq!(shown["login"]["is_renewable"], false);
    let body = expired.json();
    assert_eq!(body["error"], "session_expired");
    assert!(body["error_description"].as_str().unwrap().starts_with("the login expired at 20"), "{body}");
    assert!(body["remedy"].as_str().unwrap().contains("maskinporten login --keep"), "{body}");
    let shown = page(&serve);
    assert_eq!((&shown["login"]["provider"], &shown["error"]), (&json!("ID-porten"), &json!("session_expired")));
    assert!(shown["in_words"]["nb"]["remedy"].as_str().unwrap().starts_with("logg inn"), "{shown}");
}

#[test]
fn a_login_that_is_bound_to_a_key_or_missing_is_not_served() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let serve = ["serve", "--env", "local", "--person", "--port", "0"];

    let missing = user.command(&serve).run();
    user.log_in(&["--dpop"]);
    let bound = user.command(&serve).run();

    assert!(missing.failure(3).contains("no login is kept under the name `local`"), "{}", missing.stderr);
    assert!(bound.failure(3).contains("log in again without --dpop"), "{}", bound.stderr);
}

#[test]
fn the_tokens_are_exchanged_at_altinn() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    user.log_in(&["--scope", "altinn:instances.read"]);
    let serve = serve(&user, &["--altinn"]);

    let claims = claims(&serve.get("/?cache=true").token());

    assert_eq!((&claims["pid"], &claims["urn:altinn:authlevel"]), (&json!(PERSON), &json!(4)), "{claims}");
}

#[test]
fn agent_keeps_the_token_of_a_kept_login_in_a_file() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let kept = user.log_in(&[]);
    let file = local.home().join("token");
    let (child, _home) =
        user.command(&["agent", "--env", "local", "--person", "--write", file.to_str().unwrap()]).start();
    let _agent = crate::support::Running(child);

    let written = wait_until("the file", || fs::read_to_string(&file).ok());

    assert_eq!(written.trim_end(), kept);
}

/// The original's server in its person mode.
pub struct Original {
    serve: Serve,
    pub port: u16,
    browser: SavingBrowser,
}

impl Original {
    /// Starts it with a browser that saves the address that it is started with.
    fn start(local: &Local, port: u16) -> Self {
        let arguments = original::person_options(local, port);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--server_mode"]).collect();
        let browser = SavingBrowser::new();
        let serve = Serve::start(local.maskinporten(&arguments).env("BROWSER", &browser.program));
        Self { serve, port, browser }
    }

    /// Opens a path as a browser does.
    fn open(&self, path: &str, headers: &[&str]) -> Answer {
        let host = format!("Host: localhost:{}", self.port);
        self.serve.get_with(path, &[&[host.as_str()], &BROWSER[..], headers].concat())
    }

    /// Logs the test person in, and returns the path that the browser is sent to.
    fn log_in(&self) -> String {
        let to = self.open("/", &[]);
        assert_eq!(to.status, 303, "{to:?}");
        let answer =
            http_get(&format!("{}&login_hint={}", to.header("location").unwrap(), &HINT["--login-hint=".len()..]));
        let answer = location(&answer).unwrap_or_else(|| panic!("{answer}")).to_owned();
        let own = format!("http://localhost:{}/response?", self.port);
        assert!(answer.starts_with(&own), "{answer}");
        answer[own.len() - "/response?".len()..].to_owned()
    }
}

/// Starts a simulator and the original's server, at a port that is registered there.
pub fn person_mode() -> (Local, Original) {
    let (local, port) = original::person_simulator();
    let original = Original::start(&local, port);
    (local, original)
}

#[test]
fn in_the_originals_person_mode_the_browser_logs_in_and_programs_get_the_token() {
    let (local, original) = person_mode();
    assert_eq!(original.browser.address(), format!("http://localhost:{}/", original.port));
    let before = original.serve.get("/?cache=true").json();
    assert_eq!(
        (&before["error"], &before["error_description"]),
        (&json!("session_missing"), &json!("no person is logged in: no login is kept under the name `default`"),)
    );
    let remedy = format!("open http://localhost:{}/ in a browser, and log in", original.port);
    assert_eq!(before["remedy"], remedy);
    let answer = original.log_in();

    let page = original.open(&answer, &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"]);

    assert_eq!((page.status, page.header("refresh")), (200, Some("0; url=/?cache=true")), "{page:?}");
    let (first, fresh) = (original.serve.get("/?cache=true"), original.serve.get("/"));
    let own = claims(&first.token());
    assert_eq!((&own["pid"], &own["scope"]), (&json!(PERSON), &json!("openid altinn:instances.read")));
    assert_ne!(fresh.token(), first.token(), "it is renewed");
    assert_eq!(original.open("/", &[]).status, 200, "the page, now that a person is logged in");
    assert!(local.log().contains("POST /idporten/token 200"));
    // The code was used once.
    let replayed = original.open(&answer, &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"]);
    assert!(replayed.status == 400 && replayed.body.contains("The login failed"), "{replayed:?}");
    assert_eq!(original.serve.get("/?cache=true").token(), fresh.token());
    assert!(!original.serve.log().contains("code="), "{}", original.serve.log());
}

#[test]
fn what_other_pages_send_to_the_redirect_address_is_no_answer_and_does_not_end_the_login() {
    let (_local, original) = person_mode();
    let answer = original.log_in();
    let forged = format!("{answer}x").replace("state=", "state=x");
    let to_the_server = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"];
    for (path, headers, status) in [
        (forged.as_str(), &to_the_server[..], 400),
        ("/response", &to_the_server, 400),
        (&answer, &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: iframe"], 403),
        // Pages of other origins may not start a login, nor see the page.
        ("/", &to_the_server, 403),
        ("/login", &to_the_server, 403),
    ] {
        let refused = original.open(path, headers);
        assert_eq!(refused.status, status, "{path} {headers:?}: {refused:?}");
    }
    let rebound = original.serve.get_with(&answer, &["Host: evil.example", BROWSER[0], BROWSER[1]]);
    assert_eq!(rebound.status, 403, "{rebound:?}");
    let script = original.serve.get_with(&answer, &["Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: document"]);
    assert_eq!(script.status, 403, "{script:?}");
    assert_eq!(original.serve.request("POST", &answer, &["Content-Length: 0"], "").status, 405);

    assert_eq!(original.open(&answer, &to_the_server).status, 200);
}

#[test]
fn without_a_login_at_the_server_its_paths_are_unknown() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);

    for path in ["/login", "/response?code=a&state=b"] {
        serve.get(path).fails(404, "not_found");
    }
}
