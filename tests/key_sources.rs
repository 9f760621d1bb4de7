//! Every kind of key, from its source to a token of the simulator; keys without a certificate are registered with
//! what `keys public` prints.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    registered::{BY_CERTIFICATE, BY_KEY, SCOPE, SoftHsm, is_token_of, part, public_set, simulator, token},
    samples::certificate,
    support::{Maskinporten, maskinporten, testdata},
};

/// The enterprise key's certificates, out of their order.
fn shuffled() -> String {
    testdata("pem/shuffled.pem")
}

#[test]
fn a_jwk_gets_a_token_once_the_output_of_keys_public_is_registered() {
    for (file, more) in [
        ("rsa.json", &[][..]),
        ("rsa-short.json", &[]),
        ("no-kid.json", &[]),
        ("ec.json", &["--alg", "ES256", "--quiet"]),
        ("ec384.json", &["--alg", "ES384", "--quiet"]),
        ("ec521.json", &["--alg", "ES512", "--quiet"]),
        ("ed25519.json", &["--alg", "EdDSA", "--quiet"]),
    ] {
        let jwk = testdata(&format!("jwk/{file}"));
        let set = public_set(&["--jwk", &jwk]);
        let local = simulator(std::slice::from_ref(&set));
        let own = crate::registered::keys_of(&set)[0]["kid"].as_str().unwrap().to_owned();
        let kid = if file == "no-kid.json" { vec!["--kid", &own] } else { Vec::new() };

        let got = token(&local, BY_KEY).args(["--jwk", &jwk]).args(kid).args(more).run().artefact();

        is_token_of(BY_KEY, &got);
    }
}

#[test]
fn one_key_of_a_jwk_set_is_chosen_by_its_kid() {
    let set = testdata("jwk/set.json");
    let public: Vec<String> =
        ["enterprise", "second"].iter().map(|kid| public_set(&["--jwk", &set, "--kid", kid])).collect();
    let local = simulator(&public);

    for kid in ["enterprise", "second"] {
        let got = token(&local, BY_KEY).args(["--jwk", &set, "--kid", kid]).run().artefact();

        is_token_of(BY_KEY, &got);
    }
}

#[test]
fn a_jwk_may_be_in_a_variable_or_on_stdin() {
    let file = testdata("jwk/rsa.json");
    let text = fs::read_to_string(&file).unwrap();
    let local = simulator(&[public_set(&["--jwk", &file])]);

    let of_variable = token(&local, BY_KEY).env("MASKINPORTEN_CLIENT_JWK", &text).run().artefact();
    let of_stdin = token(&local, BY_KEY).args(["--jwk", "-"]).stdin(text).run().artefact();

    is_token_of(BY_KEY, &of_variable);
    is_token_of(BY_KEY, &of_stdin);
}

#[test]
fn a_jwk_with_its_certificate_needs_no_registered_key() {
    let local = simulator(&[]);

    let jwk = testdata("jwk/x5c.json");
    let got = token(&local, BY_CERTIFICATE).args(["--jwk", &jwk, "--x5c", "chain"]).run().artefact();

    is_token_of(BY_CERTIFICATE, &got);
}

#[test]
fn every_form_of_pem_key_gets_a_token_with_a_certificate_file_out_of_order() {
    let local = simulator(&[]);
    for (key, password) in [
        ("keys/enterprise-key.pem", None),
        ("pem/pkcs1.pem", None),
        ("pem/encrypted-pkcs8.pem", Some("secret")),
        ("pem/encrypted-3des.pem", Some("secret")),
        ("pem/encrypted-traditional.pem", Some("secret")),
    ] {
        let command = token(&local, BY_CERTIFICATE).args(["--key", &testdata(key), "--certificate", &shuffled()]);
        let command = password.into_iter().fold(command, |command, password| {
            command.args(["--keystore-password-command", &format!("echo {password}")])
        });

        is_token_of(BY_CERTIFICATE, &command.run().artefact());
    }
}

#[test]
fn the_certificates_of_a_pem_key_are_sent_leaf_first() {
    let chain = json!([certificate("enterprise"), certificate("issuing"), certificate("root")]);
    let grant = || maskinporten(["grant", "--env", "test", "-c", "x", "-s", "a:b"]);
    let key = testdata("keys/enterprise-key.pem");

    let beside = grant().args(["--key", &testdata("pem/with-text.pem")]).run().artefact();
    let of_file = grant().args(["--key", &key, "--certificate", &shuffled()]).run().artefact();

    assert_eq!(part(&beside, 0)["x5c"], chain);
    assert_eq!(part(&of_file, 0)["x5c"], chain);
}

#[test]
fn a_pem_key_may_be_on_stdin_with_or_without_its_certificates() {
    let local = simulator(&[public_set(&["--key", &testdata("keys/second-key.pem"), "--kid", "second"])]);
    let from_stdin =
        |client: &str, file: &str| token(&local, client).args(["--key", "-"]).stdin(fs::read(testdata(file)).unwrap());

    let with = from_stdin(BY_CERTIFICATE, "pem/with-text.pem").run().artefact();
    let without = from_stdin(BY_KEY, "keys/second-key.pem").args(["--kid", "second"]).run().artefact();

    is_token_of(BY_CERTIFICATE, &with);
    is_token_of(BY_KEY, &without);
}

#[test]
fn elliptic_keys_in_pem_get_a_token_where_their_algorithm_is_allowed() {
    let sec1 = testdata("pem/sec1.pem");
    let local = simulator(&[public_set(&["--key", &sec1, "--kid", "sec1"])]);
    let es256 = ["--kid", "sec1", "--alg", "ES256", "--quiet"];

    let plain = token(&local, BY_KEY).args(["--key", &sec1]).args(es256).run().artefact();
    let encrypted = token(&local, BY_KEY)
        .args(["--key", &testdata("pem/encrypted-sec1.pem")])
        .args(es256)
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .run()
        .artefact();

    is_token_of(BY_KEY, &plain);
    is_token_of(BY_KEY, &encrypted);
}

#[test]
fn an_rsa_key_signs_with_each_algorithm_that_the_server_allows() {
    let local = simulator(&[]);
    let key = testdata("pem/with-text.pem");
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        let outcome = token(&local, BY_CERTIFICATE).args(["--key", &key, "--alg", algorithm]).run();

        let warning = format!("warning: Maskinporten accepts RS256, RS384 and RS512, not {algorithm}\n");
        let stderr = if algorithm.starts_with("RS") { "" } else { &warning };
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, stderr));
        is_token_of(BY_CERTIFICATE, &outcome.stdout);
    }
}

/// Copies testdata's certificate store to where .NET keeps a user's.
pub fn with_store(command: Maskinporten) -> Maskinporten {
    let store = command.home().join(".dotnet/corefx/cryptography/x509stores/my");
    fs::create_dir_all(&store).unwrap();
    for file in fs::read_dir(testdata("x509stores/my")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), Path::new(&store).join(file.file_name())).unwrap();
    }
    command
}

#[test]
fn a_certificate_of_the_store_is_found_by_each_spelling_of_its_thumbprint() {
    let sha1 = "E239ADFFBF998F790DA8E386387CE372129F67AD";
    let enterprise = testdata("keys/enterprise.pem");
    let fingerprint = |hash: &str| {
        let shown = ["x509", "-in", &enterprise, "-noout", "-fingerprint", hash];
        let shown = crate::support::program(&mut crate::openssl::openssl(&shown), b"");
        shown.trim_end().split_once('=').unwrap().1.to_owned()
    };
    let local = simulator(&[public_set(&["--key", &testdata("keys/enterprise-key.pem"), "--kid", "stored"])]);
    for thumbprint in [
        sha1.to_owned(),
        sha1.to_lowercase(),
        fingerprint("-sha1"),
        fingerprint("-sha1").replace(':', " ").to_lowercase(),
        fingerprint("-sha256"),
        fingerprint("-sha256").replace(':', "").to_lowercase(),
    ] {
        let command = token(&local, BY_KEY).args(["--certificate-thumbprint", &thumbprint, "--kid", "stored"]);

        is_token_of(BY_KEY, &with_store(command).run().artefact());
    }
}

#[test]
fn a_certificate_of_the_store_is_sent_along() {
    let command = maskinporten(["grant", "--env", "test", "-c", "x", "-s", "a:b"]);
    let thumbprint = ["-t", "E239ADFFBF998F790DA8E386387CE372129F67AD"];

    let grant = with_store(command.args(thumbprint)).run().artefact();

    assert_eq!(part(&grant, 0)["x5c"], json!([certificate("enterprise")]));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_key_in_a_hardware_token_gets_a_token_with_its_pin_from_each_source() {
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);
    let local = simulator(&[]);
    let pin_file = hsm.file("pin", "567890\n");
    let asking = || hsm.key(token(&local, BY_CERTIFICATE), "signing").args(["--certificate", &shuffled()]);
    for command in [
        asking().args(["--pkcs11-pin-file", &pin_file]),
        asking().args(["--pkcs11-pin-file", "-"]).stdin("567890"),
        asking().args(["--pkcs11-pin-env", "PIN_OF_THE_TEST"]).env("PIN_OF_THE_TEST", SoftHsm::PIN),
        asking().args(["--pkcs11-pin-command", "echo 567890"]),
        asking().env("MASKINPORTEN_PKCS11_PIN", SoftHsm::PIN),
    ] {
        is_token_of(BY_CERTIFICATE, &command.run().artefact());
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn a_hardware_key_is_registered_with_the_output_of_keys_public_and_signs_with_each_algorithm() {
    let hsm = SoftHsm::with(&[("second", "rsa"), ("ec", "elliptic")]);
    let public = |label: &str| {
        let command = hsm.key(maskinporten(["keys", "public", "--kid", label]), label);
        command.env("MASKINPORTEN_PKCS11_PIN", SoftHsm::PIN).run().artefact()
    };
    let local = simulator(&[public("rsa"), public("elliptic")]);
    for (label, algorithm) in [("rsa", "RS256"), ("rsa", "RS384"), ("rsa", "PS256"), ("elliptic", "ES256")] {
        let command = hsm.key(token(&local, BY_KEY), label).args(["--kid", label, "--alg", algorithm, "--quiet"]);

        let got = command.env("MASKINPORTEN_PKCS11_PIN", SoftHsm::PIN).run().artefact();

        is_token_of(BY_KEY, &got);
    }
}

/// The variables that NAIS sets, for a simulator at this issuer.
fn nais(issuer: &str) -> Maskinporten {
    maskinporten(["token"])
        .env("MASKINPORTEN_CLIENT_ID", BY_KEY)
        .env("MASKINPORTEN_CLIENT_JWK", fs::read_to_string(testdata("jwk/rsa.json")).unwrap())
        .env("MASKINPORTEN_SCOPES", SCOPE)
        .env("MASKINPORTEN_WELL_KNOWN_URL", format!("{issuer}.well-known/oauth-authorization-server"))
}

#[test]
fn the_variables_of_nais_are_all_that_a_token_needs() {
    let local = simulator(&[public_set(&["--jwk", &testdata("jwk/rsa.json")])]);
    let endpoint = format!("{}token", local.issuer());

    let all = nais(local.issuer())
        .env("MASKINPORTEN_ISSUER", local.issuer())
        .env("MASKINPORTEN_TOKEN_ENDPOINT", endpoint)
        .run()
        .artefact();

    is_token_of(BY_KEY, &all);
    assert!(!local.log().contains(".well-known"), "{}", local.log());
}

#[test]
fn the_well_known_address_of_nais_replaces_issuer_and_endpoint() {
    let local = simulator(&[public_set(&["--jwk", &testdata("jwk/rsa.json")])]);

    let discovered = nais(local.issuer()).run().artefact();

    is_token_of(BY_KEY, &discovered);
    assert!(local.log().contains("GET /.well-known/oauth-authorization-server"), "{}", local.log());
}

#[test]
fn a_key_in_place_of_a_path_is_not_shown() {
    let read = |file: &str| fs::read_to_string(testdata(file)).unwrap();
    let keystore = fs::read(testdata("modern.p12")).unwrap();
    let base64 = openssl::base64::encode_block(&keystore);
    let (jwk, pem) = (read("jwk/rsa.json"), read("keys/enterprise-key.pem"));
    let keys = [
        (openssl::base64::encode_block(jwk.as_bytes()), "jwk in base64"),
        (openssl::base64::encode_block(pem.as_bytes()), "pem in base64"),
        (format!("base64:{base64}"), "base64: keystore"),
        (base64, "keystore in base64"),
        (read("cases/dotnet.jwk.b64"), "jwk in base64 of .NET"),
        (jwk, "jwk"),
        (pem, "pem"),
    ];
    let names = ["keystore", "jwk", "key", "certificate", "ca-file", "keystore-password-file", "authorization-details"];
    for (key, format) in &keys {
        // A piece from the middle, without a line break.
        let part = key[key.len() / 2..].split_whitespace().next().unwrap();
        let part = &part[..part.len().min(24)];
        for name in names {
            let value = if name == "authorization-details" { format!("@{key}") } else { key.clone() };
            let variable = format!("MASKINPORTEN_{}", name.to_uppercase().replace('-', "_"));
            for (by_option, command) in [(false, "grant"), (true, "grant"), (false, "check"), (false, "config")] {
                let all: &[&str] = match command {
                    "config" => &["config", "show"],
                    "check" => &["check", "--offline"],
                    _ => &[
                        "token",
                        "--verbose",
                        "--audience",
                        "http://127.0.0.2/",
                        "--token-endpoint",
                        "http://127.0.0.2:9/",
                    ],
                };
                let mut run = maskinporten(all).args(["-c", "x", "-s", "a:b", "--env", "test"]);
                if !["keystore", "jwk", "key"].contains(&name) {
                    let key = if name == "certificate" { "keys/enterprise-key.pem" } else { "modern.p12" };
                    run = run.args([if name == "certificate" { "--key" } else { "-k" }, &testdata(key)]);
                }
                let run = if by_option { run.args([format!("--{name}={value}")]) } else { run.env(&variable, &value) };

                let outcome = run.run();

                let shown = format!("{}{}", outcome.stdout, outcome.stderr);
                assert!(!shown.contains(part), "{format} as {name} of {command}: {shown}");
            }
        }
    }
}
