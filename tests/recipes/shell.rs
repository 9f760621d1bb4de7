//! The lines for a shell: each client gets its answer, and the token stays out of sight.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    local::Local,
    recipes::{Kitchen, block, elsewhere::Elsewhere, process_list::Lookout},
    server::{Server, answer},
};

/// Each recipe, and the comment above it.
fn recipes() -> Vec<(String, String)> {
    let block = block("sh");
    let recipes = block.split("# ").skip(1).map(|recipe| recipe.split_once('\n').unwrap());
    recipes.map(|(comment, script)| (comment.to_owned(), script.to_owned())).collect()
}

/// What each says on stdout: the API's answer whole, or what the client makes of it.
fn said_well(client: &str, said: &str, body: &str) -> bool {
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
fn each_line_gets_the_answer_and_shows_the_token_to_nobody() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 6);
    for (client, script) in recipes {
        let kitchen = Kitchen::new();
        let token = kitchen.token();

        let lookout = Lookout::start(&token);
        let outcome = kitchen.paste(&script);
        let seen = lookout.seen();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{client}: {}", outcome.stdout);
        assert!(said_well(&client, &outcome.stdout, &kitchen.body()), "{client}: {}", outcome.stdout);
        assert_eq!(kitchen.hellos(), 1, "{client}");
        assert_eq!(seen, None, "{client}");
        assert!(!outcome.stdout.contains(&token), "{client}");
        let left = files_with(&token, kitchen.folder.path());
        let dotenv = kitchen.table().join(".env");
        let meant = if script.contains(">.env") { vec![dotenv] } else { vec![] };
        assert_eq!(left, meant, "{client}");
    }
}

#[test]
fn no_line_succeeds_without_a_token() {
    for (client, script) in recipes() {
        let kitchen = Kitchen::new();

        let refused = format!("export MASKINPORTEN_SCOPE=simulator:unknown\n{script}");
        let outcome = kitchen.paste(&refused);

        assert_ne!(outcome.code, 0, "{client}: {}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stderr.contains("error: the token endpoint refused the grant"), "{client}: {}", outcome.stderr);
        assert_eq!(kitchen.hellos(), 0, "{client}");
    }
}

#[test]
fn a_token_among_the_arguments_is_seen() {
    let kitchen = Kitchen::new();
    let token = kitchen.token();

    let lookout = Lookout::start(&token);
    let script =
        r#"curl -sS -H "Authorization: Bearer $(maskinporten token --env local)" http://127.0.0.1:17824/api/hello"#;
    let outcome = kitchen.paste(script);

    assert_eq!(outcome.artefact(), kitchen.body());
    assert!(lookout.seen().unwrap().starts_with("curl -sS -H Authorization: Bearer "));
}

#[test]
fn no_line_takes_the_token_along_to_another_host() {
    for (client, script) in recipes() {
        let elsewhere = Elsewhere::start();
        let api = Server::start([answer("302 Found", &[&format!("Location: {}", elsewhere.url())], "")]);
        let kitchen = Kitchen::with_api(Local::start(&[]), api.url("/"));
        let token = kitchen.token();

        kitchen.paste(&script);

        let bearer = format!("Bearer {token}\r\n");
        assert!(api.request().head.contains(&bearer), "{client}");
        assert!(!elsewhere.heard().contains(&token), "{client}: {}", elsewhere.heard());
    }
}

#[test]
fn hurl_hides_the_token_in_its_log() {
    let kitchen = Kitchen::new();
    let token = kitchen.token();
    let (_, script) = recipes().into_iter().find(|(client, _)| client.starts_with("Hurl")).unwrap();

    let outcome = kitchen.paste(&script.replace("hurl ", "hurl --very-verbose "));

    assert_eq!(outcome.stdout, kitchen.body());
    assert!(outcome.stderr.contains("> Authorization: Bearer ***\n"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(&token));
}

/// The files that hold a text, but for the cache; the others are for their owner alone.
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
