//! The command line tools of clouds, which have credentials of their user.

use std::{io, process::Stdio, time::Instant};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};
use zeroize::Zeroizing;

use crate::text::server_text;

/// More than any tool prints here.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// Why a tool gave nothing.
pub(super) enum ProgramFault {
    /// It is not installed.
    Missing,
    /// It failed, or took too long: what it reported.
    Failed(String),
}

/// Runs a tool that is found in `PATH`, and returns what it prints.
///
/// # Security
/// It does not get this program's own passwords and keys, which are in variables. What it reports may be shown, so it must
/// not be a secret.
pub(super) async fn output(
    program: &str,
    arguments: &[&str],
    deadline: Instant,
) -> Result<Zeroizing<Vec<u8>>, ProgramFault> {
    output_with(program, arguments, &[], deadline).await
}

/// Runs a tool as [`output`] does, with these variables too.
pub(super) async fn output_with(
    program: &str,
    arguments: &[&str],
    variables: &[(&str, Option<&str>)],
    deadline: Instant,
) -> Result<Zeroizing<Vec<u8>>, ProgramFault> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ProgramFault::Missing,
        _ => ProgramFault::Failed(error.to_string()),
    };
    // The tools are batch files on Windows, which only a shell finds.
    let mut command = if cfg!(windows) { Command::new("cmd") } else { Command::new(program) };
    if cfg!(windows) {
        command.args(["/C", program]);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MASKINPORTEN_")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().filter_map(|(name, value)| Some((name, (*value)?))));
    let mut child = command.spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let finished = async { tokio::try_join!(printed(stdout), printed(stderr), child.wait()) };
    let finished = tokio::time::timeout_at(deadline.into(), finished).await;
    let (stdout, stderr, status) =
        finished.map_err(|_| ProgramFault::Failed("it did not end in time".to_owned()))?.map_err(failed)?;
    if status.success() {
        return Ok(stdout);
    }
    let report = server_text(&String::from_utf8_lossy(&stderr), 300);
    Err(ProgramFault::Failed(if report.is_empty() { status.to_string() } else { report }))
}

/// Reads what a program prints; a longer text is cut.
async fn printed(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(8192));
    if let Some(stream) = stream {
        stream.take(MAXIMUM_BYTES).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
