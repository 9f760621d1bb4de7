//! Runs curl: the config that it gets, its output, and what is known of it at its end.

use std::{
    ffi::{OsStr, OsString},
    io::{self, PipeWriter, Write as _},
    process::{Command, Stdio},
};

use zeroize::Zeroizing;

use super::{
    response::{ResponseWatcher, WatchedResponse},
    system::{ForwardedSignals, HeaderDump, add_config, code},
};
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
    let dump = (watch != ResponseWatch::None).then(HeaderDump::new).transpose().map_err(failed)?;
    let mut lines = Zeroizing::new(Vec::with_capacity(config.len() + 512));
    if let Some(dump) = &dump {
        lines.extend_from_slice(format!("dump-header = \"{}\"\n", dump.path().map_err(failed)?).as_bytes());
    }
    lines.extend_from_slice(config);
    // curl accepts -q as its first argument only.
    let quiet = arguments.first().filter(|first| begins_with_disable(first)).map(|_| "-q");
    command.args(quiet).arg("-K");
    let (reader, writer) = io::pipe().map_err(failed)?;
    let inherited = add_config(&mut command, reader).map_err(failed)?;
    let mut inputs = vec![(writer, lines)];
    if let Some(content) = stdin {
        let (reader, writer) = io::pipe().map_err(failed)?;
        command.stdin(reader);
        inputs.push((writer, content.clone()));
    }
    command.args(arguments);
    let body = (watch == ResponseWatch::HoldOutput).then(io::pipe).transpose().map_err(failed)?;
    let body = body.map(|(reader, writer)| {
        command.stdout(writer);
        reader
    });
    let _handles = signals::HandlesInterrupts::new();
    let mut signals = ForwardedSignals::listen().map_err(failed)?;
    let mut command = tokio::process::Command::from(command);
    let child = command.spawn().map_err(failed)?;
    // The pipes end only when no process holds their writing ends any more.
    drop((command, inherited));
    inputs.into_iter().try_for_each(|(writer, content)| write_all(writer, content)).map_err(failed)?;
    let response = dump.map(|dump| ResponseWatcher::new(dump.into_reader())).transpose().map_err(failed)?;
    let watching = tokio::task::spawn_blocking(|| response.map(|response| response.follow(body)).transpose());
    let status = signals.forward_until_exit(child).await.map_err(failed)?;
    let watched = watching.await.ok().and_then(Result::ok).flatten();
    let watched = watched.map_or_else(WatchedResponse::default, |response| response.finish().unwrap_or_default());
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

pub(super) fn begins_with_disable(first: &OsString) -> bool {
    first.as_encoded_bytes() == b"--disable" || first.as_encoded_bytes().starts_with(b"-q")
}
