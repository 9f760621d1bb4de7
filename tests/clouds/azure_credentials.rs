//! Each kind of credentials for Azure.

use std::fs;

use snapbox::str;

use super::{
    azure::{Azure, CLIENT, CLIENT_SECRET, Contents, Fault, TENANT, az_token},
    token,
};
use crate::{
    registered::{BY_KEY, is_token_of},
    support::{Maskinporten, testdata},
};

const SECRET: &str = "azure-kv://our-vault/secrets/maskinporten";

/// Gets a token with the key in the vault, and returns the requests to the token service.
#[track_caller]
fn gets_a_token(credentials: impl FnOnce(&Azure, Maskinporten) -> Maskinporten) -> Vec<String> {
    let azure = Azure::start(Contents::default());
    let issued = credentials(&azure, token(BY_KEY, SECRET)).run().artefact();

    is_token_of(BY_KEY, &issued);
    let path = "/secrets/maskinporten?api-version=7.4";
    assert_eq!(azure.vault.lines(), [format!("GET {path}"), format!("GET {path}")]);
    azure.login.lines()
}

fn token_request() -> String {
    format!("POST /{TENANT}/oauth2/v2.0/token")
}

#[test]
fn an_application_opens_the_vault_with_a_client_secret() {
    assert_eq!(gets_a_token(Azure::opened_by), [token_request()]);
}

#[test]
fn an_application_opens_the_vault_with_a_client_certificate_in_pem_or_pkcs12() {
    let with_file = |run: Maskinporten, content: &[u8]| {
        let file = run.home().join("client-certificate");
        fs::write(&file, content).unwrap();
        run.env("AZURE_TENANT_ID", TENANT).env("AZURE_CLIENT_ID", CLIENT).env("AZURE_CLIENT_CERTIFICATE_PATH", file)
    };
    let read = |file| fs::read(testdata(file)).unwrap();
    let pem = [read("keys/authentication-key.pem"), read("keys/authentication.pem")].concat();
    let key = openssl::pkey::PKey::private_key_from_pem(&pem).unwrap();
    let certificate = openssl::x509::X509::from_pem(&read("keys/authentication.pem")).unwrap();
    let mut pkcs12 = openssl::pkcs12::Pkcs12::builder();
    pkcs12.pkey(&key).cert(&certificate).name("application");
    let pkcs12 = pkcs12.build2("hemmelig-passord").unwrap().to_der().unwrap();

    assert_eq!(gets_a_token(|azure, run| with_file(azure.reached_by(run), &pem)), [token_request()]);
    let of_pkcs12 = |azure: &Azure, run: Maskinporten| {
        with_file(azure.reached_by(run), &pkcs12).env("AZURE_CLIENT_CERTIFICATE_PASSWORD", "hemmelig-passord")
    };
    assert_eq!(gets_a_token(of_pkcs12), [token_request()]);
}

#[test]
fn a_workload_opens_the_vault_with_the_token_file_of_its_cluster() {
    assert_eq!(gets_a_token(Azure::workload), [token_request()]);
}

#[test]
fn a_job_on_github_opens_the_vault_with_its_own_identity() {
    let github = "GET /github/token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange".to_owned();
    assert_eq!(gets_a_token(Azure::github), [github, token_request()]);
}

#[test]
fn an_app_opens_the_vault_with_its_managed_identity() {
    let lines = gets_a_token(Azure::app_service);

    assert_eq!(lines, ["GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net"]);
}

#[test]
fn a_virtual_machine_opens_the_vault_with_its_managed_identity() {
    let of_machine = |azure: &Azure, run: Maskinporten| {
        let run = run.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure.login.url());
        azure.reached_by(run).env("AZURE_CLIENT_ID", CLIENT).env("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    };

    let lines = gets_a_token(of_machine);

    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("GET /metadata/identity/oauth2/token?"), "{lines:?}");
}

#[test]
fn the_user_of_az_opens_the_vault() {
    let check = "[ \"$*\" = 'account get-access-token --output json --resource https://vault.azure.net' ] || exit 9";
    let script = format!("{check}\ncat <<'END'\n{}\nEND", az_token());

    let lines = gets_a_token(|azure, run| azure.reached_by(run.with_program("az", &script)));

    assert_eq!(lines, [""; 0]);
}

#[test]
fn az_does_not_get_the_variables_of_this_program() {
    let script = format!("env | grep -q '^MASKINPORTEN_' && exit 9\ncat <<'END'\n{}\nEND", az_token());

    gets_a_token(|azure, run| azure.reached_by(run.with_program("az", &script)));
}

#[test]
fn the_choice_of_credentials_goes_before_what_else_is_set() {
    let script = format!("cat <<'END'\n{}\nEND", az_token());
    let of_az = |azure: &Azure, run: Maskinporten| {
        azure.opened_by(run.with_program("az", &script)).env("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    };

    assert_eq!(gets_a_token(of_az), [""; 0]);
}

/// Runs with these credentials, and returns the failure.
#[track_caller]
fn fails(credentials: impl FnOnce(&Azure, Maskinporten) -> Maskinporten, code: i32) -> String {
    let azure = Azure::start(Contents::default());
    let outcome = credentials(&azure, token(BY_KEY, SECRET)).run();
    let found = outcome.failure(code).to_owned();
    assert!(azure.vault.lines().len() < 2, "the vault was asked with a token");
    found
}

#[test]
fn without_credentials_the_error_names_what_was_looked_for() {
    let stderr = fails(|azure, run| azure.reached_by(run).env("PATH", "/nonexistent"), 3);
    crate::support::assert_snapshot(
        &stderr,
        str![[r#"
error: no credentials were found for Azure Key Vault: no variables are set, and the program `az` is not installed
hint: run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET

"#]],
    );

    let failing = "echo \"ERROR: Please run 'az login' to setup account.\" >&2\nexit 1";
    let stderr = fails(|azure, run| azure.reached_by(run.with_program("az", failing)), 3);
    crate::support::assert_snapshot(
        &stderr,
        str![[r#"
error: no credentials were found for Azure Key Vault: `az` failed: ERROR: Please run 'az login' to setup account.
hint: run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET

"#]],
    );

    let incomplete = |azure: &Azure, run: Maskinporten| azure.reached_by(run).env("AZURE_CLIENT_SECRET", CLIENT_SECRET);
    crate::support::assert_snapshot(
        &fails(incomplete, 3),
        str![[r#"
error: Azure Key Vault needs AZURE_TENANT_ID, which is not set
hint: set AZURE_TENANT_ID, and export it

"#]],
    );

    let unknown = |azure: &Azure, run: Maskinporten| azure.opened_by(run).env("AZURE_TOKEN_CREDENTIALS", "Browser");
    crate::support::assert_snapshot(
        &fails(unknown, 3),
        str![[r#"
error: AZURE_TOKEN_CREDENTIALS cannot be used for Azure Key Vault: its value is not a kind of credentials that is supported here
hint: correct AZURE_TOKEN_CREDENTIALS

"#]],
    );

    let missing =
        |azure: &Azure, run: Maskinporten| azure.workload(run).env("AZURE_FEDERATED_TOKEN_FILE", "/nonexistent/token");
    crate::support::assert_snapshot(
        &fails(missing, 3),
        str![[r#"
error: AZURE_FEDERATED_TOKEN_FILE cannot be used for Azure Key Vault: /nonexistent/token: No such file or directory (os error 2)
hint: correct AZURE_FEDERATED_TOKEN_FILE

"#]],
    );
}

#[test]
fn refused_credentials_are_shown_with_the_code_of_entra_id() {
    let azure = Azure::start(Contents { fault: Fault::Credentials, ..Contents::default() });

    azure.opened_by(token(BY_KEY, SECRET)).run().fails(5, str![[r#"
error: Azure Key Vault did not accept the credentials: invalid_client: AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'f8bc9dcf-4a3c-4d1e-8f7b-6f2f0a6f2a11'. (HTTP 401)
hint: run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET

"#]]);
}
