//! The answer as the original tool prints it, for scripts that look for its lines.

use std::io::{self, Write};

use crate::client::AccessToken;

const RULE: &str = "----------------------------------------";

/// Writes the server's answer between two rules, under the original's headline.
///
/// # Errors
/// Whatever `out` says.
pub fn print_banner(token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Got successful response:\n{RULE}\n{}\n{RULE}", token.expose_answer())
}
