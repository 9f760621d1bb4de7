//! Secrets of KV 2 and keys of Transit, in the real `OpenBao`.

use std::{fs, process::Command};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::pkey::PKey;
use snapbox::str;

use super::{ServiceProcess, installed};
use crate::{
    clouds::{OTHER_KEY, SIMULATOR, chain, is_refused_as_expired, pem_with_chain, signature, token},
    registered::{BY_CERTIFICATE, BY_KEY, is_token_of},
    server::{Server, Step, json, unused_address},
    support::{Maskinporten, maskinporten, program, testdata},
};

const ROOT: &str = "root-token-of-the-tests";

pub(super) struct OpenBao(pub(super) ServiceProcess);

impl OpenBao {
    pub(super) fn start() -> Self {
        let process = ServiceProcess::start(|_, port| {
            let mut command = Command::new(installed("key-services/bin/bao"));
            command.args(["server", "-dev", "-dev-no-store-token", "-dev-root-token-id", ROOT]);
            command.arg(format!("-dev-listen-address=127.0.0.1:{port}"));
            command
        });
        let bao = Self(process);
        crate::support::wait_until("OpenBao is unsealed", || {
            crate::support::http_get(&format!("{}/v1/sys/health", bao.0.url()))
                .contains(r#""sealed":false"#)
                .then_some(())
        });
        crate::support::wait_until("the secrets engine is mounted", || {
            let mut list = bao.command(&["kv", "put", "secret/ready", "a=b"]);
            list.output().unwrap().status.success().then_some(())
        });
        bao.run(&["secrets", "enable", "transit"]);
        bao
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(installed("key-services/bin/bao"));
        command
            .args(arguments)
            .env("VAULT_ADDR", self.0.url())
            .env("VAULT_TOKEN", ROOT)
            .env("HOME", self.0.folder.path());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> String {
        program(&mut self.command(arguments), b"")
    }

    /// Imports a key of testdata into Transit, wrapped as its owner would send it (BYOK).
    pub(super) fn import(&self, name: &str, kind: &str) {
        let pem = fs::read(testdata(&format!("keys/{name}-key.pem"))).unwrap();
        let der = PKey::private_key_from_pem(&pem).unwrap().private_key_to_pkcs8().unwrap();
        let file = self.0.file("key.b64", openssl::base64::encode_block(&der));
        self.run(&["transit", "import", &format!("transit/keys/{name}"), &format!("@{file}"), &format!("type={kind}")]);
    }

    fn set_certificate(&self, name: &str, chain: &str) {
        let file = self.0.file("chain.pem", chain);
        let path = format!("transit/keys/{name}/set-certificate");
        self.run(&["write", &path, &format!("certificate_chain=@{file}")]);
    }

    /// Adds the variables of a user of this Vault.
    fn used_by(&self, command: Maskinporten) -> Maskinporten {
        command.env("VAULT_ADDR", self.0.url()).env("VAULT_TOKEN", ROOT)
    }

    /// Creates a token that may only do this.
    fn token_with(&self, policy: &str) -> String {
        let file = self.0.file("policy.hcl", policy);
        self.run(&["policy", "write", "limited", &file]);
        self.run(&["token", "create", "-policy=limited", "-field=token"]).trim().to_owned()
    }
}

#[test]
fn a_key_in_a_secret_gets_a_token() {
    let bao = OpenBao::start();
    let pem = bao.0.file("key.pem", pem_with_chain());
    let jwk = testdata("jwk/rsa.json");
    bao.run(&["kv", "put", "secret/team/mp", &format!("jwk=@{jwk}"), &format!("pem=@{pem}")]);

    for (client, field) in [(BY_KEY, "jwk"), (BY_CERTIFICATE, "pem")] {
        let got = bao.used_by(token(client, &format!("vault://secret/team/mp#{field}"))).run().artefact();

        is_token_of(client, &got);
    }
}

#[test]
fn an_imported_key_signs_in_vault_and_its_stored_chain_is_sent() {
    let bao = OpenBao::start();
    bao.import("enterprise", "rsa-2048");
    bao.set_certificate("enterprise", &chain());

    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        let command = token(BY_CERTIFICATE, "vault-transit://transit/enterprise").args(["--alg", algorithm, "--quiet"]);
        let got = bao.used_by(command).run().artefact();

        is_token_of(BY_CERTIFICATE, &got);
    }
}

#[test]
fn keys_on_curves_sign_in_vault_under_their_key_id() {
    let bao = OpenBao::start();
    for (name, kind, algorithm) in [
        ("ec", "ecdsa-p256", "ES256"),
        ("ec384", "ecdsa-p384", "ES384"),
        ("ec521", "ecdsa-p521", "ES512"),
        ("ed25519", "ed25519", "EdDSA"),
    ] {
        bao.import(name, kind);
        let command = token(BY_KEY, &format!("vault-transit://transit/{name}"));
        let got = bao.used_by(command.args(["--kid", name, "--alg", algorithm, "--quiet"])).run().artefact();

        is_token_of(BY_KEY, &got);
    }
}

#[test]
fn a_key_whose_certificate_has_expired_is_refused() {
    let bao = OpenBao::start();
    bao.import("enterprise", "rsa-2048");
    bao.set_certificate("enterprise", &fs::read_to_string(testdata("keys/expired.pem")).unwrap());

    is_refused_as_expired(bao.used_by(token(BY_CERTIFICATE, "vault-transit://transit/enterprise")));
}

#[test]
fn a_token_is_obtained_by_each_login() {
    let bao = OpenBao::start();
    bao.run(&["kv", "put", "secret/mp", &format!("jwk=@{}", testdata("jwk/rsa.json"))]);
    let policy = bao.0.file("policy.hcl", r#"path "secret/data/mp" { capabilities = ["read"] }"#);
    bao.run(&["policy", "write", "mp", &policy]);
    bao.run(&["auth", "enable", "approle"]);
    bao.run(&["write", "auth/approle/role/mp", "token_policies=mp"]);
    let role_id = bao.run(&["read", "-field=role_id", "auth/approle/role/mp/role-id"]);
    let secret_id = bao.run(&["write", "-force", "-field=secret_id", "auth/approle/role/mp/secret-id"]);
    let secret_id_file = bao.0.file("secret-id", &secret_id);
    bao.run(&["auth", "enable", "jwt"]);
    let public =
        program(Command::new("openssl").args(["pkey", "-pubout", "-in", &testdata("keys/second-key.pem")]), b"");
    bao.run(&["write", "auth/jwt/config", &format!("jwt_validation_pubkeys={public}")]);
    let role =
        ["role_type=jwt", "bound_audiences=https://test.maskinporten.no/", "user_claim=iss", "token_policies=mp"];
    bao.run(&[&["write", "auth/jwt/role/mp"][..], &role].concat());
    // Any JWT with these claims: a grant has them.
    let key = testdata("keys/second-key.pem");
    let jwt = maskinporten(["grant", "--env", "test", "-c", "a-pod", "-s", "a:b", "--kid", "a", "--key", &key]);
    let jwt = bao.0.file("jwt", jwt.run().artefact());
    let place = "vault://secret/mp#jwk";
    let command = || token(BY_KEY, place).env("VAULT_ADDR", bao.0.url()).args(["--no-cache"]);
    let with_file = command();
    fs::write(with_file.home().join(".vault-token"), format!("{ROOT}\n")).unwrap();
    let app_role = || command().env("VAULT_ROLE_ID", &role_id);
    for (name, command) in [
        ("~/.vault-token", with_file),
        ("AppRole", app_role().env("VAULT_SECRET_ID", &secret_id)),
        ("AppRole with a file", app_role().env("VAULT_SECRET_ID_FILE", &secret_id_file)),
        ("JWT", command().env("VAULT_ROLE", "mp").env("VAULT_JWT_FILE", &jwt)),
        ("OpenBao's names", token(BY_KEY, place).env("BAO_ADDR", bao.0.url()).env("BAO_TOKEN", ROOT)),
    ] {
        let outcome = command.run();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{name}");
        is_token_of(BY_KEY, &outcome.stdout);
    }
}

#[test]
fn a_token_in_the_cache_needs_no_vault() {
    let bao = OpenBao::start();
    bao.import("enterprise", "rsa-2048");
    bao.set_certificate("enterprise", &chain());
    let home = tempfile::tempdir().unwrap();
    let command = || {
        let command = token(BY_CERTIFICATE, "vault-transit://transit/enterprise");
        bao.used_by(command).env("XDG_CACHE_HOME", home.path())
    };
    let (first, second) = (command(), command());
    let got = first.run().artefact();
    drop(bao);

    assert_eq!(second.run().artefact(), got);
}

#[test]
fn the_error_says_what_vault_lacks_or_refuses() {
    let bao = OpenBao::start();
    bao.run(&["kv", "put", "secret/mp", "jwk=x"]);
    bao.import("enterprise", "rsa-2048");
    bao.run(&["write", "-force", "transit/keys/aes", "type=aes256-gcm96"]);
    let reads_only = bao.token_with(r#"path "transit/keys/enterprise" { capabilities = ["read"] }"#);
    let report = |place: &str, limit: Option<&str>, code: i32| {
        let command = bao.used_by(token(BY_KEY, place).args(["--kid", "a"]));
        let command = limit.into_iter().fold(command, |command, token| command.env("VAULT_TOKEN", token));
        command.run().failure(code).to_owned()
    };
    let found = [
        report("vault://secret/mp#jwk", Some("a-wrong-token"), 5),
        report("vault://secret/mp#jwk", Some(&reads_only), 5),
        report("vault-transit://transit/enterprise", Some(&reads_only), 5),
        report("vault://secret/none#jwk", None, 4),
        report("vault://secret/mp#none", None, 4),
        report("vault-transit://transit/none", None, 4),
        report("vault-transit://transit/aes", None, 4),
        report("vault-transit://elsewhere/x", None, 4),
    ];

    crate::support::assert_snapshot(
        &found.join("\n"),
        str![[r#"
error: Vault did not accept the credentials: permission denied (HTTP 403)
hint: set VAULT_ADDR and VAULT_TOKEN, or run `vault login`

error: Vault denied access: 1 error occurred: * permission denied (HTTP 403)
hint: give this identity the permission read on secret/data/mp

error: could not sign the grant
caused by: the service or agent that has the private key did not sign
caused by: Vault denied access: 1 error occurred: * permission denied (HTTP 403)
hint: give this identity the permission update on transit/sign/enterprise

error: Vault has no secret secret/none: HTTP 404
hint: check the name, and which account or address the credentials are for

error: the secret in Vault cannot be used: secret/mp has no `none`
hint: name a field of the secret that is a text, after #

error: Vault has no key transit/none: HTTP 404
hint: check the name, and which account or address the credentials are for

error: the key in Vault cannot be used: transit/aes is of the type aes256-gcm96, which does not sign
hint: use an RSA key of 2048 bits or more that may sign

error: Vault has no key elsewhere/x: no handler for route "elsewhere/keys/x". route entry not found. (HTTP 404)
hint: check the name, and which account or address the credentials are for

"#]],
    );
}

/// `OpenBao` itself stores no chain of another key, so a test server answers in its place.
#[test]
fn a_chain_of_another_key_is_refused() {
    let read = |name: &str| fs::read(testdata(name)).unwrap();
    let public = PKey::private_key_from_pem(&read("keys/enterprise-key.pem")).unwrap().public_key_to_pem().unwrap();
    let key = serde_json::json!({
        "public_key": String::from_utf8(public).unwrap(),
        "certificate_chain": String::from_utf8(read("keys/second.pem")).unwrap()
    });
    let answer = serde_json::json!({ "data": { "type": "rsa-2048", "latest_version": 1, "keys": { "1": key } } });
    let vault = Server::start([json("200 OK", answer.to_string())]);
    let command = token(BY_CERTIFICATE, "vault-transit://transit/enterprise");

    let outcome = command.env("VAULT_ADDR", vault.url("/")).env("VAULT_TOKEN", ROOT).run();

    outcome.fails(4, str![[r#"
error: the key in Vault cannot be used: the certificate_chain of transit/enterprise does not fit it: none of its 1 certificate(s) belongs to the private key; the first is C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827
hint: use an RSA key of 2048 bits or more that may sign

"#]]);
}

/// `OpenBao` itself signs with no other key.
#[test]
fn the_signature_of_another_key_never_leaves() {
    let pem = fs::read(testdata("keys/enterprise-key.pem")).unwrap();
    let public = PKey::private_key_from_pem(&pem).unwrap().public_key_to_pem().unwrap();
    let key = serde_json::json!({ "public_key": String::from_utf8(public).unwrap() });
    let key = serde_json::json!({ "data": { "type": "rsa-2048", "latest_version": 1, "keys": { "1": key } } });
    let signature = URL_SAFE_NO_PAD.encode(signature("keys/other-key.pem", "RS256", &[7; 32]));
    let signature = serde_json::json!({ "data": { "signature": format!("vault:v1:{signature}") } });
    let vault = Server::start([json("200 OK", key.to_string()), json("200 OK", signature.to_string())]);
    let run = token(BY_KEY, "vault-transit://transit/enterprise").args(["--kid", "enterprise"]);

    let outcome = run.env("VAULT_ADDR", vault.url("/")).env("VAULT_TOKEN", ROOT).run();

    outcome.fails(4, OTHER_KEY);
}

#[test]
fn a_vault_that_is_not_configured_slow_or_dead_is_named() {
    let place = "vault://secret/mp#jwk";
    let slow = Server::start([Step::Hang(Vec::new())]);
    let with_token = || token(BY_KEY, place).env("VAULT_TOKEN", ROOT);

    token(BY_KEY, place).run().fails(
        3,
        str![[r#"
error: Vault needs VAULT_ADDR, which is not set
hint: set VAULT_ADDR, and export it

"#]],
    );
    token(BY_KEY, place).env("VAULT_ADDR", slow.url("/")).run().fails(3, str![[r#"
error: no credentials were found for Vault: VAULT_TOKEN, VAULT_ROLE_ID and VAULT_ROLE are not set, and there is no ~/.vault-token
hint: set VAULT_ADDR and VAULT_TOKEN, or run `vault login`

"#]]);
    with_token().env("VAULT_ADDR", "http://vault.example.no").run().fails(3, str![[r#"
error: VAULT_ADDR cannot be used for Vault: `http://vault.example.no/` is neither an https URL nor an http URL on this machine
hint: correct VAULT_ADDR

"#]]);
    let slow_run = with_token().env("VAULT_ADDR", slow.url("/")).args(["--timeout", "1"]).run();
    slow_run.replacing(slow.url("/"), "[URL]").fails(
        6,
        str![[r#"
error: could not reach Vault
caused by: [URL]v1/secret/data/mp did not answer in time
hint: try again later; --timeout waits longer

"#]],
    );
    let dead = format!("http://{}/", unused_address());
    let dead_run = with_token().env("VAULT_ADDR", &dead).run();
    dead_run.replacing(&dead, "[URL]").fails(
        6,
        str![[r#"
error: could not reach Vault
caused by: could not connect to [URL]v1/secret/data/mp: connection refused
hint: check the address of Vault, the network and the proxy

"#]],
    );
}

#[test]
fn check_shows_where_the_key_is_and_what_the_token_may_do() {
    let bao = OpenBao::start();
    bao.import("enterprise", "rsa-2048");
    bao.set_certificate("enterprise", &chain());
    let command = SIMULATOR.maskinporten(&["check", "--env", "local", "-s", crate::registered::SCOPE]);
    let command =
        command.args(["-c", BY_CERTIFICATE, "--key-from", "vault-transit://transit/enterprise", "--format", "json"]);

    let outcome = bao.used_by(command).run();

    let place = super::place_lines(&outcome.stdout).replace(&bao.0.url(), "[URL]");
    crate::support::assert_snapshot(
        &place,
        str![[r#"
"found": "[URL]/transit/keys/enterprise, version 1",
"authenticated as token (root), by VAULT_TOKEN",
"permission: root on transit/sign/enterprise"

"#]],
    );
}
