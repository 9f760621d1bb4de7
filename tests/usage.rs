//! Invalid options and variables are reported before a password is asked for or anything is sent, with exit code 2 for an
//! option and 3 for a variable.
//!
//! `usage.txt` has the values that are wrong in every source, a paragraph each: the option, and the message.

use std::fs;

use serde_json::json;
use snapbox::{file, str};

use crate::{
    server::{Server, asking, asking_at},
    support::{Maskinporten, assert_table, maskinporten, testdata},
};

/// A complete command, which sends no request.
fn complete() -> Maskinporten {
    let issuer = "https://test.maskinporten.no/";
    asking_at("grant", &format!("{issuer}token")).env("MASKINPORTEN_AUDIENCE", issuer)
}

#[test]
fn an_invalid_option_is_named_with_a_remedy() {
    assert_table(file!["usage.txt"], |typed| {
        let (option, value) = typed.split_once(' ').unwrap();

        let outcome = complete().args([option, value]).run();

        labelled(outcome.failure(2), option)
    });
}

#[test]
fn a_wrong_variable_is_named_by_its_own_name_and_is_a_fault_of_the_configuration() {
    assert_table(file!["usage.txt"], |typed| {
        let (option, value) = typed.split_once(' ').unwrap();
        let variable = format!("MASKINPORTEN_{}", option[2..].to_uppercase().replace('-', "_"));

        let outcome = complete().env(&variable, value).run();

        labelled(outcome.failure(3), &variable)
    });
}

/// An error in which the option or variable at its beginning is called `LABEL`.
fn labelled(error: &str, name: &str) -> String {
    error.replacen(&format!("error: {name} "), "error: LABEL ", 1)
}

#[test]
fn settings_that_exclude_each_other_are_named() {
    for (arguments, said) in [
        (["--kid", "a", "--x5c", "leaf"].as_slice(), "--kid and --x5c exclude each other\nhint: give one of them"),
        (
            &["--resource", "https://a.no/", "--no-resource"],
            "--resource and --no-resource exclude each other\nhint: give one of them",
        ),
        (
            &["--system-user", "991825827", "--authorization-details", r#"[{"type":"a"}]"#],
            "--authorization-details and --system-user exclude each other\nhint: give one of them",
        ),
        (
            &["--external-ref", "x", "--authorization-details", r#"[{"type":"a"}]"#],
            "--external-ref needs a system user, and none was given\nhint: pass --system-user ORGNO with it",
        ),
        (
            &["--system-user", "991825827", "--external-ref", "a b"],
            "--external-ref cannot be used\n\
             caused by: `a b` is not an external reference: at most 255 letters, digits, `_` and `-`\n\
             hint: use the reference with which the system user was created in Altinn",
        ),
        (
            &["--claim", "a=1", "--claim-json", "a=2"],
            "--claim-json cannot be used\ncaused by: the claim `a` was given twice\nhint: give each claim once",
        ),
    ] {
        complete().args(arguments).run().fails(2, &format!("error: {said}\n"));
    }
}

#[test]
fn an_option_beats_a_variable_that_it_excludes() {
    let leaf = complete().env("MASKINPORTEN_KID", "a").args(["--x5c", "leaf", "--decode"]).run().artefact();
    let none = complete().env("MASKINPORTEN_RESOURCE", "https://a.no/").args(["--no-resource", "--decode"]).run();

    let leaf: serde_json::Value = serde_json::from_str(&leaf).unwrap();
    assert_eq!(leaf["header"]["x5c"].as_array().map(Vec::len), Some(1));
    assert!(!none.artefact().contains("resource"));
}

#[test]
fn an_option_without_a_value_is_reported_as_such() {
    for option in ["--client-id", "--scope", "--audience", "--kid", "--keystore", "--alias", "--resource", "--pid"] {
        for value in ["", " "] {
            let outcome = complete().args([option, value]).run();

            outcome.replacing(option, "[OPTION]").fails(
                2,
                str![[r#"
error: [OPTION] is empty
hint: give it a value, or leave it out

"#]],
            );
        }
    }
}

/// What every request needs: an option that gives it, what is missing without it, and the remedy.
const NEEDED: [(&str, &str, &str, &str); 4] = [
    (
        "--env",
        "test",
        "no environment was given",
        "pass --env test or --env prod (--env local for the simulator), or set MASKINPORTEN_ENV",
    ),
    ("--client-id", "ID", "no client id was given", "pass --client-id ID, or set MASKINPORTEN_CLIENT_ID"),
    ("--scope", "a:b", "no scope was given", "pass --scope SCOPE, or set MASKINPORTEN_SCOPE"),
    (
        "--keystore",
        "x.p12",
        "no keystore was given",
        "pass --keystore FILE, or set MASKINPORTEN_KEYSTORE; --jwk, --key, --certificate-thumbprint and --pkcs11-module \
         name other kinds of keys",
    ),
];

#[test]
fn profiles_that_could_be_used_are_named_with_the_missing_settings() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    fs::write(&config, "[profiles.prod]\nenv = \"prod\"\n[profiles.test]\nenv = \"test\"\n").unwrap();

    let outcome = maskinporten(["token", "--config", config.to_str().unwrap()]).run();

    let hint = "hint: pass --profile NAME for one of the profiles: prod, test\n";
    assert!(outcome.failure(3).ends_with(hint), "{}", outcome.stderr);
}

#[test]
fn the_name_of_a_file_in_place_of_a_jwk_is_explained() {
    let named = maskinporten(["grant", "--env", "test", "-c", "x", "-s", "a:b"])
        .env("MASKINPORTEN_CLIENT_JWK", testdata("modern.p12"))
        .run();

    let hint = "hint: the variable must hold the JWK itself, not the name of its file; pass --jwk FILE\n";
    assert!(named.failure(4).ends_with(hint), "{}", named.stderr);
}

#[test]
fn all_missing_settings_are_named_at_once_before_the_password_is_asked_for() {
    for given in 0..3 {
        let arguments = NEEDED[..given].iter().flat_map(|(option, value, ..)| [*option, *value]);
        let causes = NEEDED[given..].iter().map(|(.., message, hint)| format!("caused by: {message}: {hint}\n"));
        let error = format!(
            "error: {} settings are missing\n{}hint: answer questions about them, and write a profile: maskinporten config init\n",
            4 - given,
            causes.collect::<String>()
        );
        for command in ["token", "grant", "headers"] {
            maskinporten([command]).args(arguments.clone()).run().fails(3, &error);
        }
    }
    maskinporten(["token", "-c", "x"]).env("MASKINPORTEN_ENV", "test").run().fails(
        3,
        str![[r#"
error: 2 settings are missing
caused by: no scope was given: pass --scope SCOPE, or set MASKINPORTEN_SCOPE
caused by: no keystore was given: pass --keystore FILE, or set MASKINPORTEN_KEYSTORE; --jwk, --key, --certificate-thumbprint and --pkcs11-module name other kinds of keys
hint: answer questions about them, and write a profile: maskinporten config init

"#]],
    );
    let outcome = maskinporten(["token", "--env", "test", "-c", "ID", "-s", "a", "-k", &testdata("modern.p12")]).run();
    outcome.replacing(testdata("modern.p12"), "[FILE]").fails(
        4,
        str![[r#"
error: no password was given for the keystore `[FILE]`, and there is no terminal to ask on
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
}

#[test]
fn a_single_missing_setting_is_the_error_itself() {
    for (at, (.., message, hint)) in NEEDED.iter().enumerate() {
        let others = NEEDED.iter().enumerate().filter(|(other, _)| *other != at);
        let arguments = others.flat_map(|(_, (option, value, ..))| [*option, *value]);

        let outcome = maskinporten(["token"]).args(arguments).run();

        outcome.fails(3, &format!("error: {message}\nhint: {hint}\n"));
    }
}

#[test]
fn a_variable_that_is_set_but_empty_is_named() {
    for (variable, value) in [("MASKINPORTEN_SCOPE", ""), ("MASKINPORTEN_SCOPES", ""), ("MASKINPORTEN_SCOPE", "''")] {
        let outcome = maskinporten(["token", "--env", "test", "-c", "x", "-k", "x.p12"]).env(variable, value).run();

        outcome.fails(
            3,
            &format!(
                "error: no scope was given: {variable} is set but empty\n\
                 hint: pass --scope SCOPE, or set MASKINPORTEN_SCOPE\n"
            ),
        );
    }
}

#[test]
fn settings_that_a_profile_lacks_are_to_be_added_to_it() {
    let command = maskinporten(["token", "--profile", "half"]);
    let config = command.home().join("half.toml");
    std::fs::write(&config, "[profiles.half]\nenv = \"test\"\n").unwrap();

    let outcome = command.args(["--config".as_ref(), config.as_os_str()]).run();

    let stderr = outcome.failure(3);
    assert!(stderr.starts_with("error: 3 settings are missing\ncaused by: no client id was given: "), "{stderr}");
    assert!(stderr.ends_with("hint: pass them as options, or add them to the profile `half`\n"), "{stderr}");
}

/// Returns the claims of a grant.
#[track_caller]
fn claims(command: Maskinporten) -> serde_json::Value {
    let text = command.args(["--decode"]).run().artefact();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["claims"].take()
}

#[test]
fn quotes_and_blanks_that_an_env_file_leaves_around_a_value_are_removed() {
    let keys = testdata("key.jwk.json");
    for (env, client, jwk, scope) in [
        ("'test'", "\"client\"", format!("\"{keys}\""), "\"a:b c:d\""),
        ("TEST\r", "client\r", format!("{keys}\r"), "a:b,c:d\r"),
        (" Test ", "“client”", format!("'{keys}' "), "„a:b c:d“"),
    ] {
        let command = maskinporten(["grant"]).env("MASKINPORTEN_ENV", env).env("MASKINPORTEN_CLIENT_ID", client);
        let command = command.env("MASKINPORTEN_JWK", jwk).env("MASKINPORTEN_SCOPE", scope);

        let claims = claims(command.env("MASKINPORTEN_KID", "'k'"));

        assert_eq!(claims["aud"], "https://test.maskinporten.no/");
        assert_eq!((&claims["iss"], &claims["scope"]), (&"client".into(), &"a:b c:d".into()));
    }
}

#[test]
fn removed_quotes_are_noted_with_v_and_other_values_keep_theirs() {
    let noted = complete().env("MASKINPORTEN_KID", "\"k\"").args(["-vvv", "--claim", "purpose='a'"]);

    let outcome = noted.run();

    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let note = "MASKINPORTEN_KID: removed the quotes or blanks around its value\n";
    assert!(outcome.stderr.starts_with(note), "{}", outcome.stderr);
    assert_eq!(claims(complete().args(["--claim", "purpose='a'"]))["purpose"], "'a'");
}

#[test]
fn environments_and_languages_are_known_in_any_spelling() {
    for name in ["test", "TEST", "Test ", " tEST"] {
        assert_eq!(complete().args(["--env", name]).run().code, 0, "{name}");
        assert_eq!(complete().env("MASKINPORTEN_ENV", name).run().code, 0, "{name}");
    }
    for name in ["nb", "no", "nn", "NB", "nb-NO", "no_NO.UTF-8"] {
        let option = maskinporten(["explain", "--lang", name, "MP-250"]).run().artefact();
        let variable = maskinporten(["explain", "MP-250"]).env("MASKINPORTEN_LANG", name).run().artefact();

        assert_eq!(option, maskinporten(["explain", "--lang", "nb", "MP-250"]).run().artefact(), "{name}");
        assert_eq!(option, variable, "{name}");
    }
}

#[test]
fn an_unknown_or_missing_environment_is_reported() {
    complete().env("MASKINPORTEN_ENV", "tset").run().fails(
        3,
        str![[r#"
error: MASKINPORTEN_ENV is not a known environment
hint: use one of prod, test, dev, ver2, sky, test-sky, local

"#]],
    );
    complete().args(["--env", "tset"]).run().fails(
        2,
        str![[r#"
error: invalid value 'tset' for '--env <NAME>'
  [possible values: prod, test, dev, ver2, sky, test-sky, local]

  tip: a similar value exists: 'test'

For more information, try '--help'.

"#]],
    );
    let local = complete().args(["--env", "local"]);
    let note = local.home().join(".local/share/maskinporten/local.json").display().to_string();
    local.run().replacing(&note, "[NOTE]").fails(
        3,
        str![[r#"
error: no simulator is running: `[NOTE]` does not exist
hint: start the simulator in another terminal: maskinporten simulate

"#]],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    complete().args(["--authorization-details", "@missing.json"]).run().fails(
        3,
        str![[r#"
error: could not read `missing.json`, which --authorization-details names: No such file or directory (os error 2)
hint: check the path after the @

"#]],
    );
}

#[test]
fn a_file_of_details_that_is_too_large_is_not_cut_off() {
    let command = complete();
    let large = command.home().join("large.json");
    std::fs::write(&large, format!("[]{}x", " ".repeat(1_048_576))).unwrap();
    let details = format!("@{}", large.display());

    command.args(["--authorization-details", &details]).run().replacing(large.display(), "[FILE]").fails(
        3,
        str![[r#"
error: could not read `[FILE]`, which --authorization-details names: it is larger than 1048576 bytes
hint: check the path after the @

"#]],
    );
}

#[test]
fn a_header_that_could_add_lines_or_replace_the_token_is_refused_before_anything_is_sent() {
    for (header, why) in [
        ("ApiKey", "it is not of the form `Name: value`"),
        (": hemmelig", "it is not of the form `Name: value`"),
        ("Api Key: hemmelig", "it is not of the form `Name: value`"),
        ("ApiKey: hemmelig\r\nX-Evil: 1", "the value of `ApiKey` has a control character"),
        ("ApiKey: hemmelig\u{1b}[31m", "the value of `ApiKey` has a control character"),
        ("authorization: Basic hemmelig", "`Authorization` is set by this command"),
    ] {
        let server = Server::start([]);

        let outcome = asking("headers", &server).args(["--header", header]).run();

        outcome.fails(
            2,
            &format!("error: --header cannot be used\ncaused by: {why}\nhint: pass it as --header 'ApiKey: VALUE'\n"),
        );
    }
}

#[test]
fn an_algorithm_that_the_key_does_not_have_is_a_fault_of_the_key() {
    complete().args(["--alg", "ES256"]).run().fails(
        4,
        str![[r#"
warning: Maskinporten accepts RS256, RS384 and RS512, not ES256
error: could not sign the grant
caused by: the private key cannot sign with ES256
hint: pass --alg RS256, or use another key

"#]],
    );
}

#[test]
fn invalid_values_are_reported_to_programs_in_one_object() {
    for (command, exit, code, message) in [
        (complete().args(["--kid", "a", "--x5c", "leaf"]), 2, "conflict", "--kid and --x5c exclude each other"),
        (complete().env("MASKINPORTEN_ALG", "none"), 3, "alg", "MASKINPORTEN_ALG is not a known signature algorithm"),
        (complete().args(["--ttl", ""]), 2, "empty", "--ttl is empty"),
    ] {
        let outcome = command.args(["--error-format", "json"]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (exit, ""));
        let mut error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
        assert!(error["error"]["hint"].is_string());
        error["error"].as_object_mut().unwrap().remove("hint");
        let wanted = json!({ "error": {
            "code": code, "message": message, "causes": [], "exit_code": exit, "http_status": null,
            "oauth_error": null, "mp_code": null, "trace_id": null, "warnings": [],
        }});
        assert_eq!(error, wanted);
    }
}

/// The hint for a stray argument that nothing explains.
const QUOTE_IT: &str = "put a value with spaces in quotes; --help lists the options";

#[test]
fn a_stray_argument_is_named_with_its_position() {
    for (arguments, argument, hint) in [
        (["token", "xyz"].as_slice(), "argument 2, `xyz`", QUOTE_IT),
        (&["token", "--env", "test", "xyz"], "argument 4, `xyz`", QUOTE_IT),
        (&["token", "--scope", "a:b", "c:d", "--env", "test"], "argument 4, `c:d`", QUOTE_IT),
        (&["token", "-c", "x", "x"], "argument 4, `x`", QUOTE_IT),
        (&["token", "test"], "argument 2, `test`", "did you mean --env test?"),
        (&["token", "scope=a:b"], "argument 2, `scope=a:b`", "did you mean --scope?"),
        (&["token", "/env:test"], "argument 2, `/env:test`", "did you mean --env?"),
        (
            &["token", "–scope", "a:b"],
            "argument 2, `–scope`",
            "it begins with the dash – of a word processor; type -- there: --scope",
        ),
        (
            &["–env", "test"],
            "argument 1, `–env`",
            "it begins with the dash – of a word processor; type -- there: --env",
        ),
        (
            &["token", "–keystore-password-file", "x"],
            "argument 2, `–keystore-password-file`",
            "it begins with the dash – of a word processor; type -- there: --keystore-password-file",
        ),
        (
            &["token", "–profile", "x"],
            "argument 2, `–profile`",
            "it begins with the dash – of a word processor; type -- there: --profile",
        ),
        (&["“token”"], "argument 1, `“token”`", "it has the quote “ of a word processor; type ' or \" there"),
        (&["token", "—k", "x"], "argument 2, `—k`", "it begins with the dash — of a word processor; type - there"),
        (
            &["token", "--scope", "“a:b", "c:d”"],
            "argument 4, `c:d”`",
            "it has the quote ” of a word processor; type ' or \" there",
        ),
        (
            &["token", "\u{a0}--scope"],
            "argument 2, `\u{a0}--scope`",
            "it has the invisible character U+00A0, perhaps from a web page; type it again",
        ),
        (
            &["token", "\\"],
            "argument 2, `\\`",
            "it continues a line in another shell: \\ is for sh, ^ for cmd and ` for PowerShell",
        ),
    ] {
        let error = format!("error: {argument}, is not expected there\nhint: {hint}\n");
        maskinporten(arguments).run().fails(2, &error);
    }
    let curl = "put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/";
    let error = format!("error: argument 2, `https://x.no/`, is not expected there\nhint: {curl}\n");
    maskinporten(["curl", "https://x.no/"]).run().fails(125, &error);
}

#[test]
fn a_stray_argument_that_may_be_part_of_a_secret_is_not_shown() {
    for arguments in [
        ["token", "-p", "two", "hemmelig"].as_slice(),
        &["token", "-ptwo", "hemmelig", ""],
        &["token", "--keystore-password", "two", "hemmelig"],
        &["token", "--keystore-password-command", "pass", "hemmelig"],
        &["headers", "--header", "ApiKey:", "hemmelig"],
        &["token", "--claim", "a=b", "hemmelig"],
    ] {
        let at = arguments.iter().position(|argument| *argument == "hemmelig").unwrap() + 1;
        let why = "is not expected there; it is not shown, since it may be part of a secret";

        maskinporten(arguments).run().fails(2, &format!("error: argument {at} {why}\nhint: {QUOTE_IT}\n"));
    }
    for argument in [
        "–keystore-password=hemmelig",
        "—phemmelig",
        "keystore_password=hemmelig",
        "/password:hemmelig",
        "MASKINPORTEN_KEYSTORE_PASSWORD=hemmelig",
    ] {
        let outcome = maskinporten(["token", argument]).run();

        assert!(!outcome.failure(2).contains("hemmelig"), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error: argument 2 is not expected there; it is not shown"), "{argument}");
    }
    let key = std::fs::read_to_string(testdata("key.jwk.json")).unwrap();
    let outcome = maskinporten(["token", &key]).run();
    assert!(outcome.failure(2).starts_with("error: argument 2 is not expected there; it is not shown"));
}

#[test]
fn an_error_of_usage_shows_no_deceptive_characters_that_were_typed() {
    for arguments in
        [["token", "--format", "a\u{202e}b\u{1b}[31mc"].as_slice(), &["tok\u{200b}en"], &["token", "--\u{85}x"]]
    {
        let outcome = maskinporten(arguments).run();

        let shown = outcome.failure(2).chars().filter(|shown| "\u{202e}\u{1b}\u{200b}\u{85}".contains(*shown)).count();
        assert_eq!(shown, 0, "{:?}", outcome.stderr);
    }
}
