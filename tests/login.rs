//! `maskinporten login` against the simulator: the flow, its answers in the browser, and each attack on it.
//!
//! The browser is this test: it reads the address that `--no-browser` prints, and follows its redirects.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    sync::mpsc,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    local::Local,
    support::{Maskinporten, Running, http_get, maskinporten, wait_until},
};

/// A person of the simulator, who needs no page.
pub const PERSON: &str = "08828610032";
pub const HINT: &str = "--login-hint=testid:08828610032_idporten-loa-high";

/// A login that waits for its browser.
pub struct Login {
    process: Running,
    _home: TempDir,
    /// The address for the browser.
    pub url: String,
    stderr: mpsc::Receiver<String>,
}

/// How a login ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Login {
    /// Starts a login in the simulator.
    pub fn start(local: &Local, arguments: &[&str]) -> Self {
        Self::of(local.maskinporten(&["login", "--env", "local", "--no-browser"]).args(arguments))
    }

    /// Starts a login with `--no-browser`.
    pub fn of(login: Maskinporten) -> Self {
        let (mut child, home) = login.start_with(Stdio::piped());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = lines.find_map(|line| line.ok().filter(|line| line.starts_with("http"))).expect("an address");
        let (sender, stderr) = mpsc::channel();
        std::thread::spawn(move || {
            let rest: Vec<String> = lines.map_while(Result::ok).collect();
            sender.send(rest.join("\n"))
        });
        Self { process: Running(child), _home: home, url, stderr }
    }

    /// Returns the address that the server sends the browser back to.
    pub fn answer(&self) -> String {
        let response = http_get(&self.url);
        location(&response).unwrap_or_else(|| panic!("no redirect: {response}")).to_owned()
    }

    /// Returns the redirect address with its port, which is a parameter of the first one.
    fn redirect_uri(&self) -> String {
        let url = url::Url::parse(&self.url).unwrap();
        let (_, uri) = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
        uri.into_owned()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let status = wait_until("the login ends", || self.process.0.try_wait().unwrap());
        let mut stdout = String::new();
        self.process.0.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { code: status.code().unwrap(), stdout, stderr: self.stderr.recv().unwrap() }
    }
}

/// A browser that only saves the address that it is started with.
pub struct SavingBrowser {
    /// For the variable `BROWSER`.
    pub program: String,
    folder: TempDir,
}

impl SavingBrowser {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (program, part) = (folder.path().join("browser"), folder.path().join("part"));
        // Renamed, so that no part of an address is read.
        let script = format!("#!/bin/sh\nprintf %s \"$1\" > '{0}' && mv '{0}' '{0}.all'\n", part.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Self { program: program.to_str().unwrap().to_owned(), folder }
    }

    /// Waits for the address.
    pub fn address(&self) -> String {
        wait_until("the browser", || fs::read_to_string(self.folder.path().join("part.all")).ok())
    }
}

pub fn location(response: &str) -> Option<&str> {
    response.lines().find_map(|line| line.strip_prefix("location: "))
}

/// Returns the claims of a token.
pub fn claims(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// Sends a request with a body that is written as it is, and returns the response.
fn send(authority: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_person_logs_in_and_the_browser_says_so_in_its_language() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &[HINT, "--scope", "altinn:instances.read", "--acr", "high"]);

    let page = http_get(&login.answer());
    let ended = login.end();

    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("<h1>You are logged in</h1>"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");
    assert_eq!((ended.code, ended.stderr.as_str()), (0, PASTE), "{}", ended.stdout);
    let claims = claims(ended.stdout.trim_end());
    assert_eq!((&claims["pid"], &claims["acr"]), (&json!(PERSON), &json!("idporten-loa-high")));
    assert_eq!(claims["scope"], "openid altinn:instances.read");
}

const PASTE: &str = "if the browser then shows that it cannot find the page, paste that page's address here:";

#[test]
fn every_way_to_authenticate_the_client_and_both_services_give_tokens() {
    let local = Local::start(&[]);
    let (secret, jwk) = (local.file("idporten.client-secret"), local.file("registered-key.jwk.json"));
    let (secret, jwk) = (secret.to_str().unwrap(), jwk.to_str().unwrap());
    for arguments in [
        &["--par"][..],
        &["-c", "c4f7a2d1-5e3b-4a86-9d10-7b2e8f6c3a55", "--jwk", jwk],
        &["-c", "0e9d6b7a-83c2-4f15-a6d4-59b1c7e2f308", "--client-secret-file", secret],
        &["-c", "0e9d6b7a-83c2-4f15-a6d4-59b1c7e2f308", "--client-secret-file", secret, "--par"],
        &["-c", "5a2c8e40-1d7f-4b93-8e6a-c03f9d4b7162", "--public"],
        &["--idp", "ansattporten", "--acr", "substantial"],
    ] {
        let login = Login::start(&local, &[&[HINT], arguments].concat());
        assert!(!arguments.contains(&"--par") || !login.url.contains("state="), "{}", login.url);
        let page = http_get(&login.answer());
        let ended = login.end();
        assert_eq!(ended.code, 0, "{arguments:?}: {} {page}", ended.stderr);
    }
}

#[test]
fn json_has_the_claims_of_the_id_token_and_secrets_only_when_asked_for() {
    let local = Local::start(&[]);
    let run = |arguments: &[&str]| -> Value {
        let login = Login::start(&local, &[&[HINT, "--format", "json"], arguments].concat());
        http_get(&login.answer());
        serde_json::from_str(&login.end().stdout).unwrap()
    };

    let (masked, shown) = (run(&[]), run(&["--show-pid", "--show-refresh-token"]));

    assert_eq!((&masked["id_token_claims"]["pid"], &masked["refresh_token"]), (&json!("***********"), &Value::Null));
    assert_eq!(shown["id_token_claims"]["pid"], PERSON);
    assert!(shown["refresh_token"].is_string() && shown["refresh_token_expires_at"].is_string(), "{shown}");
}

#[test]
fn the_token_is_exchanged_at_altinn_as_one_of_id_porten() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &[HINT, "--scope", "altinn:instances.read", "--altinn"]);

    http_get(&login.answer());
    let token = login.end().stdout;

    let claims = claims(token.trim_end());
    assert_eq!((&claims["pid"], &claims["urn:altinn:authlevel"]), (&json!(PERSON), &json!(4)), "{claims}");
}

#[test]
fn the_address_that_the_browser_ends_at_can_be_pasted() {
    const ELSEWHERE: &str = "https://example.no/response";
    let local = Local::with_clients(&[], |clients| {
        for client in clients["clients"].as_array_mut().unwrap() {
            if let Some(uris) = client.get_mut("redirect_uris").and_then(Value::as_array_mut) {
                uris.push(json!(ELSEWHERE));
            }
        }
    });
    let mut login = Login::start(&local, &[HINT, "--redirect-uri", ELSEWHERE]);
    let answer = login.answer();
    assert!(answer.starts_with(ELSEWHERE), "{answer}");

    let mut stdin = login.process.0.stdin.take().unwrap();
    writeln!(stdin, "not an address\nhttps://evil.example/response?code=a\n{answer}").unwrap();
    let ended = login.end();

    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(claims(ended.stdout.trim_end())["pid"], PERSON);
}

#[test]
fn without_a_listener_the_end_of_the_input_ends_the_login() {
    let local = Local::start(&[]);
    let login = local.maskinporten(&["login", "--env", "local", "--no-browser"]);

    let outcome = login.args(["--redirect-uri", "https://example.no/response"]).stdin("not an address\n").run();

    let error = "error: no address was pasted, and this program cannot listen at the redirect address\n";
    assert!(outcome.failure(1).contains(error), "{}", outcome.stderr);
}

#[test]
fn each_attack_on_the_answer_or_the_id_token_has_an_error_of_its_own_and_gives_no_token() {
    for (fault, code) in [
        (json!({ "response": { "state": "other" } }), "login_state"),
        (json!({ "response": { "iss": "https://evil.example" } }), "login_issuer"),
        (json!({ "response": { "iss": null } }), "login_no_issuer"),
        (json!({ "response": { "code": null } }), "login_answer"),
        (json!({ "authorize_error": "access_denied" }), "login_refused"),
        (json!({ "token_error": "invalid_grant" }), "login_refused"),
        (json!({ "id_token": { "nonce": "other" } }), "id_token_nonce"),
        (json!({ "id_token": { "iss": "https://evil.example" } }), "id_token_issuer"),
        (json!({ "id_token": { "aud": "other" } }), "id_token_audience"),
        (json!({ "id_token": { "azp": "other" } }), "id_token_azp"),
        (json!({ "id_token": { "exp": 1_000_000_000 } }), "id_token_expired"),
        (json!({ "id_token": { "iat": 4_000_000_000_u64 } }), "id_token_iat"),
        (json!({ "id_token": { "acr": "idporten-loa-low" } }), "id_token_acr"),
        (json!({ "id_token": { "auth_time": 1_000_000_000 } }), "id_token_auth_time"),
        (json!({ "id_token": { "at_hash": "other" } }), "id_token_at_hash"),
        (json!({ "id_token_signature": "another_key" }), "id_token_signature"),
        (json!({ "id_token_signature": "none" }), "id_token_unsigned"),
        (json!({ "id_token_signature": "hs256" }), "id_token_shared_secret"),
        (json!({ "success": { "id_token": null } }), "id_token_missing"),
        (json!({ "success": { "token_type": "mac" } }), "answer"),
        (json!({ "access_token": { "exp": 1_000_000_000 } }), "access_token_expired"),
    ] {
        let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "idporten": fault }));
        let login = Login::start(&local, &[HINT, "--error-format", "json", "--acr", "high", "--max-age", "60"]);

        let page = http_get(&login.answer());
        let ended = login.end();

        let last = ended.stderr.lines().last().unwrap_or_default();
        let error: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{code}: {}", ended.stderr));
        assert_eq!((&error["error"]["code"], ended.stdout.as_str()), (&json!(code), ""), "{error}");
        assert!(page.contains("<h1>The login failed</h1>"), "{code}: {page}");
    }
}

#[test]
fn the_listener_takes_one_navigation_to_its_address_and_nothing_else() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &[HINT]);
    let answer = login.answer();
    let authority = url::Url::parse(&answer).unwrap();
    let authority = format!("127.0.0.1:{}", authority.port().unwrap());
    let path = answer.split_once(&authority).unwrap().1.to_owned();
    for (request, status) in [
        (format!("POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\n"), 405),
        (format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n"), 421),
        (format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nSec-Fetch-Dest: image\r\n"), 403),
        (format!("GET /favicon.ico HTTP/1.1\r\nHost: {authority}\r\n"), 404),
        (format!("GET /response HTTP/1.1\r\nHost: {authority}\r\n"), 400),
    ] {
        let response = send(&authority, &format!("{request}Connection: close\r\n\r\n"));
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {response}");
    }
    assert!(login.redirect_uri().starts_with("http://127.0.0.1:"), "it listens on loopback only");

    let page = http_get(&answer);
    let ended = login.end();

    assert!(page.contains("You are logged in"), "none of those requests was an answer: {page}");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(TcpStream::connect(&authority).is_err(), "the address is closed after one answer");
}

#[test]
fn a_second_answer_is_refused_while_the_first_is_being_checked() {
    let fault = json!({ "idporten": { "delay_milliseconds": 3000 } });
    let local = Local::with_clients(&[], |clients| clients["faults"] = fault);
    let login = Login::start(&local, &[HINT]);
    let answer = login.answer();
    let both = [0, 1].map(|_| {
        let answer = answer.clone();
        std::thread::spawn(move || http_get(&answer))
    });

    let mut pages = both.map(|page| page.join().unwrap());

    pages.sort();
    assert!(pages[0].starts_with("HTTP/1.1 200 OK") && pages[0].contains("You are logged in"), "{}", pages[0]);
    assert!(pages[1].starts_with("HTTP/1.1 410 Gone") && pages[1].contains("This login is over"), "{}", pages[1]);
    assert_eq!(login.end().code, 0);
}

#[test]
fn an_answer_for_another_port_reaches_no_listener() {
    let local = Local::start(&[]);
    let (mine, other) = (Login::start(&local, &[HINT]), Login::start(&local, &[HINT, "--error-format", "json"]));
    let port = |login: &Login| url::Url::parse(&login.redirect_uri()).unwrap().port().unwrap().to_string();
    let answer = mine.answer().replacen(&port(&mine), &port(&other), 1);

    let page = http_get(&answer);
    let ended = other.end();

    assert!(page.contains("The login failed"), "{page}");
    assert!(ended.stderr.contains("\"login_state\"") && ended.stdout.is_empty(), "{}", ended.stderr);
}

#[test]
fn a_login_that_nobody_answers_ends_after_the_time_limit() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &[HINT, "--timeout", "1s"]);

    let ended = login.end();

    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("error: the person did not log in within 1 s"), "{}", ended.stderr);
}

#[test]
fn options_that_a_login_does_not_have_are_refused() {
    for (arguments, code, message) in [
        (
            &["--env", "test", "--consumer-org", "991825827"][..],
            2,
            "error: --consumer-org is not for the login of a person",
        ),
        (
            &["--env", "test", "--show-pid"],
            2,
            "error: --show-pid and --show-refresh-token are only for `--format json`",
        ),
        (&["--env", "test", "--idp", "minid"], 2, "error: --idp is not a known service for logins"),
        (
            &["--env", "test", "--public", "--redirect-uri", "http://example.no/"],
            2,
            "error: --redirect-uri cannot be used",
        ),
        (&["--env", "ver2"], 3, "error: ID-porten has no environment ver2"),
    ] {
        let outcome = maskinporten(["login", "-c", "x"]).args(arguments).run();
        assert!(outcome.failure(code).contains(message), "{}", outcome.stderr);
    }
}

/// A user whose logins are kept in files, because there is no store of secrets.
pub struct User<'local> {
    local: &'local Local,
    state: TempDir,
}

impl<'local> User<'local> {
    pub fn new(local: &'local Local) -> Self {
        Self { local, state: tempfile::tempdir().unwrap() }
    }

    pub fn command(&self, arguments: &[&str]) -> Maskinporten {
        let command = self.local.maskinporten(arguments).env("XDG_STATE_HOME", self.state.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
    }

    /// Logs the person in and keeps the login; returns the access token.
    pub fn log_in(&self, arguments: &[&str]) -> String {
        let command = self.command(&["login", "--env", "local", "--no-browser", "--keep", HINT]).args(arguments);
        let login = Login::of(command);
        http_get(&login.answer());
        let ended = login.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains("which only this user can read, without encryption"), "{}", ended.stderr);
        ended.stdout.trim_end().to_owned()
    }

    pub fn run(&self, arguments: &[&str]) -> String {
        self.command(arguments).run().artefact()
    }
}

#[test]
fn a_kept_login_is_used_and_renewed_and_ends_with_the_logout() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let missing = user.command(&["token", "--env", "local", "--person"]).run();
    assert!(missing.failure(3).contains("no login is kept under the name `local`"), "{}", missing.stderr);

    let token = user.log_in(&["--scope", "altinn:instances.read"]);

    assert_eq!(user.run(&["token", "--env", "local", "--person"]).trim_end(), token);
    let scoped = user.command(&["token", "--env", "local", "--person", "--scope", "openid"]).run();
    assert_eq!((scoped.code, scoped.stdout.trim_end(), scoped.stderr.as_str()), (0, token.as_str(), ""));
    let scoped = user.command(&["token", "--env", "local", "--person", "--scope", "openid altinn:profiles"]).run();
    let error = "error: the kept login does not have the scope `altinn:profiles`\nhint: log in again with it: \
                 maskinporten login --keep --scope altinn:profiles\n";
    assert_eq!(scoped.failure(2), error);
    let renewed = user.run(&["token", "--env", "local", "--person", "--refresh"]);
    assert_ne!(renewed.trim_end(), token);
    let headers = user.run(&["headers", "--env", "local", "--person"]);
    assert_eq!(headers, format!("Authorization: Bearer {}\n", renewed.trim_end()));
    // Machine tokens are others.
    assert_ne!(user.run(&["token", "--env", "local"]), renewed);
    let status: Value = serde_json::from_str(&user.run(&["login", "status", "--format", "json"])).unwrap();
    assert_eq!(status["sessions"][0]["name"], "local");
    assert!(!status.to_string().contains(renewed.trim_end()));

    let ended = user.command(&["login", "--env", "local", "--logout", "--no-browser"]).run();

    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("/idporten/logout?client_id="), "{}", ended.stderr);
    // The refresh token and the access token.
    let revoked = || local.log().matches("POST /idporten/token/revoke 200").count() == 2;
    wait_until("the revocation in the log", || revoked().then_some(()));
    assert_eq!(user.command(&["login", "status"]).run().stderr, "no login is kept\n");
    user.command(&["token", "--env", "local", "--person"]).run().failure(3);
}

#[test]
fn a_logout_removes_the_secrets_although_the_server_is_gone() {
    let mut local = Local::start(&[]);
    let state = {
        let user = User::new(&local);
        user.log_in(&[]);
        user.state
    };
    local.end();
    let user = User { local: &local, state };

    let ended = user.command(&["login", "--env", "local", "--logout", "--no-browser", "--retries", "0"]).run();

    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("the tokens were not revoked"), "{}", ended.stderr);
    assert_eq!(user.command(&["login", "status"]).run().stderr, "no login is kept\n");
}

#[test]
fn a_bound_token_is_sent_with_a_proof_for_its_call() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    let token = user.log_in(&["--dpop"]);
    let url = format!("{}api/person", local.issuer());

    let refused = user.command(&["headers", "--env", "local", "--person"]).run();
    assert!(refused.failure(2).contains("pass --dpop-url URL"), "{}", refused.stderr);
    let headers = user.run(&["headers", "--env", "local", "--person", "--dpop-url", &url, "--dpop-method", "POST"]);

    let (authorization, proof) = headers.split_once('\n').unwrap();
    assert_eq!(authorization, format!("Authorization: DPoP {token}"));
    let proof = claims(proof.strip_prefix("DPoP: ").unwrap());
    assert_eq!((&proof["htm"], &proof["htu"]), (&json!("POST"), &json!(url)));
    assert!(proof["ath"].is_string());
    let script = "test -n \"$MASKINPORTEN_TOKEN_DPOP\"";
    user.run(&["exec", "--env", "local", "--person", "--dpop-url", &url, "--", "sh", "-c", script]);
}

#[cfg(feature = "system-tests")]
#[test]
fn curl_sends_a_proof_of_its_own_for_each_call() {
    let local = Local::start(&[]);
    let user = User::new(&local);
    user.log_in(&["--dpop"]);
    let url = format!("{}api/person", local.issuer());

    for arguments in [&[][..], &["-X", "POST"], &["-d", "x=y"]] {
        let call = ["curl", "--env", "local", "--person", "--", "-sS", "--fail", &url];
        let called = user.command(&call).args(arguments).run();
        assert!(called.code == 0 && called.stdout.contains(PERSON), "{arguments:?}: {called:?}");
    }
    let two = user.command(&["curl", "--env", "local", "--person", "--", "-sS", &url, &url]).run();
    assert!(two.failure(125).contains("each call needs a proof of its own"), "{}", two.stderr);
}
