//! The README's recipes, as they stand there, with the real clients; `scripts/setup test` installs them.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    local::Local,
    support::{Outcome, wait},
};

mod container;
mod elsewhere;
mod process_list;
mod relay;
mod service;
mod shell;
mod workflow;

/// The address in the README and in the files of `testdata/recipes`.
const USUAL_ISSUER: &str = "http://127.0.0.1:17824/";

/// What the API answers to who has a token.
const HELLO: &str = "GET /api/hello 200 hello to 310700010";

/// A machine to cook on: a simulator, its API behind a slow line, an empty home, and a copy of `testdata/recipes`.
struct Kitchen {
    local: Local,
    /// The address of the API, with a slash.
    api: String,
    folder: TempDir,
}

impl Kitchen {
    fn new() -> Self {
        let local = Local::start(&[]);
        let api = relay::start(local.issuer());
        Self::with_api(local, api)
    }

    /// With another API than the simulator's.
    fn with_api(local: Local, api: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let kitchen = Self { local, api, folder };
        kitchen.lay_out(&repository().join("testdata/recipes"), &kitchen.table());
        kitchen
    }

    /// The copy of `testdata/recipes`.
    fn table(&self) -> PathBuf {
        self.folder.path().join("recipes")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn lay_out(&self, from: &Path, to: &Path) {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let copy = to.join(path.file_name().unwrap());
            if path.is_dir() {
                self.lay_out(&path, &copy);
            } else {
                fs::write(copy, self.addressed(&fs::read_to_string(path).unwrap())).unwrap();
            }
        }
    }

    /// A text in which the API is where it is today.
    fn addressed(&self, text: &str) -> String {
        text.replace(USUAL_ISSUER, &self.api)
    }

    /// A command in the empty home, with the binary and the clients on its path.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env_clear().env("PATH", path()).env("HOME", self.home()).env("XDG_DATA_HOME", self.local.home());
        command.env("TMPDIR", self.folder.path().join("tmp")).current_dir(self.table()).stdin(Stdio::null());
        command
    }

    /// Runs a script as if it was pasted into bash.
    fn paste(&self, script: &str) -> Outcome {
        run(self.command("bash").args(["-c", &self.addressed(script)]))
    }

    /// The token that everything in this home is given while it is good.
    fn token(&self) -> String {
        let outcome = self.paste("maskinporten token --env local");
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        outcome.stdout.trim_end().to_owned()
    }

    /// How often the API has said hello.
    fn hellos(&self) -> usize {
        self.local.log().matches(HELLO).count()
    }

    /// The whole body of its answer.
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

/// Where `scripts/setup test` puts what npm and cargo install.
fn clients() -> PathBuf {
    let clients = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    assert!(clients.join("installed.json").exists(), "{} is not whole: run scripts/setup test", clients.display());
    clients
}

fn path() -> OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_maskinporten")).parent().unwrap();
    let machine = std::env::var_os("PATH").unwrap();
    let folders = [binary.to_owned(), clients().join("bin"), clients().join("node_modules/.bin")];
    std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&machine))).unwrap()
}

/// The one block of the README that is marked as a recipe of this kind.
fn block(kind: &str) -> String {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let blocks: Vec<&str> = readme.split(&format!("```{kind} recipe\n")).skip(1).collect();
    let [after] = blocks.as_slice() else { panic!("{} blocks of {kind}", blocks.len()) };
    after.split_once("```").unwrap().0.to_owned()
}

/// What a script says in Node.js, which reads the text on its stdin as `text`.
#[track_caller]
fn node(script: &str, text: &str) -> String {
    let script = format!("const text = require('fs').readFileSync(0, 'utf8'); {script}");
    let mut command = Command::new("node");
    command.args(["-e", &script]).env("PATH", path()).env("NODE_PATH", clients().join("node_modules"));
    crate::support::program(&mut command, text.as_bytes())
}
