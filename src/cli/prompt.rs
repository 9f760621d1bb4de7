//! Asks for a password on the terminal, without echo.
//!
//! rpassword turns the terminal's own Ctrl-C off and raises the signal itself, before it has put the terminal
//! back; so the signal is caught here, and the terminal is in order when the program ends.

use std::io;

use secrecy::SecretString;

use super::{
    key,
    report::{self, Exit, Failure},
};

/// Asks for the password of a keystore.
pub(crate) fn password(keystore: &str) -> Result<SecretString, Failure> {
    if !key::someone_is_there() {
        let message =
            format!("no password was given for the keystore `{keystore}`, and there is no terminal to ask on");
        let hint = "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE".to_owned();
        return Err(Failure::plain(Exit::Key, "keystore_password", message, Some(hint)));
    }
    #[cfg(unix)]
    let _caught = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    match rpassword::prompt_password(format!("Password for {keystore}: ")) {
        Ok(password) => Ok(SecretString::from(password)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(Failure::interrupted()),
        Err(error) => {
            // The question's line is still open.
            report::eprint("\n");
            let message = format!("could not ask for the password: {error}");
            let hint = "pass --keystore-password-file FILE".to_owned();
            Err(Failure::plain(Exit::Key, "keystore_password", message, Some(hint)))
        }
    }
}
