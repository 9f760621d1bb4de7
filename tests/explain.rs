//! `maskinporten explain`, and the language of explanations.
//!
//! `explain.txt` has the explanation of every known refusal in both languages: `$`, the language and the input, then the
//! whole stdout.

use std::process::Command;

use maskinporten::{
    client::{CodeGroup, Explanation, RefusalFacts},
    language::Language,
};
use serde_json::{Value, json};
use snapbox::{file, str};

use crate::{
    local::Local,
    refusals::all_known,
    server::{Server, asking},
    support::{Maskinporten, Outcome, assert_snapshot, maskinporten, program, testdata},
};

const HINT: &str = "hint: pass a code such as MP-250 or AUTH-00004, its URL, an OAuth error, or the server's whole response; all \
                    refusals are listed at \
                                  https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n";

const NOT_GRANTED: &str = "MP-250 forbidden\n\
     the server's text: Consumer has not been granted access to the scope <scope>\n\
     that means: this organisation does not have the scope: the owner of the API has not granted access to it; a \
     supplier also gets this refusal when it does not name the consumer it acts for\n\
     what to do: ask the owner of the API to grant your organisation number access; a supplier passes the consumer's \
     organisation number with --consumer-org\n\
     who must do it: the owner of the API\n\
     source: https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n";

fn explain(arguments: &[&str]) -> Maskinporten {
    maskinporten(["explain"]).args(arguments)
}

/// Returns the language, the input and the explanation of each entry.
fn table() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    include_str!("explain.txt").strip_prefix("$ ").unwrap().split("\n$ ").map(|entry| {
        let (given, said) = entry.split_once('\n').unwrap();
        let (language, given) = given.split_once(' ').unwrap();
        (language, given, said.trim_end())
    })
}

/// Returns the explanation of a text as JSON.
fn told(text: impl Into<Vec<u8>>) -> Value {
    serde_json::from_str(&explain(&["--format", "json", "-"]).stdin(text).run().artefact()).unwrap()
}

#[test]
fn every_refusal_is_explained_in_both_languages() {
    let explained = table().map(|(language, given, _)| {
        let outcome = explain(&["--lang", language, given]).run();

        format!("$ {language} {given}\n{}", outcome.artefact())
    });
    assert_snapshot(&explained.collect::<String>(), file!["explain.txt"]);
}

#[test]
fn every_known_refusal_is_in_the_table_in_both_languages() {
    for entry in Explanation::all() {
        for (language, own_language) in [("en", Language::English), ("nb", Language::Norwegian)] {
            let words = entry.meaning(&RefusalFacts::default(), own_language);
            let code = entry.code.map(|code| format!("{code} ")).unwrap_or_default();
            let head = format!("{code}{}\n", entry.error);
            let stands = |(own, _, said): (&str, &str, &str)| {
                own == language && said.split("\n\n").any(|one| one.starts_with(&head) && one.contains(&words))
            };
            assert!(table().any(stands), "{language} {head}");
        }
    }
}

#[test]
fn a_code_is_recognised_in_every_spelling_and_in_a_url() {
    for spelling in [
        &["MP-250"][..],
        &["mp-250"],
        &["250"],
        &["MP", "250"],
        &["https://sim.example/errors/MP-250"],
        &["https://sim.example/errors/mp-250/"],
        &["--", "hint:", "check", "--client-id", "(MP-250)"],
    ] {
        assert_eq!(explain(spelling).run().artefact(), NOT_GRANTED, "{spelling:?}");
    }
}

#[test]
fn stdin_is_read_without_an_argument_and_with_a_dash() {
    for arguments in [&[][..], &["-"]] {
        let outcome = explain(arguments).stdin("see https://sim.example/errors/MP-250\n").run();

        assert_eq!(outcome.artefact(), NOT_GRANTED);
    }
}

#[test]
fn several_arguments_are_joined_to_one_text() {
    let text = "Consumer 958935420 has not delegated access to the scope x:y/z to supplier 920204368.";

    let words = maskinporten(["explain"]).args(text.split(' ')).run();

    assert_eq!(words.artefact(), explain(&[text]).run().artefact());
}

#[test]
fn our_own_error_report_is_explained_like_the_server_s_response() {
    for known in all_known() {
        let mut body = known.body();
        // Our own report does not contain it, so the environment would be unknown.
        body.as_object_mut().unwrap().remove("error_uri");
        let code = known.code.map(|code| format!(" ({code})")).unwrap_or_default();
        let of_the_server = told(format!("{body}{code}"));
        assert_eq!(of_the_server["explanations"].as_array().map(Vec::len), Some(1), "{body}");
        for (language, format) in [("en", "text"), ("nb", "text"), ("en", "json"), ("nb", "json")] {
            let server = Server::start([known.answer()]);
            let report = asking("token", &server).args(["--lang", language, "--error-format", format]).run().stderr;

            assert_eq!(told(report.clone()), of_the_server, "{report}");
        }
    }
}

#[test]
fn every_refusal_in_a_report_is_explained() {
    let local = Local::start(&[]);
    let scopes = "no:such simulator:ungranted simulator:login difitest:test1";
    let report = local.maskinporten(&["check", "--env", "local", "--scope", scopes]).run().stdout;

    let told = told(report);

    let codes: Vec<&Value> = told["explanations"].as_array().unwrap().iter().map(|entry| &entry["mp_code"]).collect();
    assert_eq!(codes, ["MP-200", "MP-250", "MP-201"]);
    assert_eq!(told["scopes"], json!(["simulator:ungranted", "no:such"]));
}

#[test]
fn the_json_form_is_one_object_with_every_member() {
    let body = std::fs::read(testdata("wire/forbidden-not-delegated.json")).unwrap();

    let outcome = explain(&["--format", "json", "--lang", "nb"]).stdin(body).run();

    assert_eq!(
        serde_json::from_str::<Value>(&outcome.artefact()).unwrap(),
        json!({
            "language": "nb",
            "code": null,
            "mp_code": null,
            "explanations": [{
                "code": "MP-251",
                "mp_code": "MP-251",
                "oauth_error": "forbidden",
                "server_text":
                    "Consumer <orgno> has not delegated access to the scope <scope> to supplier <orgno>",
                "meaning": "konsumenten 958935420 har ikke delegert scopet folkeregister:deling/offentligutenhjemmel til \
                            leverandøren 920204368 i Altinn; delegeringer i produksjon finnes ikke i testmiljøet",
                "remedy": "be konsumenten 958935420 delegere API-et til leverandørens organisasjonsnummer 920204368 i \
                           Altinn, i samme miljø",
                "who": "konsumenten, i Altinn",
                "command": null,
                "source": "https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking",
            }],
            "scopes": ["folkeregister:deling/offentligutenhjemmel"],
            "consumer": "958935420",
            "supplier": "920204368",
            "trace_id": "2d40caf9-ea11-9710-d7fa-82639fe7374f",
        })
    );
}

#[test]
fn the_pasted_text_names_what_the_explanation_is_about() {
    let paste = r#"client_id=8d001e58-c758-4beb-a9ec-ae1d770fa35e {"error":"invalid_scope","error_description":"Token
        request contains invalid scopes for client, a:b c:d","error_uri":"https:\/\/test.maskinporten.no\/errors\/MP-200"}"#;
    for (text, meaning) in [
        (paste, "the scopes a:b, c:d are not registered on client 8d001e58-c758-4beb-a9ec-ae1d770fa35e in test"),
        ("https://maskinporten.no/errors/MP-200", "the scope is not registered on the client in prod"),
        ("MP-200", "the scope is not registered on the client"),
        (
            "Consumer 991825827 has not delegated access to the scope a:b to supplier 310702641",
            "the consumer 991825827 has not delegated the scope a:b to the supplier 310702641 in Altinn; delegations in \
             production do not exist in the test environment",
        ),
    ] {
        assert_eq!(told(text)["explanations"][0]["meaning"], meaning, "{text}");
    }
}

#[test]
fn of_several_refusals_no_scope_is_taken_for_that_of_another() {
    let told = told(
        "Token request contains invalid scopes for client, a:b (MP-200) and then \
         Consumer has not been granted access to the scope c:d (MP-250)",
    );

    let explanations = told["explanations"].as_array().unwrap();
    assert_eq!(explanations.len(), 2);
    for meaning in explanations.iter().map(|one| one["meaning"].as_str().unwrap()) {
        assert!(!meaning.contains("a:b") && !meaning.contains("c:d"), "{meaning}");
    }
}

#[test]
fn a_command_that_helps_is_ready_to_paste() {
    let told = told("MP-121");

    let [only] = told["explanations"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(only["command"], "maskinporten keys public");
}

#[test]
fn an_oauth_error_alone_has_every_explanation_with_that_error() {
    let told = told("forbidden");

    let codes: Vec<_> = told["explanations"].as_array().unwrap().iter().map(|one| one["mp_code"].clone()).collect();
    assert_eq!(codes, ["MP-250", "MP-251"]);
}

#[test]
fn unknown_input_is_an_error_with_a_hint() {
    for (given, said) in [
        ("hello", "no known refusal found in the input"),
        (r#"{"error":"invalid_token"}"#, "no known refusal found in the input"),
        ("2500", "no known refusal found in the input"),
        ("", "the input is empty"),
        (" \n\t", "the input is empty"),
    ] {
        let as_argument = explain(&[given]).run();
        let on_stdin = explain(&["-"]).stdin(given).run();

        as_argument.fails(1, &format!("error: {said}\n{HINT}"));
        assert_eq!(as_argument, on_stdin);
    }
}

#[test]
fn an_unknown_code_is_named_with_the_page_that_may_have_it() {
    for given in ["MP-999", "https://maskinporten.no/errors/mp-999"] {
        explain(&[given]).run().fails(
            1,
            "error: unknown error code MP-999\n\
             hint: look it up in https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n",
        );
    }
}

#[test]
fn hostile_input_is_not_printed() {
    let long = "x".repeat(64 * 1024 + 1);
    explain(&[]).stdin(long.clone()).run().fails(1, str![[r#"
error: the input is longer than 64 KiB
hint: pass a code such as MP-250 or AUTH-00004, its URL, an OAuth error, or the server's whole response; all refusals are listed at https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking

"#]]);
    explain(&[])
        .stdin(long[1..].to_owned())
        .run()
        .fails(1, str![[r#"
error: no known refusal found in the input
hint: pass a code such as MP-250 or AUTH-00004, its URL, an OAuth error, or the server's whole response; all refusals are listed at https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking

"#]]);
    explain(&[]).stdin([0xff, b'M']).run().fails(1, str![[r#"
error: stdin is not UTF-8
hint: pass a code such as MP-250 or AUTH-00004, its URL, an OAuth error, or the server's whole response; all refusals are listed at https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking

"#]]);
    // Only the code is recognised and printed.
    let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ4In0.c2ln";
    let text = format!("\u{1b}[2J\u{202e}{token}\0 to the scope \u{1b}]0;x\u{7}a:b trace_id: \u{9b}31m MP-250 \r\n");
    assert_eq!(explain(&[]).stdin(text).run().artefact(), NOT_GRANTED);
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_rejected() {
    use std::os::unix::ffi::OsStrExt as _;

    let outcome = maskinporten(["explain"]).args([std::ffi::OsStr::from_bytes(b"MP-250\xff")]).run();

    outcome.fails(1, str![[r#"
error: the argument is not UTF-8
hint: pass a code such as MP-250 or AUTH-00004, its URL, an OAuth error, or the server's whole response; all refusals are listed at https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking

"#]]);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn on_a_terminal_every_refusal_of_maskinporten_and_every_other_service_is_listed_on_a_line() {
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
    let others = CodeGroup::all().count() - 1;
    // The service and its source, an empty line before and after the refusals, and a line for each other service.
    assert_eq!(lines.len(), 1 + 1 + Explanation::all().count() + 1 + others);
    assert_eq!(lines[0], "Maskinporten, https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking");
    let copied = "the assertion or another parameter contains line breaks, or was copied incorrectly";
    assert_eq!(lines[2], format!("MP-011  invalid_request: {copied}"));
    assert!(lines[19].starts_with("MP-303  invalid_altinn_customer_configuration: Altinn has no system user"));
    assert!(lines[lines.len() - others].starts_with("EXCHANGE   Altinn's exchange"), "{listed}");
}

#[test]
fn without_an_argument_and_with_nothing_on_stdin_what_is_known_is_listed() {
    for stdin in ["", "\n"] {
        let listed = explain(&[]).stdin(stdin).run().artefact();

        assert!(listed.starts_with("Maskinporten, https://docs.digdir.no/"), "{listed}");
        assert!(listed.contains("\nMP-250  forbidden: this organisation does not have the scope: "), "{listed}");
    }
}

#[test]
fn a_prefix_lists_the_codes_of_its_service_with_their_meanings_and_source() {
    for prefix in ["BRO", "bro-"] {
        let listed = explain(&["--lang", "nb", prefix]).run().artefact();

        let (head, entries) = listed.split_once("\n\n").unwrap();
        assert_eq!(
            head,
            "Altinn Formidling: filoverføringer, \
             https://github.com/Altinn/altinn-broker/blob/main/src/Altinn.Broker.Application/Errors.cs"
        );
        assert_eq!(
            entries.lines().next(),
            Some("BRO-00001  filoverføringen finnes ikke, eller den er ikke for den som spør")
        );
    }
    let all: Value = serde_json::from_str(&explain(&["AUTH", "--format", "json"]).run().artefact()).unwrap();
    let explanations = all["explanations"].as_array().unwrap();
    assert!(explanations.len() > 80);
    for entry in explanations {
        for member in ["code", "meaning", "remedy", "who", "source"] {
            assert!(entry[member].as_str().is_some_and(|text| !text.is_empty()), "{entry}");
        }
    }
}

#[test]
fn a_response_of_altinn_is_explained_code_by_code() {
    let response = r#"{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","title":"One or more validation errors occurred.","status":400,"code":"STD-00000","traceId":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","validationErrors":[{"code":"AUTH.VLD-00003","detail":"x","paths":["/registersystem/rights/resource"]}]}"#;

    let told = told(response);

    let codes: Vec<&Value> = told["explanations"].as_array().unwrap().iter().map(|entry| &entry["code"]).collect();
    assert_eq!(codes, ["STD-00000", "AUTH.VLD-00003"]);
    assert_eq!((&told["code"], &told["mp_code"]), (&json!("STD-00000"), &Value::Null));
    assert_eq!(told["trace_id"], "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_eq!(
        explain(&["--lang", "nb", "AUTH-21"]).run().artefact(),
        "AUTH-00021\n\
         det betyr: omdirigeringsadressen i forespørselen er ikke registrert på systemet\n\
         gjør dette: send en adresse som er registrert på systemet, tegn for tegn\n\
         hvem som må gjøre det: systemleverandøren\n\
         kilde: https://github.com/Altinn/altinn-authentication/blob/main/src/Core/Problems/Problem.cs\n"
    );
    explain(&["AUTH-09999"]).run().fails(
        1,
        str![[r#"
error: unknown error code AUTH-09999
hint: look it up in https://github.com/Altinn/altinn-authentication/blob/main/src/Core/Problems/Problem.cs

"#]],
    );
}

#[test]
fn a_token_is_referred_to_inspect_and_not_shown() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl";
    for text in [token.to_owned(), format!("Authorization: Bearer {token}"), format!(r#"{{"access_token":"{token}"}}"#)]
    {
        explain(&[]).stdin(text).run().fails(
            1,
            str![[r#"
error: the input is a token and not a refusal
hint: pipe it into maskinporten inspect, which shows what a token contains

"#]],
        );
    }
}

/// Returns the language of an explanation.
fn language_of(outcome: Outcome) -> &'static str {
    let said = outcome.artefact();
    match (said.contains("\nthat means: "), said.contains("\ndet betyr: ")) {
        (true, false) => "en",
        (false, true) => "nb",
        _ => panic!("{said}"),
    }
}

#[test]
fn the_language_comes_from_the_option_the_variable_or_the_locale_in_that_order() {
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
fn an_unsupported_language_is_an_error_before_anything_else() {
    let text = "error: MASKINPORTEN_LANG is not a supported language\n\
                hint: set MASKINPORTEN_LANG to en or nb, or pass --lang en or --lang nb\n";
    for arguments in [&["explain", "MP-250"][..], &["token", "--env", "test"], &["-c=x", "-o"]] {
        maskinporten(arguments).env("MASKINPORTEN_LANG", "sv").run().fails(3, text);
    }
    explain(&["MP-250", "--lang", "sv"]).run().fails(
        2,
        str![[r#"
error: invalid value 'sv' for '--lang <LANGUAGE>'
  [possible values: en, nb]

For more information, try '--help'.

"#]],
    );
}

#[test]
fn with_a_norwegian_locale_a_refusal_is_explained_in_bokmål_and_the_rest_stays_english() {
    let local = Local::start(&[]);
    let asked = ["token", "--env", "local", "--scope", "no:such"];

    let outcome = local.maskinporten(&asked).env("LANG", "nb_NO.UTF-8").run();

    let trace = outcome.stderr.split_once("(trace_id: ").unwrap().1.split_once(')').unwrap().0.to_owned();
    outcome.replacing(&trace, "[TRACE]").fails(
        5, str![[r#"
feil: token-endepunktet avviste grantet: HTTP 400, invalid_scope (MP-200)
årsak: serveren svarer: Token request contains invalid scopes for client, no:such (trace_id: [TRACE])
årsak: det betyr: scopet no:such er ikke registrert på klienten 8d001e58-c758-4beb-a9ec-ae1d770fa35e
råd: den som forvalter klienten, må legge til scopet i selvbetjeningen på Samarbeidsportalen; kan det ikke velges der, må API-tilbyderen først gi virksomheten 310700010 tilgang

"#]],
    );
    let explained = explain(&["--lang", "en"]).stdin(outcome.stderr).run().artefact();
    assert!(
        explained.ends_with(&format!(
            "\n\nscope: no:such\ntrace_id: {trace} (the support of the service can find the request by it)\n"
        )),
        "{explained}"
    );
}

#[test]
fn the_original_s_command_line_has_explanations_in_bokmål_too() {
    let known = all_known().into_iter().next().unwrap();
    let server = Server::start([known.answer()]);

    let outcome = maskinporten(["--client_id=x", "--scopes=a:b", "--audience=https://issuer.example/", "--only_token"])
        .args([format!("--token_endpoint={}", server.url("/token"))])
        .args([format!("--keystore_path={}", testdata("iterations-one.p12"))])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .env("LANG", "nb_NO.UTF-8")
        .run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""));
    assert!(outcome.stderr.contains("\nårsak: det betyr: det finnes ingen aktiv klient"), "{}", outcome.stderr);
}
