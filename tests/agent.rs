//! Files with tokens that stay valid: the real binary, a real simulator, and programs that read the files meanwhile.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    sync::{Arc, Mutex},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    local::Local,
    login::claims,
    server::unused_address,
    support::{Maskinporten, follow, maskinporten, send_signal, wait_until},
    watch,
};

/// A running agent, which is killed on drop, and the folder of its files.
struct Agent {
    child: Child,
    log: Arc<Mutex<String>>,
    _home: TempDir,
}

impl Agent {
    fn local(local: &Local, arguments: &[&str]) -> Self {
        Self::start(local.maskinporten(&[&["agent", "--env", "local"], arguments].concat()))
    }

    fn start(command: Maskinporten) -> Self {
        let (mut child, home) = command.start();
        let log = follow(child.stderr.take().unwrap());
        Self { child, log, _home: home }
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        wait_until(&format!("{text:?} is logged"), || self.log().contains(text).then_some(()));
    }

    fn signal(&self, signal: Signal) {
        send_signal(self.child.id(), signal);
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            watch::search_words("the agent's log", self.log().as_bytes());
        }
    }
}

/// Makes an empty folder for the files, and returns the path of the first one too.
fn folder() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let shown = file.display().to_string();
    (folder, file, shown)
}

/// Waits until a file has another content than this, and returns that.
#[track_caller]
fn next(file: &Path, before: &str) -> String {
    let changed = || fs::read_to_string(file).ok().filter(|text| text != before);
    wait_until(&format!("{} changes", file.display()), changed)
}

fn expires_in(seconds: u64) -> Value {
    json!({ "success": { "expires_in": seconds } })
}

fn names(folder: &TempDir) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_reader_always_finds_one_whole_token_that_is_valid() {
    use std::os::unix::fs::PermissionsExt as _;

    let local = Local::with_clients(&[], |clients| clients["faults"] = expires_in(4));
    let (folder, file, shown) = folder();
    let mut agent = Agent::local(&local, &["--write", &shown]);
    let mut seen = vec![next(&file, "")];

    while seen.len() < 4 {
        let text = fs::read_to_string(&file).unwrap();
        let claims = claims(&text);
        let left = claims["exp"].as_i64().unwrap() - chrono::Utc::now().timestamp();
        assert!(text.ends_with('\n') && text.lines().count() == 1 && left >= 0, "{left} s left: {text:?}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
        if seen.last() != Some(&text) {
            seen.push(text);
        }
    }

    assert_eq!(local.grants(), seen.len());
    agent.signal(Signal::TERM);
    assert_eq!(agent.exit_code(), Some(0));
    assert_eq!(names(&folder), ["token"]);
    assert_eq!(agent.log(), format!("wrote `{shown}` (default)\n").repeat(4));
}

#[test]
fn each_profile_has_its_own_file_in_the_wanted_form() {
    let local = Local::start(&[]);
    let (folder, file, _) = folder();
    let config = folder.path().join("config.toml");
    fs::write(
        &config,
        "default_profile = 'a'\n[profiles.a]\nenv = 'local'\nscope = 'difitest:test1'\n\
         [profiles.b]\nenv = 'local'\nscope = 'altinn:serviceowner'\n",
    )
    .unwrap();
    let other = folder.path().join("other=b");
    let targets = [file.display().to_string(), format!("b={}", other.display())];
    let (config_name, files) = (config.to_str().unwrap(), ["--write", &targets[0], "--write", &targets[1]]);
    let arguments = [&["agent", "--config", config_name, "--format", "json"], files.as_slice()].concat();
    let mut agent = Agent::start(local.maskinporten(&arguments));

    let scope = |text: &str| serde_json::from_str::<Value>(text).unwrap()["scope"].clone();
    let first = next(&file, "");
    assert_eq!((scope(&first), scope(&next(&other, ""))), (json!("difitest:test1"), json!("altinn:serviceowner")));

    // A changed profile gets another token; the other one keeps its own.
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("altinn:serviceowner", "difitest:test2")).unwrap();
    agent.wait_for("reloaded config and keys (serving a, b)\n");
    wait_until("the changed profile's token", || {
        (scope(&fs::read_to_string(&other).unwrap()) == "difitest:test2").then_some(())
    });
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    // A file that was removed is written again.
    fs::remove_file(&file).unwrap();
    assert_eq!(next(&file, ""), first);
    agent.signal(Signal::INT);
    assert_eq!(agent.exit_code(), Some(0));
    assert_eq!(local.grants(), 3);
}

#[test]
fn an_endpoint_that_fails_for_a_while_costs_no_valid_token() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = expires_in(12));
    let (_folder, file, shown) = folder();
    let agent = Agent::local(&local, &["--write", &shown, "--retries", "0", "--min-ttl", "6"]);
    let token = next(&file, "");

    local.edit(|clients| clients["faults"] = json!({ "answer": "status", "status": 503 }));
    agent.wait_for("could not renew: unavailable (default: difitest:test1)\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), token);
    // Also once it has expired: only the log says so.
    agent.wait_for("no token for default: ");
    assert_eq!(fs::read_to_string(&file).unwrap(), token);
    local.edit(|clients| clients["faults"] = json!({}));

    assert_ne!(claims(&next(&file, &token))["jti"], claims(&token)["jti"]);
}

#[test]
fn an_agent_that_starts_before_the_endpoint_waits_for_it() {
    let mut local = Local::start(&[]);
    local.end();
    let (_folder, file, shown) = folder();
    let agent = Agent::local(&local, &["--write", &shown, "--retries", "0", "--log-format", "json"]);
    agent.wait_for(r#""event":"no token""#);
    assert!(!file.exists());
    let line = agent.log().lines().next().map(str::to_owned).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["error"].as_str().unwrap().contains("could not connect to "), "{line}");

    let _again = Local::start_in(local.home().join("simulator"), &[]);

    assert_eq!(claims(&next(&file, ""))["scope"], "difitest:test1");
    agent.wait_for(r#""event":"written""#);
}

#[test]
fn a_killed_agent_leaves_the_file_and_the_next_one_replaces_it() {
    let local = Local::start(&[]);
    let (folder, file, shown) = folder();
    let mut agent = Agent::local(&local, &["--write", &shown]);
    let first = next(&file, "");

    agent.signal(Signal::KILL);
    assert_eq!(agent.exit_code(), None);
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    let agent = Agent::local(&local, &["--write", &shown]);

    assert_ne!(claims(&next(&file, &first))["jti"], claims(&first)["jti"]);
    assert_eq!(names(&folder), ["token"]);
    drop(agent);
}

#[test]
fn a_file_that_cannot_be_written_is_reported_before_or_while_it_runs() {
    let local = Local::start(&[]);
    let (folder, file, shown) = folder();
    local.maskinporten(&["agent", "--env", "local", "--write", "/no/such/token"]).run().fails(
        3,
        "error: could not write to the folder of `/no/such/token`: entity not found\n\
         hint: name a file in a folder that exists and that you may write to\n",
    );
    // The file is a folder.
    fs::create_dir(&file).unwrap();
    let agent = Agent::local(&local, &["--write", &shown]);

    agent.wait_for(&format!("could not write `{shown}`: is a directory; it is tried again every second\n"));
    fs::remove_dir(&file).unwrap();

    assert_eq!(claims(&next(&file, ""))["scope"], "difitest:test1");
    agent.wait_for("wrote `");
    assert_eq!(agent.log().matches("could not write").count(), 1, "{}", agent.log());
    assert_eq!(names(&folder), ["token"]);
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let local = Local::start(&[]);
    let (folder, file, shown) = folder();
    fs::write(folder.path().join("target"), "untouched").unwrap();
    std::os::unix::fs::symlink("target", &file).unwrap();

    let agent = Agent::local(&local, &["--write", &shown]);
    agent.wait_for("wrote `");

    assert!(file.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(folder.path().join("target")).unwrap(), "untouched");
}

#[test]
fn mistakes_in_the_command_line_are_reported() {
    let endpoint = format!("http://{}/token", unused_address());
    let usage = |arguments: &[&str]| {
        let outcome = maskinporten(["agent"]).args(["-e", &endpoint]).args(arguments).run();
        outcome.failure(2).to_owned()
    };

    assert!(usage(&[]).contains("--write"));
    assert!(usage(&["--write", "a="]).contains("expected FILE or PROFILE=FILE"));
    assert_eq!(
        usage(&["--write", "a", "--write", "b=a"]),
        "error: `a` is named twice\nhint: pass --write once for each file\n"
    );
    assert_eq!(
        usage(&["--write", "a", "--format", "github"]),
        "error: `--format github` is a command for a workflow's log, not for a file\nhint: pass --format dotenv\n"
    );
}
