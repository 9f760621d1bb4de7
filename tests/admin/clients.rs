//! `client`, `keys status` and `init`: clients and their keys.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use serde_json::{Value, json};
use snapbox::str;

use crate::{
    local::Local,
    server::{Server, json as respond, token},
    support::{Maskinporten, Outcome, maskinporten, program, send_signal, testdata, wait, wait_until},
};

/// A simulator, and a config file with its admin profile.
struct Office {
    local: Local,
    folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        Self::with_faults(&json!({}))
    }

    fn with_faults(faults: &Value) -> Self {
        let local = Local::with_clients(&[], |clients| clients["faults"]["self_service"] = faults.clone());
        let folder = tempfile::tempdir().unwrap();
        let own = fs::read_to_string(local.file("config.toml")).unwrap();
        fs::write(folder.path().join("config.toml"), &own[own.find("[profiles.admin]").unwrap()..]).unwrap();
        Self { local, folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Returns a command that uses the config file.
    fn command(&self, words: &[&str]) -> Maskinporten {
        self.local.maskinporten(words).args(["--config"]).args([self.config()])
    }

    /// Returns a command of the administrator.
    fn admin(&self, words: &[&str]) -> Maskinporten {
        self.command(words).args(["--profile", "admin"])
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.admin(words).args(["-q", "--format", "json"]).run().artefact()).unwrap()
    }

    /// Creates a client with a key, in the profile `app`.
    fn register(&self) -> Value {
        self.json(&["init", "--name", "App", "--client-scope", "simulator:short", "--new-profile", "app", "--yes"])
    }

    /// Returns the ids of a client's keys.
    fn kids(&self, client: &str) -> Vec<String> {
        let keys = self.json(&["client", "keys", "list", client]);
        keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    fn token(&self) -> Outcome {
        self.command(&["token", "--profile", "app", "--no-cache", "-q"]).run()
    }

    fn rotate(&self) -> Maskinporten {
        self.admin(&["client", "keys", "rotate", "app", "--yes", "--overlap", "2s"])
    }

    /// Returns the file that the profile `app` names as its key.
    fn key_file(&self) -> PathBuf {
        let shown = self.command(&["config", "show", "--profile", "app", "--format", "json"]).run().artefact();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        PathBuf::from(shown["settings"]["jwk"]["value"].as_str().unwrap())
    }

    fn set_faults(&self, faults: &Value) {
        self.local.edit(|clients| clients["faults"]["self_service"] = faults.clone());
    }
}

#[test]
fn a_client_is_created_shown_changed_and_deactivated() {
    let office = Office::open();
    let created = office.json(&["client", "create", "--name", "App", "--client-scope", "difitest:test1", "--yes"]);
    let id = created["client_id"].as_str().unwrap();
    assert_eq!((&created["scopes"], &created["description"]), (&json!(["difitest:test1"]), &json!("App")));

    let update = ["client", "update", id, "--name", "New", "--token-lifetime", "2m", "--yes"];
    let updated = office.admin(&update).run();
    assert!(updated.stderr.contains("access_token_lifetime: 0 -> 120\nclient_name: App -> New\n"), "{updated:?}");
    let shown = office.json(&["client", "show", id]);
    assert_eq!((&shown["client_name"], &shown["access_token_lifetime"]), (&json!("New"), &json!(120)));
    assert_eq!((&shown["description"], &shown["scopes"]), (&json!("App"), &json!(["difitest:test1"])));

    let list = office.admin(&["client", "list", "--format", "csv"]).run().artefact();
    assert!(list.contains(&format!("\n{id},New,maskinporten,true\n")), "{list}");
    assert_eq!(office.admin(&["client", "delete", id, "--yes"]).run().code, 0);
    assert!(!office.admin(&["client", "list"]).run().artefact().contains(id));
    let row = format!("{id}  New");
    assert!(office.admin(&["client", "list", "--inactive"]).run().artefact().contains(&row));
    assert_eq!(office.json(&["client", "show", id])["active"], false);
}

#[test]
fn scopes_are_added_and_removed_and_nothing_else_changes() {
    let office = Office::open();
    let created = office.json(&["client", "create", "--name", "App", "--client-scope", "difitest:test1", "--yes"]);
    let id = created["client_id"].as_str().unwrap();

    let added = office.admin(&["client", "scopes", "add", id, "simulator:short", "difitest:test1", "--yes"]).run();
    assert!(added.stderr.starts_with("scopes: +simulator:short\n"), "{}", added.stderr);
    office.admin(&["client", "scopes", "remove", id, "difitest:test1", "--yes", "-q"]).run().artefact();

    let mut expected = created.clone();
    let mut shown = office.json(&["client", "show", id]);
    for document in [&mut expected, &mut shown] {
        document["last_updated"] = Value::Null;
    }
    expected["scopes"] = json!(["simulator:short"]);
    assert_eq!(shown, expected);
    let again = office.admin(&["client", "scopes", "add", id, "simulator:short", "--yes"]).run();
    assert_eq!((again.code, again.stdout.as_str(), again.stderr.as_str()), (0, "", "nothing to change\n"));
}

#[test]
fn a_file_has_what_the_options_do_not_and_a_dry_run_sends_nothing() {
    let office = Office::open();
    let file = office.folder.path().join("client.json");
    let path = file.display().to_string();
    fs::write(&file, r#"{"client_name":"File","description":"d","client_uri":"https://a.example"}"#).unwrap();

    let words = ["client", "create", "--name", "Option", "--dry-run", "--format", "json", "--file", &path];
    let shown = office.admin(&words).run().artefact();

    let requests: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&requests[0]["method"], &requests[0]["path"]), (&json!("POST"), &json!("/api/v1/clients")));
    let body = &requests[0]["body"];
    assert_eq!((&body["client_name"], &body["client_uri"]), (&json!("Option"), &json!("https://a.example")));
    assert!(!office.admin(&["client", "list"]).run().artefact().contains("Option"));
    for text in ["[]", "{", r#"{"a":1,"a":2}"#] {
        fs::write(&file, text).unwrap();
        office.admin(&["client", "update", "ID", "--file", &path]).run().replacing(&path, "[file]").fails(
            2,
            str![[r#"
error: `[file]` is not a JSON object without repeated members
hint: begin with what there is: maskinporten client show CLIENT --format json

"#]],
        );
    }
}

#[test]
fn without_yes_and_a_terminal_nothing_changes() {
    let office = Office::open();
    let before = office.json(&["client", "list"]);
    office.admin(&["client", "delete", "d5c1a3f7-8e42-4b69-9f0d-3a6b7c8d9e01"]).run().fails(
        2,
        str![[r#"
active: true -> false
error: nothing was changed, because there is no terminal to ask on
hint: pass --yes to make the change, or --dry-run to see it

"#]],
    );
    assert_eq!(office.json(&["client", "list"]), before);
}

#[test]
fn init_makes_a_client_whose_profile_gets_a_token() {
    let office = Office::open();

    let made = office.register();

    assert_eq!((&made["profile"], &made["config_file"]), (&json!("app"), &json!(office.config())));
    assert_eq!(office.token().artefact().split('.').count(), 3);
    let (id, file) = (made["client_id"].as_str().unwrap(), made["key_file"].as_str().unwrap());
    assert_eq!(office.kids("app"), [made["kid"].as_str().unwrap()]);
    assert_eq!(office.json(&["client", "show", id])["client_name"], "App");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again =
        office.admin(&["init", "--name", "App", "--client-scope", "simulator:short", "--new-profile", "app", "--yes"]);
    assert!(again.run().failure(3).contains("the profile `app` exists already in "));
    let list = office.admin(&["client", "list"]).run().artefact();
    assert_eq!(list.matches("  App ").count(), 1, "{list}");
    assert!(!list.contains(file));
}

#[test]
fn init_from_nothing_takes_the_administrator_from_options() {
    let (local, home) = (Local::start(&[]), tempfile::tempdir().unwrap());
    let command = |words: &[&str]| local.maskinporten(words).env("XDG_CONFIG_HOME", home.path());

    let words = ["init", "--env", "local", "-c", "d5c1a3f7-8e42-4b69-9f0d-3a6b7c8d9e01", "--yes"];
    let missing = command(&words).run();
    let members = ["--name", "App", "--client-scope", "simulator:short"];
    let made = command(&words).args(members).run();

    assert!(missing.failure(2).contains("hint: pass --name\n"), "{missing:?}");
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stdout.starts_with("profile      local\n"), "{}", made.stdout);
    assert_eq!(command(&["token", "--profile", "local", "-q"]).run().artefact().split('.').count(), 3);
}

/// Without a profile, the administrator's is made first; the simulator is reached by its addresses, as a server of another
/// environment would be.
#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn init_on_a_terminal_asks_for_the_administrator_and_for_the_client() {
    let (local, home) = (Local::start(&[]), tempfile::tempdir().unwrap());
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    let keystore = local.file("modern.p12").display().to_string();
    let issuer = local.issuer();
    let command = [
        env!("CARGO_BIN_EXE_maskinporten"),
        "init",
        "-a",
        issuer,
        "-e",
        &format!("{issuer}token"),
        "--admin-url",
        issuer,
        "--keystore-password-file",
        &local.file("modern.password").display().to_string(),
    ];
    let environment = json!({ "HOME": home.path(), "PATH": std::env::var("PATH").unwrap(), "NO_COLOR": "1" });
    let answers = [
        ["Environment [test] (test or prod): ", "\r"],
        ["Client id: ", "d5c1a3f7-8e42-4b69-9f0d-3a6b7c8d9e01\r"],
        ["Keystore or JWK (.p12, .pfx, .json file): ", &format!("{keystore}\r")],
        ["Request a first token now? [Y/n]: ", "n\r"],
        ["Name of the new client: ", "App\r"],
        ["Scopes: ", "simulator:short\r"],
        ["Name of the profile [test]: ", "\r"],
        ["Make this change? [y/N]: ", "y\r"],
    ];
    let stdout = home.path().join("stdout");
    let wanted = json!({
        "command": command, "environment": environment, "stdout": stdout, "answers": answers, "visible": true,
    });

    let mut python = Command::new("python3");
    python.args(["-c", include_str!("../terminal.py")]).current_dir(home.path());
    let told: Value = serde_json::from_str(&program(&mut python, wanted.to_string().as_bytes())).unwrap();

    assert_eq!(told["code"], 0, "{}", told["terminal"]);
    let printed = fs::read_to_string(stdout).unwrap();
    assert!(printed.starts_with("profile      test\n"), "{printed}");
    let config = fs::read_to_string(home.path().join(".config/maskinporten/config.toml")).unwrap();
    assert!(config.contains("[profiles.admin]\n") && config.contains("[profiles.test]\n"), "{config}");
    assert!(!config.contains("default_profile =") && !config.contains(password.trim()), "{config}");
    let token = maskinporten(["token", "--profile", "test", "-q"]).env("XDG_CONFIG_HOME", home.path().join(".config"));
    assert_eq!(token.run().artefact().split('.').count(), 3);
}

#[test]
fn init_that_fails_halfway_names_the_client_the_key_and_the_next_command() {
    let refusal = r#"{"status":400,"errors":[{"errorMessage":"is not allowed","fieldIdentifier":"keys"}]}"#;
    let created = r#"{"client_id":"new-client"}"#;
    let server = Server::start([token(), respond("200 OK", created), respond("400 Bad Request", refusal)]);
    let folder = tempfile::tempdir().unwrap();

    let outcome = maskinporten(["init", "--name", "App", "--client-scope", "a:b", "--new-profile", "app", "--yes"])
        .args(["--admin-url", &server.url("/"), "-e", &server.url("/token"), "-a", "https://issuer.example/"])
        .args(["-c", "admin", "-k", &testdata("iterations-one.p12"), "--out", "key.jwk.json", "--retries", "0"])
        .env("XDG_CONFIG_HOME", folder.path())
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .in_folder(folder.path())
        .run();

    let key = folder.path().canonicalize().unwrap().join("key.jwk.json");
    let said = outcome.failure(5);
    assert!(
        said.contains("error: the client new-client is created, but it is not ready; its private key is in "),
        "{said}"
    );
    assert!(said.contains("refused to replace the keys of the client: HTTP 400: keys: is not allowed\n"), "{said}");
    assert!(key.exists() && !folder.path().join("maskinporten").exists());
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn init_whose_client_is_refused_leaves_no_key() {
    let office = Office::open();
    let words = ["init", "--name", "App", "--client-scope", "no:such", "--new-profile", "app", "--yes"];

    let refused = office.admin(&words).run();

    assert!(refused.failure(5).contains("has no:such, which does not exist or is not active"), "{refused:?}");
    let names = fs::read_dir(office.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["config.toml"]);
}

#[test]
fn keys_are_added_up_to_five_and_removed_down_to_one() {
    let office = Office::open();
    let id = office.register()["client_id"].as_str().unwrap().to_owned();
    let mut jwk: Value =
        serde_json::from_slice(&fs::read(office.local.file("registered-key.jwk.json")).unwrap()).unwrap();
    let file = office.folder.path().join("other.jwk.json");
    let add = |jwk: &Value| {
        fs::write(&file, jwk.to_string()).unwrap();
        office.admin(&["client", "keys", "add", "app"]).args([&file]).args(["--yes"]).run()
    };
    for kid in ["a", "b", "c", "d"] {
        jwk["kid"] = kid.into();
        let added = add(&jwk);
        assert!(added.stderr.starts_with(&format!("keys: +{kid}\n")), "{added:?}");
    }

    assert_eq!(office.kids(&id)[1..], ["a", "b", "c", "d"]);
    assert!(add(&jwk).failure(1).contains("the client already has a key with the id `d`\n"));
    jwk["kid"] = "e".into();
    assert!(add(&jwk).failure(1).contains("a client can have 5 keys at most\n"));
    let first = office.kids("app")[0].clone();
    let removed = office.admin(&["client", "keys", "remove", &id, "a", "b", "c", "d", "--yes"]).run();
    assert!(removed.stderr.starts_with("keys: -a -b -c -d\n"), "{removed:?}");
    assert_eq!(office.kids(&id), std::slice::from_ref(&first));
    let last = office.admin(&["client", "keys", "remove", &id, &first, "--yes"]).run();
    assert!(last.failure(1).contains("is the only key of the client\n"), "{last:?}");
    assert_eq!(office.token().code, 0);
}

#[test]
fn a_rotated_key_replaces_the_old_one_in_the_client_and_in_every_profile_of_it() {
    let office = Office::open();
    office.register();
    let old = (office.kids("app"), office.key_file());
    let config = fs::read_to_string(office.config()).unwrap();
    let config = format!("{config}\n[profiles.second]\nextends = \"app\"\njwk = \"{}\" # mine\n", old.1.display());
    fs::write(office.config(), &config).unwrap();

    let rotated = office.rotate().run();

    assert_eq!(rotated.code, 0, "{rotated:?}");
    let new = (office.kids("app"), office.key_file());
    assert_eq!((old.0.len(), new.0.len()), (1, 1));
    assert!(old.0 != new.0 && old.1 != new.1 && old.1.exists());
    assert_eq!(office.token().code, 0);
    assert_eq!(office.command(&["token", "--profile", "second", "--no-cache"]).run().code, 0);
    let changed = fs::read_to_string(office.config()).unwrap();
    let name = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(changed, config.replace(&old.1.display().to_string(), &name(&new.1)));
}

#[test]
fn a_rotation_waits_until_the_new_key_is_accepted_and_no_token_fails_meanwhile() {
    let office = Office::open();
    office.register();
    office.set_faults(&json!({ "propagation_seconds": 3 }));
    wait_until("Maskinporten knows of the client", || (office.token().code == 0).then_some(()));

    let (rotating, _home) = office.rotate().start();
    let rotating = std::thread::spawn(move || wait(rotating));
    let mut tokens = 0;
    while !rotating.is_finished() {
        let token = office.token();
        assert_eq!(token.code, 0, "{token:?}");
        tokens += 1;
    }

    let rotated = rotating.join().unwrap();
    assert_eq!(rotated.code, 0, "{rotated:?}");
    assert!(tokens > 5, "{tokens}");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!((office.token().code, office.kids("app").len()), (0, 1));
}

#[test]
fn a_rotation_that_is_not_accepted_keeps_the_old_key_and_goes_on_later() {
    let office = Office::open();
    office.register();
    let (old, file) = (office.kids("app"), office.key_file());
    let config = fs::read_to_string(office.config()).unwrap();
    office.set_faults(&json!({ "propagation_seconds": 1000 }));

    let failed = office.rotate().args(["--wait", "1s"]).run();

    let said = failed.failure(5);
    assert!(said.contains("error: the key of the profile `app` was not replaced; the new one is in "), "{said}");
    assert!(said.contains(&format!("the old key {} still works: {}; ", old[0], file.display())), "{said}");
    assert_eq!(fs::read_to_string(office.config()).unwrap(), config);
    let both = office.kids("app");
    assert_eq!((both.len(), &both[0]), (2, &old[0]));
    let new = said.split("--new-key ").nth(1).unwrap().lines().next().unwrap().to_owned();

    office.set_faults(&json!({}));
    let finished = office.rotate().args(["--new-key", &new]).run();
    assert_eq!(finished.code, 0, "{finished:?}");
    assert_eq!((office.kids("app"), office.token().code), (both[1..].to_vec(), 0));
    assert_eq!(office.key_file().canonicalize().unwrap(), PathBuf::from(new).canonicalize().unwrap());
}

#[test]
fn an_interrupted_rotation_keeps_both_keys_and_says_where_they_are() {
    let office = Office::open();
    office.register();
    let old = office.kids("app");
    office.set_faults(&json!({ "propagation_seconds": 1000 }));

    let (rotating, _home) = office.rotate().start();
    wait_until("both keys are registered", || (office.kids("app").len() == 2).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    send_signal(rotating.id(), rustix::process::Signal::INT);

    let ended = wait(rotating);
    let said = ended.failure(130);
    assert!(said.contains(&format!("the old key {} still works: ", old[0])) && said.contains(" --new-key "), "{said}");
    office.set_faults(&json!({}));
    assert_eq!((office.token().code, office.kids("app").len()), (0, 2));
}

#[test]
fn a_public_key_is_only_added() {
    let office = Office::open();
    office.register();
    let (old, config) = (office.kids("app"), fs::read_to_string(office.config()).unwrap());

    let added = office.rotate().args(["--public-key"]).args([office.local.file("registered-key.jwk.json")]).run();

    assert_eq!(added.code, 0, "{added:?}");
    assert!(added.stderr.contains(&format!(" {}\n", old[0])), "{added:?}");
    assert_eq!(office.kids("app").len(), 2);
    assert_eq!(fs::read_to_string(office.config()).unwrap(), config);
}

#[test]
fn keys_that_cannot_be_rotated_are_refused_before_anything_is_made() {
    let office = Office::open();
    let id = office.register()["client_id"].as_str().unwrap().to_owned();
    let config = fs::read_to_string(office.config()).unwrap();
    let key = office.local.file("registered-key.jwk.json").display().to_string();
    let files = || fs::read_dir(office.folder.path()).unwrap().count();
    let before = files();
    for (name, profile, said) in [
        (
            "none",
            format!("client_id = \"{id}\"\n"),
            "the profile `none` has no key of its own: it is from local's keystore\n",
        ),
        (
            "own",
            format!("client_id = \"{id}\"\nkeystore = \"{}\"\n", office.local.file("modern.p12").display()),
            "the profile `own` uses a certificate, which is not registered on the client\n",
        ),
        ("other", format!("client_id = \"{id}\"\njwk = \"{key}\"\n"), "is not registered on the client "),
        ("shared", "extends = \"app\"\nclient_id = \"another\"\n".to_owned(), "gets the same key for another client: "),
    ] {
        fs::write(office.config(), format!("{config}\n[profiles.{name}]\nenv = \"local\"\n{profile}")).unwrap();
        let words = ["client", "keys", "rotate", name, "--yes"];
        let outcome =
            office.admin(&words).env("MASKINPORTEN_KEYSTORE_PASSWORD_FILE", office.local.file("modern.password")).run();
        assert!(outcome.failure(3).contains(said), "{said}: {outcome:?}");
    }
    assert_eq!((files(), office.kids(&id).len()), (before, 1));
}

#[test]
fn keys_that_expire_soon_are_listed_for_one_client_and_for_all() {
    let office = Office::open();
    let made = office.register();
    let (id, kid) = (made["client_id"].as_str().unwrap(), made["kid"].as_str().unwrap());

    let soon = office.admin(&["client", "keys", "expiry", "--days", "400", "--format", "csv"]).run();
    assert_eq!(soon.code, 7, "{soon:?}");
    assert!(
        soon.stdout.starts_with(&format!("client_id,client_name,kid,expires_at,days_left\n{id},App,{kid},")),
        "{soon:?}"
    );
    assert!(soon.stderr.starts_with("error: a key expires within 400 days\n"), "{soon:?}");
    let later = office.admin(&["client", "keys", "expiry", "app"]).run();
    assert_eq!((later.code, later.stdout.as_str(), later.stderr.as_str()), (0, "", "no key expires within 30 days\n"));
}

#[test]
fn the_status_of_every_profile_has_place_expiry_registration_and_last_token() {
    let office = Office::open();
    let made = office.register();
    let mut config = fs::read_to_string(office.config()).unwrap();
    config.push_str("\n[profiles.broken]\nenv = \"local\"\njwk = \"missing.json\"\n");
    fs::write(office.config(), config).unwrap();
    let home = tempfile::tempdir().unwrap();
    let cached = |command: Maskinporten| command.env("XDG_CACHE_HOME", home.path());
    cached(office.command(&["token", "--profile", "app"])).run().artefact();

    let status = ["keys", "status", "--registered", "--days", "400", "--format", "json"];
    let outcome = cached(office.admin(&status)).run();

    assert_eq!(outcome.code, 7, "{outcome:?}");
    let rows: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["profile"] == name).unwrap();
    let app = row("app");
    assert_eq!(
        (&app["kid"], &app["client_id"], &app["environment"]),
        (&made["kid"], &made["client_id"], &json!("local"))
    );
    assert_eq!((&app["days_left"], &app["certificate_expires_at"]), (&json!(364), &Value::Null));
    assert!(app["place"].as_str().unwrap().ends_with(".jwk.json") && app["last_token_at"].is_string(), "{app}");
    let admin = row("admin");
    assert!(admin["certificate_expires_at"].is_string() && admin["kid"].is_null(), "{admin}");
    assert!(row("broken")["problem"].as_str().unwrap().contains("missing.json"), "{}", row("broken"));
    // A key that cannot be opened may expire tomorrow.
    let table = office.command(&["keys", "status", "--days", "30"]).run();
    assert_eq!(table.code, 7, "{table:?}");
    assert!(table.stderr.starts_with("error: could not find out when a key expires\n"), "{}", table.stderr);
    assert!(table.stdout.starts_with("profile  environment  key "), "{}", table.stdout);
}

#[test]
fn refusals_of_the_api_are_explained_in_both_languages() {
    let office = Office::open();
    let refused = office.admin(&["client", "show", "no-such-client"]).run();
    assert!(refused.failure(5).contains("`client list` show what there is"), "{refused:?}");
    let norwegian = office.admin(&["client", "show", "no-such-client", "--lang", "nb"]).run();
    assert!(norwegian.failure(5).contains("kontroller skrivemåten"), "{norwegian:?}");
}
