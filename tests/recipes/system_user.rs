//! A system user from nothing: the vendor's commands in a shell, the customer's approval in a browser.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Setup},
    documentation::page,
    local::Local,
    recipes::Workspace,
    serve_page::is_accessible_everywhere,
};

/// Registers the vendor's system, and asks for a system user; returns the link for the customer.
fn asked(local: &Local) -> String {
    let config = local.file("config.toml").display().to_string();
    let vendor = ["--right", "app_ttd_demo", "--config", &config, "--profile", "vendor", "--format", "json"];
    let run = |arguments: &[&str]| {
        let outcome = local.maskinporten(&[arguments, &vendor].concat()).run();
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        serde_json::from_str::<Value>(&outcome.stdout).unwrap()
    };
    run(&["altinn", "system", "register", "310700045_fagsystem", "--name", "Fagsystem", "--description", "Fag"]);
    let request = run(&["altinn", "request", "create", "310700045_fagsystem", "310700061"]);
    request["confirmUrl"].as_str().unwrap().to_owned()
}

#[test]
fn the_script_gets_a_token_that_altinn_accepts_once_the_customer_has_approved() {
    let workspace = Workspace::new();
    let folder = workspace.local.file("").display().to_string();
    let mut script = workspace.command("bash");
    script.args(["system-user.sh", &folder]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut script = script.spawn().unwrap();
    let mut stdout = BufReader::new(script.stdout.take().unwrap());
    let mut output = String::new();
    let link = loop {
        let read = stdout.read_line(&mut output).unwrap();
        assert!(read > 0, "{output}{}", std::io::read_to_string(script.stderr.take().unwrap()).unwrap());
        let last = output.lines().last().unwrap();
        if let Some((_, link)) = last.split_once("approval ") {
            break link.trim().to_owned();
        }
    };

    let browser = Browser::start(&Setup { languages: "nb-NO,nb", ..Setup::default() });
    browser.open(&link);
    assert_eq!(browser.text("#approve"), "Godkjenn");
    browser.click("#approve");
    browser.wait_for("document.querySelector('#accepted')");
    output.clear();
    stdout.read_to_string(&mut output).unwrap();
    let stderr = std::io::read_to_string(script.stderr.take().unwrap()).unwrap();

    assert!(script.wait().unwrap().success(), "{stderr}");
    let who: Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&who["organisation"], &who["customer"], &who["system"]),
        (&json!("310700045"), &json!("310700061"), &json!("310700045_fagsystem"))
    );
    let log = workspace.local.log();
    for line in ["200 exchanged for 310700045", "GET /api/whoami 200 hello to the system user of 310700061"] {
        assert!(log.contains(line), "{log}");
    }
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn the_page_for_the_customer_has_no_fault_that_axe_finds() {
    let local = Local::start(&[]);
    let link = asked(&local);
    let browser = Browser::start(&Setup::default());
    browser.open(&link);
    is_accessible_everywhere(&browser, "approval");

    browser.click("#reject");
    browser.wait_for("document.querySelector('#rejected')");

    is_accessible_everywhere(&browser, "approval-rejected");
}

#[test]
fn the_guide_shows_the_commands_of_the_script() {
    let script = page("testdata/recipes/system-user.sh");
    let (_, commands) = script.split_once("\n\n").unwrap();

    assert!(page("docs/system-users.md").contains(&format!("```sh\n{commands}```\n")));
}
