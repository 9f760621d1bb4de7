//! Settings that are missing, invalid or contradictory; the network is not needed.
//!
//! `configuration.txt` has the whole report of each case.

use std::{fs, process::Command};

use super::comparison::{compare, whole};
use crate::{
    local::Local,
    support::{Outcome, program},
};

/// The arguments after `check --offline`; `@name` is a file of the simulator.
pub static CASES: &[(&str, &[&str])] = &[
    ("nothing at all", &[]),
    ("nothing but an environment", &["--env", "test"]),
    (
        "everything wrong at once",
        &[
            "--env",
            "test",
            "--client-id",
            "å",
            "--scope",
            "\"",
            "--ttl",
            "500",
            "--pid",
            "1",
            "--consumer-org",
            "310700011",
            "--kid",
            "a",
            "--x5c",
            "leaf",
            "--resource",
            "x",
            "--timeout",
            "0",
            "--keystore",
            "@modern.p12",
            "--keystore-password-file",
            "@modern.password",
        ],
    ),
    (
        "a test address in production",
        &[
            "--env",
            "prod",
            "--audience",
            "https://test.maskinporten.no/",
            "--client-id",
            "8d001e58-c758-4beb-a9ec-ae1d770fa35e",
            "--scope",
            "altinn:serviceowner",
            "--keystore",
            "@other-environment.p12",
            "--keystore-password-file",
            "@modern.password",
        ],
    ),
    (
        "an address of its own in test, and an odd client id",
        &[
            "--env",
            "test",
            "--token-endpoint",
            "https://example.no/token",
            "--client-id",
            "my-client",
            "--scope",
            "altinn:serviceowner",
            "--keystore",
            "@other-environment.p12",
            "--keystore-password-file",
            "@modern.password",
        ],
    ),
    (
        "a password in an address",
        &[
            "--env",
            "test",
            "--token-endpoint",
            "https://user:hemmelig@example.no/token",
            "--client-id",
            "my-client",
            "--scope",
            "altinn:serviceowner",
            "--keystore",
            "@other-environment.p12",
            "--keystore-password-file",
            "@modern.password",
        ],
    ),
    (
        "a retired environment",
        &[
            "--env",
            "ver2",
            "--client-id",
            "8d001e58-c758-4beb-a9ec-ae1d770fa35e",
            "--scope",
            "difitest:test1",
            "--keystore",
            "@modern.p12",
            "--keystore-password-file",
            "@modern.password",
        ],
    ),
    (
        "no environment, and an audience without its slash",
        &[
            "--audience",
            "https://example.no",
            "--token-endpoint",
            "https://example.no/token",
            "--client-id",
            "my-client",
            "--scope",
            "a:b",
            "--keystore",
            "@modern.p12",
            "-p",
            "secret",
        ],
    ),
    (
        "metadata that is not fetched",
        &[
            "--discover",
            "https://example.no/",
            "--client-id",
            "my-client",
            "--scope",
            "a:b",
            "--keystore",
            "@modern.p12",
            "--keystore-password-file",
            "@modern.password",
        ],
    ),
    (
        "a file of keys that is not there",
        &["--env", "test", "--client-id", "my-client", "--scope", "a:b", "--keystore", "/no/such.p12"],
    ),
];

/// Runs `check --offline` with the arguments of a case.
pub fn check(local: &Local, arguments: &[&str], format: &str) -> Outcome {
    let place = |word: &&str| match word.strip_prefix('@') {
        Some(name) => local.file(name).display().to_string(),
        None => (*word).to_owned(),
    };
    let arguments: Vec<String> = arguments.iter().map(place).collect();
    local.maskinporten(&["check", "--offline", "--format", format]).args(arguments).run()
}

#[test]
fn every_missing_invalid_or_contradictory_setting_is_reported_at_once() {
    let local = Local::start(&[]);
    let reports = CASES.iter().map(|(name, arguments)| (*name, whole(&check(&local, arguments, "text"), &local)));
    compare(snapbox::file!["configuration.txt"], reports);
}

#[test]
fn a_system_user_that_stronger_details_replace_is_not_checked() {
    let local = Local::start(&[]);
    let details = r#"[{"type":"urn:altinn:systemuser"}]"#;
    let arguments = ["check", "--offline", "--env", "local", "--authorization-details", details];

    let outcome = local.maskinporten(&arguments).env("MASKINPORTEN_SYSTEM_USER", "1").run();

    assert!(outcome.stdout.contains("ok       settings               everything that a grant needs is set"));
    assert!(outcome.stdout.contains("skipped  organisation numbers   none is given"), "{}", outcome.stdout);
}

/// Makes a keystore whose certificate is issued by an authority with this name.
fn keystore_issued_by(authority: &str, folder: &std::path::Path) -> String {
    let script = format!(
        "set -e; cd '{}'
         openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 90 -subj '/CN={authority}' 2>/dev/null
         openssl req -newkey rsa:2048 -nodes -keyout own.key -out own.csr -subj '/CN=X/serialNumber=310700010' 2>/dev/null
         openssl x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 60 -out own.pem 2>/dev/null
         openssl pkcs12 -export -inkey own.key -in own.pem -certfile ca.pem -passout pass:secret -out own.p12",
        folder.display()
    );
    program(Command::new("sh").arg("-c").arg(script), b"");
    folder.join("own.p12").display().to_string()
}

#[test]
fn a_certificate_of_the_other_environment_is_reported_before_anything_is_sent() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    let test = keystore_issued_by("Buypass Class 3 Test4 CA 3", folder.path());
    let production = local.file("other-environment.p12").display().to_string();
    let unknown = local.file("modern.p12").display().to_string();
    let secret = folder.path().join("password");
    fs::write(&secret, "secret").unwrap();
    let [secret, modern] = [secret, local.file("modern.password")].map(|file| file.display().to_string());
    for (env, keystore, password, wanted) in [
        (
            "prod",
            &test,
            &secret,
            "FAULT    test or production     a test certificate, but the environment is production",
        ),
        ("test", &test, &secret, "ok       test or production     a test certificate"),
        (
            "test",
            &production,
            &modern,
            "FAULT    test or production     a production certificate, but the environment is test",
        ),
        ("prod", &production, &modern, "ok       test or production     a production certificate"),
        ("prod", &unknown, &modern, "skipped  test or production     unknown issuer"),
    ] {
        let arguments = [
            "check",
            "--offline",
            "--env",
            env,
            "-c",
            "x",
            "-s",
            "a:b",
            "--keystore-password-file",
            password,
            "-k",
            keystore,
        ];
        let outcome = local.maskinporten(&arguments).run();
        assert!(outcome.stdout.contains(wanted), "{env} {keystore} {}", outcome.stdout);
    }
}

#[test]
fn warnings_that_every_command_prints_are_in_the_report_and_not_on_stderr() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    let text = format!(
        "[profiles.here]\nkeystore = {:?}\nkeystore_password = \"{}\"\n",
        local.file("modern.p12").display().to_string(),
        password.trim()
    );
    fs::write(folder.path().join("maskinporten.toml"), text).unwrap();

    let outcome = local.maskinporten(&["check", "--env", "local", "--profile", "here"]).in_folder(folder.path()).run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert!(
        outcome.stdout.contains("\n  warning  warnings               `keystore_password` is in plain text in"),
        "{}",
        outcome.stdout
    );
}
