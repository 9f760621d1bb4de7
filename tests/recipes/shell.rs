//! The commands for a shell: each client gets its response, and the token does not become visible.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    local::Local,
    recipes::{Workspace, block, elsewhere::OtherHost, process_list::ProcessListSearch},
    server::{Server, answer},
};

/// Returns each recipe and the comment above it.
fn recipes() -> Vec<(String, String)> {
    let block = block("sh");
    let recipes = block.split("# ").skip(1).map(|recipe| recipe.split_once('\n').unwrap());
    recipes.map(|(comment, script)| (comment.to_owned(), script.to_owned())).collect()
}

/// Whether the stdout of a client shows the response of the API.
fn shows_response(client: &str, said: &str, body: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    match client.split([' ', ',', '\'', ':']).next().unwrap() {
        "HTTPie" | "wget" => said.trim_end() == body,
        "Hurl" => said == body,
        "Postman" => said.contains("\n  ✓  says hello\n"),
        "Bruno" => said.contains("   ✓ res.body.hello: eq \"310700010\"\n"),
        ".http" => {
            let answer = said.strip_prefix("\n---------------------\n\n").unwrap();
            let answer = answer.strip_suffix("\n\n1 requests processed (1 succeeded)\n").unwrap();
            read(answer) == read(body)
        }
        other => panic!("no test for {other}"),
    }
}

#[test]
fn each_command_gets_the_response_and_does_not_show_the_token() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 6);
    for (client, script) in recipes {
        let workspace = Workspace::new();
        let token = workspace.token();

        let search = ProcessListSearch::start(&token);
        let outcome = workspace.paste(&script);
        let seen = search.seen();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{client}: {}", outcome.stdout);
        assert!(shows_response(&client, &outcome.stdout, &workspace.body()), "{client}: {}", outcome.stdout);
        assert_eq!(workspace.hello_count(), 1, "{client}");
        assert_eq!(seen, None, "{client}");
        assert!(!outcome.stdout.contains(&token), "{client}");
        let left = files_with(&token, workspace.folder.path());
        let dotenv = workspace.recipes().join(".env");
        let meant = if script.contains(">.env") { vec![dotenv] } else { vec![] };
        assert_eq!(left, meant, "{client}");
    }
}

#[test]
fn no_command_succeeds_without_a_token() {
    for (client, script) in recipes() {
        let workspace = Workspace::new();

        let refused = format!("export MASKINPORTEN_SCOPE=simulator:unknown\n{script}");
        let outcome = workspace.paste(&refused);

        assert_ne!(outcome.code, 0, "{client}: {}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stderr.contains("error: the token endpoint refused the grant"), "{client}: {}", outcome.stderr);
        assert_eq!(workspace.hello_count(), 0, "{client}");
    }
}

#[test]
fn a_token_among_the_arguments_is_found() {
    let workspace = Workspace::new();
    let token = workspace.token();

    let search = ProcessListSearch::start(&token);
    let script =
        r#"curl -sS -H "Authorization: Bearer $(maskinporten token --env local)" http://127.0.0.1:17824/api/hello"#;
    let outcome = workspace.paste(script);

    assert_eq!(outcome.artefact(), workspace.body());
    assert!(search.seen().unwrap().starts_with("curl -sS -H Authorization: Bearer "));
}

#[test]
fn no_command_sends_the_token_to_another_host() {
    for (client, script) in recipes() {
        let elsewhere = OtherHost::start();
        let api = Server::start([answer("302 Found", &[&format!("Location: {}", elsewhere.url())], "")]);
        let workspace = Workspace::with_api(Local::start(&[]), api.url("/"));
        let token = workspace.token();

        workspace.paste(&script);

        let bearer = format!("Bearer {token}\r\n");
        assert!(api.request().head.contains(&bearer), "{client}");
        assert!(!elsewhere.received().contains(&token), "{client}: {}", elsewhere.received());
    }
}

#[test]
fn hurl_hides_the_token_in_its_log() {
    let workspace = Workspace::new();
    let token = workspace.token();
    let (_, script) = recipes().into_iter().find(|(client, _)| client.starts_with("Hurl")).unwrap();

    let outcome = workspace.paste(&script.replace("hurl ", "hurl --very-verbose "));

    assert_eq!(outcome.stdout, workspace.body());
    assert!(outcome.stderr.contains("> Authorization: Bearer ***\n"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(&token));
}

/// Lists the files outside the cache that contain a text; they must be private.
fn files_with(text: &str, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".cache/maskinporten") {
            continue;
        }
        if path.is_dir() {
            found.extend(files_with(text, &path));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
            found.push(path);
        }
    }
    found
}
