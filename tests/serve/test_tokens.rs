//! Test tokens of Altinn's generator, served like any other.

use serde_json::json;

use super::Serve;
use crate::{
    local::Local,
    support::{Maskinporten, maskinporten},
};

fn settings(local: &Local, command: &[&str]) -> Maskinporten {
    local
        .maskinporten(command)
        .env("MASKINPORTEN_ENV", "local")
        .env("MASKINPORTEN_TEST_TOKEN", "enterprise")
        .env("MASKINPORTEN_TEST_TOKEN_PARAM", "orgNo=991825827")
        .env("MASKINPORTEN_ALTINN_USER", "simulert")
}

#[test]
fn test_tokens_are_served_and_kept_until_shortly_before_they_expire() {
    let local = Local::start(&[]);
    let serve = Serve::start(
        settings(&local, &["serve", "--port", "0", "--scope", "altinn:serviceowner"])
            .env("MASKINPORTEN_ALTINN_PASSWORD_FILE", local.file("altinn.password")),
    );
    let wanted = json!({ "identity_provider": "maskinporten", "target": "altinn:serviceowner" }).to_string();
    let other = json!({ "identity_provider": "maskinporten", "target": "altinn:instances.read" }).to_string();

    let (first, again) = (serve.get("/?cache=true").token(), serve.get("/?cache=true").token());
    let fresh = serve.get("/").token();
    let nais = serve.post("/api/v1/token", "application/json", &wanted);

    assert_eq!(first, again);
    assert_ne!(first, fresh);
    assert_eq!(nais.json()["access_token"], fresh);
    let who = maskinporten(["altinn", "whoami", "-q", "--format", "json"]).stdin(fresh).run().artefact();
    assert!(who.contains("\"organisation_number\": \"991825827\""), "{who}");
    assert_eq!(serve.post("/api/v1/token", "application/json", &other).status, 403);
}

#[test]
fn a_wrong_password_is_refused_by_the_generator_and_a_missing_one_before_the_server_starts() {
    let local = Local::start(&[]);
    let command = || settings(&local, &["serve", "--port", "0", "--scope", "altinn:serviceowner"]);
    let wrong = Serve::start(command().env("MASKINPORTEN_ALTINN_PASSWORD", "wrong"));

    let refused = wrong.get("/?cache=true");
    let missing = command().run();

    assert_eq!(refused.status, 502, "{}", refused.body);
    assert!(!refused.body.contains("wrong"), "{}", refused.body);
    assert!(missing.failure(3).starts_with("error: no password was given"), "{}", missing.stderr);
}
