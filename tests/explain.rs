//! `maskinporten explain`, and the language in which it and every refusal speak.
//!
//! `explain.txt` has what is said of every refusal that is known, in both languages: `$`, the language and what was
//! given, then stdout whole.

use std::process::Command;

use maskinporten_token_generator::client::Explanation;
use serde_json::{Value, json};

use crate::{
    local::Local,
    refusals::all_known,
    server::{Server, asking},
    support::{Maskinporten, Outcome, maskinporten, program, testdata},
};

const WHAT_CAN_BE_PASSED: &str = "hint: pass a code such as MP-250, its address, an OAuth error, or the server's answer as \
                                  it is; all refusals are in \
                                  https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n";

const NOT_GRANTED: &str = "MP-250 forbidden\n\
     the server's text: Consumer has not been granted access to the scope <scope>\n\
     that means: the owner of the API has not granted this organisation access to the scope; a supplier gets this too when \
     it leaves out whom it acts for\n\
     what to do: ask the owner of the API to grant your organisation number access; a supplier passes the consumer's \
     organisation number with --consumer-org\n";

fn explain(arguments: &[&str]) -> Maskinporten {
    maskinporten(["explain"]).args(arguments)
}

/// What was given in which language, and what was said of it.
fn table() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    include_str!("explain.txt").strip_prefix("$ ").unwrap().split("\n$ ").map(|entry| {
        let (given, said) = entry.split_once('\n').unwrap();
        let (language, given) = given.split_once(' ').unwrap();
        (language, given, said.trim_end())
    })
}

/// What is known of a text, as a program is told it.
fn told(text: impl Into<Vec<u8>>) -> Value {
    serde_json::from_str(&explain(&["--format", "json", "-"]).stdin(text).run().artefact()).unwrap()
}

#[test]
fn every_refusal_is_explained_in_both_languages() {
    for (language, given, said) in table() {
        let outcome = explain(&["--lang", language, given]).run();

        assert_eq!(outcome.artefact(), format!("{said}\n"), "{given}");
    }
}

#[test]
fn every_refusal_that_is_known_stands_in_the_table_in_both_languages() {
    for entry in Explanation::all() {
        for (language, words) in [("en", entry.meaning.en), ("nb", entry.meaning.nb)] {
            let code = entry.code.map(|code| format!("{code} ")).unwrap_or_default();
            let head = format!("{code}{}\n", entry.error);
            let stands = |(own, _, said): (&str, &str, &str)| {
                own == language && said.split("\n\n").any(|one| one.starts_with(&head) && one.contains(words))
            };
            assert!(table().any(stands), "{language} {head}");
        }
    }
}

#[test]
fn a_code_is_known_in_every_spelling_and_by_its_address() {
    for spelling in [
        &["MP-250"][..],
        &["mp-250"],
        &["250"],
        &["MP", "250"],
        &["https://test.maskinporten.no/errors/MP-250"],
        &["https://maskinporten.no/errors/mp-250/"],
        &["--", "hint:", "check", "--client-id", "(MP-250)"],
    ] {
        assert_eq!(explain(spelling).run().artefact(), NOT_GRANTED, "{spelling:?}");
    }
}

#[test]
fn stdin_is_read_when_there_is_no_argument_and_when_it_is_asked_for() {
    for arguments in [&[][..], &["-"]] {
        let outcome = explain(arguments).stdin("see https://maskinporten.no/errors/MP-250\n").run();

        assert_eq!(outcome.artefact(), NOT_GRANTED);
    }
}

#[test]
fn a_text_without_quotes_is_put_together_again() {
    let text = "Consumer 958935420 has not delegated access to the scope x:y/z to supplier 920204368.";

    let words = maskinporten(["explain"]).args(text.split(' ')).run();

    assert_eq!(words.artefact(), explain(&[text]).run().artefact());
}

#[test]
fn what_our_own_report_says_is_known_again_whole() {
    for known in all_known() {
        let of_the_server = told(known.body().to_string());
        assert_eq!(of_the_server["explanations"].as_array().map(Vec::len), Some(1), "{}", known.body());
        for (language, format) in [("en", "text"), ("nb", "text"), ("en", "json"), ("nb", "json")] {
            let server = Server::start([known.answer()]);
            let report = asking("token", &server).args(["--lang", language, "--error-format", format]).run().stderr;

            assert_eq!(told(report.clone()), of_the_server, "{report}");
        }
    }
}

#[test]
fn every_refusal_of_a_report_is_explained() {
    let local = Local::start(&[]);
    let scopes = "no:such simulator:ungranted simulator:login difitest:test1";
    let report = local.maskinporten(&["check", "--env", "local", "--scope", scopes]).run().stdout;

    let told = told(report);

    let codes: Vec<&Value> = told["explanations"].as_array().unwrap().iter().map(|entry| &entry["mp_code"]).collect();
    assert_eq!(codes, ["MP-200", "MP-250", "MP-201"]);
    assert_eq!(told["scopes"], json!(["simulator:ungranted", "no:such"]));
}

#[test]
fn a_program_is_told_everything_in_one_object() {
    let body = std::fs::read(testdata("wire/forbidden-not-delegated.json")).unwrap();

    let outcome = explain(&["--format", "json", "--lang", "nb"]).stdin(body).run();

    assert_eq!(
        serde_json::from_str::<Value>(&outcome.artefact()).unwrap(),
        json!({
            "language": "nb",
            "mp_code": null,
            "explanations": [{
                "mp_code": "MP-251",
                "oauth_error": "forbidden",
                "server_text":
                    "Consumer <orgno> has not delegated access to the scope <scope> to supplier <orgno>",
                "meaning": "konsumenten har ikke delegert scopet til leverandøren i Altinn; delegeringer i produksjon \
                            finnes ikke i testmiljøet",
                "remedy": "be konsumenten delegere API-et til leverandørens organisasjonsnummer i Altinn, i samme miljø",
                "command": null,
            }],
            "scopes": ["folkeregister:deling/offentligutenhjemmel"],
            "consumer": "958935420",
            "supplier": "920204368",
            "trace_id": "2d40caf9-ea11-9710-d7fa-82639fe7374f",
        })
    );
}

#[test]
fn a_command_that_helps_is_ready_to_paste() {
    let told = told("MP-121");

    let [only] = told["explanations"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(only["command"], "maskinporten keys public");
}

#[test]
fn an_oauth_error_alone_stands_for_every_refusal_that_comes_with_it() {
    let told = told("forbidden");

    let codes: Vec<_> = told["explanations"].as_array().unwrap().iter().map(|one| one["mp_code"].clone()).collect();
    assert_eq!(codes, ["MP-250", "MP-251"]);
}

#[test]
fn what_is_no_refusal_that_is_known_fails_and_says_what_can_be_passed() {
    for (given, said) in [
        ("MP-999", "MP-999 is none of the refusals that are known"),
        ("https://maskinporten.no/errors/mp-999", "MP-999 is none of the refusals that are known"),
        ("hello", "what was given is none of the refusals that are known"),
        (r#"{"error":"invalid_client"}"#, "what was given is none of the refusals that are known"),
        ("2500", "what was given is none of the refusals that are known"),
        ("", "there is nothing to explain"),
        (" \n\t", "there is nothing to explain"),
    ] {
        let as_argument = explain(&[given]).run();
        let on_stdin = explain(&["-"]).stdin(given).run();

        as_argument.fails(1, &format!("error: {said}\n{WHAT_CAN_BE_PASSED}"));
        assert_eq!(as_argument, on_stdin);
    }
}

#[test]
fn input_that_is_hostile_does_no_harm() {
    let long = "x".repeat(64 * 1024 + 1);
    explain(&[])
        .stdin(long.clone())
        .run()
        .fails(1, &format!("error: what was given is longer than 64 KiB\n{WHAT_CAN_BE_PASSED}"));
    explain(&[])
        .stdin(long[1..].to_owned())
        .run()
        .fails(1, &format!("error: what was given is none of the refusals that are known\n{WHAT_CAN_BE_PASSED}"));
    explain(&[])
        .stdin([0xff, b'M'])
        .run()
        .fails(1, &format!("error: what was given on stdin is not UTF-8\n{WHAT_CAN_BE_PASSED}"));
    // A code among control characters is a code; nothing else of this comes back.
    let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ4In0.c2ln";
    let text = format!("\u{1b}[2J\u{202e}{token}\0 to the scope \u{1b}]0;x\u{7}a:b trace_id: \u{9b}31m MP-250 \r\n");
    assert_eq!(explain(&[]).stdin(text).run().artefact(), NOT_GRANTED);
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;

    let outcome = maskinporten(["explain"]).args([std::ffi::OsStr::from_bytes(b"MP-250\xff")]).run();

    outcome.fails(1, &format!("error: what was given is not UTF-8\n{WHAT_CAN_BE_PASSED}"));
}

#[test]
fn on_a_terminal_every_refusal_that_is_known_is_listed_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let stdout = folder.path().join("stdout");
    let environment = json!({ "HOME": folder.path(), "PATH": std::env::var("PATH").unwrap() });
    let command = [env!("CARGO_BIN_EXE_maskinporten"), "explain"];
    let wanted = json!({ "command": command, "environment": environment, "stdout": stdout, "answers": [] });

    let mut python = Command::new("python3");
    let told = program(python.args(["-c", include_str!("terminal.py")]), wanted.to_string().as_bytes());

    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["code"], &told["terminal"]), (&json!(0), &json!("")));
    let listed = std::fs::read_to_string(stdout).unwrap();
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), Explanation::all().count());
    assert_eq!(lines[0], "MP-011  invalid_request  Invalid assertion. Invalid parameter value");
    assert_eq!(lines[17], "MP-303  invalid_altinn_customer_configuration  -");
    assert_eq!(lines.last(), Some(&"-       invalid_grant  Invalid assertion"));
}

/// Which language `explain` spoke.
fn language_of(outcome: Outcome) -> &'static str {
    let said = outcome.artefact();
    match (said.contains("\nthat means: "), said.contains("\ndet betyr: ")) {
        (true, false) => "en",
        (false, true) => "nb",
        _ => panic!("{said}"),
    }
}

#[test]
fn the_language_is_the_options_then_the_variables_then_the_locales() {
    for (option, variables, wanted) in [
        (None, &[][..], "en"),
        (None, &[("LANG", "nb_NO.UTF-8")], "nb"),
        (None, &[("LANG", "no")], "nb"),
        (None, &[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "nn_NO.UTF-8")], "nb"),
        (None, &[("LANG", "nb_NO.UTF-8"), ("LC_ALL", "C")], "en"),
        (None, &[("LANG", "nb_NO.UTF-8"), ("LC_ALL", "")], "nb"),
        (None, &[("LC_ALL", "nb_NO.UTF-8"), ("MASKINPORTEN_LANG", "en")], "en"),
        (None, &[("LC_ALL", "nb_NO.UTF-8"), ("MASKINPORTEN_LANG", "")], "nb"),
        (None, &[("MASKINPORTEN_LANG", "nb")], "nb"),
        (Some("en"), &[("LC_ALL", "nb_NO.UTF-8"), ("MASKINPORTEN_LANG", "nb")], "en"),
        (Some("nb"), &[("LC_ALL", "C"), ("MASKINPORTEN_LANG", "en")], "nb"),
        (Some("nb"), &[("MASKINPORTEN_LANG", "sv")], "nb"),
    ] {
        let command = explain(&["MP-250"]).args(option.map(|language| format!("--lang={language}")));

        let command = variables.iter().fold(command, |command, (name, value)| command.env(name, value));

        assert_eq!(language_of(command.run()), wanted, "{option:?} {variables:?}");
    }
}

#[test]
fn a_language_that_nobody_speaks_here_is_told_before_anything_is_done() {
    let text = "error: MASKINPORTEN_LANG is not a supported language\n\
                hint: set MASKINPORTEN_LANG to en or nb, or pass --lang en or --lang nb\n";
    for arguments in [&["explain", "MP-250"][..], &["token", "--env", "test"], &["-c=x", "-o"]] {
        maskinporten(arguments).env("MASKINPORTEN_LANG", "sv").run().fails(3, text);
    }
    explain(&["MP-250", "--lang", "sv"]).run().fails(
        2,
        "error: invalid value 'sv' for '--lang <LANGUAGE>'\n  [possible values: en, nb]\n\nFor more information, try \
         '--help'.\n",
    );
}

#[test]
fn a_refusal_of_the_simulator_is_explained_in_norwegian_where_the_locale_is_and_the_rest_stays_english() {
    let local = Local::start(&[]);
    let asked = ["token", "--env", "local", "--scope", "no:such"];

    let outcome = local.maskinporten(&asked).env("LANG", "nb_NO.UTF-8").run();

    let trace = outcome.stderr.split_once("(trace_id: ").unwrap().1.split_once(')').unwrap().0.to_owned();
    outcome.fails(
        5,
        &format!(
            "error: the token endpoint refused the grant: HTTP 400, invalid_scope (MP-200)\n\
             caused by: the server says: Token request contains invalid scopes for client, no:such (trace_id: {trace})\n\
             caused by: det betyr: scopet er ikke registrert på klienten\n\
             hint: den som forvalter klienten, må legge scopet til på den i selvbetjeningen på Samarbeidsportalen; kan det \
             ikke velges der, må API-tilbyderen gi virksomheten tilgang først\n"
        ),
    );
    let explained = explain(&["--lang", "en"]).stdin(outcome.stderr).run().artefact();
    assert!(
        explained.ends_with(&format!(
            "\n\nscope: no:such\ntrace_id: {trace} (give it to Digdir's support, who find the request by it)\n"
        )),
        "{explained}"
    );
}

#[test]
fn the_originals_command_line_is_told_in_norwegian_too() {
    let known = all_known().into_iter().next().unwrap();
    let server = Server::start([known.answer()]);

    let outcome = maskinporten(["--client_id=x", "--scopes=a:b", "--audience=https://issuer.example/", "--only_token"])
        .args([format!("--token_endpoint={}", server.url("/token"))])
        .args([format!("--keystore_path={}", testdata("iterations-one.p12"))])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .env("LANG", "nb_NO.UTF-8")
        .run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""));
    assert!(outcome.stderr.contains("\ncaused by: det betyr: det finnes ingen aktiv klient"), "{}", outcome.stderr);
}
