//! The main path, end to end: from every kind of keystore to a token that an API accepts, over http and https.

use std::process::Command;

use serde_json::{Value, json};
use snapbox::str;

use crate::{
    local::Local,
    support::{program, testdata},
};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

/// Every keystore that can be opened, its password, and other options that its key needs.
const KEYSTORES: &[(&str, &str, &[&str])] = &[
    ("modern.p12", "secret", &[]),
    ("aes128.p12", "secret", &[]),
    ("sha512-mac.p12", "secret", &[]),
    ("certpbe-none.p12", "secret", &[]),
    ("iterations-600000.p12", "secret", &[]),
    ("iterations-one.p12", "secret", &[]),
    ("pbmac1.p12", "secret", &[]),
    ("ber.p12", "secret", &[]),
    ("ber-legacy.p12", "secret", &[]),
    ("trailing-bytes.p12", "secret", &[]),
    ("no-mac.p12", "secret", &["--quiet"]),
    ("no-mac-legacy.p12", "secret", &["--quiet"]),
    ("legacy.p12", "secret", &[]),
    ("triple-des.p12", "secret", &[]),
    ("mixed.p12", "secret", &[]),
    ("rc2-aes.p12", "secret", &[]),
    ("dotnet8.p12", "secret", &[]),
    ("keytool.p12", "secret12", &[]),
    ("keytool-legacy.p12", "secret12", &[]),
    ("keytool-three.p12", "secret12", &[]),
    ("buypass-three.p12", "secret", &[]),
    ("two-signers.p12", "secret", &["--alias", "second"]),
    ("empty-password.p12", "", &[]),
    ("empty-password-legacy.p12", "", &[]),
    ("norwegian-password.p12", "blåbær øl Å", &[]),
    ("norwegian-password-legacy.p12", "blåbær øl Å", &[]),
    ("emoji-password.p12", "p🔑w 𝄞", &[]),
    ("emoji-password-legacy.p12", "p🔑w 𝄞", &[]),
    ("latin1-password.p12", "blåbærøl", &[]),
    ("openssl1-password-legacy.p12", "blåbærøl", &[]),
    ("rsa3072.p12", "secret", &[]),
    ("rsa4096.p12", "secret", &["--alg", "RS512"]),
    ("ec.p12", "secret", &["--alg", "ES256", "--quiet"]),
    ("ec384.p12", "secret", &["--alg", "ES384", "--quiet"]),
    ("ec521.p12", "secret", &["--alg", "ES512", "--quiet"]),
    ("ed25519.p12", "secret", &["--alg", "EdDSA", "--quiet"]),
    ("reversed-chain.p12", "secret", &[]),
    ("foreign-certificates.p12", "secret", &[]),
    ("orgno-in-o.p12", "secret", &[]),
    ("orgno-in-2-5-4-97.p12", "secret", &[]),
];

/// Starts a simulator that trusts the root of testdata and has a client of its organisation.
fn simulator(arguments: &[&str]) -> Local {
    let root = testdata("keys/root.pem");
    let algorithms = ["ES256", "ES384", "ES512", "EdDSA"].iter().flat_map(|name| ["--allow-alg", name]);
    let all: Vec<&str> = ["--trust", &root].into_iter().chain(algorithms).chain(arguments.iter().copied()).collect();
    Local::with_clients(&all, |clients| {
        let client =
            json!({ "client_id": CLIENT, "name": "testdata", "orgno": "991825827", "scopes": ["difitest:test1"] });
        clients["clients"].as_array_mut().unwrap().push(client);
        for scope in clients["scopes"].as_array_mut().unwrap() {
            if scope["name"] == "difitest:test1" {
                scope["accessible_for_all"] = json!(true);
            }
        }
    })
}

fn every_keystore_gets_a_token(local: &Local, curl: &[&str]) {
    for (file, password, more) in KEYSTORES {
        let path = testdata(file);
        let arguments = ["headers", "--env", "local", "-c", CLIENT, "-s", "difitest:test1", "-k", &path];
        let headers = local
            .maskinporten(&arguments)
            .args(*more)
            .env("PASSWORD_OF_THE_TEST", password)
            .args(["--keystore-password-env", "PASSWORD_OF_THE_TEST"])
            .run()
            .artefact();

        let url = format!("{}api/hello", local.issuer());
        let hello = program(Command::new("curl").args(["-sS", "-H", "@-", &url]).args(curl), headers.as_bytes());

        let hello: Value = serde_json::from_str(&hello).unwrap_or_else(|error| panic!("{file}: {error}: {hello}"));
        assert_eq!(hello, json!({ "hello": "991825827", "client_id": CLIENT, "scope": "difitest:test1" }), "{file}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn every_kind_of_keystore_gets_a_token_over_http_that_an_api_accepts() {
    let local = simulator(&[]);

    every_keystore_gets_a_token(&local, &[]);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn every_kind_of_keystore_gets_a_token_over_https_that_an_api_accepts() {
    let local = simulator(&["--tls"]);
    let ca_file = local.file("tls-ca.pem").display().to_string();

    every_keystore_gets_a_token(&local, &["--cacert", &ca_file]);
}

#[test]
fn the_flow_is_tested_with_every_keystore_that_can_be_opened() {
    let left_out = ["expired.p12", "not-yet-valid.p12", "leaf-only.p12", "no-certificate.p12", "other.p12"];
    let readme = std::fs::read_to_string(testdata("README.md")).unwrap();
    let unopened = "truncated damaged nested huge-length iterations- certificates-only secret-key-only other-key \
                    rc2-128 rc4 two-key-3des";
    let names = std::fs::read_dir(testdata("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for file in names.filter(|name| name.strip_suffix(".p12").is_some()) {
        let known = KEYSTORES.iter().any(|(name, ..)| *name == file) || left_out.contains(&file.as_str());
        let cannot = unopened.split_whitespace().any(|name| file.starts_with(name));
        assert!(known || cannot, "{file} is in no list");
        assert!(readme.contains(&file), "{file} is not in testdata's README");
    }
}

#[test]
fn each_keystore_of_the_simulator_gets_a_token_of_its_organisation() {
    let local = Local::start(&[]);
    for (keystore, client, organisation) in [
        ("modern", "8d001e58-c758-4beb-a9ec-ae1d770fa35e", "0192:310700010"),
        ("legacy", "b894c5f4-3d09-4edc-94b2-2c1b5192be95", "0192:310700029"),
        ("three-entries", "9d70b74d-a404-4e73-9254-78891f03398f", "0192:310700037"),
    ] {
        let file = local.file(&format!("{keystore}.p12")).display().to_string();
        let password = local.file(&format!("{keystore}.password")).display().to_string();
        let arguments = ["token", "--env", "local", "-c", client, "-k", &file, "--keystore-password-file", &password];

        let token = local.maskinporten(&arguments).run().artefact();

        assert_eq!(claims(&token)["consumer"]["ID"], organisation);
    }
}

#[test]
fn env_local_needs_no_other_option() {
    let local = Local::start(&[]);

    let token = local.maskinporten(&["token", "--env", "local"]).run().artefact();

    let claims = claims(&token);
    let names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    let order = ["scope", "iss", "client_amr", "token_type", "exp", "iat", "client_id", "jti", "consumer"];
    assert_eq!(names, order);
    assert_eq!(claims["iss"], local.issuer());
    assert_eq!(claims["client_amr"], "virksomhetssertifikat");
}

#[test]
fn delegations_system_users_resources_and_persons_are_in_the_token() {
    let local = Local::start(&[]);
    let token = |arguments: &[&str]| {
        let run = local.maskinporten(&["token", "--env", "local"]).args(arguments).run();
        claims(&run.artefact())
    };

    let delegated = token(&["-s", "simulator:delegated", "-C", "310700053"]);
    assert_eq!(delegated["consumer"]["ID"], "0192:310700053");
    assert_eq!(delegated["supplier"]["ID"], "0192:310700010");

    let system_user =
        token(&["-s", "altinn:systembruker.demo", "--system-user", "310 700 053", "--external-ref", "lonn"]);
    assert_eq!(system_user["authorization_details"][0]["systemuser_org"]["ID"], "0192:310700053");
    assert_eq!(system_user["aud"], "https://tt02.altinn.no/");

    let restricted = token(&["-r", "https://api.example.no/", "-r", "urn:x", "--pid", "01017012345"]);
    assert_eq!(restricted["aud"], json!(["https://api.example.no/", "urn:x"]));
    assert_eq!(restricted["pid"], "01017012345");

    let unrestricted = token(&["-s", "altinn:serviceowner", "--no-resource"]);
    assert_eq!(unrestricted.get("aud"), None);
}

#[test]
fn a_refusal_of_the_simulator_is_explained_and_its_trace_id_is_in_both_logs() {
    let local = Local::start(&[]);

    let outcome = local.maskinporten(&["token", "--env", "local", "-s", "simulator:unknown"]).run();

    let trace_id = outcome.stderr.split_once("(trace_id: ").unwrap().1.split_once(')').unwrap().0.to_owned();
    outcome.replacing(&trace_id, "[TRACE_ID]").fails(
        5, str![[r#"
error: the token endpoint refused the grant: HTTP 400, invalid_scope (MP-200)
caused by: the server says: Token request contains invalid scopes for client, simulator:unknown (trace_id: [TRACE_ID])
caused by: that means: the scope simulator:unknown is not registered on client 8d001e58-c758-4beb-a9ec-ae1d770fa35e
hint: the administrator of the client must add the scope in Samarbeidsportalen; if it is not available there, the owner of the API must first grant organisation 310700010 access

"#]],
    );
    // This also waits until the log is complete.
    assert_eq!(local.grants(), 1);
    assert!(local.log().contains(&trace_id), "{}", local.log());
}

#[test]
fn a_retry_sends_a_new_grant_which_the_simulator_does_not_reject_as_a_replay() {
    let local = Local::with_clients(&[], |clients| {
        clients["faults"] = json!({ "answer": "status", "status": 503, "first_requests": 2 });
    });

    let token = local.maskinporten(&["token", "--env", "local"]).run().artefact();

    assert_eq!(claims(&token)["iss"], local.issuer());
    assert_eq!(local.grants(), 3);
}

#[test]
fn discovery_finds_the_simulators_addresses() {
    let local = Local::start(&[]);
    let file = local.file("modern.p12").display().to_string();
    let password = local.file("modern.password").display().to_string();
    let arguments = ["token", "--discover", local.issuer(), "-s", "difitest:test1", "-k", &file];
    let client = ["-c", "8d001e58-c758-4beb-a9ec-ae1d770fa35e", "--keystore-password-file", &password];

    let token = local.maskinporten(&arguments).args(client).run().artefact();

    assert_eq!(claims(&token)["iss"], local.issuer());
}

#[test]
fn without_a_simulator_env_local_fails_with_the_command_that_starts_one() {
    let outcome = crate::support::maskinporten(["token", "--env", "local"]).env("XDG_DATA_HOME", "/nonexistent").run();

    outcome.fails(
        3,
        str![[r#"
error: no simulator is running: `/nonexistent/maskinporten/local.json` does not exist
hint: start the simulator in another terminal: maskinporten simulate

"#]],
    );
}

#[test]
fn a_simulator_that_has_ended_is_reported_as_unreachable() {
    let mut local = Local::start(&[]);
    let endpoint = format!("{}token", local.issuer());
    local.end();

    let outcome = local.maskinporten(&["token", "--env", "local", "--retries", "0"]).run();

    outcome.replacing(endpoint, "[ENDPOINT]").fails(
        6,
        str![[r#"
error: could not reach the server
caused by: could not connect to [ENDPOINT]: connection refused
hint: start the simulator in another terminal: maskinporten simulate

"#]],
    );
}

#[test]
fn the_demo_shows_every_step() {
    let shown = crate::support::maskinporten(["demo"]).run().artefact();

    for title in [
        "1. The simulator",
        "2. The keystore's certificate",
        "3. The grant, decoded",
        "4. The response from http://127.0.0.1:",
        "5. The access token's claims",
        "6. The token in a request",
    ] {
        assert!(shown.contains(title), "{title}: {shown}");
    }
    assert!(shown.contains("organisation  310700010"), "{shown}");
    assert!(!shown.lines().any(|line| line.ends_with(' ')), "{shown}");
}

/// Returns the claims of a token, decoded by openssl.
fn claims(token: &str) -> Value {
    let payload = token.trim_end().split('.').nth(1).unwrap().replace('-', "+").replace('_', "/");
    let padded = format!("{payload}{}", "=".repeat((4 - payload.len() % 4) % 4));
    let json = program(Command::new("openssl").args(["base64", "-d", "-A"]), padded.as_bytes());
    serde_json::from_str(&json).unwrap()
}
