//! The original's command line, unchanged, prints what the original prints.

use std::fs;

use serde_json::Value;
use snapbox::str;

use crate::{
    local::Local,
    support::{Outcome, testdata},
};

/// The options that the original's wrapper always passes, for the simulator's first client.
fn wrapper(local: &Local) -> Vec<String> {
    vec![
        "--client_id=8d001e58-c758-4beb-a9ec-ae1d770fa35e".to_owned(),
        format!("--audience={}", local.issuer()),
        format!("--token_endpoint={}token", local.issuer()),
        "--authorize_endpoint=https://login.test.idporten.no/authorize".to_owned(),
        "--scopes=difitest:test1,altinn:serviceowner".to_owned(),
    ]
}

fn keystore(local: &Local) -> [String; 2] {
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    [format!("--keystore_path={}", local.file("modern.p12").display()), format!("--keystore_password={password}")]
}

fn run(local: &Local, arguments: impl IntoIterator<Item = String>) -> Outcome {
    let all: Vec<String> = wrapper(local).into_iter().chain(arguments).collect();
    local.maskinporten(&all.iter().map(String::as_str).collect::<Vec<_>>()).run()
}

const PASSWORD_WARNING: &str =
    "warning: --keystore_password shows in the process list; set MASKINPORTEN_KEYSTORE_PASSWORD instead\n";

#[test]
fn without_only_token_the_response_is_printed_between_two_rules_without_waiting_for_enter() {
    let local = Local::start(&[]);

    let outcome = run(&local, keystore(&local));

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, PASSWORD_WARNING));
    let rule = "-".repeat(40);
    let answer = outcome.stdout.strip_prefix(&format!("Got successful response:\n{rule}\n")).unwrap();
    let answer: Value = serde_json::from_str(answer.strip_suffix(&format!("\n{rule}\n")).unwrap()).unwrap();
    assert_eq!(answer["scope"], "difitest:test1 altinn:serviceowner");
}

#[test]
fn only_token_and_only_grant_print_exactly_that() {
    let local = Local::start(&[]);

    let token = run(&local, keystore(&local).into_iter().chain(["--only_token".to_owned()]));
    let grant = run(&local, keystore(&local).into_iter().chain(["-o".to_owned(), "--only_grant".to_owned()]));

    for outcome in [token, grant] {
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, PASSWORD_WARNING));
        let line = outcome.stdout.strip_suffix('\n').unwrap();
        assert_eq!(line.split('.').count(), 3);
        assert!(!line.contains('\n'));
    }
}

#[test]
fn no_variable_shapes_the_grant_of_the_originals_command_line() {
    let local = Local::start(&[]);
    let [keystore, _] = keystore(&local);
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    let arguments: Vec<String> = wrapper(&local).into_iter().chain([keystore, "--only_token".to_owned()]).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

    let outcome = local
        .maskinporten(&arguments)
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", password)
        .env("MASKINPORTEN_SCOPE", "simulator:ungranted")
        .env("MASKINPORTEN_PID", "01017012345")
        .env("MASKINPORTEN_RESOURCE", "https://elsewhere.example.no/")
        .run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn faults_that_the_original_ignores_or_hides_are_errors() {
    let local = Local::start(&[]);
    let with = |argument: &str| run(&local, [argument.to_owned()]);

    with("--token_ttl=abc").fails(
        2,
        str![[r#"
error: --token_ttl cannot be used
caused by: `abc` is not a lifetime in seconds (`90`) or minutes (`2m`)
hint: pass --ttl 120 or less; the access token's lifetime does not depend on it

"#]],
    );
    with("altinn:serviceowner").fails(
        2,
        str![[r#"
error: `altinn` is not an option of MaskinportenTokenGenerator
hint: separate scopes with commas, and put paths with spaces in quotes

"#]],
    );
    with("--person_mode=true").fails(
        2,
        str![[r#"
error: --person_mode is not supported yet
hint: log in another way: this version does not support logins through ID-porten yet

"#]],
    );
    with("--kid").fails(
        2,
        str![[r#"
error: --kid needs a value
hint: write it as --kid=VALUE

"#]],
    );
    let keystore = format!("--keystore_path={}", testdata("modern.p12"));
    with(&keystore).replacing(testdata("modern.p12"), "[FILE]").fails(
        4,
        str![[r#"
error: no password was given for the keystore `[FILE]`, and there is no terminal to ask on
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
}
