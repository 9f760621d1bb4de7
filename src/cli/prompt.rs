//! Asks for a secret on the terminal, without echo.
//!
//! rpassword switches off the terminal's own Ctrl-C, and raises the signal itself before it restores the terminal. The
//! command's race with that signal may end the program first, so [`end_prompt`] sees to it that the terminal is restored.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use maskinporten::language::Language;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::report;

/// The answers of the user, so that no question is asked twice by one process.
#[derive(Default)]
pub(crate) struct Answers(Mutex<AnswerLog>);

#[derive(Default)]
struct AnswerLog {
    answers: HashMap<String, SecretString>,
    is_closed: bool,
}

impl Answers {
    /// Asks, unless there is an answer already. `None`: there is no terminal, or questions have ended.
    pub(crate) fn ask(&self, question: &str, language: Language) -> Option<Result<SecretString, Option<io::Error>>> {
        if let Some(answer) = self.lock().answers.get(question) {
            return Some(Ok(answer.clone()));
        }
        self.ask_now(question, question, language)
    }

    /// Asks again after a wrong answer, which is forgotten, and says first what is wrong with it.
    pub(crate) fn ask_again(
        &self,
        question: &str,
        remark: &str,
        language: Language,
    ) -> Option<Result<SecretString, Option<io::Error>>> {
        self.ask_now(question, &format!("{remark}\n{question}"), language)
    }

    /// Whether the user has answered a question.
    pub(crate) fn have_any(&self) -> bool {
        !self.lock().answers.is_empty()
    }

    fn ask_now(
        &self,
        question: &str,
        shown: &str,
        language: Language,
    ) -> Option<Result<SecretString, Option<io::Error>>> {
        if self.lock().is_closed || !has_terminal() {
            return None;
        }
        let shown = format!("{} ", lines_in(language, shown.trim_end()));
        Some(ask_secret(&shown).inspect(|answer| {
            self.lock().answers.insert(question.to_owned(), answer.clone());
        }))
    }

    /// Ends the questions; only answers that were given before are returned from now on.
    pub(crate) fn end_questions(&self) {
        self.lock().is_closed = true;
    }

    fn lock(&self) -> MutexGuard<'_, AnswerLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Translates each line.
fn lines_in(language: Language, text: &str) -> String {
    text.lines().map(|line| language.translate(line)).collect::<Vec<_>>().join("\n")
}

/// Whether the user can be asked: stdin and stderr are terminals.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question without echo. The error is the reason, or `None` when the user pressed Ctrl-C.
fn ask_secret(question: &str) -> Result<SecretString, Option<io::Error>> {
    open::begin();
    let answer = rpassword::prompt_password(question).map(Zeroizing::new);
    open::end();
    match answer {
        Ok(answer) => Ok(SecretString::from(answer.as_str())),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(None),
        Err(error) => {
            // The cursor is still behind the question.
            report::eprint("\n");
            Err(Some(error))
        }
    }
}

/// Restores the terminal if the program ends while a question is open.
pub(crate) fn end_prompt() {
    open::restore();
}

/// The question that is open, and how the terminal was before it.
#[cfg(unix)]
mod open {
    use std::{
        io,
        sync::{Mutex, PoisonError},
        thread,
        time::Duration,
    };

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    use crate::cli::report;

    static TERMINAL: Mutex<Option<Termios>> = Mutex::new(None);

    pub(super) fn begin() {
        set(tcgetattr(io::stdin()).ok());
    }

    pub(super) fn end() {
        set(None);
    }

    fn set(terminal: Option<Termios>) {
        *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = terminal;
    }

    pub(super) fn restore() {
        // A Ctrl-C that was typed ends the question; a signal from elsewhere does not.
        for _ in 0..50 {
            if TERMINAL.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        if let Some(terminal) = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &terminal);
            report::eprint("\n");
        }
    }
}

/// Elsewhere the system restores the console.
#[cfg(not(unix))]
mod open {
    pub(super) fn begin() {}
    pub(super) fn end() {}
    pub(super) fn restore() {}
}
