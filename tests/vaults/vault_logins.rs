//! Logins at Vault that end while a server runs, and the one of a pod, whose token `OpenBao` has reviewed by its cluster.

use std::{process::Command, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use snapbox::str;

use super::vault::OpenBao;
use crate::{
    clouds::{
        SIMULATOR,
        double::{Double, ok},
        signature, token,
    },
    registered::{BY_KEY, SCOPE, is_token_of},
    serve::Serve,
    support::{Maskinporten, program, testdata},
    watch::search_words,
};

/// Allows to sign with the key.
const POLICY: &str = "path \"transit/keys/enterprise\" { capabilities = [\"read\"] }\n\
                      path \"transit/sign/enterprise\" { capabilities = [\"update\"] }\n";
const AUDIENCE: &str = "https://our-vault";
const KEY: &str = "vault-transit://transit/enterprise";
const DEFAULT_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Starts a Vault with a key that the policy `mp` allows to sign with.
fn vault() -> OpenBao {
    let bao = OpenBao::start();
    bao.import("enterprise", "rsa-2048");
    let policy = bao.0.file("policy.hcl", POLICY);
    bao.run(&["policy", "write", "mp", &policy]);
    bao
}

/// Makes the token of a service account, as a cluster would.
fn token_of_pod() -> String {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "iss": "https://our-cluster", "sub": "system:serviceaccount:apps:mp", "aud": [AUDIENCE], "iat": now, "nbf": now,
        "exp": now + 600,
        "kubernetes.io": { "namespace": "apps", "serviceaccount": { "name": "mp", "uid": "uid-of-the-account" } }
    });
    let [header, claims] = [json!({ "alg": "RS256" }), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = signature("keys/second-key.pem", "RS256", &openssl::sha::sha256(message.as_bytes()));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Starts the API of a cluster that knows every token with this signature, and lets a Vault ask it.
fn cluster(bao: &OpenBao) -> Double {
    let cluster = Double::start(|_, call| {
        assert_eq!(call.path, "/apis/authentication.k8s.io/v1/tokenreviews");
        assert_eq!(call.header("authorization"), Some("Bearer token-of-the-reviewer"));
        let review: Value = serde_json::from_str(&call.request.body).unwrap();
        assert!(review["spec"]["token"].as_str().unwrap().starts_with("eyJ"), "{review}");
        ok(&json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "status": {
                "authenticated": true, "audiences": review["spec"]["audiences"],
                "user": {
                    "username": "system:serviceaccount:apps:mp", "uid": "uid-of-the-account",
                    "groups": ["system:serviceaccounts", "system:serviceaccounts:apps"]
                }
            }
        }))
    });
    bao.run(&["auth", "enable", "kubernetes"]);
    let host = format!("kubernetes_host={}", cluster.url());
    // It wants a certificate authority although it asks over plain HTTP.
    let authority = format!("kubernetes_ca_cert=@{}", testdata("keys/root.pem"));
    let reviewer = "token_reviewer_jwt=token-of-the-reviewer";
    bao.run(&["write", "auth/kubernetes/config", &host, &authority, reviewer, "disable_local_ca_jwt=true"]);
    let accounts = ["bound_service_account_names=mp", "bound_service_account_namespaces=apps"];
    bao.run(&["write", "auth/kubernetes/role/mp", accounts[0], accounts[1], "token_policies=mp", "token_ttl=1s"]);
    cluster
}

/// Runs a server, and gets two tokens from it with a pause that no login survives.
#[track_caller]
fn signs_with_a_new_login(run: Maskinporten) {
    let run = run.args(["-s", SCOPE, "-c", BY_KEY, "--key-from", KEY, "--kid", "enterprise"]);
    let serve = Serve::start(run);
    is_token_of(BY_KEY, &serve.get("/").token());
    std::thread::sleep(Duration::from_millis(2500));

    is_token_of(BY_KEY, &serve.get("/").token());
    search_words("the log", serve.log().as_bytes());
}

fn serve(bao: &OpenBao) -> Maskinporten {
    SIMULATOR.maskinporten(&["serve", "--env", "local", "--port", "0"]).env("VAULT_ADDR", bao.0.url())
}

#[test]
fn an_expired_login_of_an_app_role_is_renewed_in_a_running_server() {
    let bao = vault();
    bao.run(&["auth", "enable", "approle"]);
    bao.run(&["write", "auth/approle/role/mp", "token_policies=mp", "token_ttl=1s"]);
    let role_id = bao.run(&["read", "-field=role_id", "auth/approle/role/mp/role-id"]);
    let secret_id = bao.run(&["write", "-force", "-field=secret_id", "auth/approle/role/mp/secret-id"]);

    signs_with_a_new_login(serve(&bao).env("VAULT_ROLE_ID", role_id).env("VAULT_SECRET_ID", secret_id));
}

#[test]
fn an_expired_login_with_a_jwt_is_renewed_in_a_running_server() {
    let bao = vault();
    bao.run(&["auth", "enable", "jwt"]);
    let public =
        program(Command::new("openssl").args(["pkey", "-pubout", "-in", &testdata("keys/second-key.pem")]), b"");
    bao.run(&["write", "auth/jwt/config", &format!("jwt_validation_pubkeys={public}")]);
    let audience = format!("bound_audiences={AUDIENCE}");
    let role = ["role_type=jwt", &audience, "user_claim=sub", "token_policies=mp", "token_ttl=1s"];
    bao.run(&[&["write", "auth/jwt/role/mp"][..], &role].concat());
    let file = bao.0.file("jwt", token_of_pod());

    signs_with_a_new_login(serve(&bao).env("VAULT_ROLE", "mp").env("VAULT_JWT_FILE", file));
}

#[test]
fn an_expired_login_of_a_pod_is_renewed_in_a_running_server_with_its_new_token() {
    let bao = vault();
    let cluster = cluster(&bao);
    let file = bao.0.file("pod", token_of_pod());
    let run = serve(&bao).env("VAULT_ROLE", "mp").env("VAULT_AUTH_PATH", "kubernetes").env("VAULT_JWT_FILE", file);

    signs_with_a_new_login(run);

    assert_eq!(cluster.lines().len(), 2);
}

#[test]
fn a_pod_finds_its_token_where_kubernetes_puts_it() {
    let bao = vault();
    let _cluster = cluster(&bao);
    let file = bao.0.file("pod", token_of_pod());
    let run =
        || token(BY_KEY, KEY).env("VAULT_ADDR", bao.0.url()).env("VAULT_ROLE", "mp").args(["--kid", "enterprise"]);

    // A mount namespace of its own, in which the file is at its place.
    let place = "mount -t tmpfs tmpfs /run && mkdir -p \"${0%/*}\" && cp \"$1\" \"$0\" && shift && exec \"$@\"";
    let arguments = ["--map-root-user", "--mount", "sh", "-c", place, DEFAULT_FILE, &file];
    is_token_of(BY_KEY, &run().through("unshare", &arguments).run().artefact());

    run().run().fails(3, str![[r#"
error: no credentials were found for Vault: `/var/run/secrets/kubernetes.io/serviceaccount/token`: No such file or directory (os error 2)
hint: set VAULT_ADDR and VAULT_TOKEN, or run `vault login`

"#]]);
}
