//! Runs the recipes of the documentation, unchanged, with the real clients; `scripts/setup test` installs these.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    documentation::blocks,
    local::Local,
    support::{Outcome, bin, search_path, wait},
};

mod administration;
mod agent;
mod container;
mod elsewhere;
mod gitlab;
mod packages;
mod process_list;
mod relay;
mod service;
mod shell;
mod system_user;
mod workflow;

/// The address in the documentation and in the files of `testdata/recipes`.
const USUAL_ISSUER: &str = "http://127.0.0.1:17824/";

/// The log line of the simulator's API for a request with a token.
const HELLO: &str = "GET /api/hello 200 hello to 310700010";

/// Where a recipe runs: a simulator, its API behind a slow proxy, an empty home, and a copy of `testdata/recipes`.
struct Workspace {
    local: Local,
    /// The URL of the API, with a slash at the end.
    api: String,
    folder: TempDir,
}

impl Workspace {
    fn new() -> Self {
        let local = Local::start(&[]);
        let api = relay::start(local.issuer());
        Self::with_api(local, api)
    }

    /// The same with another API than the simulator's.
    fn with_api(local: Local, api: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let workspace = Self { local, api, folder };
        workspace.copy_recipes(&repository().join("testdata/recipes"), &workspace.recipes());
        workspace
    }

    /// Returns the copy of `testdata/recipes`.
    fn recipes(&self) -> PathBuf {
        self.folder.path().join("recipes")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn copy_recipes(&self, from: &Path, to: &Path) {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let copy = to.join(path.file_name().unwrap());
            if path.is_dir() {
                self.copy_recipes(&path, &copy);
            } else {
                fs::write(copy, self.with_address(&fs::read_to_string(path).unwrap())).unwrap();
            }
        }
    }

    /// Replaces the usual address of the API by that of this one.
    fn with_address(&self, text: &str) -> String {
        text.replace(USUAL_ISSUER, &self.api)
    }

    /// Makes a command in the empty home, with the binary and the clients on its path.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env_clear().env("PATH", path()).env("HOME", self.home()).env("XDG_DATA_HOME", self.local.home());
        command.env("TMPDIR", self.folder.path().join("tmp")).current_dir(self.recipes()).stdin(Stdio::null());
        command
    }

    /// Runs a script as if it were pasted into bash.
    fn paste(&self, script: &str) -> Outcome {
        run(self.command("bash").args(["-c", &self.with_address(script)]))
    }

    /// Returns the token in the cache of this home.
    fn token(&self) -> String {
        let outcome = self.paste("maskinporten token --env local");
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        outcome.stdout.trim_end().to_owned()
    }

    /// Counts the successful requests to the API.
    fn hello_count(&self) -> usize {
        self.local.log().matches(HELLO).count()
    }

    /// Returns the body of the API's response.
    fn body(&self) -> String {
        let clients = fs::read_to_string(self.local.file("clients.json")).unwrap();
        let clients: serde_json::Value = serde_json::from_str(&clients).unwrap();
        let id = clients["clients"][0]["client_id"].as_str().unwrap();
        format!(r#"{{"hello":"310700010","client_id":"{id}","scope":"difitest:test1"}}"#)
    }
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Outcome {
    wait(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the folder in which `scripts/setup test` installs the clients.
fn clients() -> PathBuf {
    let clients = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    assert!(clients.join("installed.json").exists(), "{} is incomplete: run scripts/setup test", clients.display());
    clients
}

fn path() -> OsString {
    search_path(&[bin(), &clients().join("bin"), &clients().join("node_modules/.bin")])
}

/// Returns the only block of the documentation that is marked as a recipe of this kind.
fn block(kind: &str) -> String {
    let [block] = <[String; 1]>::try_from(blocks(&format!("{kind} recipe"))).unwrap();
    block
}

/// Returns the output of a script in Node.js, in which `text` is this text.
#[track_caller]
fn node(script: &str, text: &str) -> String {
    let script = format!("const text = require('fs').readFileSync(0, 'utf8'); {script}");
    let mut command = Command::new("node");
    command.args(["-e", &script]).env("PATH", path()).env("NODE_PATH", clients().join("node_modules"));
    crate::support::program(&mut command, text.as_bytes())
}
