//! Runs the commands of the README and the book against a simulator, and compares their tables with the source.

use std::{fs, path::Path, process::Command};

use crate::{
    documentation::{blocks, page},
    local::Local,
    support::{bin, program, search_path},
    watch,
};

/// The address of `maskinporten simulate` without options; the simulator of the test has another port.
const USUAL_ISSUER: &str = "http://127.0.0.1:17824/";

#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash and curl")]
#[test]
fn every_block_marked_run_succeeds() {
    let (local, home) = (Local::start(&[]), tempfile::tempdir().unwrap());
    let blocks = blocks("sh run");

    assert!(blocks.len() >= 11, "{} blocks", blocks.len());
    for line in blocks.iter().flat_map(|block| block.lines()) {
        let script = format!("set -eo pipefail\n{}", line.replace(USUAL_ISSUER, local.issuer()));
        let mut bash = Command::new("bash");
        // Not the cache of the user who runs the tests.
        bash.args(["-c", &script]).env_clear().env("PATH", search_path(&[bin()])).env("HOME", home.path());
        let output = program(bash.env("XDG_DATA_HOME", local.home()), b"");
        let wanted = match line {
            _ if line.contains("api/hello") => r#"{"hello":"310700010""#,
            _ if line.contains("ApiKey") => "ApiKey: KEY\n",
            _ if line.contains("--decode") => r#""claims": {"#,
            _ if line.contains("/token") || line.contains("| sh") || line.contains("json") => r#""access_token":"#,
            _ => "",
        };
        assert!(output.contains(wanted), "{line}: {output}");
    }
    watch::search_files(home.path());
}

#[test]
fn the_page_of_exit_codes_explains_each() {
    let table = page("docs/exit-codes.md");
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/report/exit.rs")).unwrap();
    let declared = source.split_once("enum Exit {").unwrap().1.split_once('}').unwrap().0;
    let codes: Vec<&str> = declared.split(" = ").skip(1).map(|after| after.split(',').next().unwrap()).collect();

    for code in codes {
        assert!(table.contains(&format!("\n| {code} | ")), "the page does not explain exit code {code}");
    }
}

#[test]
fn the_program_in_the_book_is_the_one_that_is_compiled_as_a_doctest() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let book = page("docs/rust.md");
    let program = book.split_once("```rust\n").unwrap().1.split_once("```").unwrap().0;

    let documented: Vec<String> = program.lines().map(|line| format!("//! {line}")).collect();
    let documented = documented.join("\n");

    assert!(library.contains(&documented), "{documented}");
}

#[test]
fn the_book_has_the_table_of_the_libraries_that_sign_and_verify() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let book = page("docs/algorithms.md");
    // A test there keeps it true.
    let source = fs::read_to_string(root.join("src/keystore/engine.rs")).unwrap();
    let table = source.split_once("const TABLE: &str = \"\\\n").unwrap().1.split_once("\";").unwrap().0;

    let rows: Vec<String> = table
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | "))
        .collect();

    assert_eq!(rows.len(), 15);
    assert!(book.contains(&format!("| {} |\n|---|---|---|---|\n", rows[0])), "{}", rows[0]);
    for row in rows {
        assert!(book.contains(&format!("\n| {row} |\n")), "the page lacks: | {row} |");
    }
}

/// A threat without its test would be a promise.
#[test]
fn every_test_that_the_list_of_threats_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let threats = page("docs/THREATS.md");
    let names: Vec<&str> = threats
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "rs"))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(root.join("tests").join(name).exists(), "{name}");
    }
}
