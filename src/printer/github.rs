//! The token for the steps of a GitHub Actions workflow that follow.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>: a mask is a command on
//! stdout, an output is a line of the file that `GITHUB_OUTPUT` names. Where that file is, this room does not know.

use std::io::{self, Write};

use super::token::rfc3339;
use crate::client::AccessToken;

/// Writes the command that hides the token in the log of everything that follows.
pub(super) fn print_mask(token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "::add-mask::{}", token.expose())
}

/// Writes the outputs `token` and `expires_at`. No value can begin a line of its own: a token holds the characters of
/// RFC 6750 §2.1 alone.
///
/// # Errors
/// Whatever `out` says.
pub fn print_github_outputs(token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "token={}", token.expose())?;
    token.expires_at().map_or(Ok(()), |at| writeln!(out, "expires_at={}", rfc3339(at)))
}
