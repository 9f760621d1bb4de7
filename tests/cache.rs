//! The token cache as users see it: one request for many calls, and no files left behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use snapbox::str;
use tempfile::TempDir;

use crate::{
    local::Local,
    support::{Maskinporten, testdata},
};

/// The simulator's client with a registered key.
const REGISTERED: &str = "673d59a6-b427-49bc-b413-b51d7a8f05be";

/// A simulator, and a folder for the cache of several runs.
pub struct Setting {
    pub local: Local,
    pub cache: TempDir,
}

impl Setting {
    pub fn new() -> Self {
        Self { local: Local::start(&[]), cache: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Maskinporten {
        self.local.maskinporten(arguments).env("XDG_CACHE_HOME", self.cache.path())
    }

    pub fn token(&self, more: &[&str]) -> String {
        self.run(&["token", "--env", "local"]).args(more).run().artefact()
    }

    pub fn folder(&self) -> PathBuf {
        self.cache.path().join("maskinporten")
    }
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_second_call_takes_the_stored_token_and_needs_neither_key_nor_password() {
    let setting = Setting::new();
    let password = fs::read_to_string(setting.local.file("modern.password")).unwrap();
    let keystore = setting.local.file("modern.p12").display().to_string();
    let own = ["--keystore", keystore.as_str()];

    let first =
        setting.run(&["token", "--env", "local"]).args(own).env("MASKINPORTEN_KEYSTORE_PASSWORD", password.trim());
    let first = first.run().artefact();
    // Without the password: there is no terminal to ask on.
    let second = setting.run(&["token", "--env", "local"]).args(own).run().artefact();
    // The same key from the simulator's own settings, in another command.
    let headers = setting.run(&["headers", "--env", "local"]).run().artefact();

    assert_eq!(first, second);
    assert_eq!(headers, format!("Authorization: Bearer {first}"));
    assert_eq!(setting.local.grants(), 1);
}

#[test]
fn the_cached_token_is_the_one_of_the_same_request() {
    let setting = Setting::new();
    let mut tokens = BTreeSet::new();
    for (more, is_new) in [
        (&["--scope", "difitest:test1 difitest:test2"][..], true),
        (&["--scope", "difitest:test2,difitest:test1"], false),
        (&["--scope", "difitest:test2"], true),
        (&["--scope", "difitest:test2", "--resource", "https://api.example.no/"], true),
        (&["--scope", "difitest:test2", "--ttl", "60"], false),
        (&["--scope", "difitest:test2", "--x5c", "leaf"], true),
        (&["--scope", "difitest:test2", "--system-user", "310700053"], true),
        (&["--scope", "simulator:delegated", "--consumer-org", "310700053"], true),
    ] {
        assert_eq!(tokens.insert(setting.token(more)), is_new, "{more:?}");
    }
}

#[test]
fn a_changed_key_id_does_not_get_the_cached_token() {
    let setting = Setting::new();
    let file = setting.local.file("registered-key.jwk.json");
    let mut jwk: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let ask = || {
        let jwk = file.display().to_string();
        setting.run(&["token", "--env", "local", "-c", REGISTERED, "-s", "difitest:test1", "--jwk", &jwk]).run()
    };
    let token = ask().artefact();
    assert_eq!(ask().artefact(), token);

    jwk["kid"] = "another-id".into();
    fs::write(&file, jwk.to_string()).unwrap();

    // The same key under an id that is not registered does not get the token that is stored for the registered one.
    assert_eq!(ask().code, 5);
}

#[test]
fn the_cache_can_be_bypassed_and_refreshed() {
    let setting = Setting::new();
    let stored = setting.token(&[]);

    let unstored = setting.token(&["--no-cache"]);
    let by_variable = setting.run(&["token", "--env", "local"]).env("MASKINPORTEN_NO_CACHE", "1").run().artefact();
    let switched_on = setting.run(&["token", "--env", "local"]).env("MASKINPORTEN_NO_CACHE", "0").run().artefact();
    assert_eq!(switched_on, stored);
    assert_ne!(unstored, stored);
    assert_ne!(by_variable, stored);

    let renewed = setting.token(&["--refresh"]);
    assert_ne!(renewed, stored);
    assert_eq!(setting.token(&[]), renewed);

    // The simulator's tokens are valid for 119 seconds: more than a hundred are left, but not two minutes.
    assert_eq!(setting.token(&["--min-ttl", "100"]), renewed);
    assert_ne!(setting.token(&["--min-ttl", "2m"]), renewed);
    setting.run(&["token", "--env", "local", "--min-ttl", "soon"]).run().fails(
        2,
        str![[r#"
error: --min-ttl must be a time of at most a day
hint: pass --min-ttl 30s or 2m

"#]],
    );
}

#[test]
fn a_stored_token_is_printed_with_its_remaining_lifetime() {
    let setting = Setting::new();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let fresh = read(&setting.token(&["--format", "json"]));
    std::thread::sleep(Duration::from_millis(2100));

    let stored = read(&setting.token(&["--format", "json"]));

    assert_eq!(stored["access_token"], fresh["access_token"]);
    assert_eq!(fresh["expires_in"], 119);
    assert!((110..=117).contains(&stored["expires_in"].as_u64().unwrap()), "{}", stored["expires_in"]);
    let ends = |json: &Value| json["expires_at_epoch"].as_i64().unwrap();
    assert!((ends(&stored) - ends(&fresh)).abs() <= 1);
}

#[test]
fn a_list_shows_everything_but_the_token_and_clearing_removes_it() {
    let setting = Setting::new();
    let token =
        setting.token(&["--scope", "simulator:delegated", "--consumer-org", "310700053", "--pid", "01017012345"]);

    let text = setting.run(&["cache", "list"]).run().artefact();
    let json = setting.run(&["cache", "list", "--format", "json"]).run().artefact();

    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "simulator:delegated");
    assert!(lines[1].starts_with("  until         20") && lines[1].ends_with(" s left"), "{}", lines[1]);
    assert_eq!(
        lines[2..],
        [
            "  environment   local",
            "  server        127.0.0.1",
            "  client        8d001e58-c758-4beb-a9ec-ae1d770fa35e",
            "  consumer      310700053",
        ]
    );
    let listed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(listed["tokens"][0]["scopes"], serde_json::json!(["simulator:delegated"]));
    for secret in [token.trim(), "01017012345"] {
        assert!(!text.contains(secret) && !json.contains(secret));
    }
    for file in files(&setting.folder()) {
        assert!(!file.display().to_string().contains("simulator"), "{}", file.display());
    }

    let kept = setting.run(&["cache", "clear", "--expired"]).run();
    assert_eq!((kept.code, kept.stderr.as_str()), (0, "no token to remove\n"));
    let cleared = setting.run(&["cache", "clear"]).run();
    assert_eq!((cleared.code, cleared.stdout.as_str(), cleared.stderr.as_str()), (0, "", "1 token removed\n"));
    let empty = setting.run(&["cache", "list"]).run();
    assert_eq!((empty.code, empty.stdout.as_str(), empty.stderr.as_str()), (0, "", "no token is cached\n"));
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_could_have_written_to_is_refused_with_a_remedy() {
    use std::os::unix::fs::PermissionsExt as _;
    let setting = Setting::new();
    setting.token(&[]);
    let folder = setting.folder();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let shown = folder.display();

    mode(&folder, 0o755);
    setting.run(&["token", "--env", "local"]).run().replacing(&shown, "[SHOWN]").fails(
        1,
        str![[r#"
error: the folder of the token cache is not safe: `[SHOWN]`
caused by: its mode is 0755, which gives others access
hint: pass --no-cache, or remove the access of others with: chmod 700 [SHOWN]

"#]],
    );
    // There is no `cache clear --no-cache`.
    for command in ["list", "clear"] {
        setting.run(&["cache", command]).run().replacing(&shown, "[SHOWN]").fails(
            1,
            str![[r#"
error: the folder of the token cache is not safe: `[SHOWN]`
caused by: its mode is 0755, which gives others access
hint: remove the access of others with: chmod 700 [SHOWN]

"#]],
        );
    }
    mode(&folder, 0o700);
    for file in files(&folder) {
        mode(&file, 0o644);
    }
    let outcome = setting.run(&["token", "--env", "local"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.starts_with("error: a file of the token cache is not safe: `"), "{}", outcome.stderr);
    assert!(setting.run(&["token", "--env", "local", "--no-cache"]).run().code == 0);

    fs::remove_dir_all(&folder).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
    let outcome = setting.run(&["token", "--env", "local"]).run();
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("caused by: it is a symbolic link\n"), "{}", outcome.stderr);
    assert_eq!(files(elsewhere.path()).len(), 0);
}

#[test]
fn without_a_folder_for_the_cache_there_is_still_a_token() {
    let setting = Setting::new();

    let outcome = setting.run(&["token", "--env", "local", "-v"]).env("XDG_CACHE_HOME", "/dev/null/none").run();

    assert_eq!(outcome.code, 0);
    let why = "continuing without the token cache: could not use the token cache `/dev/null/none/maskinporten`: Not a \
               directory (os error 20)\n";
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    setting.run(&["token", "--env", "local"]).env("XDG_CACHE_HOME", "/dev/null/none").run().artefact();
}

#[test]
fn a_missing_home_is_not_created() {
    let (setting, folder) = (Setting::new(), tempfile::tempdir().unwrap());
    let home = folder.path().join("nonexistent");

    let outcome = setting.run(&["token", "--env", "local"]).env("XDG_CACHE_HOME", "").env("HOME", &home).run();

    outcome.artefact();
    assert!(!home.exists());
}

#[cfg(unix)]
#[test]
fn root_leaves_no_folder_in_the_home_of_another_user() {
    let (setting, home) = (Setting::new(), tempfile::tempdir().unwrap());
    // Only root can change the owner of a folder, and the rule applies only to root.
    if std::os::unix::fs::chown(home.path(), Some(12345), None).is_err() {
        return;
    }

    let outcome =
        setting.run(&["token", "--env", "local", "-v"]).env("XDG_CACHE_HOME", "").env("HOME", home.path()).run();

    assert_eq!(outcome.code, 0);
    assert!(outcome.stderr.contains("continuing without the token cache: "), "{}", outcome.stderr);
    assert_eq!(files(home.path()).len(), 0);
}

#[test]
fn a_damaged_entry_is_replaced_and_reported_only_with_verbose() {
    let setting = Setting::new();
    let stored = setting.token(&[]);
    for quiet in [true, false] {
        for file in files(&setting.folder()) {
            let content = fs::read(&file).unwrap();
            fs::write(&file, &content[..content.len() / 2]).unwrap();
        }

        let outcome =
            setting.run(if quiet { &["token", "--env", "local"] } else { &["token", "--env", "local", "-v"] }).run();

        assert_eq!(outcome.code, 0);
        assert_ne!(outcome.stdout, stored);
        assert_eq!(outcome.stderr.is_empty(), quiet);
        if !quiet {
            assert!(outcome.stderr.contains("the stored token is not used: "), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_refusal_is_never_stored_and_the_original_s_command_line_stores_nothing() {
    let setting = Setting::new();
    for _ in 0..2 {
        let outcome = setting.run(&["token", "--env", "local", "--scope", "simulator:ungranted"]).run();
        assert_eq!(outcome.code, 5);
    }
    assert_eq!(setting.local.grants(), 2);
    assert_eq!(setting.run(&["cache", "list"]).run().stderr, "no token is cached\n");

    let keystore = setting.local.file("modern.p12").display().to_string();
    let password = fs::read_to_string(setting.local.file("modern.password")).unwrap();
    let issuer = setting.local.issuer();
    let endpoint = format!("--token_endpoint={issuer}token");
    let audience = format!("--audience={issuer}");
    let arguments = [
        "--client_id=8d001e58-c758-4beb-a9ec-ae1d770fa35e",
        "--scopes=difitest:test1",
        &endpoint,
        &audience,
        "--only_token",
        &format!("--keystore_path={keystore}"),
        &format!("--keystore_password={}", password.trim()),
    ];
    let tokens: BTreeSet<String> = (0..2).map(|_| setting.run(&arguments).run().stdout).collect();
    assert_eq!(tokens.len(), 2);
    assert!(!tokens.contains(""));
}

#[test]
fn a_token_is_not_used_with_another_certificate_of_the_same_name() {
    let local = crate::registered::simulator(&[]);
    let (cache, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificate = folder.path().join("certificate.pem");
    let ask = || {
        let command = crate::registered::token(&local, crate::registered::BY_CERTIFICATE);
        let command = command.args(["--key", &testdata("keys/enterprise-key.pem"), "--certificate"]);
        command.args([&certificate]).env("XDG_CACHE_HOME", cache.path()).run()
    };
    fs::copy(testdata("pem/shuffled.pem"), &certificate).unwrap();
    let stored = ask().artefact();
    assert_eq!(ask().artefact(), stored);

    fs::copy(testdata("keys/orgno-in-o.pem"), &certificate).unwrap();

    // The simulator may refuse the other certificate; the stored token belongs to the first one.
    assert_ne!(ask().stdout, stored);
}
