//! Processes that need the same token at the same time, and processes that end before they have it.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    cache::{Setting, files},
    local::Local,
    support::{send_signal, wait},
    watch,
};

/// Starts a process that requests a token.
fn started(setting: &Setting) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_maskinporten"))
        .args(["token", "--env", "local"])
        .env_clear()
        .env("HOME", setting.cache.path())
        .env("XDG_CACHE_HOME", setting.cache.path())
        .env("XDG_DATA_HOME", setting.local.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn fifty_processes_that_start_at_once_make_one_request() {
    let setting = Setting::new();
    let children: Vec<_> = (0..50).map(|_| started(&setting)).collect();

    let tokens: BTreeSet<String> = children.into_iter().map(|child| wait(child).artefact()).collect();

    assert_eq!(tokens.len(), 1);
    assert_eq!(setting.local.grants(), 1);
    assert_eq!(tokens.first().unwrap(), &setting.token(&[]));
    assert_eq!(setting.local.grants(), 1);
    watch::search_files(setting.cache.path());
}

#[test]
fn ctrl_c_ends_the_requesting_process_and_the_waiting_one() {
    let local =
        Local::with_clients(&[], |clients| clients["faults"] = serde_json::json!({ "delay_milliseconds": 20000 }));
    let setting = Setting { local, cache: tempfile::tempdir().unwrap() };
    let both = [started(&setting), started(&setting)];
    std::thread::sleep(Duration::from_millis(1500));

    for child in &both {
        send_signal(child.id(), rustix::process::Signal::INT);
    }

    for child in both {
        let ended = wait(child);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (130, "", "error: interrupted\n"));
    }
}

#[test]
fn after_a_process_is_killed_at_any_moment_the_next_one_gets_a_token() {
    let setting = Setting::new();
    // The time of a whole run: the moments of the kills are spread over it.
    let started_at = std::time::Instant::now();
    assert_eq!(wait(started(&setting)).code, 0);
    let whole = started_at.elapsed();
    for moment in 0..200_u32 {
        if moment % 2 == 0 {
            fs::remove_dir_all(setting.folder()).unwrap();
        } else {
            // The stored tokens become unusable, so that a new one is written.
            for file in files(&setting.folder()) {
                fs::write(file, b"").unwrap();
            }
        }
        let mut child = started(&setting);
        std::thread::sleep(whole * (moment * 37 % 200) / 180);
        child.kill().unwrap();
        child.wait().unwrap();
        fs::create_dir_all(setting.folder()).unwrap();
        private(&setting.folder());

        let next = wait(started(&setting));
        assert_eq!((next.code, next.stderr.as_str()), (0, ""), "after {moment}");
        assert!(next.stdout.starts_with("eyJ"));
        watch::search_files(setting.cache.path());
    }
}

fn private(folder: &Path) {
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let _ = folder;
}
