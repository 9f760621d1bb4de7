//! Each kind of credentials for Google, secrets in Secret Manager, keys in Cloud KMS, and what can go wrong with them.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use snapbox::str;

use super::{
    OTHER_KEY,
    google::{Contents, Fault, Google, KEY, SECRET, with_gcloud},
    is_refused_as_expired, pem_with_chain, place_check, token,
};
use crate::{
    registered::{BY_CERTIFICATE, BY_KEY, is_token_of},
    support::{Expected, Maskinporten, testdata},
};

/// Gets a token with the key in Secret Manager, and returns the requests to what issues tokens.
#[track_caller]
fn gets_a_token(credentials: impl FnOnce(&Google, Maskinporten) -> Maskinporten) -> Vec<String> {
    gets_a_token_paid_by(None, credentials)
}

/// Does the same, and checks which project pays for the request according to its header.
#[track_caller]
fn gets_a_token_paid_by(
    project: Option<&str>,
    credentials: impl FnOnce(&Google, Maskinporten) -> Maskinporten,
) -> Vec<String> {
    let google = Google::start(Contents::default());
    let issued = credentials(&google, token(BY_KEY, SECRET)).run().artefact();

    is_token_of(BY_KEY, &issued);
    assert_eq!(google.services.lines(), ["GET /v1/projects/our-project/secrets/maskinporten/versions/latest:access"]);
    assert_eq!(google.services.headers("x-goog-user-project"), [project.map(str::to_owned)]);
    google.issuer.lines()
}

#[test]
fn a_service_account_signs_for_its_token() {
    assert_eq!(gets_a_token(Google::opened_by), ["POST /token"]);
}

#[test]
fn a_user_gets_a_token_with_the_file_of_gcloud() {
    let of_user = |google: &Google, run: Maskinporten| {
        let folder = run.home().join(".config/gcloud");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("application_default_credentials.json"), google.user().to_string()).unwrap();
        google.reached_by(run)
    };
    assert_eq!(gets_a_token_paid_by(Some("paying-project"), of_user), ["POST /token"]);
    let elsewhere = |google: &Google, run: Maskinporten| {
        let folder = run.home().join("gcloud");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("application_default_credentials.json"), google.user().to_string()).unwrap();
        google.reached_by(run).env("CLOUDSDK_CONFIG", folder)
    };
    assert_eq!(gets_a_token_paid_by(Some("paying-project"), elsewhere), ["POST /token"]);
}

#[test]
fn an_account_of_another_identity_provider_exchanges_its_token() {
    let account = "POST /v1/projects/-/serviceAccounts/deploy@our-project.iam.gserviceaccount.com:generateAccessToken";
    let of_file = |google: &Google, run: Maskinporten| {
        let credentials = google.external(&run);
        google.opened_with(run, &credentials)
    };
    assert_eq!(gets_a_token(of_file), ["POST /v1/token", account]);
    let of_url = |google: &Google, run: Maskinporten| google.opened_with(run, &google.external_at_url());
    assert_eq!(gets_a_token(of_url), ["GET /subject?for=us", "POST /v1/token", account]);
}

#[test]
fn the_metadata_server_is_asked_where_a_variable_names_it() {
    let of_machine = |google: &Google, run: Maskinporten| {
        let host = google.issuer.url().replace("http://", "");
        google.reached_by(run).env("GCE_METADATA_HOST", host)
    };

    let lines = gets_a_token(of_machine);

    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("GET /computeMetadata/v1/instance/service-accounts/default/token?"), "{lines:?}");
}

#[test]
fn the_user_of_gcloud_is_the_last() {
    assert_eq!(gets_a_token(|google, run| google.reached_by(with_gcloud(run))), [""; 0]);
}

#[test]
fn a_secret_is_a_jwk_pem_or_pkcs12_in_a_version() {
    let version = format!("{SECRET}/7");
    let pkcs12 = fs::read(testdata("empty-password.p12")).unwrap();
    let encoded = STANDARD.encode(fs::read(testdata("jwk/rsa.json")).unwrap()).into_bytes();
    for (secret, client) in
        [(encoded, BY_KEY), (pem_with_chain().into_bytes(), BY_CERTIFICATE), (pkcs12, BY_CERTIFICATE)]
    {
        let google = Google::start(Contents { secret, ..Contents::default() });
        is_token_of(client, &google.opened_by(token(client, &version)).run().artefact());
        assert!(google.services.lines()[0].ends_with("/versions/7:access"));
    }
}

#[test]
fn a_key_signs_in_cloud_kms_with_its_own_algorithm() {
    for (file, algorithm, id, name) in [
        ("keys/enterprise-key.pem", "RSA_SIGN_PKCS1_2048_SHA256", "enterprise", "RS256"),
        ("keys/enterprise-key.pem", "RSA_SIGN_PKCS1_2048_SHA512", "enterprise", "RS512"),
        ("keys/enterprise-key.pem", "RSA_SIGN_PSS_2048_SHA256", "enterprise", "PS256"),
        ("keys/enterprise-key.pem", "RSA_SIGN_PSS_2048_SHA512", "enterprise", "PS512"),
        ("keys/ec-key.pem", "EC_SIGN_P256_SHA256", "ec", "ES256"),
        ("keys/ec384-key.pem", "EC_SIGN_P384_SHA384", "ec384", "ES384"),
        ("keys/ed25519-key.pem", "EC_SIGN_ED25519", "ed25519", "EdDSA"),
    ] {
        let google = Google::start(Contents { key: (file, algorithm), ..Contents::default() });
        let run = google.opened_by(token(BY_KEY, &format!("gcp-kms://{KEY}"))).args(["--kid", id, "--quiet"]);
        // Maskinporten accepts only RS256, RS384 and RS512; others must be asked for by name.
        let run = if name.starts_with("RS") { run } else { run.args(["--alg", name]) };

        is_token_of(BY_KEY, &run.run().artefact());

        let lines = google.services.lines();
        assert_eq!(lines, [format!("GET /v1/{KEY}/publicKey"), format!("POST /v1/{KEY}:asymmetricSign")]);
        assert_eq!(google.issuer.lines().len(), 1, "the token is used twice");
    }
}

#[track_caller]
fn fails(fault: Fault, place: &str, code: i32, expected: impl Expected) {
    fails_with(Contents { fault, ..Contents::default() }, place, &[], code, expected);
}

#[track_caller]
fn fails_with(contents: Contents, place: &str, more: &[&str], code: i32, expected: impl Expected) {
    let google = Google::start(contents);
    let run = google.opened_by(token(BY_KEY, place)).args(["--kid", "enterprise", "--timeout", "5", "--retries", "0"]);
    run.args(more).run().fails(code, expected);
}

fn key() -> String {
    format!("gcp-kms://{KEY}")
}

#[test]
fn a_missing_permission_is_named() {
    fails(
        Fault::Forbidden,
        SECRET,
        5,
        str![[r#"
error: Google Secret Manager denied access: PERMISSION_DENIED: Permission 'secretmanager.versions.access' denied on resource 'projects/our-project/secrets/maskinporten/versions/latest:access' (or it may not exist). (HTTP 403)
hint: give this identity the permission secretmanager.versions.access (role roles/secretmanager.secretAccessor)

"#]],
    );
    fails(
        Fault::Forbidden,
        &key(),
        5,
        str![[r#"
error: Google Cloud KMS denied access: PERMISSION_DENIED: Permission 'cloudkms.cryptoKeyVersions.viewPublicKey' denied on resource 'projects/our-project/locations/europe-north1/keyRings/ring/cryptoKeys/maskinporten/cryptoKeyVersions/3/publicKey' (or it may not exist). (HTTP 403)
hint: give this identity the permission cloudkms.cryptoKeyVersions.viewPublicKey (role roles/cloudkms.signerVerifier)

"#]],
    );
}

#[test]
fn refused_credentials_and_a_refused_token_are_shown() {
    fails(
        Fault::Credentials,
        SECRET,
        5,
        str![[r#"
error: Google Secret Manager did not accept the credentials: invalid_grant: Invalid JWT Signature. (HTTP 400)
hint: run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        Fault::TokenRefused,
        SECRET,
        5,
        str![[r#"
error: Google Secret Manager did not accept the credentials: UNAUTHENTICATED: Request had invalid authentication credentials. Expected OAuth 2 access token. (HTTP 401)
hint: run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
}

#[test]
fn an_unknown_secret_and_an_unknown_key_are_named() {
    fails(
        Fault::None,
        "gcp-sm://our-project/unknown",
        4,
        str![[r#"
error: Google Secret Manager has no projects/our-project/secrets/unknown/versions/latest:access: NOT_FOUND: Secret [projects/our-project/secrets/unknown/versions/latest:access] not found or has no versions. (HTTP 404)
hint: check the name, and which account or address the credentials are for

"#]],
    );
    fails(
        Fault::None,
        &key().replace("maskinporten", "unknown"),
        4,
        str![[r#"
error: Google Cloud KMS has no projects/our-project/locations/europe-north1/keyRings/ring/cryptoKeys/unknown/cryptoKeyVersions/3/publicKey: NOT_FOUND: Secret [projects/our-project/locations/europe-north1/keyRings/ring/cryptoKeys/unknown/cryptoKeyVersions/3/publicKey] not found or has no versions. (HTTP 404)
hint: check the name, and which account or address the credentials are for

"#]],
    );
}

#[test]
fn a_disabled_version_is_refused() {
    fails(
        Fault::Disabled,
        &key(),
        5,
        str![[r#"
error: Google Cloud KMS refused the request: FAILED_PRECONDITION: projects/our-project/locations/europe-north1/keyRings/ring/cryptoKeys/maskinporten/cryptoKeyVersions/3 is not enabled, current state is: DISABLED. (HTTP 400)
hint: read the service's own error above

"#]],
    );
}

#[test]
fn a_key_whose_certificate_has_expired_is_refused() {
    let google = Google::start(Contents::default());
    let run = google.opened_by(token(BY_CERTIFICATE, &key()));

    is_refused_as_expired(run.args(["--certificate", &testdata("keys/expired.pem")]));
}

#[test]
fn damage_on_the_way_is_found_by_the_checksums() {
    fails(
        Fault::Damaged,
        SECRET,
        6,
        str![[r#"
error: Google Secret Manager gave an answer that makes no sense: the checksum of its `payload.data` is wrong: it was damaged on its way
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
    fails(
        Fault::Damaged,
        &key(),
        6,
        str![[r#"
error: Google Cloud KMS gave an answer that makes no sense: the checksum of its `pem` is wrong: it was damaged on its way
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
    fails(
        Fault::DamagedSignature,
        &key(),
        6,
        str![[r#"
error: could not sign the grant
caused by: the service or agent that has the private key did not sign
caused by: Google Cloud KMS gave an answer that makes no sense: the checksum of its `signature` is wrong: it was damaged on its way
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
    fails(
        Fault::Unverified,
        &key(),
        6,
        str![[r#"
error: could not sign the grant
caused by: the service or agent that has the private key did not sign
caused by: Google Cloud KMS gave an answer that makes no sense: it did not check what was to be signed, which may have been damaged on its way
hint: check the address: another server, or a proxy, may have answered

"#]],
    );
}

#[test]
fn the_signature_of_another_key_never_leaves() {
    fails(Fault::OtherKey, &key(), 4, OTHER_KEY);
}

#[test]
fn an_algorithm_that_the_version_does_not_have_is_not_asked_for() {
    fails_with(
        Contents::default(),
        &key(),
        &["--alg", "RS512"],
        4,
        str![[r#"
error: could not sign the grant
caused by: the service or agent that has the private key did not sign
caused by: the key in Google Cloud KMS signs only with RS256
hint: pass --alg RS256, or use another key

"#]],
    );
    let encrypting =
        Contents { key: ("keys/enterprise-key.pem", "RSA_DECRYPT_OAEP_2048_SHA256"), ..Contents::default() };
    fails_with(
        encrypting,
        &key(),
        &[],
        4,
        str![[r#"
error: the key in Google Cloud KMS cannot be used: its algorithm is RSA_DECRYPT_OAEP_2048_SHA256, which no JWT is signed with
hint: use an RSA key of 2048 bits or more that may sign

"#]],
    );
}

#[test]
fn a_slow_service_and_one_out_of_order_are_told_apart() {
    let slow = Contents { fault: Fault::Slow, ..Contents::default() };
    let google = Google::start(slow);
    let outcome = google.opened_by(token(BY_KEY, SECRET)).args(["--timeout", "1", "--retries", "0"]).run();
    outcome.replacing(google.services.url(), "[SERVICES]").fails(
        6,
        str![[r#"
error: could not reach Google Secret Manager
caused by: [SERVICES]/v1/projects/our-project/secrets/maskinporten/versions/latest:access did not answer in time
hint: try again later; --timeout waits longer

"#]],
    );
    fails(
        Fault::Unavailable,
        SECRET,
        6,
        str![[r#"
error: Google Secret Manager is out of order: UNAVAILABLE: The service is currently unavailable. (HTTP 503)
hint: try again later

"#]],
    );
}

#[test]
fn a_file_of_another_kind_and_no_credentials_at_all_are_named() {
    let google = Google::start(Contents::default());
    let fails = |run: Maskinporten, expected: snapbox::data::Inline| {
        let outcome = run.run();
        crate::support::assert_snapshot(outcome.failure(3), expected);
    };
    fails(
        google.opened_with(token(BY_KEY, SECRET), &json!({ "type": "gdch_service_account" })),
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its `type` is `gdch_service_account`, which is not supported
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    let missing = google.reached_by(token(BY_KEY, SECRET)).env("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent");
    fails(
        missing,
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: the file does not exist
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        google.reached_by(token(BY_KEY, SECRET)).env("PATH", "/nonexistent"),
        str![[r#"
error: no credentials were found for Google Secret Manager: there is no credentials file, and the program `gcloud` is not installed
hint: run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
}

#[test]
fn check_shows_which_version_is_used_and_who_we_are() {
    let google = Google::start(Contents::default());
    let run = super::SIMULATOR.maskinporten(&["check", "--env", "local", "-s", "difitest:test1", "-c", BY_KEY]);

    let report = google.opened_by(run).args(["--key-from", SECRET, "--format", "json"]).run();

    let place = place_check(&report);
    assert_eq!(
        (&place["verdict"], &place["found"], &place["details"]),
        (
            &json!("ok"),
            &json!("projects/1/secrets/maskinporten/versions/7"),
            &json!([
                "authenticated as deploy@our-project.iam.gserviceaccount.com, by GOOGLE_APPLICATION_CREDENTIALS",
                "permission: secretmanager.versions.access (role roles/secretmanager.secretAccessor)",
            ])
        )
    );
}
