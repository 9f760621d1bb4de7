//! The original's wrapper script, replayed with each kind of key: its command line prints what the original prints, and
//! the profile that `config import` makes of the same file requests the same token.

use std::fs;

use serde_json::Value;

use crate::{
    key_sources::with_store,
    local::Local,
    registered::{BY_CERTIFICATE, BY_KEY, claims, is_token_of, part, public_set, simulator},
    support::{Maskinporten, Outcome, testdata},
};

const THUMBPRINT: &str = "E239ADFFBF998F790DA8E386387CE372129F67AD";

/// A client, and the assignments that locate its key.
struct Config {
    client: &'static str,
    assignments: Vec<(&'static str, String)>,
}

/// Returns a config for each kind of key, alone and with other keys of the original.
fn configs() -> Vec<Config> {
    let keystore = || {
        let password = "secret".to_owned();
        vec![("keystore_path", testdata("modern.p12")), ("keystore_password", password)]
    };
    let jwk = |file: &str| vec![("jwk_path", testdata(file))];
    let stored = || {
        let own = "true".to_owned();
        vec![("certificate_thumbprint", THUMBPRINT.to_lowercase()), ("use_current_user_store_location", own)]
    };
    let with = |mut assignments: Vec<(&'static str, String)>, key, value: &str| {
        assignments.push((key, value.to_owned()));
        assignments
    };
    vec![
        Config { client: BY_CERTIFICATE, assignments: keystore() },
        Config { client: BY_CERTIFICATE, assignments: with(keystore(), "resource", "https://api.example.no/") },
        Config { client: BY_KEY, assignments: with(keystore(), "kid", "thumbprint") },
        Config { client: BY_KEY, assignments: jwk("jwk/rsa.json") },
        Config { client: BY_KEY, assignments: with(jwk("jwk/no-kid.json"), "kid", "enterprise") },
        Config { client: BY_KEY, assignments: with(stored(), "kid", THUMBPRINT) },
    ]
}

/// Starts a simulator where the enterprise key is registered, by its own id and by its certificate's thumbprint.
fn with_registered_key() -> Local {
    let key = testdata("keys/enterprise-key.pem");
    simulator(&["enterprise", THUMBPRINT].map(|kid| public_set(&["--key", &key, "--kid", kid])))
}

impl Config {
    /// Returns a `config.local.ps1` as users write it: both quotes, comments, and lines of other environments.
    fn text(&self, local: &Local) -> String {
        let mut text = format!(
            "# Test\r\n$test_client_id = '{}'\r\n$test_audience = \"{issuer}\"\r\n\
             $test_token_endpoint = \"{issuer}token\"\r\n\
             $test_authorize_endpoint = \"https://login.test.idporten.no/authorize\"\r\n\
             $test_scopes = \"difitest:test1\" # one\r\n#$test_resource = \"\"\r\n",
            self.client,
            issuer = local.issuer()
        );
        for (key, value) in &self.assignments {
            text.extend(["$test_", *key, " = \"", value, "\"\r\n"]);
        }
        text
    }

    fn has(&self, key: &str) -> bool {
        self.assignments.iter().any(|(own, _)| *own == key)
    }

    /// Returns the remarks of the import on the file.
    fn remarks(&self, imported: &Imported) -> String {
        let file = imported.folder.path().join("config.local.ps1");
        let remark =
            |line, key: &str, what: &str| format!("warning: `{}`, line {line}: `test_{key}`: {what}\n", file.display());
        let comment = "it is commented out; if it is needed, remove the comment sign and import again";
        let password = "a password is not written to a config file; put it in a file that only you may read, and name \
                        it: keystore_password_file = \"…\"";
        let commented = if self.has("resource") { String::new() } else { remark(7, "resource", comment) };
        let refused =
            if self.has("keystore_password") { remark(9, "keystore_password", password) } else { String::new() };
        commented + &refused
    }
}

/// Returns the command line that `maskinporten.ps1` builds from a config file.
fn wrapper(text: &str, environment: &str, only_token: bool) -> Vec<String> {
    let value = |key: &str| {
        let name = format!("${environment}_{key} ");
        let line = text.lines().find(|line| line.starts_with(&name))?;
        let quoted = line.split_once('=')?.1.trim_start();
        let value = quoted[1..].split(&quoted[..1]).next()?;
        (!value.is_empty()).then(|| format!("--{key}={value}"))
    };
    let always = ["client_id", "audience", "token_endpoint", "authorize_endpoint", "scopes"];
    let sometimes =
        ["resource", "certificate_thumbprint", "keystore_path", "keystore_password", "jwk_path", "kid", "consumer_org"];
    let mut line: Vec<String> = always.iter().map(|key| value(key).unwrap()).collect();
    line.extend(only_token.then(|| "--only_token".to_owned()));
    line.extend(sometimes.iter().filter_map(|key| value(key)));
    line
}

/// Runs a command line in a home with .NET's store.
fn run(local: &Local, line: &[String]) -> Outcome {
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    with_store(local.maskinporten(&line)).run()
}

/// Returns the claims that are the same in every run.
fn lasting(grant: &str) -> Value {
    let mut claims = claims(grant);
    for name in ["exp", "iat", "jti"] {
        assert!(claims.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    claims
}

/// A folder with the imported file as the config file of every command.
struct Imported {
    folder: tempfile::TempDir,
}

impl Imported {
    fn of(local: &Local, text: &str) -> (Self, Outcome) {
        let imported = Self { folder: tempfile::tempdir().unwrap() };
        let ps1 = imported.folder.path().join("config.local.ps1");
        fs::write(&ps1, text).unwrap();
        let outcome = local.maskinporten(&["config", "import", "--config", &imported.config()]).args([ps1]).run();
        (imported, outcome)
    }

    fn config(&self) -> String {
        self.folder.path().join("config.toml").display().to_string()
    }

    fn command(&self, local: &Local, name: &str) -> Maskinporten {
        let command = local.maskinporten(&[name, "--config", &self.config(), "--profile", "test"]);
        with_store(command.env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret"))
    }
}

#[test]
fn the_wrappers_command_line_prints_the_token_alone_for_each_kind_of_key() {
    let local = with_registered_key();
    for config in configs() {
        let outcome = run(&local, &wrapper(&config.text(&local), "test", true));

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        assert_eq!(outcome.stdout.lines().count(), 1);
        is_token_of(config.client, &outcome.stdout);
    }
}

#[test]
fn the_wrappers_command_line_prints_the_response_between_two_rules_for_each_kind_of_key() {
    let local = with_registered_key();
    let rule = "-".repeat(40);
    for config in configs() {
        let outcome = run(&local, &wrapper(&config.text(&local), "test", false));

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        let answer = outcome.stdout.strip_prefix(&format!("Got successful response:\n{rule}\n")).unwrap();
        let answer: Value = serde_json::from_str(answer.strip_suffix(&format!("\n{rule}\n")).unwrap()).unwrap();
        is_token_of(config.client, answer["access_token"].as_str().unwrap());
    }
}

#[test]
fn an_import_of_the_same_file_requests_the_same_as_the_command_line() {
    let local = with_registered_key();
    for config in configs() {
        let text = config.text(&local);
        let mut line = wrapper(&text, "test", false);
        line.push("--only_grant".to_owned());
        let theirs = run(&local, &line);
        assert_eq!((theirs.code, theirs.stderr.as_str()), (0, ""));

        let (imported, outcome) = Imported::of(&local, &text);
        let ours = imported.command(&local, "grant").run().artefact();
        let token = imported.command(&local, "token").run().artefact();

        assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", imported.config())));
        assert_eq!(outcome.stderr, config.remarks(&imported));
        assert_eq!(lasting(&ours), lasting(&theirs.stdout));
        assert_eq!(part(&ours, 0), part(&theirs.stdout, 0));
        is_token_of(config.client, &token);
    }
}

#[test]
fn the_delegating_organisation_and_altinns_scopes_give_the_same_grant() {
    let local = with_registered_key();
    for (scopes, more) in [
        ("altinn:serviceowner,altinn:events.publish", ""),
        ("difitest:test1, altinn:serviceowner", "$test_consumer_org = \"310700053\"\r\n"),
    ] {
        let config = configs().swap_remove(3);
        let text = config.text(&local).replace("difitest:test1", scopes) + more;
        let mut line = wrapper(&text, "test", true);
        line.push("--only_grant".to_owned());

        let theirs = run(&local, &line).artefact();
        let (imported, _) = Imported::of(&local, &text);
        let ours = imported.command(&local, "grant").run().artefact();

        assert_eq!(lasting(&ours), lasting(&theirs));
        assert_eq!(lasting(&ours).get("resource"), None);
        assert_eq!(lasting(&ours).get("consumer_org").is_some(), !more.is_empty());
    }
}
