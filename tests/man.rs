//! The man pages: groff formats them without a warning, and they agree with `--help` and the table of exit codes.

use std::{fs, path::Path, process::Command};

use snapbox::str;

use crate::support::{maskinporten, program, wait};

/// Formats a page, and checks that groff has no warnings.
#[track_caller]
fn formatted(page: &str) -> String {
    let mut groff = Command::new("groff");
    // Wide and without hyphenation, so that each text is on one line.
    let groff = groff.args(["-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=2000n", "-rHY=0", "-"]);
    let groff = groff.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = groff.stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), page.as_bytes()).unwrap();
    let outcome = wait(child);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    // On some systems groff replaces these by typographic characters.
    let text = outcome.stdout.replace(['\u{2010}', '\u{2212}'], "-");
    text.replace('\u{2018}', "`").replace('\u{2019}', "'")
}

/// Returns the text of a section, with single spaces for white space.
fn section(page: &str, heading: &str) -> String {
    let (_, after) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}: {page}"));
    let lines = after.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Returns the words of each command, and its page.
fn pages() -> Vec<(Vec<String>, String)> {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    let names = maskinporten(["man", "--dir", dir.to_str().unwrap()]).run().artefact();
    let pages = names.lines().map(|path| {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap().strip_suffix(".1").unwrap();
        // A hyphen in the name of a command does not separate two of them.
        let name = name.replace("test-token", "test_token").replace("system-user", "system_user");
        (name.split('-').skip(1).map(|word| word.replace('_', "-")).collect(), fs::read_to_string(path).unwrap())
    });
    let pages: Vec<_> = pages.collect();
    assert_eq!(fs::read_dir(&dir).unwrap().count(), pages.len());
    pages
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs groff")]
#[test]
fn there_is_a_page_for_every_command_with_its_usage_its_options_and_its_examples() {
    let pages = pages();

    let commands = ["token", "grant", "headers", "config", "config show", "keys", "keys list", "completions", "man"];
    for command in commands {
        assert!(pages.iter().any(|(words, _)| words.join(" ") == command), "{command}");
    }
    for (words, page) in pages {
        let help = maskinporten(&words).args(["--help"]).run().artefact();
        let page = formatted(&page);
        let text = page.split_whitespace().collect::<Vec<_>>().join(" ");

        // A command that has subcommands too has a line for each.
        let usage = help.split_once("\nUsage: ").unwrap().1.split("\n\n").next().unwrap();
        let usage = usage.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(section(&page, "SYNOPSIS"), usage);
        assert!(section(&page, "DESCRIPTION").starts_with(help.lines().next().unwrap()), "{words:?}");
        let examples = help.split_once("\nExamples:\n").unwrap().1.split("\n\n").next().unwrap();
        assert_eq!(section(&page, "EXAMPLES"), examples.split_whitespace().collect::<Vec<_>>().join(" "));
        // `--ttl <TIME>`, then what it is; the page has the default beside the option.
        let (_, options) = help.split_once("\nUsage: ").unwrap();
        for option in options.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            assert!(text.contains(option.trim_end_matches([',', ';', ']', '.'])), "{words:?}: {option}");
        }
        for line in options.lines().filter(|line| line.starts_with("          ") || line.starts_with("  -")) {
            let told = line.trim_start().rsplit_once("  ").map_or(line, |(_, told)| told).trim();
            let told = told.split(" [").next().unwrap().trim_end_matches("...");
            assert!(text.contains(told), "{words:?}: {told}");
        }
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs groff")]
#[test]
fn the_first_page_is_the_one_on_stdout() {
    let printed = maskinporten(["man"]).run().artefact();

    assert_eq!(pages()[0], (Vec::new(), printed.clone()));
    let first = formatted(&printed);
    assert!(first.starts_with("MASKINPORTEN(1)"), "{first}");
    assert_eq!(
        section(&first, "NAME"),
        "maskinporten - Opens a keystore, signs a JWT bearer grant and exchanges it for a Maskinporten access token"
    );
    for (words, _) in pages().iter().filter(|(words, _)| words.len() == 1) {
        assert!(section(&first, "SUBCOMMANDS").contains(&format!("maskinporten-{}(1)", words[0])), "{words:?}");
    }
    assert!(first.contains(concat!("maskinporten ", env!("CARGO_PKG_VERSION"))));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs groff")]
#[test]
fn the_exit_codes_are_those_of_the_book_word_for_word() {
    let book = crate::documentation::page("docs/exit-codes.md");
    let table = book.split_once("| exit code | when |\n|---|---|\n").unwrap().1.split("\n\n").next().unwrap();
    let rows: Vec<String> = table.lines().map(|row| row.trim_matches(['|', ' ']).replace(" | ", " ")).collect();

    for (words, page) in pages() {
        assert_eq!(section(&formatted(&page), "EXIT STATUS"), rows.join(" "), "{words:?}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs groff")]
#[test]
fn the_variables_of_options_are_on_the_pages_that_have_the_options() {
    for (words, page) in pages() {
        let environment = section(&formatted(&page), "ENVIRONMENT");

        for (option, variable) in [
            ("client\\-id", "MASKINPORTEN_CLIENT_ID In place of --client-id"),
            ("retries", "MASKINPORTEN_RETRIES In place of --retries"),
            ("jwk", "MASKINPORTEN_CLIENT_JWK The JSON of a private JWK"),
        ] {
            let has_option = page.contains(&format!("\\fB\\-\\-{option}\\fR"));
            assert_eq!(environment.contains(variable), has_option, "{words:?}: {variable}");
        }
        assert!(environment.contains("XDG_CONFIG_HOME"), "{words:?}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs groff")]
#[test]
fn groff_formats_a_page_as_ascii() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    maskinporten(["man", "--dir", dir.to_str().unwrap()]).run().artefact();

    let mut groff = Command::new("groff");
    let shown = program(groff.args(["-man", "-Tascii", "-P-cbou"]).arg(dir.join("maskinporten-config-show.1")), b"");

    assert!(shown.contains("MASKINPORTEN-CONFIG-SHOW(1)"), "{shown}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_reported() {
    maskinporten(["man", "--dir", "/dev/null/man1"]).run().fails(
        1,
        str![[r#"
error: could not write the man page `/dev/null/man1/maskinporten.1`
caused by: Not a directory (os error 20)
hint: choose a folder that you may write to: maskinporten man --dir ~/.local/share/man/man1

"#]],
    );
}
