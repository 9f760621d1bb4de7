//! Tokens in files: the systemd service, the sidecar, and the manifest of External Secrets Operator.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::Value;

use crate::{
    recipes::{Workspace, node, repository, run, service::verify},
    serve::Serve,
    support::{Running, maskinporten, wait_until},
};

fn recipe(name: &str) -> String {
    fs::read_to_string(repository().join("testdata/recipes").join(name)).unwrap()
}

/// Returns the documents of a manifest.
fn documents(name: &str) -> Vec<Value> {
    let script = "console.log(JSON.stringify(require('yaml').parseAllDocuments(text).map(one => {
        if (one.errors.length || one.warnings.length) throw one.errors[0] ?? one.warnings[0];
        return one.toJS();
    })))";
    serde_json::from_str(&node(script, &recipe(name))).unwrap()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Runs an agent as a service or a sidecar would, and then what waits for its file.
fn has_token_after(agent: &mut Command, waiting: &mut Command, file: &Path) {
    let _agent = Running(agent.spawn().unwrap());
    wait_until("the file is found", || (run(waiting).code == 0).then_some(()));
    assert_eq!(fs::read_to_string(file).unwrap().split('.').count(), 3);
}

#[test]
fn the_service_of_the_agent_is_accepted_and_its_followers_find_the_token() {
    let workspace = Workspace::new();
    let runtime = workspace.folder.path().join("run");
    let unit =
        recipe("maskinporten-agent.service").replace("/usr/bin/maskinporten", env!("CARGO_BIN_EXE_maskinporten"));
    assert_eq!(verify(&unit), "");
    let value = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(&format!("{key}="))).unwrap();
        line.replace("%t", runtime.to_str().unwrap())
    };
    let folder = runtime.join(value("RuntimeDirectory"));
    fs::create_dir_all(&folder).unwrap();

    let (mut agent, mut waiting) = (workspace.command("bash"), workspace.command("bash"));
    agent.args(["-c", &format!("exec {}", value("ExecStart"))]).env("MASKINPORTEN_ENV", "local");
    waiting.args(["-c", &value("ExecStartPost")]);
    has_token_after(&mut agent, &mut waiting, &folder.join("token"));
}

#[test]
fn the_sidecar_writes_where_the_application_reads_and_starts_it_then() {
    let workspace = Workspace::new();
    let [pod] = <[Value; 1]>::try_from(documents("sidecar.yaml")).unwrap();
    let (sidecar, application) = (&pod["spec"]["initContainers"][0], &pod["spec"]["containers"][0]);
    assert_eq!(sidecar["restartPolicy"], "Always");
    let mounted = |container: &Value| {
        let mounts = container["volumeMounts"].as_array().unwrap();
        mounts.iter().find(|mount| mount["name"] == "token").unwrap()["mountPath"].as_str().unwrap().to_owned()
    };
    assert_eq!(mounted(sidecar), mounted(application));
    let here = workspace.folder.path().join("volume");
    fs::create_dir(&here).unwrap();
    let replaced = |word: &String| word.replace(&mounted(sidecar), here.to_str().unwrap());

    let mut agent = workspace.command("maskinporten");
    agent.args(words(&sidecar["args"]).iter().map(replaced)).env("MASKINPORTEN_ENV", "local");
    let probe = words(&sidecar["startupProbe"]["exec"]["command"]);
    let mut waiting = workspace.command(&probe[0]);
    waiting.args(probe[1..].iter().map(replaced));
    has_token_after(&mut agent, &mut waiting, &here.join("token"));
}

#[test]
fn the_request_of_external_secrets_operator_gets_the_token() {
    let workspace = Workspace::new();
    let [store, wanted] = <[Value; 2]>::try_from(documents("external-secrets.yaml")).unwrap();
    let (webhook, secret) = (&store["spec"]["provider"]["webhook"], "a-secret-of-the-server");
    let profile = wanted["spec"]["data"][0]["remoteRef"]["key"].as_str().unwrap();
    let (config, secret_file) = (workspace.home().join("config.toml"), workspace.home().join("secret"));
    fs::write(&config, format!("[profiles.{profile}]\nenv = 'local'\n")).unwrap();
    fs::write(&secret_file, secret).unwrap();
    let options = ["serve", "--port", "0", "--profile", profile, "--config"].map(str::to_owned);
    let files = [config.display().to_string(), "--secret-file".to_owned(), secret_file.display().to_string()];
    let serve =
        Serve::start(maskinporten(options.into_iter().chain(files)).env("XDG_DATA_HOME", workspace.local.home()));

    // The operator fills in its templates, and sends a GET.
    let filled = |text: &Value| {
        let text = text.as_str().unwrap().replace("{{ .remoteRef.key }}", profile);
        let text = text.replace("{{ .server.secret }}", secret);
        assert!(!text.contains("{{"), "{text}");
        text
    };
    let url = filled(&webhook["url"]);
    let path = url.strip_prefix("https://maskinporten:17823").unwrap();
    let authorization = format!("Authorization: {}", filled(&webhook["headers"]["Authorization"]));
    let answer = serve.get_with(path, &[&authorization]);

    assert_eq!(answer.status, 200, "{answer:?}");
    let pointer = webhook["result"]["jsonPath"].as_str().unwrap().replacen('$', "", 1).replace('.', "/");
    let token = answer.json().pointer(&pointer).unwrap().as_str().unwrap().to_owned();
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(serve.get(path).status, 401);
    let interval = wanted["spec"]["refreshInterval"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
    // Shorter than the margin in which the server still returns a token from memory.
    assert!(Duration::from_secs(interval) < Duration::from_secs(30));
}
