//! The curl that is run: what it inherits, and what is heard from it until it ends.
//!
//! It reads its configuration from a pipe, which is empty once it has: no file, no argument, no variable holds the token.

use std::{
    ffi::{OsStr, OsString},
    io::{self, PipeReader, Write as _},
    os::{
        fd::{AsFd, AsRawFd},
        unix::process::ExitStatusExt as _,
    },
    process::{Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Child,
    signal::unix::{SignalKind, signal},
};
use zeroize::Zeroizing;

use super::answer;
use crate::cli::{
    child,
    report::{Exit, Failure},
    signals,
};

pub(super) const CURL: &str = "curl";

/// Older ones send a header of ours to the host that a redirect names (CVE-2018-1000007).
const OLDEST: (u32, u32) = (7, 58);

/// How curl is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// Not at all.
    Nothing,
    /// The status of its answer.
    Status,
    /// The same, and its output is held back until that is known.
    StatusFirst,
}

/// How curl ended.
pub(super) struct Ended {
    /// Its exit code, or 128 and the signal that ended it, as shells say it.
    pub(super) code: u8,
    /// Whether the API refused the token, and curl came to its end by itself.
    pub(super) refused: bool,
}

/// Refuses a curl that would send the token on.
pub(super) fn check_version() -> Result<(), Failure> {
    let output = Command::new(CURL).args(["-q", "--version"]).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.map_err(|error| child::not_run(OsStr::new(CURL), &error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.strip_prefix("curl ").and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let known = numbers.next().zip(numbers.next());
    if known.is_some_and(|known| known >= OLDEST) {
        return Ok(());
    }
    let message = if known.is_some() {
        format!("curl {version} sends headers on to other hosts when it is redirected")
    } else {
        "the curl in PATH does not say which version it is".to_owned()
    };
    Err(Failure::plain(Exit::Other, "curl_version", message, Some("install curl 7.58 or newer".to_owned())))
}

/// What curl says of its options.
pub(super) fn help() -> Option<String> {
    let output = Command::new(CURL).args(["-q", "--help", "all"]).stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs curl with this configuration before its arguments.
pub(super) async fn run(
    mut command: Command,
    arguments: &[OsString],
    config: &[u8],
    watch: Watch,
) -> Result<Ended, Failure> {
    let failed = |error: io::Error| child::not_run(OsStr::new(CURL), &error);
    let (config_reader, mut config_writer) = io::pipe().map_err(failed)?;
    let (headers, headers_writer) = io::pipe().map_err(failed)?;
    let mut lines = Zeroizing::new(Vec::with_capacity(config.len() + 64));
    if watch != Watch::Nothing {
        let place = inherited(&headers_writer).map_err(failed)?;
        lines.extend_from_slice(format!("dump-header = \"{place}\"\n").as_bytes());
    }
    lines.extend_from_slice(config);
    // curl heeds -q in the first place alone.
    let quiet = arguments.first().filter(|first| begins_with_disable(first)).map(|_| "-q");
    command.args(quiet).arg("-K").arg(inherited(&config_reader).map_err(failed)?).args(arguments);
    let body = (watch == Watch::StatusFirst).then(io::pipe).transpose().map_err(failed)?;
    let body = body.map(|(reader, writer)| {
        command.stdout(writer);
        reader
    });
    let _handles = signals::HandlesInterrupts::new();
    let mut signals = Signals::listen().map_err(failed)?;
    let mut command = tokio::process::Command::from(command);
    let child = command.spawn().map_err(failed)?;
    // Its ends are its own now: as long as we hold them too, the pipes do not end.
    drop((command, config_reader, headers_writer));
    std::thread::spawn(move || {
        // A curl that leaves before it has read all of it says so itself.
        let _ = config_writer.write_all(&lines);
    });
    let watched = tokio::task::spawn_blocking(move || watched(headers, body, watch));
    let status = signals.pass_on_until_the_end_of(child).await.map_err(failed)?;
    let refused = watched.await.is_ok_and(|refused| refused);
    Ok(Ended { code: code(status), refused: refused && status.code().is_some() })
}

fn watched(headers: PipeReader, body: Option<PipeReader>, watch: Watch) -> bool {
    watch != Watch::Nothing && answer::watch(headers, body).unwrap_or_default()
}

/// Lets a descriptor through to the program that is started next, and says how that finds it.
fn inherited(end: &(impl AsFd + AsRawFd)) -> io::Result<String> {
    rustix::io::fcntl_setfd(end, rustix::io::FdFlags::empty())?;
    Ok(format!("/dev/fd/{}", end.as_raw_fd()))
}

fn begins_with_disable(first: &OsString) -> bool {
    first.as_encoded_bytes() == b"--disable" || first.as_encoded_bytes().starts_with(b"-q")
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Other as u8)
}

/// Waits for a signal, forever if it is not heard.
async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The signals that ask a program to end.
struct Signals([(Option<tokio::signal::unix::Signal>, Signal); 3]);

impl Signals {
    /// Hears them from here on: a terminal sends Ctrl-C to curl too, and its end is ours.
    fn listen() -> io::Result<Self> {
        // What we are deaf to, curl is deaf to as well.
        let hear = |number, kind| (!signals::is_ignored(number)).then(|| signal(kind)).transpose();
        Ok(Self([
            (hear(signals::INTERRUPT, SignalKind::interrupt())?, Signal::INT),
            (hear(signals::TERMINATE, SignalKind::terminate())?, Signal::TERM),
            (hear(signals::HANGUP, SignalKind::hangup())?, Signal::HUP),
        ]))
    }

    async fn pass_on_until_the_end_of(&mut self, mut child: Child) -> io::Result<ExitStatus> {
        let [(interrupt, _), (terminate, _), (hangup, _)] = &mut self.0;
        loop {
            let heard = tokio::select! {
                status = child.wait() => return status,
                () = next(interrupt) => Signal::INT,
                () = next(terminate) => Signal::TERM,
                () = next(hangup) => Signal::HUP,
            };
            // It has not been waited for, so nobody else can have its id.
            let process = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            if let Some(process) = process {
                let _ = kill_process(process, heard);
            }
        }
    }
}
