//! The token in what is often copied with it, from stdin, an argument and a file.

use std::fs;

use serde_json::{Value, json};

use super::{signed, wire};
use crate::support::{Outcome, maskinporten};

fn inspect(arguments: &[&str]) -> crate::support::Maskinporten {
    maskinporten(["inspect", "--format", "json"]).args(arguments)
}

/// Expects the claims of the token, and returns what surrounded it.
#[track_caller]
fn wrapped_in(outcome: &Outcome, input: &str) -> Vec<String> {
    assert_eq!(outcome.code, 0, "{input}: {}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["claims"], wire("token-plain"), "{input}");
    report["wrapped_in"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Breaks a token into lines.
fn lines(token: &str, width: usize, between: &str) -> String {
    let lines: Vec<&str> = token.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
    lines.join(between)
}

/// Returns texts with a token in them, and what surrounds it.
fn inputs(token: &str) -> Vec<(String, &'static [&'static str])> {
    let headers = json!({ "Authorization": format!("Bearer {token}"), "Accept": "application/json" });
    let answers = json!({ "id": 1, "result": { "access_token": token, "id_token": format!("{token}A") } });
    vec![
        (token.to_owned(), &[]),
        (format!("Authorization: Bearer {token}\r\n"), &["header"]),
        (format!("\"{token}\""), &["quotes"]),
        (lines(token, 76, "\n"), &["lines"]),
        (format!("Bearer {}", lines(token, 60, "\r\n    ")), &["header", "lines"]),
        (lines(token, 75, "=\r\n"), &["lines"]),
        (format!("> {}\n", lines(token, 70, "\n> ")), &["text", "lines"]),
        (lines(token, 50, " "), &["lines"]),
        (json!({ "access_token": token, "expires_in": 119 }).to_string(), &["answer"]),
        (headers.to_string(), &["text"]),
        (json!([token]).to_string(), &["text"]),
        (answers.to_string(), &["text"]),
        (
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{{\"access_token\":\"{token}\"}}"),
            &["text"],
        ),
        (format!("# a comment\nOTHER=1\nTOKEN={token}\nLAST=\"2\"\n"), &["text"]),
        (format!("export TOKEN=\"{token}\""), &["text"]),
        (format!("$env:TOKEN = '{token}'"), &["text"]),
        (format!("set TOKEN={token}\r\n"), &["text"]),
        (format!("setx TOKEN \"{token}\""), &["text"]),
        (format!("curl -sS -H 'Authorization: Bearer {token}' https://api.example.no/"), &["header", "text"]),
        (
            format!("curl.exe ^\r\n  -H \"authorization: Bearer {token}\" ^\r\n  https://api.example.no/"),
            &["header", "text"],
        ),
        (
            format!("curl ^\"https://api.example.no/^\" ^\r\n  -H ^\"Authorization: Bearer {token}^\""),
            &["header", "text"],
        ),
        (
            format!("Invoke-WebRequest -Uri https://a.no/ `\n  -Headers @{{ Authorization = \"Bearer {token}\" }}"),
            &["header", "text"],
        ),
        (format!("curl -d grant_type=x -d 'assertion={token}' \\\n  https://test.maskinporten.no/token"), &["text"]),
        (format!("curl --data-urlencode \"assertion={token}\" https://test.maskinporten.no/token"), &["text"]),
        (
            format!("curl -H 'Authorization: Bearer {token}' -H 'Cookie: session={token}B' https://a.no"),
            &["header", "text"],
        ),
        (format!("curl --oauth2-bearer {token} https://api.example.no/"), &["header", "text"]),
    ]
}

#[test]
fn a_token_is_read_from_whatever_is_copied_with_it() {
    let token = signed(&wire("token-plain"));
    for (input, expected) in inputs(&token) {
        assert_eq!(wrapped_in(&inspect(&[]).stdin(input.clone()).run(), &input), expected, "{input}");
        assert_eq!(wrapped_in(&inspect(&["--", &input]).run(), &input), expected, "{input}");
    }
}

#[test]
fn a_token_is_read_from_a_file_also_one_of_powershell() {
    let token = signed(&wire("token-plain"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.txt").display().to_string();
    let utf16 = "\u{feff}TOKEN=".encode_utf16().chain(token.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for content in [format!("TOKEN={token}\n").into_bytes(), utf16] {
        fs::write(&file, content).unwrap();

        for argument in [file.clone(), format!("@{file}")] {
            let outcome = inspect(&[&argument]).run();

            assert_eq!((wrapped_in(&outcome, &argument), outcome.stderr.as_str()), (vec!["text".to_owned()], ""));
        }
    }
    let hint = "hint: pipe the token in\n";
    inspect(&["@/nonexistent"]).run().fails(
        1,
        &format!("error: could not read the token from `/nonexistent`: No such file or directory (os error 2)\n{hint}"),
    );
}

#[test]
fn a_token_is_read_from_several_arguments() {
    let token = signed(&wire("token-plain"));

    let words = inspect(&["Bearer", &token]).run();
    let command = inspect(&["--", "curl", "-H", &format!("Authorization: Bearer {token}"), "https://a.no/"]).run();

    assert_eq!(wrapped_in(&words, "words"), ["header"]);
    assert_eq!(wrapped_in(&command, "command"), ["header", "text"]);
}

#[test]
fn a_token_that_was_wrapped_is_warned_about() {
    let token = lines(&signed(&wire("token-plain")), 76, "\n");

    let report = maskinporten(["inspect"]).stdin(token).run().artefact();

    assert!(
        report.contains("\n  it is wrapped over several lines, which no API accepts: join them before use\n"),
        "{report}"
    );
}

#[test]
fn nothing_deceptive_in_a_token_is_printed() {
    let deceptive = "\u{9b}\u{7f}\u{202e}\u{200b}\u{34f}\u{2800}\u{3164}\u{fe0f}\u{e0041}\u{e01ef}\u{ad}";
    let token = signed(&json!({ "iss": deceptive, deceptive: [deceptive, { deceptive: deceptive }] }));

    let json = maskinporten(["inspect", "--verify", "--format", "json"]).stdin(token.clone()).run().stdout;
    let text = maskinporten(["inspect", "--verify"]).stdin(token).run().stdout;

    for output in [&json, &text] {
        assert!(!output.contains(|character| deceptive.contains(character)), "{output:?}");
    }
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["claims"]["iss"], deceptive);
    assert!(json.contains(r"\u009b\u007f\u202e\u200b\u034f\u2800\u3164\ufe0f\udb40\udc41\udb40\uddef\u00ad"), "{json}");
}
