//! A kept login in gnome-keyring: the secrets are in the store, and in no file.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    local::Local,
    login::{HINT, Login},
    support::{Maskinporten, Outcome, Running, http_get, send_signal, session::Session},
};

/// A user with an unlocked gnome-keyring.
struct KeyringUser<'local> {
    local: &'local Local,
    keyring: Running,
    session: Session,
}

impl<'local> KeyringUser<'local> {
    fn start(local: &'local Local) -> Self {
        let session = Session::start();
        Self { local, keyring: session.keyring(), session }
    }

    fn command(&self, arguments: &[&str]) -> Maskinporten {
        self.session.joined_by(self.local.maskinporten(arguments).env("XDG_STATE_HOME", self.session.home()))
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
        let output = self.session.command("secret-tool").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the entry of the login, which is a secret.
    fn entry(&self) -> String {
        self.secret_tool(&["lookup", "service", "maskinporten", "username", "local"])
    }

    /// Returns the contents of the files of kept logins.
    fn files(&self) -> Vec<String> {
        let folder = self.session.home().join("maskinporten/sessions");
        let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let own = all.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        own.map(|path| {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            fs::read_to_string(path).unwrap()
        })
        .collect()
    }
}

#[test]
fn a_login_is_kept_in_gnome_keyring_used_and_removed() {
    let local = Local::start(&[]);
    let user = KeyringUser::start(&local);

    let (token, stderr) = user.log_in();

    assert!(!stderr.contains("without encryption"), "{stderr}");
    assert!(user.entry().contains(&token), "the entry has the token");
    assert!(user.files().iter().all(|file| !file.contains(&token) && !file.contains("refresh_token\":")));
    let shown = user.token(&[]);
    assert_eq!((shown.code, shown.stdout.trim_end(), shown.stderr.as_str()), (0, token.as_str(), ""));
    let renewed = user.token(&["--refresh"]).artefact();
    assert_ne!(renewed.trim_end(), token);
    assert!(user.entry().contains(renewed.trim_end()), "the entry is renewed too");
    let ended = user.command(&["login", "--env", "local", "--logout", "--no-browser"]).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!((user.entry().as_str(), user.files().len()), ("", 0));
}

#[test]
fn a_login_is_kept_in_a_file_if_the_store_is_locked() {
    let local = Local::start(&[]);
    let user = KeyringUser::start(&local);
    user.secret_tool(&["lock", "--collection=login"]);

    let (token, stderr) = user.log_in();

    assert!(stderr.contains("which only this user can read, without encryption"), "{stderr}");
    assert_eq!(user.token(&[]).stdout.trim_end(), token);
    assert!(user.files()[0].contains(&token));
}

#[test]
fn a_renewed_login_is_not_lost_if_the_store_fails_meanwhile() {
    let local = Local::start(&[]);
    let user = KeyringUser::start(&local);
    let (token, _) = user.log_in();
    local.edit(|clients| clients["faults"] = json!({ "idporten": { "delay_milliseconds": 2000 } }));
    let arguments = ["token", "--env", "local", "--person", "--refresh", "-v"];
    let (mut child, _home) = user.command(&arguments).start();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("renewing the login at")), "the secrets have been read");
    send_signal(user.keyring.0.id(), Signal::KILL);

    let output = child.wait_with_output().unwrap();

    let stderr = lines.collect::<Vec<_>>().join("\n");
    let renewed = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
    assert!(output.status.success() && renewed != token, "{stderr}");
    assert!(stderr.contains("which only this user can read, without encryption"), "{stderr}");
    assert!(user.files()[0].contains(&renewed));
    local.edit(|clients| clients["faults"] = json!({}));
    assert_eq!(user.token(&[]).stdout.trim_end(), renewed);
}
