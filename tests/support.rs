//! Runs the real binary in an empty home and collects its output; snapshots; waiting.

#[cfg(all(feature = "system-tests", target_os = "linux"))]
pub mod session;

use std::{
    ffi::{OsStr, OsString},
    fmt::Display,
    io::{BufRead as _, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use snapbox::{Assert, Data, IntoData, assert::DEFAULT_ACTION_ENV, data::Inline};
use tempfile::TempDir;

use crate::watch::{self, SecretScan};

/// The longest that a test waits for anything; a program that takes longer is killed, and the test fails.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// The interval at which a test checks a condition that it waits for.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// The exit code and the output of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A command of the binary, with an empty home and an empty environment.
pub struct Maskinporten {
    command: Command,
    stdin: Vec<u8>,
    home: TempDir,
}

/// Returns the path of a file in `testdata`.
pub fn testdata(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name).display().to_string()
}

/// Makes a command of the binary with these arguments.
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

    pub fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a program for a POSIX shell into its home, before the others in `PATH`.
    #[cfg(unix)]
    pub fn with_program(self, name: &str, script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = self.home().join("bin");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
        self.env("PATH", search_path(&[&folder]))
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it through another program, which gets the binary and its arguments after these.
    #[cfg(unix)]
    pub fn through(self, program: &str, arguments: &[&str]) -> Self {
        let Self { command: own, stdin, home } = self;
        let mut command = Command::new(program);
        command.args(arguments).arg(own.get_program()).args(own.get_args()).env_clear();
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { command, stdin, home }
    }

    /// Returns the home of the run.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts it; its home is removed when the second value is dropped.
    pub fn start(self) -> (Child, TempDir) {
        self.start_with(Stdio::null())
    }

    /// Starts it with this stdin.
    pub fn start_with(self, stdin: Stdio) -> (Child, TempDir) {
        let Self { mut command, home, .. } = self;
        (command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), home)
    }

    /// Runs to the end.
    pub fn run(self) -> Outcome {
        let Self { mut command, stdin, home } = self;
        let scan = SecretScan::new(&command, home.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let feeder = std::thread::spawn(move || drop(input.write_all(&stdin)));
        let outcome = wait(child);
        feeder.join().unwrap();
        scan.search(outcome.stdout.as_bytes(), outcome.stderr.as_bytes(), home.path());
        drop(home);
        outcome
    }
}

impl Outcome {
    /// Returns the stdout of a run that succeeded with an empty stderr.
    #[track_caller]
    pub fn artefact(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""));
        self.stdout
    }

    /// Compares a failure whole: the exit code, an empty stdout, and every line of stderr, which may be a snapshot.
    #[track_caller]
    pub fn fails(&self, code: i32, stderr: impl Expected) {
        assert_snapshot(self.failure(code), stderr);
    }

    /// Returns the stderr of a run that failed with this exit code and an empty stdout.
    #[track_caller]
    pub fn failure(&self, code: i32) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        &self.stderr
    }

    /// Puts a name such as `[URL]` in the place of a value that differs from run to run.
    #[track_caller]
    pub fn replacing(&self, value: impl Display, name: &str) -> Self {
        let value = value.to_string();
        assert!(!self.stderr.contains(name), "the name {name} is taken: {}", self.stderr);
        assert!(self.stderr.contains(&value), "`{value}` is not in: {}", self.stderr);
        let replaced = |text: &str| text.replace(&value, name);
        Self { code: self.code, stdout: replaced(&self.stdout), stderr: replaced(&self.stderr) }
    }
}

/// A text that a test expects: a snapshot, or plain text.
pub trait Expected: IntoData {}
impl Expected for Data {}
impl Expected for Inline {}
impl Expected for &str {}
impl Expected for &String {}

/// Compares a text with a snapshot, byte for byte.
///
/// With `SNAPSHOTS=overwrite` a snapshot that differs is written again instead: `snapbox::str!` in the source file,
/// `snapbox::file!` in its own. An expected text that is neither always fails the test.
#[track_caller]
pub fn assert_snapshot(found: &str, expected: impl Expected) {
    // The comparison takes \r\n for \n.
    assert!(!found.contains('\r'), "{found:?}");
    Assert::new().action_env(DEFAULT_ACTION_ENV).eq(found, expected.into_data().raw());
}

/// Compares a table with what the runs of its cases report.
///
/// A case is a paragraph: the first line is its input, from which `report` makes the other lines.
#[track_caller]
pub fn assert_table(table: Data, report: impl Fn(&str) -> String) {
    let text = table.render().unwrap();
    let inputs = text.split("\n\n").map(|paragraph| paragraph.lines().next().unwrap());
    let found: Vec<String> = inputs.map(|input| format!("{input}\n{}", report(input))).collect();
    assert_snapshot(&found.join("\n"), table);
}

/// Waits until a condition gives a value, and returns that; fails the test after a time that is long enough for any.
#[track_caller]
pub fn wait_until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    poll(condition).unwrap_or_else(|| panic!("waited for {TIME_LIMIT:?} until {what}"))
}

fn poll<T>(mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        let value = condition();
        if value.is_some() || started.elapsed() > TIME_LIMIT {
            return value;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Collects the output of a child and its exit code, or kills it, and searches its stderr for secrets.
#[track_caller]
pub fn wait(mut child: Child) -> Outcome {
    let stdout = read_to_end(child.stdout.take().unwrap());
    let stderr = read_to_end(child.stderr.take().unwrap());
    let Some(status) = poll(|| child.try_wait().unwrap()) else {
        child.kill().unwrap();
        panic!("killed after {TIME_LIMIT:?}");
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    watch::search_words("stderr", &stderr);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

fn read_to_end(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Returns the folder of the binary.
pub fn bin() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_maskinporten")).parent().unwrap()
}

/// Returns `PATH` with these folders before the others.
pub fn search_path(first: &[&Path]) -> OsString {
    let machine = std::env::var_os("PATH").unwrap();
    let first = first.iter().map(|folder| folder.to_path_buf());
    std::env::join_paths(first.chain(std::env::split_paths(&machine))).unwrap()
}

/// Collects what a program writes while it runs.
pub fn follow(stream: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let (kept, mut stream) = (Arc::clone(&text), BufReader::new(stream));
    std::thread::spawn(move || {
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            kept.lock().unwrap().push_str(&std::mem::take(&mut line));
        }
    });
    text
}

/// Returns a port on which nothing listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running program, which is killed when it is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal to a process.
#[cfg(unix)]
pub fn send_signal(process: u32, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

/// Sends a GET request to a server, whatever its certificate is, and returns the whole response.
pub fn http_get(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(TIME_LIMIT)).unwrap();
    if scheme == "http" {
        return exchange(stream, &request);
    }
    let mut connector = SslConnector::builder(SslMethod::tls()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    exchange(connector.build().connect("localhost", stream).unwrap(), &request)
}

/// Sends a GET request with these headers over TLS, whatever the server's certificate is, and returns the whole response.
pub fn https_get_with(url: &str, headers: &serde_json::Value) -> String {
    let (authority, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let lines = headers.as_object().unwrap().iter();
    let lines: String = lines.flat_map(|(name, value)| [name, ": ", value.as_str().unwrap(), "\r\n"]).collect();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{lines}\r\n");
    let mut connector = SslConnector::builder(SslMethod::tls()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    exchange(connector.build().connect("localhost", TcpStream::connect(authority).unwrap()).unwrap(), &request)
}

fn exchange(mut stream: impl Read + Write, request: &str) -> String {
    let mut response = String::new();
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Runs another program to its end and returns its stdout; fails the test when it fails.
#[track_caller]
pub fn program(command: &mut Command, stdin: &[u8]) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let outcome = wait(child);
    assert_eq!(outcome.code, 0, "{command:?}: {}", outcome.stderr);
    outcome.stdout
}
