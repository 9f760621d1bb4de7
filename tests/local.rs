//! A simulator in its own process, as a user starts it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, Mutex},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    support::{Maskinporten, follow, http_get, maskinporten, wait_until},
    watch,
};

/// A data folder, created once because generating the keys takes a second or two. Each simulator gets a copy.
static DATA_FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    drop(Local::start_in(folder.path().join("simulator"), &[]));
    folder
});

/// A running simulator, which is killed when it is dropped.
pub struct Local {
    child: Child,
    /// Its stdout until it listens.
    pub output: String,
    log: Arc<Mutex<String>>,
    dir: PathBuf,
    data: TempDir,
}

impl Local {
    /// Starts a simulator on a free port.
    pub fn start(arguments: &[&str]) -> Self {
        Self::with_clients(arguments, |_| ())
    }

    /// Starts a simulator with an edited `clients.json`.
    pub fn with_clients(arguments: &[&str], edit: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("simulator");
        copy(&DATA_FOLDER.path().join("simulator"), &dir);
        let file = dir.join("clients.json");
        let mut clients = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        edit(&mut clients);
        fs::write(&file, serde_json::to_vec_pretty(&clients).unwrap()).unwrap();
        let mut local = Self::start_in(dir, arguments);
        local.data = folder;
        local
    }

    /// Starts a simulator in a folder that may not exist yet.
    pub fn start_in(dir: PathBuf, arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let home = dir.parent().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_maskinporten"))
            .args(["simulate", "--port", "0", "--dir"])
            .arg(&dir)
            .args(arguments)
            .env_clear()
            .env("HOME", home)
            .env("XDG_DATA_HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = follow(child.stderr.take().unwrap());
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut output = String::new();
        while !output.contains("\nlistening on ") {
            let read = stdout.read_line(&mut output).unwrap();
            assert!(read > 0, "the simulator ended: {output}{}", log.lock().unwrap());
        }
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, output, log, dir, data }
    }

    /// Starts another simulator of the same user, in another folder.
    pub fn start_beside(other: &Self) -> Self {
        let dir = other.home().join("second");
        copy(&other.dir, &dir);
        Self::start_in(dir, &[])
    }

    /// Returns the binary with an environment where `--env local` finds this simulator.
    pub fn maskinporten(&self, arguments: &[&str]) -> Maskinporten {
        maskinporten(arguments).env("XDG_DATA_HOME", self.home())
    }

    /// Returns the issuer, with its trailing slash.
    pub fn issuer(&self) -> &str {
        self.output.rsplit_once("listening on ").unwrap().1.trim_end()
    }

    /// Returns the path of a file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Returns its log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Edits `clients.json` while it runs; the change takes effect at the next request.
    pub fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let file = self.file("clients.json");
        let mut clients = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        edit(&mut clients);
        fs::write(&file, serde_json::to_vec_pretty(&clients).unwrap()).unwrap();
    }

    /// Returns the number of token requests it has received.
    ///
    /// Another thread reads the log, so this sends one more request and waits until that is in the log.
    pub fn grants(&self) -> usize {
        let last = format!("/errors/last-{}", self.log().matches(" /errors/last-").count());
        http_get(&format!("{}{}", self.issuer(), &last[1..]));
        let last = format!("GET {last} ");
        wait_until("the log has the last request", || self.log().contains(&last).then_some(()));
        self.log().lines().filter(|line| line.starts_with("POST /token ")).count()
    }

    /// Returns its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended and returns its exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Kills it and keeps its folder.
    pub fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Returns the `XDG_DATA_HOME` with which `--env local` finds it.
    pub fn home(&self) -> &Path {
        debug_assert!(self.dir.starts_with(self.data.path()));
        self.dir.parent().unwrap()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.end();
        if !std::thread::panicking() {
            watch::search_words("stdout of the simulator", self.output.as_bytes());
            watch::search_words("the simulator's log", self.log().as_bytes());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
