//! The simulator's self-service API, reached with the admin profile of its folder.

use serde_json::{Value, json};

use crate::{local::Local, support::Maskinporten};

/// Makes a command of the admin profile that calls a path with curl.
fn admin(local: &Local, arguments: &[&str], path: &str) -> Maskinporten {
    let config = local.file("config.toml");
    local
        .maskinporten(&["curl", "--profile", "admin", "--config"])
        .args([config])
        .args(["--", "-sS", "--fail-with-body"])
        .args(arguments)
        .args([format!("{}{path}", local.issuer())])
}

fn json(command: Maskinporten) -> Value {
    serde_json::from_str(&command.run().artefact()).unwrap()
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn the_admin_profile_creates_a_client_whose_key_gets_a_token() {
    let local = Local::start(&[]);
    let key = local.file("registered-key.jwk.json");
    let mut public: Value = serde_json::from_slice(&std::fs::read(&key).unwrap()).unwrap();
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        public.as_object_mut().unwrap().remove(private);
    }
    let client = json!({
        "client_name": "Test",
        "integration_type": "maskinporten",
        "scopes": ["simulator:short"],
    });

    let created = json(admin(&local, &["--json", &client.to_string()], "api/v1/clients"));
    let client_id = created["client_id"].as_str().unwrap();
    let keys = json!({ "keys": [public] }).to_string();
    json(admin(&local, &["--json", &keys], &format!("api/v1/clients/{client_id}/jwks")));

    let token = || {
        let arguments =
            ["token", "-q", "--env", "local", "--no-cache", "--client-id", client_id, "--scope", "simulator:short"];
        local.maskinporten(&arguments).args(["--jwk"]).args([&key]).run()
    };
    assert_eq!(token().artefact().split('.').count(), 3);
    assert_eq!(admin(&local, &["-X", "DELETE"], &format!("api/v1/clients/{client_id}")).run().artefact(), "");
    let refused = token();
    assert!(refused.failure(5).contains("MP-100"), "{}", refused.stderr);
}
