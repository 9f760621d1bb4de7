//! A simulator with two clients of testdata's organisation, one with a certificate and one with registered keys, and a
//! hardware token with testdata's keys.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    local::Local,
    support::{Maskinporten, maskinporten, program, testdata},
};

/// Signs with a certificate of its organisation, 991825827.
pub const BY_CERTIFICATE: &str = "11111111-2222-4333-8444-555555555555";
/// Signs with a registered key.
pub const BY_KEY: &str = "22222222-3333-4444-8555-666666666666";

/// The scope of the tests.
pub const SCOPE: &str = "difitest:test1";

/// Starts a simulator that trusts testdata's root and accepts every algorithm, with these registered sets of public keys.
pub fn simulator(sets: &[String]) -> Local {
    let root = testdata("keys/root.pem");
    let algorithms = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
    let algorithms = algorithms.iter().flat_map(|name| ["--allow-alg", name]);
    let arguments: Vec<&str> = ["--trust", &root].into_iter().chain(algorithms).collect();
    let keys: Vec<Value> = sets.iter().flat_map(|set| keys_of(set)).collect();
    Local::with_clients(&arguments, |clients| {
        for (id, keys) in [(BY_CERTIFICATE, Vec::new()), (BY_KEY, keys)] {
            let name = "testdata";
            let client =
                json!({ "client_id": id, "name": name, "orgno": "991825827", "scopes": [SCOPE], "keys": keys });
            clients["clients"].as_array_mut().unwrap().push(client);
        }
        for scope in clients["scopes"].as_array_mut().unwrap() {
            if scope["name"] == SCOPE {
                scope["accessible_for_all"] = json!(true);
            }
        }
    })
}

/// Returns the set that `keys public` prints for a key.
pub fn public_set(key: &[&str]) -> String {
    maskinporten(["keys", "public"]).args(key).run().artefact()
}

/// Returns the keys of a printed set.
pub fn keys_of(set: &str) -> Vec<Value> {
    let set: Value = serde_json::from_str(set).unwrap();
    set["keys"].as_array().unwrap().clone()
}

/// Returns `token` for one of the clients, without a key.
pub fn token(local: &Local, client: &str) -> Maskinporten {
    local.maskinporten(&["token", "--env", "local", "-s", SCOPE, "-c", client])
}

/// Returns the claims of a token or grant.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// Decodes the header or claims of a token or grant with openssl's base64.
pub fn part(token: &str, at: usize) -> Value {
    let part = token.trim_end().split('.').nth(at).unwrap().replace('-', "+").replace('_', "/");
    let padded = format!("{part}{}", "=".repeat((4 - part.len() % 4) % 4));
    let json = program(Command::new("openssl").args(["base64", "-d", "-A"]), padded.as_bytes());
    serde_json::from_str(&json).unwrap()
}

/// Checks that a token belongs to this client.
#[track_caller]
pub fn is_token_of(client: &str, token: &str) {
    let claims = claims(token);
    let by = if client == BY_KEY { "private_key_jwt" } else { "virksomhetssertifikat" };
    assert_eq!(
        (&claims["client_id"], &claims["consumer"]["ID"], &claims["scope"], &claims["client_amr"]),
        (&json!(client), &json!("0192:991825827"), &json!(SCOPE), &json!(by))
    );
}

/// A `SoftHSM2` token with keys of testdata.
pub struct SoftHsm {
    folder: TempDir,
}

impl SoftHsm {
    pub const LABEL: &str = "test token";
    pub const PIN: &str = "567890";

    /// Creates a token with these keys: file and label.
    pub fn with(keys: &[(&str, &str)]) -> Self {
        let token = Self { folder: tempfile::tempdir().unwrap() };
        let tokens = token.folder.path().join("tokens");
        fs::create_dir(&tokens).unwrap();
        let settings = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
        fs::write(token.settings(), settings).unwrap();
        let so_pin = ["--so-pin", "12345678"];
        token.util(&["--init-token", "--free", "--label", Self::LABEL, "--pin", Self::PIN, so_pin[0], so_pin[1]]);
        for (id, (file, label)) in (1..).zip(keys) {
            let (file, id) = (testdata(&format!("keys/{file}-key.pem")), format!("{id:02}"));
            let import = ["--import", &file, "--token", Self::LABEL, "--pin", Self::PIN, "--label", label, "--id", &id];
            token.util(&import);
        }
        token
    }

    fn util(&self, arguments: &[&str]) {
        program(Command::new("softhsm2-util").args(arguments).env("SOFTHSM2_CONF", self.settings()), b"");
    }

    /// Returns the path for `SOFTHSM2_CONF`.
    pub fn settings(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    /// Writes a file beside the token.
    pub fn file(&self, name: &str, text: &str) -> String {
        let file = self.folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// Returns the module's path on Debian and derivatives, Fedora, Homebrew or `MacPorts`.
    pub fn module() -> String {
        let places = [
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/opt/homebrew/lib/softhsm/libsofthsm2.so",
            "/usr/local/lib/softhsm/libsofthsm2.so",
            "/opt/local/lib/softhsm/libsofthsm2.so",
        ];
        let found = places.into_iter().find(|path| fs::exists(path).unwrap());
        found.expect("SoftHSM2 is not installed: run scripts/setup test").to_owned()
    }

    /// Adds the options for the token and one of its keys to a command.
    pub fn key(&self, command: Maskinporten, label: &str) -> Maskinporten {
        let module = Self::module();
        command
            .args(["--pkcs11-module", &module, "--pkcs11-token", Self::LABEL, "--pkcs11-key", label])
            .env("SOFTHSM2_CONF", self.settings())
    }
}
