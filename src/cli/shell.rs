//! Runs a command line of the settings with the system's shell, and returns what it prints.

use std::process::{Command, Stdio};

use maskinporten::file;
use zeroize::Zeroizing;

/// Runs a command; the error is why it printed nothing. The terminal stays its own, since it may ask its user something.
pub(super) fn run(line: &str, noun: &str, stdin_is_taken: bool, limit: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut command = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    command.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(line).stdout(Stdio::piped());
    if stdin_is_taken {
        command.stdin(Stdio::null());
    }
    let mut child = command.spawn().map_err(|error| format!("could not be started: {error}"))?;
    let printed = child.stdout.take().map(|stdout| file::read_from(stdout, limit));
    let status = child.wait().map_err(|error| format!("could not be waited for: {error}"))?;
    if !status.success() {
        return Err(format!("failed: {status}"));
    }
    printed.unwrap_or_else(|| Ok(Zeroizing::default())).map_err(|error| format!("gave no {noun}: {error}"))
}
