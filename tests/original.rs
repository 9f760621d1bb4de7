//! The original's command line, unchanged, prints what the original prints.

use std::{fs, net::TcpListener};

use serde_json::Value;
use snapbox::str;

use crate::{
    local::Local,
    login::{SavingBrowser, claims, location},
    support::{Outcome, http_get, maskinporten, testdata},
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

#[test]
fn without_only_token_the_response_is_printed_between_two_rules_without_waiting_for_enter() {
    let local = Local::start(&[]);

    let outcome = run(&local, keystore(&local));

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
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
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
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
hint: pass --token_ttl 120 or less; the access token's lifetime does not depend on it

"#]],
    );
    with("altinn:serviceowner").fails(
        2,
        str![[r#"
error: argument 6, `altinn:serviceowner`, is not expected there
hint: separate scopes with commas, and put paths with spaces in quotes; --help lists the options

"#]],
    );
    run(&local, ["--person_mode=true", "--audience=https://test.maskinporten.no/"].map(str::to_owned)).fails(
        2,
        str![[r#"
error: --audience is Maskinporten, where no person can log in
hint: pass the issuer of ID-porten, and its endpoints: --audience https://test.idporten.no

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
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore_password PASSWORD

"#]],
    );
}

#[test]
fn in_person_mode_a_person_logs_in_with_the_browser_and_the_token_is_printed() {
    for (arguments, is_banner) in [(&["--only_token"][..], false), (&[], true)] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://localhost:{port}/response");
        let local = Local::with_clients(&[], |clients| {
            for client in clients["clients"].as_array_mut().unwrap() {
                if let Some(uris) = client.get_mut("redirect_uris").and_then(Value::as_array_mut) {
                    uris.push(address.clone().into());
                }
            }
        });
        let (issuer, browser) = (format!("{}idporten", local.issuer()), SavingBrowser::new());
        let options = [
            "--client_id=2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6".to_owned(),
            format!("--audience={issuer}"),
            format!("--token_endpoint={issuer}/token"),
            format!("--authorize_endpoint={issuer}/authorize"),
            "--scopes=openid,altinn:instances.read".to_owned(),
            "--person_mode=true".to_owned(),
            format!("--server_port={port}"),
        ];
        let options: Vec<String> = options.into_iter().chain(keystore(&local)).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        let (child, _home) = local.maskinporten(&options).env("BROWSER", &browser.program).start();

        let url = browser.address();
        assert!(url.starts_with(&format!("{issuer}/authorize?")) && url.contains("ui_locales=nb"), "{url}");
        assert!(url.contains("&code_challenge=") && url.contains("&state=") && url.contains("&nonce="), "{url}");
        let answer = http_get(&format!("{url}&login_hint=testid:08828610032_idporten-loa-high"));
        let page = http_get(location(&answer).unwrap());
        let output = child.wait_with_output().unwrap();

        let (stdout, stderr) = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).into();
        assert!(page.contains("You are logged in"), "{page}");
        assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
        let token = if is_banner {
            let answer = stdout.lines().find(|line| line.starts_with('{')).unwrap();
            serde_json::from_str::<Value>(answer).unwrap()["access_token"].as_str().unwrap().to_owned()
        } else {
            stdout.trim_end().to_owned()
        };
        assert_eq!(claims(&token)["pid"], "08828610032");
    }
}

#[test]
fn missing_options_are_named_at_once_by_their_names_in_the_original() {
    maskinporten(["--only_token"]).run().fails(
        3,
        str![[r#"
error: 5 settings are missing
caused by: no audience was given: pass --audience URL
caused by: no token endpoint was given: pass --token_endpoint URL
caused by: no client id was given: pass --client_id ID
caused by: no scope was given: pass --scopes SCOPE
caused by: no key was given: pass --keystore_path FILE, --jwk_path FILE or --certificate_thumbprint HEX
hint: --help beside other options lists them all

"#]],
    );
    maskinporten(["--client_id=x", "-env", "test"]).run().fails(
        2,
        str![[r#"
error: `-env` is not an option of MaskinportenTokenGenerator
hint: did you mean an option of `maskinporten token`?

"#]],
    );
    maskinporten(["--client_id=x", "--client-id=x"]).run().fails(
        2,
        str![[r#"
error: `--client-id` is not an option of MaskinportenTokenGenerator
hint: did you mean --client_id?

"#]],
    );
}

#[test]
fn the_rest_of_a_password_is_not_shown() {
    for password in
        [["--keystore_password=two", "hemmelig"].as_slice(), &["-p", "two", "hemmelig"], &["-ptwo", "hemmelig"]]
    {
        let outcome = maskinporten(["--client_id=x"]).args(password).run();

        let at = password.len() + 1;
        let error =
            format!("error: argument {at} is not expected there; it is not shown, since it may be part of a secret\n");
        assert!(outcome.failure(2).starts_with(&error), "{}", outcome.stderr);
    }
}

#[test]
fn help_beside_other_options_lists_those_of_the_original() {
    for arguments in [["--client_id=x", "--help"], ["-cx", "-h"], ["-o", "/?"], ["-oh", "-x"]] {
        let help = maskinporten(arguments).run().artefact();

        for option in
            ["-t, --certificate_thumbprint=VALUE", "-g, --only_grant", "-P, --server_port=VALUE", "-h, --help"]
        {
            assert!(help.contains(&format!("\n  {option} ")), "{arguments:?}: {help}");
        }
    }
}

#[test]
fn values_may_be_attached_and_switches_share_a_hyphen() {
    let local = Local::start(&[]);
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    let arguments = [
        "-c8d001e58-c758-4beb-a9ec-ae1d770fa35e".to_owned(),
        format!("-a{}", local.issuer()),
        format!("-e{}token", local.issuer()),
        "-sdifitest:test1".to_owned(),
        format!("-k{}", local.file("modern.p12").display()),
        format!("-p{password}"),
        "-og".to_owned(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

    let grant = local.maskinporten(&arguments).run();

    assert_eq!((grant.code, grant.stderr.as_str()), (0, ""));
    assert_eq!(grant.stdout.trim_end().split('.').count(), 3);
}

#[test]
fn a_certificate_that_is_not_in_the_users_store_may_be_in_the_machines() {
    let thumbprint = "--certificate_thumbprint=AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12";
    let more =
        ["--audience=https://a.no/", "--token_endpoint=https://a.no/token", "--client_id=x", "--scopes=a:b", "-g"];
    for (store, says) in [("-u=false", true), ("--use_current_user_store_location=true", false)] {
        let outcome = maskinporten([thumbprint, store]).args(more).run();

        let stderr = outcome.failure(4);
        assert_eq!(
            stderr.contains("searches the machine's certificate store, which this program does not"),
            says,
            "{stderr}"
        );
    }
}
