//! What every test needs: the real binary in an empty home, with all three streams kept.

use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::watch::{self, Watch};

/// Nothing that a test runs takes longer; what does is killed and fails the test.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The binary, with a home of its own and none of this machine's settings.
pub struct Maskinporten {
    command: Command,
    stdin: Vec<u8>,
    home: TempDir,
}

/// The path of a file in `testdata`.
pub fn testdata(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name).display().to_string()
}

/// The binary with these arguments.
pub fn maskinporten<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Maskinporten {
    let home = tempfile::tempdir().unwrap();
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_maskinporten"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("TMPDIR", temporary);
    Maskinporten { command, stdin: Vec::new(), home }
}

impl Maskinporten {
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs in this folder.
    pub fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Where the run finds its home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts it and lets it run, for as long as its home is there.
    pub fn start(self) -> (Child, TempDir) {
        let Self { mut command, home, .. } = self;
        (command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), home)
    }

    /// Runs to the end.
    pub fn run(self) -> Outcome {
        let Self { mut command, stdin, home } = self;
        let watch = Watch::of(&command, home.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let feeder = std::thread::spawn(move || drop(input.write_all(&stdin)));
        let outcome = wait(child);
        feeder.join().unwrap();
        watch.search(outcome.stdout.as_bytes(), outcome.stderr.as_bytes(), home.path());
        drop(home);
        outcome
    }
}

impl Outcome {
    /// The artefact of a run that succeeded without a word on stderr.
    #[track_caller]
    pub fn artefact(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""));
        self.stdout
    }

    /// Compares a failure whole: the exit code, an empty stdout, and every line of stderr.
    #[track_caller]
    pub fn fails(&self, code: i32, stderr: &str) {
        assert_eq!(self.stderr, stderr);
        assert_eq!(self.stdout, "");
        assert_eq!(self.code, code);
    }
}

/// Collects the streams of a child and its exit code, or kills it. Its stderr is searched for secrets, whatever it is.
#[track_caller]
pub fn wait(mut child: Child) -> Outcome {
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read_out = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).unwrap();
        text
    });
    let read_err = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        text
    });
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("killed after {PATIENCE:?}: it hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (read_out.join().unwrap(), read_err.join().unwrap());
    watch::search_words("stderr", &stderr);
    Outcome { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs another program to its end; its failure is the test's.
#[track_caller]
pub fn program(command: &mut Command, stdin: &[u8]) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let outcome = wait(child);
    assert_eq!(outcome.code, 0, "{command:?}: {}", outcome.stderr);
    outcome.stdout
}
