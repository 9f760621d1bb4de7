//! A kept login in gnome-keyring: the secrets are in the store, and in no file.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    local::Local,
    login::{HINT, Login},
    support::{Maskinporten, Outcome, Running, http_get, send_signal},
};

/// A D-Bus session with an unlocked gnome-keyring.
struct Session<'local> {
    local: &'local Local,
    _process: Running,
    bus: String,
    keyring: u32,
    home: TempDir,
}

impl<'local> Session<'local> {
    fn start(local: &'local Local) -> Self {
        // In the foreground, so that its process can be killed. It is ready when its collection takes secrets without a question.
        let script =
            "printf password | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
            echo $! $DBUS_SESSION_BUS_ADDRESS
            until printf x | timeout 5 secret-tool store --label=ready ready yes 2>/dev/null; do sleep 0.1; done
            echo ready
            exec cat";
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-run-session could not be run: scripts/setup installs it");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.next().unwrap();
        let (keyring, bus) = line.split_once(' ').unwrap();
        assert_eq!(lines.next().as_deref(), Some("ready"));
        let (keyring, bus) = (keyring.parse().unwrap(), bus.to_owned());
        Self { local, _process: Running(child), bus, keyring, home }
    }

    fn command(&self, arguments: &[&str]) -> Maskinporten {
        let command = self.local.maskinporten(arguments).env("XDG_STATE_HOME", self.home.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
    }

    fn log_in(&self) -> (String, String) {
        let login = Login::of(self.command(&["login", "--env", "local", "--no-browser", "--keep", HINT]));
        http_get(&login.answer());
        let ended = login.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        (ended.stdout.trim_end().to_owned(), ended.stderr)
    }

    fn token(&self, arguments: &[&str]) -> Outcome {
        self.command(&["token", "--env", "local", "--person"]).args(arguments).run()
    }

    /// Runs secret-tool in the session.
    fn secret_tool(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("secret-tool");
        let output = command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", &self.bus).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the entry of the login, which is a secret.
    fn entry(&self) -> String {
        self.secret_tool(&["lookup", "service", "maskinporten", "username", "local"])
    }

    /// Returns the contents of the files of kept logins.
    fn files(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let own = all.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        own.map(|path| {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            fs::read_to_string(path).unwrap()
        })
        .collect()
    }

    fn folder(&self) -> std::path::PathBuf {
        Path::new(self.home.path()).join("maskinporten/sessions")
    }
}

#[test]
fn a_login_is_kept_in_gnome_keyring_used_and_removed() {
    let local = Local::start(&[]);
    let session = Session::start(&local);

    let (token, stderr) = session.log_in();

    assert!(!stderr.contains("without encryption"), "{stderr}");
    assert!(session.entry().contains(&token), "the entry has the token");
    assert!(session.files().iter().all(|file| !file.contains(&token) && !file.contains("refresh_token\":")));
    let used = session.token(&[]);
    assert_eq!((used.code, used.stdout.trim_end(), used.stderr.as_str()), (0, token.as_str(), ""));
    let renewed = session.token(&["--refresh"]).artefact();
    assert_ne!(renewed.trim_end(), token);
    assert!(session.entry().contains(renewed.trim_end()), "the entry is renewed too");
    let ended = session.command(&["login", "--env", "local", "--logout", "--no-browser"]).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!((session.entry().as_str(), session.files().len()), ("", 0));
}

#[test]
fn a_login_is_kept_in_a_file_if_the_store_is_locked() {
    let local = Local::start(&[]);
    let session = Session::start(&local);
    session.secret_tool(&["lock", "--collection=login"]);

    let (token, stderr) = session.log_in();

    assert!(stderr.contains("which only this user can read, without encryption"), "{stderr}");
    assert_eq!(session.token(&[]).stdout.trim_end(), token);
    assert!(session.files()[0].contains(&token));
}

#[test]
fn a_renewed_login_is_not_lost_if_the_store_fails_meanwhile() {
    let local = Local::start(&[]);
    let session = Session::start(&local);
    let (token, _) = session.log_in();
    local.edit(|clients| clients["faults"] = json!({ "idporten": { "delay_milliseconds": 2000 } }));
    let arguments = ["token", "--env", "local", "--person", "--refresh", "-v"];
    let (mut child, _home) = session.command(&arguments).start();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("renewing the login at")), "the secrets have been read");
    send_signal(session.keyring, Signal::KILL);

    let output = child.wait_with_output().unwrap();

    let stderr = lines.collect::<Vec<_>>().join("\n");
    let renewed = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
    assert!(output.status.success() && renewed != token, "{stderr}");
    assert!(stderr.contains("which only this user can read, without encryption"), "{stderr}");
    assert!(session.files()[0].contains(&renewed));
    local.edit(|clients| clients["faults"] = json!({}));
    assert_eq!(session.token(&[]).stdout.trim_end(), renewed);
}
