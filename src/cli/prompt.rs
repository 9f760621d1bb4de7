//! Asks for a secret on the terminal, without echo.
//!
//! rpassword turns the terminal's own Ctrl-C off and raises the signal itself, before it has put the terminal
//! back; so the signal is caught here, and the terminal is in order when the program ends.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use secrecy::SecretString;

use super::report;

/// What a person was asked, and answered. Who is asked once need not be asked again by the same process; when the time
/// for questions is over, nobody is.
#[derive(Default)]
pub(crate) struct Answers(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    answers: HashMap<String, SecretString>,
    is_over: bool,
}

impl Answers {
    /// Asks, unless there is an answer already. `None`: there is nobody to ask.
    pub(crate) fn ask(&self, question: &str) -> Option<Result<SecretString, Option<io::Error>>> {
        if let Some(answer) = self.lock().answers.get(question) {
            return Some(Ok(answer.clone()));
        }
        if self.lock().is_over || !someone_is_there() {
            return None;
        }
        Some(secret(question).inspect(|answer| {
            self.lock().answers.insert(question.to_owned(), answer.clone());
        }))
    }

    /// Ends the time for questions.
    pub(crate) fn end_questions(&self) {
        self.lock().is_over = true;
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
