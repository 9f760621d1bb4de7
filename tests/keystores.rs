//! Every keystore that opens gives the expected grant: header, certificates and claims, to the last byte.

use std::{
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use snapbox::str;
use uuid::Uuid;

use super::{
    samples::{OPENABLE, Sample, certificate, grant, grant_from},
    support::{Outcome, maskinporten, program, testdata},
};

/// Returns what `--decode` must print for the client and scope of `samples::grant`, with the times and id of the grant.
fn decoded(algorithm: &str, reference: &str, claims: &Value) -> String {
    let (exp, iat, jti) = (&claims["exp"], &claims["iat"], &claims["jti"]);
    format!(
        r#"{{
  "header": {{
    "alg": "{algorithm}",
    {reference}
  }},
  "claims": {{
    "aud": "https://test.maskinporten.no/",
    "resource": "https://tt02.altinn.no/",
    "scope": "altinn:serviceowner",
    "iss": "client",
    "exp": {exp},
    "iat": {iat},
    "jti": {jti}
  }}
}}
"#
    )
}

fn x5c(certificates: &[String]) -> String {
    let lines: Vec<_> = certificates.iter().map(|certificate| format!("      \"{certificate}\"")).collect();
    format!("\"x5c\": [\n{}\n    ]", lines.join(",\n"))
}

/// Compares both streams completely, and checks the claims that differ between runs by their rules.
#[track_caller]
fn assert_grant(outcome: &Outcome, algorithm: &str, reference: &str, stderr: &str, started: u64, what: &str) {
    let claims = serde_json::from_str::<Value>(&outcome.stdout).unwrap_or_default()["claims"].take();
    assert_eq!(outcome.stderr, stderr, "{what}");
    assert_eq!(outcome.stdout, decoded(algorithm, reference, &claims), "{what}");
    assert_eq!(outcome.code, 0, "{what}");

    let iat = claims["iat"].as_u64().unwrap();
    assert!((started..=now()).contains(&iat), "{what}: iat is {iat}");
    assert_eq!(claims["exp"].as_u64().unwrap() - iat, 120, "{what}");
    let jti = claims["jti"].as_str().unwrap();
    let id = Uuid::parse_str(jti).unwrap();
    assert_eq!((id.get_version_num(), id.hyphenated().to_string().as_str()), (4, jti), "{what}");
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[track_caller]
fn opens(sample: &Sample) {
    let started = now();

    let outcome = grant_from(sample).args(["--decode"]).run();

    assert_grant(&outcome, sample.algorithm, &x5c(&sample.x5c()), sample.stderr, started, sample.file);
}

#[test]
fn every_keystore_gives_its_own_chain_from_leaf_to_root_and_the_claims_in_their_order() {
    for sample in OPENABLE {
        opens(sample);
    }
}

#[test]
fn no_certificate_is_sent_twice_and_none_of_another_organisation() {
    let outcome = grant_from(OPENABLE.iter().find(|sample| sample.file == "foreign-certificates.p12").unwrap())
        .args(["--decode"])
        .run();

    let sent = |name| outcome.stdout.matches(&certificate(name)).count();
    assert_eq!((sent("enterprise"), sent("issuing"), sent("root"), sent("other")), (1, 1, 1, 0));
}

#[test]
fn a_key_that_maskinporten_does_not_accept_signs_only_on_request() {
    for (file, algorithm) in
        [("ec.p12", "ES256"), ("ec384.p12", "ES384"), ("ec521.p12", "ES512"), ("ed25519.p12", "EdDSA")]
    {
        let outcome = grant(&testdata(file)).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();

        outcome.replacing(algorithm, "[ALGORITHM]").fails(
            4,
            str![[r#"
error: the key signs with [ALGORITHM], which Maskinporten does not accept
hint: use an RSA key, or pass --alg [ALGORITHM] for a server that accepts it

"#]],
        );
    }
}

#[test]
fn a_key_does_not_sign_with_an_algorithm_of_another_kind() {
    for (file, algorithm, own) in
        [("modern.p12", "ES256", "RS256"), ("ec.p12", "ES384", "ES256"), ("ed25519.p12", "PS256", "EdDSA")]
    {
        let outcome =
            grant(&testdata(file)).args(["--alg", algorithm]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();

        outcome.replacing(algorithm, "[ALGORITHM]").replacing(format!("--alg {own},"), "--alg [OWN],").fails(
            4,
            str![[r#"
warning: Maskinporten accepts RS256, RS384 and RS512, not [ALGORITHM]
error: could not sign the grant
caused by: the private key cannot sign with [ALGORITHM]
hint: pass --alg [OWN], or use another key

"#]],
        );
    }
}

#[test]
fn a_key_without_certificates_signs_under_its_registered_id() {
    let started = now();

    let outcome = grant(&testdata("no-certificate.p12"))
        .args(["--kid", "my-key", "--decode"])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .run();

    assert_grant(&outcome, "RS256", "\"kid\": \"my-key\"", "", started, "no-certificate.p12");
}

#[test]
fn what_is_wrong_with_a_certificate_does_not_matter_to_a_key_with_a_registered_id() {
    for file in ["other-key.p12", "expired.p12", "legacy.p12"] {
        let started = now();

        let outcome = grant(&testdata(file))
            .args(["--kid", "my-key", "--decode"])
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
            .run();

        assert_grant(&outcome, "RS256", "\"kid\": \"my-key\"", "", started, file);
    }
}

#[test]
fn certificates_that_an_option_asks_for_are_sent_whatever_key_id_a_variable_has() {
    for (option, number) in [("chain", 3), ("leaf", 1)] {
        let started = now();

        let outcome = grant(&testdata("modern.p12"))
            .args(["--x5c", option, "--decode"])
            .env("MASKINPORTEN_KID", "my-key")
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
            .run();

        let sent = ["enterprise", "issuing", "root"].map(certificate);
        assert_grant(&outcome, "RS256", &x5c(&sent[..number]), "", started, option);
    }
}

#[test]
fn an_alias_chooses_among_several_keys_in_upper_or_lower_case() {
    for (file, password, alias, leaf, usage) in [
        ("two-signers.p12", "secret", "first", "enterprise", ""),
        ("two-signers.p12", "secret", "SECOND", "second", ""),
        ("buypass-three.p12", "secret", "signature", "signature", "nonRepudiation"),
        ("keytool-three.p12", "secret12", "Encryption", "encryption", "keyEncipherment dataEncipherment"),
    ] {
        let started = now();

        let outcome = grant(&testdata(file))
            .args(["--alias", alias, "--decode"])
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", password)
            .run();

        let chain = [leaf, "issuing", "root"].map(certificate);
        let warning = match usage {
            "" => String::new(),
            usage => {
                format!("warning: the certificate may not sign: its key usage is {usage}, without digitalSignature\n")
            }
        };
        assert_grant(&outcome, "RS256", &x5c(&chain), &warning, started, alias);
    }
}

#[test]
fn quiet_leaves_out_the_warning_and_verbose_names_the_certificate() {
    let expired = OPENABLE.iter().find(|sample| sample.file == "expired.p12").unwrap();

    let quiet = grant_from(expired).args(["--quiet"]).run();
    let verbose = grant_from(expired).args(["--verbose"]).run();

    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    let subject = "using the key of C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827\n";
    assert_eq!((verbose.code, verbose.stderr), (0, format!("{subject}{}", expired.stderr)));
}

#[test]
fn a_certificate_is_warned_about_in_one_line_when_it_ends_soon_or_may_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem").display().to_string();
    let key = testdata("keys/enterprise-key.pem");
    let soon = "expires on DAY: order a new one now";
    let no_use = "may not sign: its key usage is keyEncipherment, without digitalSignature";
    let date = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC").unwrap();
    for (days, usage, expected) in [
        ("31", "digitalSignature", String::new()),
        ("29", "digitalSignature", format!("warning: the certificate {soon}\n")),
        ("99", "keyEncipherment", format!("warning: the certificate {no_use}\n")),
        ("29", "keyEncipherment", format!("warning: the certificate {no_use}, and {soon}\n")),
    ] {
        let usage = format!("keyUsage=critical,{usage}");
        let made = ["req", "-x509", "-key", &key, "-subj", "/CN=x", "-days", days, "-addext", &usage];
        program(Command::new("openssl").args(made).args(["-out", &certificate]), b"");
        let asked = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b"]);

        let outcome = asked.args(["--key", &key, "--certificate", &certificate]).run();

        assert_eq!((outcome.code, date.replace(&outcome.stderr, "DAY").as_ref()), (0, expected.as_str()), "{days}");
    }
}

#[test]
fn warnings_are_one_object_after_a_success_when_errors_are_json() {
    let expired = OPENABLE.iter().find(|sample| sample.file == "expired.p12").unwrap();

    let outcome = grant_from(expired).args(["--error-format", "json"]).run();

    assert_eq!(outcome.stderr, "{\"warnings\":[\"the certificate expired on 2022-01-01 00:00 UTC\"]}\n");
    assert_eq!((outcome.code, outcome.stdout.matches('.').count()), (0, 2));
}
