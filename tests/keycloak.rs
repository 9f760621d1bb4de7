//! People log in with Chromium at Keycloak, a server made by others. It is started by the test, which takes a minute or two and
//! most of a gigabyte of memory, so it runs only when it is asked for:
//!
//! ```text
//! mvn dependency:copy -Dartifact=org.keycloak:keycloak-quarkus-dist:26.5.6:zip -DoutputDirectory=DIR
//! unzip DIR/keycloak-quarkus-dist-26.5.6.zip -d DIR
//! KEYCLOAK_HOME=DIR/keycloak-26.5.6 scripts/test keycloak -- --ignored
//! ```

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Setup},
    login::{Login, claims},
    support::{maskinporten, testdata},
};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_mins(10);

const USER: &str = "kari";
const PASSWORD: &str = "hemmelig";

/// A running Keycloak in its mode for development, which is killed when it is dropped.
struct Keycloak {
    child: Child,
    issuer: String,
    redirect_uri: String,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Returns a realm with one person, and a client for each way to authenticate.
fn realm(redirect_uri: &str) -> Value {
    let keys = maskinporten(["keys", "public", "--jwk", &testdata("jwk/rsa.json")]).run().artefact();
    let client = |id: &str, attributes: Value| {
        let mut all = json!({ "pkce.code.challenge.method": "S256" });
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        json!({
            "clientId": id,
            "enabled": true,
            "protocol": "openid-connect",
            "standardFlowEnabled": true,
            "redirectUris": [redirect_uri],
            "publicClient": id == "public",
            "clientAuthenticatorType": "client-jwt",
            "attributes": all,
        })
    };
    let key = json!({ "use.jwks.string": "true", "jwks.string": keys });
    let mut bound = key.clone();
    bound["dpop.bound.access.tokens"] = json!("true");
    bound["require.pushed.authorization.requests"] = json!("true");
    json!({
        "realm": "test",
        "enabled": true,
        "sslRequired": "none",
        "users": [{
            "username": USER,
            "enabled": true,
            "email": "kari@example.com",
            "emailVerified": true,
            "firstName": "Kari",
            "lastName": "Test",
            "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
        }],
        "clients": [client("key", key), client("bound", bound), client("public", json!({}))],
    })
}

impl Keycloak {
    fn start() -> Self {
        let home = std::env::var_os("KEYCLOAK_HOME").expect("KEYCLOAK_HOME is the folder of an unpacked Keycloak");
        let home = PathBuf::from(home);
        let port = free_port();
        let redirect_uri = format!("http://127.0.0.1:{}/response", free_port());
        fs::create_dir_all(home.join("data/import")).unwrap();
        fs::write(home.join("data/import/test.json"), realm(&redirect_uri).to_string()).unwrap();
        // `exec java`, so that the child is Keycloak itself.
        let child = Command::new(home.join("bin/kc.sh"))
            .args(["start-dev", "--import-realm", "--db=dev-mem", "--http-host=127.0.0.1"])
            .arg(format!("--http-port={port}"))
            .env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut keycloak = Self { child, issuer: format!("http://127.0.0.1:{port}/realms/test"), redirect_uri };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(keycloak.child.try_wait().unwrap().is_none(), "Keycloak has ended");
            assert!(started.elapsed() < PATIENCE, "Keycloak has not started");
            std::thread::sleep(Duration::from_millis(200));
        }
        keycloak
    }
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "starts the Keycloak in $KEYCLOAK_HOME, which takes a minute or two"]
fn people_log_in_at_keycloak_with_a_key_a_bound_token_and_a_public_client() {
    let keycloak = Keycloak::start();
    let key = testdata("jwk/rsa.json");
    for (client, arguments, token_type) in [
        ("key", &["--jwk", &key][..], "Bearer"),
        ("bound", &["--jwk", &key, "--par", "--dpop"], "DPoP"),
        ("public", &["--public"], "Bearer"),
    ] {
        let own = ["--idp-issuer", &keycloak.issuer, "--client-id", client, "--redirect-uri", &keycloak.redirect_uri];
        let command = maskinporten(["login", "--no-browser", "--scope", "openid", "--format", "json"]);
        let login = Login::of(command.args(own).args(arguments));
        let browser = Browser::start(&Setup::default());
        browser.open(&login.url);
        browser.wait_for("document.querySelector('#username')");
        let fill = format!("username.value = {}; password.value = {}", json!(USER), json!(PASSWORD));
        browser.run(&fill);

        browser.click("#kc-login");
        browser.wait_for("location.pathname === '/response' && document.querySelector('h1')");

        let ended = login.end();
        assert_eq!((ended.code, browser.text("h1").as_str()), (0, "You are logged in"), "{client}: {}", ended.stderr);
        let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
        let claims = claims(answer["access_token"].as_str().unwrap());
        assert_eq!((&claims["iss"], &claims["azp"]), (&json!(keycloak.issuer), &json!(client)));
        assert_eq!((&answer["token_type"], claims["cnf"]["jkt"].is_string()), (&json!(token_type), client == "bound"));
        assert_eq!(answer["id_token_claims"]["preferred_username"], USER);
    }
}
