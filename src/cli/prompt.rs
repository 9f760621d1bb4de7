//! Asks for a secret on the terminal, without echo.
//!
//! rpassword turns the terminal's own Ctrl-C off and raises the signal itself, before it has put the terminal
//! back; so the signal is caught here, and the terminal is in order when the program ends.

use std::io::{self, IsTerminal as _};

use secrecy::SecretString;

use super::report;

/// Whether a person can be asked: what is typed and what is shown both go to a terminal.
pub(crate) fn someone_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question whose answer is not shown. The error is why there is none, or nothing when the user pressed
/// Ctrl-C.
pub(crate) fn secret(question: &str) -> Result<SecretString, Option<io::Error>> {
    #[cfg(unix)]
    let _caught = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    match rpassword::prompt_password(question) {
        Ok(answer) => Ok(SecretString::from(answer)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(None),
        Err(error) => {
            // The question's line is still open.
            report::eprint("\n");
            Err(Some(error))
        }
    }
}
