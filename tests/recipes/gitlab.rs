//! The job for GitLab: its script in one shell, with its variables, as the runner does.

use serde_json::Value;

use crate::{
    documentation::blocks,
    recipes::{Workspace, node, run, workflow::variables},
};

#[test]
fn the_job_gets_the_response_with_a_key_in_base64_and_does_not_show_the_token() {
    let workspace = Workspace::new();
    let [block] = <[String; 1]>::try_from(blocks("yaml gitlab")).unwrap();
    let jobs = node("console.log(JSON.stringify(require('yaml').parse(text)))", &workspace.with_address(&block));
    let jobs: Value = serde_json::from_str(&jobs).unwrap();
    let job = &jobs["fetch"];
    let lines: Vec<&str> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let own = variables(&workspace);

    let mut command = workspace.command("bash");
    command.args(["-eo", "pipefail", "-c", &lines.join("\n")]);
    for name in job["variables"].as_object().unwrap().keys() {
        command.env(name, &own[&format!("vars.{name}")]);
    }
    let key = workspace.local.file("registered-key.jwk.json");
    let base64 = workspace.paste(&format!("base64 -w0 {}", key.display())).artefact();
    assert!(!base64.contains('\n'));
    let said = run(command.env("MASKINPORTEN_CLIENT_JWK", base64)).artefact();

    assert!(said.starts_with(r#"{"hello":"310700045","#), "{said}");
    assert!(!said.contains("eyJ"), "{said}");
}
