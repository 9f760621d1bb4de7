//! Logins with clients that were made through the simulator's self-service API, and with those of its profiles.

use std::fs;

use serde_json::{Value, json};

use crate::{
    local::Local,
    login::{HINT, Login, PERSON, claims},
    support::http_get,
};

/// Sends a request to the simulator's self-service API.
fn send(local: &Local, method: &str, path: &str, body: &Value) -> Value {
    let config = local.file("config.toml");
    let mut command = local.maskinporten(&["curl", "--profile", "admin", "--config"]);
    command = command.args([&config]).args(["--", "-sS", "--fail-with-body", "-X", method]);
    command = command.args(["-H", "Content-Type: application/json", "-d"]).args([body.to_string()]);
    let sent = command.args([format!("{}api/v1/{path}", local.issuer())]).run();
    assert_eq!(sent.code, 0, "{sent:?}");
    serde_json::from_str(&sent.stdout).unwrap()
}

/// Logs the test person in with a client that has a secret; returns what the login ended with.
fn log_in(local: &Local, client: &Value, secret: &Value, arguments: &[&str]) -> (i32, String, String) {
    let file = local.file("client-secret");
    fs::write(&file, secret.as_str().unwrap()).unwrap();
    let own = ["-c", client["client_id"].as_str().unwrap(), "--client-secret-file", file.to_str().unwrap(), HINT];
    let login = Login::start(local, &[&own[..], arguments].concat());
    http_get(&login.answer());
    let ended = login.end();
    (ended.code, ended.stdout, ended.stderr)
}

#[test]
fn a_client_of_the_self_service_api_can_log_people_in() {
    let local = Local::start(&[]);
    let mut client = json!({
        "client_name": "Innlogging",
        "integration_type": "idporten",
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scopes": ["openid", "profile"],
        "redirect_uris": ["http://127.0.0.1:0/response"],
        "access_token_lifetime": 77,
    });
    let created = send(&local, "POST", "clients", &client);
    let id = created["client_id"].as_str().unwrap();

    let (code, token, stderr) = log_in(&local, &created, &created["client_secret"], &["--scope", "openid profile"]);

    assert_eq!(code, 0, "{stderr}");
    let claims = claims(token.trim_end());
    assert_eq!((&claims["pid"], &claims["client_id"]), (&json!(PERSON), &created["client_id"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 77);
    // A new secret takes the place of the former one, and a change keeps it.
    let renewed = send(&local, "POST", &format!("clients/{id}/secret"), &json!({}));
    client["redirect_uris"] = json!(["http://127.0.0.1:0/response", "https://tjeneste.example/"]);
    send(&local, "PUT", &format!("clients/{id}"), &client);
    let (code, _, stderr) = log_in(&local, &created, &created["client_secret"], &[]);
    assert!(code == 5 && stderr.contains("invalid_client"), "{stderr}");
    let (code, _, stderr) = log_in(&local, &created, &renewed["client_secret"], &[]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn the_simulators_profile_for_people_logs_in() {
    let local = Local::start(&[]);
    let (config, command) =
        (local.file("config.toml"), ["login", "--no-browser", "--profile", "person", HINT, "--config"]);

    let login = Login::of(local.maskinporten(&command).args([&config]));
    http_get(&login.answer());
    let ended = login.end();

    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let claims = claims(ended.stdout.trim_end());
    assert_eq!((&claims["pid"], &claims["scope"]), (&json!(PERSON), &json!("openid profile altinn:instances.read")));
    assert!(local.output.contains(&format!("\nID-porten  {}idporten ", local.issuer())), "{}", local.output);
}
