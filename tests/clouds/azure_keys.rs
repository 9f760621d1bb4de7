//! Secrets, certificates and keys in Azure Key Vault, and what can go wrong with them.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use snapbox::str;

use super::{
    OTHER_KEY,
    azure::{Azure, Contents, Fault},
    chain, is_refused_as_expired, pem_with_chain, place_check, token,
};
use crate::{
    registered::{BY_CERTIFICATE, BY_KEY, is_token_of, part},
    support::{Expected, testdata},
};

const SECRET: &str = "azure-kv://our-vault/secrets/maskinporten";
const CERTIFICATE: &str = "azure-kv://our-vault/certificates/enterprise";
const KEY: &str = "azure-kv://our-vault/keys/enterprise";
const PKCS12: &str = "application/x-pkcs12";

/// Gets a token with the key in this place, and returns the requests to the vault.
#[track_caller]
fn gets_a_token(contents: Contents, client: &str, place: &str, more: &[&str]) -> Vec<String> {
    let azure = Azure::start(contents);
    let issued = azure.opened_by(token(client, place)).args(more).run().artefact();
    is_token_of(client, &issued);
    azure.vault.lines()
}

fn base64(file: &str) -> String {
    STANDARD.encode(fs::read(testdata(file)).unwrap())
}

#[test]
fn a_secret_is_a_jwk_pem_or_pkcs12_without_a_password() {
    let with = |secret| Contents { secret, ..Contents::default() };
    let jwk = fs::read_to_string(testdata("jwk/rsa.json")).unwrap();
    for (secret, client) in [
        ((jwk, None), BY_KEY),
        ((base64("jwk/rsa.json"), Some("text/plain")), BY_KEY),
        ((pem_with_chain(), Some("application/x-pem-file")), BY_CERTIFICATE),
        ((base64("empty-password.p12"), Some(PKCS12)), BY_CERTIFICATE),
        ((base64("empty-password-legacy.p12"), Some(PKCS12)), BY_CERTIFICATE),
    ] {
        gets_a_token(with(secret), client, SECRET, &[]);
    }
}

#[test]
fn a_certificate_has_its_key_and_chain_in_the_secret_beside_it() {
    let secret = (base64("empty-password.p12"), Some(PKCS12));

    let lines = gets_a_token(Contents { secret, ..Contents::default() }, BY_CERTIFICATE, CERTIFICATE, &[]);

    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[2].starts_with("GET /secrets/enterprise/4387e9f3d6e14c459867679a90fd0f79?"), "{lines:?}");
}

#[test]
fn a_certificate_whose_key_may_not_leave_the_vault_signs_there_with_its_chain() {
    let mut stack = openssl::stack::Stack::new().unwrap();
    for certificate in openssl::x509::X509::stack_from_pem(chain().as_bytes()).unwrap() {
        stack.push(certificate).unwrap();
    }
    let pkcs12 = openssl::pkcs12::Pkcs12::builder().ca(stack).build2("").unwrap().to_der().unwrap();
    for secret in [(chain(), Some("application/x-pem-file")), (STANDARD.encode(pkcs12), Some(PKCS12))] {
        let contents =
            Contents { secret, certificate: ("keys/enterprise.pem", false), kty: "RSA-HSM", ..Contents::default() };
        let azure = Azure::start(contents);
        let grant = azure.opened_by(token(BY_CERTIFICATE, CERTIFICATE)).run().artefact();
        is_token_of(BY_CERTIFICATE, &grant);
        let lines = azure.vault.lines();
        assert!(lines[4].starts_with("POST /keys/enterprise/4387e9f3d6e14c459867679a90fd0f79/sign?"), "{lines:?}");
    }
}

#[test]
fn a_key_signs_in_the_vault_under_its_key_id() {
    let lines = gets_a_token(Contents::default(), BY_KEY, KEY, &["--kid", "enterprise"]);

    assert_eq!(lines.len(), 3, "{lines:?}");
    let version = format!("{KEY}/4387e9f3d6e14c459867679a90fd0f79");
    gets_a_token(Contents::default(), BY_KEY, &version, &["--kid", "enterprise", "--alg", "RS512"]);
}

#[test]
fn a_key_signs_in_the_vault_with_each_algorithm_of_its_kind() {
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        gets_a_token(Contents::default(), BY_KEY, KEY, &["--kid", "enterprise", "--alg", algorithm, "--quiet"]);
    }
    for (id, algorithm) in [("ec", "ES256"), ("ec384", "ES384"), ("ec521", "ES512")] {
        let key = format!("keys/{id}-key.pem").leak();
        let contents = Contents { key, kty: "EC-HSM", ..Contents::default() };
        gets_a_token(contents, BY_KEY, KEY, &["--kid", id, "--alg", algorithm, "--quiet"]);
    }
}

#[test]
fn a_key_whose_certificate_has_expired_is_refused() {
    let contents = Contents { certificate: ("keys/expired.pem", false), ..Contents::default() };
    let azure = Azure::start(contents);

    is_refused_as_expired(azure.opened_by(token(BY_CERTIFICATE, CERTIFICATE)));
}

#[test]
fn check_fetches_the_key_once() {
    for place in [SECRET, KEY] {
        let azure = Azure::start(Contents::default());
        let run = super::SIMULATOR.maskinporten(&["check", "--env", "local", "-s", "difitest:test1", "-c", BY_KEY]);

        azure.opened_by(run).args(["--key-from", place, "--kid", "enterprise"]).run();

        // The first is without a token; with a key, the grants of the checks are signed there.
        let lines = azure.vault.lines();
        assert_eq!(lines.iter().filter(|line| line.starts_with("GET")).count(), 2, "{lines:?}");
    }
}

#[test]
fn a_key_signs_in_the_vault_with_a_certificate_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificates.pem");
    fs::write(&file, chain()).unwrap();

    gets_a_token(Contents::default(), BY_CERTIFICATE, KEY, &["--certificate", file.to_str().unwrap()]);
}

#[test]
fn a_token_in_the_cache_needs_nothing_from_the_vault() {
    let azure = Azure::start(Contents::default());
    let cache = tempfile::tempdir().unwrap();
    let run = || azure.opened_by(token(BY_KEY, SECRET)).env("XDG_CACHE_HOME", cache.path()).run().artefact();

    let (first, second) = (run(), run());

    assert_eq!(first, second);
    assert_eq!(azure.vault.lines().len(), 2);
}

#[test]
fn the_grant_names_the_certificate_that_the_vault_has() {
    let contents = Contents { certificate: ("keys/enterprise.pem", false), ..Contents::default() };
    let azure = Azure::start(contents);
    let run = super::SIMULATOR.maskinporten(&["grant", "--env", "local", "-s", "difitest:test1", "-c", BY_CERTIFICATE]);

    let grant = azure.opened_by(run).args(["--key-from", CERTIFICATE]).run().artefact();

    // The secret in this vault is not a chain, so the leaf alone is sent.
    assert_eq!(part(&grant, 0)["x5c"].as_array().unwrap().len(), 1);
}

/// Checks the failure of a run, and returns the number of requests to the vault and to the token service.
#[track_caller]
fn fails(fault: Fault, place: &str, code: i32, expected: impl Expected) -> (usize, usize) {
    let azure = Azure::start(Contents { fault, ..Contents::default() });
    let run = azure.opened_by(token(BY_KEY, place));
    run.args(["--kid", "enterprise", "--timeout", "5", "--retries", "0"]).run().fails(code, expected);
    (azure.vault.lines().len(), azure.login.lines().len())
}

#[test]
fn a_missing_permission_is_named() {
    fails(
        Fault::Forbidden,
        SECRET,
        5,
        str![[r#"
error: Azure Key Vault denied access: AccessDenied: The user, group or application 'appid=f8bc9dcf-4a3c-4d1e-8f7b-6f2f0a6f2a11;oid=9d1e;iss=https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/' does not have secrets get permission on key vault 'our-vault;location=norwayeast'. For help resolving this issue, please see https://go.microsoft.com… (HTTP 403)
hint: give this identity the permission secrets get (role Key Vault Secrets User)

"#]],
    );
    fails(
        Fault::Forbidden,
        KEY,
        5,
        str![[r#"
error: Azure Key Vault denied access: AccessDenied: The user, group or application 'appid=f8bc9dcf-4a3c-4d1e-8f7b-6f2f0a6f2a11;oid=9d1e;iss=https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/' does not have keys get permission on key vault 'our-vault;location=norwayeast'. For help resolving this issue, please see https://go.microsoft.com/fw… (HTTP 403)
hint: give this identity the permission keys get (role Key Vault Crypto User)

"#]],
    );
    fails(
        Fault::ForbiddenByRbac,
        SECRET,
        5,
        str![[r#"
error: Azure Key Vault denied access: ForbiddenByRbac: Caller is not authorized to perform action on resource. If role assignments, deny assignments or role definitions were changed recently, please observe propagation time. Caller: appid=f8bc;oid=9d1e Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action' Resource: '/subscriptions/b1f2/our-vault'… (HTTP 403)
hint: give this identity the permission secrets get (role Key Vault Secrets User)

"#]],
    );
}

#[test]
fn a_vault_behind_a_firewall_and_a_disabled_secret_need_no_permission() {
    fails(
        Fault::Firewall,
        SECRET,
        5,
        str![[r#"
error: Azure Key Vault refused the request: ForbiddenByFirewall: Client address is not authorized and caller is not a trusted service. Client address: 10.0.0.4 (HTTP 403)
hint: read the service's own error above

"#]],
    );
    fails(
        Fault::Disabled,
        SECRET,
        5,
        str![[r#"
error: Azure Key Vault refused the request: SecretDisabled: Operation get is not allowed on a disabled secret. (HTTP 403)
hint: read the service's own error above

"#]],
    );
}

#[test]
fn an_unknown_secret_key_or_certificate_is_named() {
    for (kind, code, noun) in [
        ("secrets", "SecretNotFound", "secret"),
        ("keys", "KeyNotFound", "key"),
        ("certificates", "CertificateNotFound", "certificate"),
    ] {
        fails(
            Fault::None,
            &format!("azure-kv://our-vault/{kind}/unknown"),
            4,
            &format!(
                "error: Azure Key Vault has no {kind}/unknown: {code}: A {noun} with (name/id) unknown was not found in \
                 this key vault. If you recently deleted this secret you may be able to recover it using the correct \
                 recovery command. (HTTP 404)\n\
                 hint: check the name, and which account or address the credentials are for\n"
            ),
        );
    }
}

#[test]
fn no_token_leaves_for_a_vault_that_asks_for_one_of_another_service_or_from_another_issuer() {
    let other_resource = fails(
        Fault::OtherResource,
        SECRET,
        6,
        str![[r#"
error: Azure Key Vault gave an answer that makes no sense: it asks for a token for `https://graph.microsoft.com`, which is another service
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
    let other_authority = fails(
        Fault::OtherAuthority,
        SECRET,
        6,
        str![[r#"
error: Azure Key Vault gave an answer that makes no sense: it names the token service `https://login.example.com/72f988bf-86f1-41af-91ab-2d7cd011db47`, which is not one of Azure's
hint: check the address: another server, or a proxy, may have answered

"#]],
    );

    assert_eq!((other_resource, other_authority), ((1, 0), (1, 0)));
}

#[test]
fn a_vault_that_does_not_accept_the_token_is_asked_twice_only() {
    let requests = fails(
        Fault::TokenRefused,
        SECRET,
        5,
        str![[r#"
error: Azure Key Vault did not accept the credentials: Unauthorized: AKV10000: Request is missing a Bearer or PoP token. (HTTP 401)
hint: run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET

"#]],
    );

    assert_eq!(requests, (2, 1), "without a token, and with one");
}

#[test]
fn a_slow_vault_and_one_out_of_order_are_told_apart() {
    let azure = Azure::start(Contents { fault: Fault::Slow, ..Contents::default() });
    let outcome = azure.opened_by(token(BY_KEY, SECRET)).args(["--timeout", "1", "--retries", "0"]).run();
    outcome.replacing(azure.vault.url(), "[VAULT]").fails(
        6,
        str![[r#"
error: could not reach Azure Key Vault
caused by: [VAULT]/secrets/maskinporten did not answer in time
hint: try again later; --timeout waits longer

"#]],
    );
    fails(
        Fault::Unavailable,
        SECRET,
        6,
        str![[r#"
error: Azure Key Vault is out of order: ServiceUnavailable: The service is busy. (HTTP 503)
hint: try again later

"#]],
    );
    fails(
        Fault::Page,
        SECRET,
        6,
        str![[r#"
error: Azure Key Vault gave an answer that makes no sense: it is not JSON: line 1, column 1
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
    fails(
        Fault::NoValue,
        SECRET,
        6,
        str![[r#"
error: Azure Key Vault gave an answer that makes no sense: it has no `value`
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
}

#[test]
fn a_dead_vault_is_not_reached() {
    let address = crate::server::unused_address();
    let azure = Azure::start(Contents::default());
    let run =
        azure.opened_by(token(BY_KEY, SECRET)).env("MASKINPORTEN_AZURE_KEY_VAULT_URL", format!("http://{address}"));

    run.args(["--retries", "0"]).run().replacing(address, "[ADDRESS]").fails(
        6,
        str![[r#"
error: could not reach Azure Key Vault
caused by: could not connect to http://[ADDRESS]/secrets/maskinporten: connection refused
hint: check the address of Azure Key Vault, the network and the proxy

"#]],
    );
}

#[test]
fn the_signature_of_another_key_never_leaves() {
    fails(Fault::OtherKey, KEY, 4, OTHER_KEY);
}

#[test]
fn the_address_of_the_tests_must_be_on_this_machine() {
    let azure = Azure::start(Contents::default());
    let run = azure.opened_by(token(BY_KEY, SECRET));

    run.env("MASKINPORTEN_AZURE_KEY_VAULT_URL", "https://vault.example.com").run().fails(
        3,
        str![[r#"
error: MASKINPORTEN_AZURE_KEY_VAULT_URL cannot be used for Azure Key Vault: it is not an address of this machine
hint: correct MASKINPORTEN_AZURE_KEY_VAULT_URL

"#]],
    );
}

#[test]
fn check_shows_where_the_key_is_and_who_we_are_and_warns_of_its_expiry() {
    let azure = Azure::start(Contents::default());
    let run = super::SIMULATOR.maskinporten(&["check", "--env", "local", "-s", "difitest:test1", "-c", BY_KEY]);

    let report = azure.opened_by(run).args(["--key-from", KEY, "--kid", "enterprise", "--format", "json"]).run();

    let place = place_check(&report);
    let details = place["details"].as_array().unwrap();
    assert_eq!(
        (&place["verdict"], &place["found"], &details[..2]),
        (
            &json!("warning"),
            &json!("https://our-vault.vault.azure.net/keys/enterprise/4387e9f3d6e14c459867679a90fd0f79"),
            &[
                json!("authenticated as the application f8bc9dcf-4a3c-4d1e-8f7b-6f2f0a6f2a11, by AZURE_CLIENT_SECRET"),
                json!("permission: keys get (role Key Vault Crypto User)"),
            ][..]
        )
    );
    assert!(details[2].as_str().unwrap().starts_with("the key expires on 20"), "{place}");
    assert_eq!(place["remedy"], "renew the key, and register the new one");
}
