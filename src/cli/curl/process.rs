//! Runs curl: the descriptors it inherits, its output, and the signals that it gets.
//!
//! curl reads its config from a pipe, which is empty once it has: the token is in no file, argument or variable.

use std::{
    ffi::{OsStr, OsString},
    io::{self, PipeReader, PipeWriter, Write as _},
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

use super::response::{self, WatchedResponse};
use crate::cli::{
    child,
    report::{Exit, Failure},
    signals,
};

pub(super) const CURL: &str = "curl";

/// The oldest version that does not send headers of a config to the host of a redirect (CVE-2018-1000007).
const OLDEST: (u32, u32) = (7, 58);

/// The exit code of curl when its output cannot be written (curl(1), EXIT CODES).
const WRITE_ERROR: u8 = 23;

/// How the response is watched while curl runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseWatch {
    /// Not at all.
    None,
    /// Its status is read.
    Status,
    /// Its status is read, and curl's output is held back until it is known.
    HoldOutput,
}

/// The result of curl.
pub(super) struct CurlOutcome {
    /// Its exit code, or 128 and the signal that ended it, as in a shell.
    pub(super) code: u8,
    /// Whether the API refused the token, and curl was not ended by a signal.
    pub(super) refused: bool,
    /// Whether its output could not be written, and curl has not reported it.
    pub(super) is_cut: bool,
    /// The nonce that the API wants in a proof (`DPoP`).
    pub(super) nonce: Option<String>,
}

/// Returns the help of the installed curl, if its version can be trusted with a token.
pub(super) fn supported_help() -> Result<String, Failure> {
    let failed = |error: io::Error| child::not_run(OsStr::new(CURL), &error);
    // Both run at the same time.
    let start = |arguments: &[&str]| {
        let mut command = Command::new(CURL);
        command.arg("-q").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    };
    let (version, help) = (start(&["--version"]).map_err(failed)?, start(&["--help", "all"]).map_err(failed)?);
    let text = |child: std::process::Child| {
        let output = child.wait_with_output().map_err(failed)?;
        Ok::<_, Failure>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (version, help) = (text(version)?, text(help)?);
    let version = version.strip_prefix("curl ").and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let message = match numbers.next().zip(numbers.next()) {
        Some(known) if known >= OLDEST => return Ok(help),
        Some(_) => format!("curl {version} sends headers to other hosts on a redirect"),
        None => "could not read the version of the curl in PATH".to_owned(),
    };
    Err(Failure::plain(Exit::Other, "curl_version", message, Some("install curl 7.58 or newer".to_owned())))
}

/// Runs curl with this config before its arguments.
pub(super) async fn run(
    mut command: Command,
    arguments: &[OsString],
    config: &[u8],
    stdin: Option<&Zeroizing<Vec<u8>>>,
    watch: ResponseWatch,
) -> Result<CurlOutcome, Failure> {
    let failed = |error: io::Error| child::not_run(OsStr::new(CURL), &error);
    let (config_reader, config_writer) = io::pipe().map_err(failed)?;
    let (headers, headers_writer) = io::pipe().map_err(failed)?;
    let mut lines = Zeroizing::new(Vec::with_capacity(config.len() + 64));
    if watch != ResponseWatch::None {
        let path = inherited(&headers_writer).map_err(failed)?;
        lines.extend_from_slice(format!("dump-header = \"{path}\"\n").as_bytes());
    }
    lines.extend_from_slice(config);
    // curl accepts -q as its first argument only.
    let quiet = arguments.first().filter(|first| begins_with_disable(first)).map(|_| "-q");
    command.args(quiet).arg("-K").arg(inherited(&config_reader).map_err(failed)?).args(arguments);
    let body = (watch == ResponseWatch::HoldOutput).then(io::pipe).transpose().map_err(failed)?;
    let body = body.map(|(reader, writer)| {
        command.stdout(writer);
        reader
    });
    let stdin_writer = stdin.map(|content| Ok((io::pipe()?, content.clone()))).transpose().map_err(failed)?;
    let stdin_writer = stdin_writer.map(|((reader, writer), content)| {
        command.stdin(reader);
        (writer, content)
    });
    let _handles = signals::HandlesInterrupts::new();
    let mut signals = ForwardedSignals::listen().map_err(failed)?;
    let mut command = tokio::process::Command::from(command);
    let child = command.spawn().map_err(failed)?;
    // The pipes end only when no process holds their writing ends any more.
    drop((command, config_reader, headers_writer));
    write_all(config_writer, lines).map_err(failed)?;
    stdin_writer.map(|(writer, content)| write_all(writer, content)).transpose().map_err(failed)?;
    let watched = tokio::task::spawn_blocking(move || watched(headers, body, watch));
    let status = signals.forward_until_exit(child).await.map_err(failed)?;
    let watched = watched.await.unwrap_or_default();
    // curl has ended well if the last of its output was in the pipe when stdout failed.
    let is_cut = watched.is_cut && !watched.refused && status.success();
    let code = if is_cut { WRITE_ERROR } else { code(status) };
    let refused = watched.refused && status.code().is_some();
    Ok(CurlOutcome { code, refused, is_cut, nonce: watched.nonce })
}

/// Writes to a pipe on a thread of its own. If curl exits before it has read everything, it reports why itself.
fn write_all(mut writer: PipeWriter, content: Zeroizing<Vec<u8>>) -> io::Result<()> {
    let write = move || {
        let _ = writer.write_all(&content);
    };
    std::thread::Builder::new().spawn(write).map(|_| ())
}

fn watched(headers: PipeReader, body: Option<PipeReader>, watch: ResponseWatch) -> WatchedResponse {
    if watch == ResponseWatch::None { Ok(WatchedResponse::default()) } else { response::watch(headers, body) }
        .unwrap_or_default()
}

/// Lets the next program inherit a descriptor, and returns the path under which it can be opened there.
fn inherited(end: &(impl AsFd + AsRawFd)) -> io::Result<String> {
    rustix::io::fcntl_setfd(end, rustix::io::FdFlags::empty())?;
    Ok(format!("/dev/fd/{}", end.as_raw_fd()))
}

pub(super) fn begins_with_disable(first: &OsString) -> bool {
    first.as_encoded_bytes() == b"--disable" || first.as_encoded_bytes().starts_with(b"-q")
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Other as u8)
}

/// Waits for a signal; forever if it is ignored.
async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The signals that ask a program to end, which are forwarded to curl.
struct ForwardedSignals([(Option<tokio::signal::unix::Signal>, Signal); 3]);

impl ForwardedSignals {
    /// Listens from here on. On a terminal curl receives Ctrl-C too; this process ends when curl does.
    fn listen() -> io::Result<Self> {
        // A signal that this process ignores is ignored by curl too.
        let listen = |number, kind| (!signals::is_ignored(number)).then(|| signal(kind)).transpose();
        Ok(Self([
            (listen(signals::INTERRUPT, SignalKind::interrupt())?, Signal::INT),
            (listen(signals::TERMINATE, SignalKind::terminate())?, Signal::TERM),
            (listen(signals::HANGUP, SignalKind::hangup())?, Signal::HUP),
        ]))
    }

    async fn forward_until_exit(&mut self, mut child: Child) -> io::Result<ExitStatus> {
        let [(interrupt, _), (terminate, _), (hangup, _)] = &mut self.0;
        loop {
            let received = tokio::select! {
                status = child.wait() => return status,
                () = next(interrupt) => Signal::INT,
                () = next(terminate) => Signal::TERM,
                () = next(hangup) => Signal::HUP,
            };
            // It has not been waited for, so no other process can have its id.
            let process = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            if let Some(process) = process {
                let _ = kill_process(process, received);
            }
        }
    }
}
