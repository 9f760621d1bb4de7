//! Help texts start with examples that work, and every command and option that a message names exists.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use maskinporten::{
    client::{Explanation, RefusalFacts},
    language::Language,
};
use snapbox::str;

use crate::support::{maskinporten, program};

/// Returns the commands in the help of the program.
fn commands() -> Vec<String> {
    listed(&maskinporten(["--help"]).run().artefact())
}

/// Returns the commands in a help text: the words that begin a line between the usage and the options.
pub fn listed(help: &str) -> Vec<String> {
    let (_, after) = help.split_once("\nUsage: ").unwrap();
    let (listed, _) = after.split_once("\nOptions:\n").unwrap();
    let lines = listed.lines().filter_map(|line| line.strip_prefix("  "));
    let words = lines.filter_map(|line| line.split_whitespace().next().filter(|word| line.starts_with(word)));
    let words = words.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()) && *word != "help");
    words.map(str::to_owned).collect()
}

/// Returns the help of the program, of each command, of each subcommand, and of what is below those.
fn every_help() -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = maskinporten(&words).args(["--help"]).run().artefact();
        open.extend(listed(&help).into_iter().map(|inner| [words.as_slice(), &[inner]].concat()));
        all.push(help);
    }
    all
}

/// Returns the lines under `Examples:`.
fn examples(help: &str) -> String {
    let (_, after) = help.split_once("\n\nExamples:\n").expect("no examples after the first paragraph");
    after.split("\n\n").next().unwrap().to_owned()
}

#[test]
fn help_names_the_command_and_starts_with_examples_that_fit_a_terminal() {
    for help in every_help() {
        let lines: Vec<_> = help.lines().take(3).collect();
        let [about, "", "Examples:"] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(!about.is_empty());
        let examples = examples(&help);
        assert!((2..=4).contains(&examples.lines().count()), "{examples}");
        assert!(examples.lines().all(|line| line.starts_with("  ") && line.chars().count() <= 80), "{examples}");
    }
}

#[test]
fn the_main_commands_are_listed_first() {
    assert_eq!(commands()[..3], ["token", "grant", "headers"]);
}

#[test]
fn every_example_parses() {
    let others = "curl() { cat; }; sh() { cat; }; less() { cat; }; source() { cat; }; man() { cat; }";
    // The arguments after two dashes belong to another program.
    let own = r#"maskinporten() {
        behind=
        for word; do
            shift
            if [ "$word" = -- ]; then behind=yes; fi
            if [ -z "$behind" ]; then set -- "$@" "$word"; fi
        done
        "$BINARY" "$@" --help >/dev/null || echo "does not parse: $*" >&2
        echo "echo ok"
    }"#;
    for help in every_help() {
        let script = format!("{own}\n{others}\n{}\n", examples(&help));

        let mut shell = Command::new("sh");
        let said = shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        let said = program(
            said.env("BINARY", env!("CARGO_BIN_EXE_maskinporten")).args(["-e", "-c", &format!("exec 2>&1\n{script}")]),
            b"",
        );

        assert!(!said.is_empty() && said.lines().all(|line| line == "ok" || line == "echo ok"), "{said}");
    }
}

#[test]
fn without_a_command_the_short_help_is_printed() {
    let help = maskinporten(["-h"]).run().artefact();

    for arguments in [[].as_slice(), &["-v"], &["--lang", "nb"]] {
        assert_eq!(maskinporten(arguments).run().artefact(), help, "{arguments:?}");
    }
    for group in ["Tokens:", "Problems:", "Settings and keys:", "Without an account:", "This program:", "Options:"] {
        assert!(help.contains(&format!("\n\n{group}\n")), "{group}");
    }
}

#[test]
fn the_short_help_has_the_usual_options_and_the_long_one_all() {
    for command in ["token", "grant", "headers", "exec", "curl", "check", "inspect", "serve"] {
        let short = maskinporten([command, "-h"]).run().artefact();
        let long = maskinporten([command, "--help"]).run().artefact();

        for option in ["--env", "--client-id", "--scope", "--keystore", "--format", "--help"] {
            let is_own = option != "--format" || long.contains("\n      --format ");
            assert_eq!(short.contains(&format!("{option} ")) || option == "--help", is_own, "{command} {option}");
        }
        for option in ["--retries", "--pkcs11-module", "--lang"] {
            assert!(
                !short.contains(&format!("{option} ")) && long.contains(&format!("{option} ")),
                "{command} {option}"
            );
        }
        assert!(short.ends_with("\nThese are the usual options; --help lists all of them.\n"), "{short}");
    }
}

#[test]
fn help_lists_no_option_that_has_no_effect_in_the_command() {
    for (command, absent) in [
        ("grant", ["--no-cache", "--refresh", "--min-ttl"].as_slice()),
        ("serve", &["--no-cache", "--refresh"]),
        ("check", &["--refresh"]),
        ("keys public", &["--scope", "--client-id", "--retries", "--refresh"]),
        ("keys list", &["--scope", "--client-id", "--jwk", "--retries"]),
        ("cache list", &["--scope", "--env", "--config"]),
        ("demo", &["--config"]),
    ] {
        let help = maskinporten(command.split(' ')).args(["--help"]).run().artefact();

        for option in absent {
            assert!(
                !help.contains(&format!("{option} ")) && !help.contains(&format!("{option}\n")),
                "{command} {option}"
            );
        }
    }
}

#[test]
fn the_version_is_one_line_and_with_long_options_a_second_one_says_what_the_build_supports() {
    let with = if cfg!(feature = "pkcs11") { "with" } else { "without" };
    let first = format!("maskinporten {}\n", env!("CARGO_PKG_VERSION"));
    let both = format!("{first}{with} support for hardware tokens (PKCS#11)\n");
    for (arguments, expected) in [
        (["-V"].as_slice(), &first),
        (&["--version"], &both),
        (&["version"], &both),
        (&["-q", "-V"], &first),
        (&["-q", "--version"], &both),
    ] {
        assert_eq!(maskinporten(arguments).run().artefact(), *expected, "{arguments:?}");
    }
}

/// Options of `pkcs11-tool`.
const PKCS11_TOOL: [&str; 7] =
    ["--module", "--login", "--list-mechanisms", "--list-slots", "--write-object", "--type", "--id"];

#[test]
fn every_option_and_command_in_the_messages_of_the_source_exists() {
    let help = every_help().concat();
    let words = |text: &str| -> BTreeSet<String> {
        let parts = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '-');
        parts.filter(|word| is_option(word)).map(str::to_owned).collect()
    };
    let mut known = words(&help);
    known.extend(
        [
            "--data",
            "--cacert",
            "--disable",
            "--expand-url",
            "--label",
            "--location",
            "--location-trusted",
            "--next",
            "--output",
            "--path",
            "--url",
        ]
        .map(str::to_owned),
    ); // curl's, cargo's, az's, secret-tool's
    known.extend(PKCS11_TOOL.map(str::to_owned));
    let commands = commands();

    // The original's own options are in a separate folder.
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for file in files.iter().filter(|file| !file.components().any(|part| part.as_os_str() == "legacy_cli")) {
        let text = fs::read_to_string(file).unwrap();
        let code: Vec<_> = text.split("\n#[cfg(test)]").next().unwrap().lines().collect();
        for line in code.into_iter().filter(|line| !line.trim_start().starts_with("//")) {
            let unknown: Vec<_> = words(line).difference(&known).cloned().collect();
            assert!(unknown.is_empty(), "{}: {unknown:?} in {line}", file.display());
            for after in line.split("maskinporten ").skip(1) {
                let word: String = after.chars().take_while(char::is_ascii_lowercase).collect();
                let prose = ["failed", "is"].contains(&word.as_str()) || word.is_empty();
                assert!(prose || commands.contains(&word), "{}: {line}", file.display());
            }
        }
    }
}

/// Returns whether a word is an option: `--ttl`, not `--` nor `a--b`.
fn is_option(word: &str) -> bool {
    word.strip_prefix("--").is_some_and(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let folders = folders.into_iter().filter(|path| !path.ends_with("tests"));
    files
        .into_iter()
        .chain(folders.flat_map(|folder| sources(&folder)))
        .filter(|file| file.extension() == Some("rs".as_ref()))
        .collect()
}

#[test]
fn every_command_that_a_refusal_suggests_parses() {
    let others = ["sudo timedatectl set-ntp true"];
    let entries: Vec<_> = Explanation::all().collect();
    for entry in &entries {
        for text in [Language::English, Language::Norwegian].map(|own| entry.remedy(&RefusalFacts::default(), own)) {
            assert!(!text.contains("maskinporten "), "a command outside of the command field: {text}");
        }
    }
    let commands: BTreeSet<_> = entries.iter().filter_map(|entry| entry.command).collect();
    for command in commands.into_iter().filter(|command| !others.contains(command)) {
        let words = command.strip_prefix("maskinporten ").unwrap().split(' ');

        let outcome = maskinporten(words).args(["--help"]).run();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{command:?}");
    }
}

#[test]
fn an_unknown_command_or_option_is_reported_with_a_suggestion() {
    for (arguments, message) in [
        (
            ["tokn"].as_slice(),
            "unrecognized subcommand 'tokn'\n\n  tip: a similar subcommand exists: 'token'\n\nUsage: maskinporten [OPTIONS] \
             <COMMAND>",
        ),
        (
            &["token", "--scop", "a"],
            "unexpected argument '--scop' found\n\n  tip: a similar argument exists: '--scope'\n\nUsage: maskinporten token \
             --scope <SCOPE>",
        ),
        (&["token", "--ttl"], "a value is required for '--ttl <TIME>' but none was supplied"),
        (
            &["token", "--format", "xml"],
            "invalid value 'xml' for '--format <FORM>'\n  [possible values: token, json, env, header, curl-config, \
             dotenv, github, gcp-executable, aws-web-identity, azure-federated]",
        ),
        (
            &["grant", "--decode", "--format", "jwt"],
            "the argument '--decode' cannot be used with '--format <FORM>'\n\nUsage: maskinporten grant --decode",
        ),
        (
            &["-q", "-v", "token"],
            "the argument '--quiet' cannot be used with '--verbose...'\n\nUsage: maskinporten --quiet <COMMAND>",
        ),
        (
            &["token", "--ttl", "1", "--ttl", "2"],
            "the argument '--ttl <TIME>' cannot be used multiple times\n\nUsage: maskinporten token [OPTIONS]",
        ),
    ] {
        let outcome = maskinporten(arguments).run();

        outcome.fails(2, &format!("error: {message}\n\nFor more information, try '--help'.\n"));
    }
}

#[test]
fn options_of_other_tools_and_with_one_hyphen_are_understood() {
    for (arguments, message, hint) in [
        (["-env", "test"].as_slice(), "`-env` is not an option", "write it with two hyphens: --env"),
        (&["token", "-env", "test"], "`-env` is not an option", "write it with two hyphens: --env"),
        (&["token", "-v", "-scope=a:b"], "`-scope` is not an option", "write it with two hyphens: --scope"),
        (&["token", "-c", "-kid", "-kid", "x"], "`-kid` is not an option", "write it with two hyphens: --kid"),
        (&["cache", "clear", "-expired"], "`-expired` is not an option", "write it with two hyphens: --expired"),
        (&["token", "--issuer", "x"], "`--issuer` is not an option", "did you mean --client-id?"),
        (&["token", "--password=hemmelig"], "`--password` is not an option", "did you mean --keystore-password-file?"),
        (&["token", "--test"], "`--test` is not an option", "did you mean --env test?"),
    ] {
        maskinporten(arguments).run().fails(2, &format!("error: {message}\nhint: {hint}\n"));
    }
    let misspelt = maskinporten(["token", "--keystorepassword", "hemmelig"]).run();
    let tip = "tip: a similar argument exists: '--keystore-password'";
    assert!(misspelt.failure(2).contains(tip) && !misspelt.stderr.contains("hemmelig"), "{}", misspelt.stderr);
    // The arguments of another program are its own, and a short option may have its value attached.
    let own = maskinporten(["exec", "--env", "test", "-cID", "-sa:b", "-k", "x.p12", "cmd", "-env"]).run();
    assert!(own.failure(125).contains("x.p12"), "{}", own.stderr);
}

#[test]
fn usage_errors_are_one_line_of_json_on_request() {
    for spelling in [["--error-format", "json"].as_slice(), &["--error-format=json"]] {
        let outcome = maskinporten(["token", "--format", "xml"]).args(spelling).run();

        outcome.fails(
            2, str![[r#"
{"error":{"code":"usage","message":"invalid value 'xml' for '--format <FORM>' [possible values: token, json, env, header, curl-config, dotenv, github, gcp-executable, aws-web-identity, azure-federated]","causes":[],"hint":"run it with --help","exit_code":2,"http_status":null,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
        );
    }
}
