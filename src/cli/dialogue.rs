//! Questions on the terminal, which are asked again after an answer that cannot be used.

use std::io::{self, BufRead as _, Read as _};

use maskinporten::language::Words;

use crate::cli::{
    report::{self, Exit, Failure, Report},
    settings,
};

/// How often a question is asked.
const TRIES: usize = 3;

/// The longest answer, in bytes.
const MAXIMUM_ANSWER: u64 = 4096;

/// Asks until an answer is accepted. An empty answer means the default.
pub(crate) fn ask<T>(
    question: &str,
    default: Option<&str>,
    report: &Report,
    mut accept: impl FnMut(&str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut tries = 1..=TRIES;
    loop {
        let answer = read(&report.language().translate(question))?;
        let accepted = match (answer.as_str(), default) {
            ("", None) => Err(no_answer(question)),
            ("", Some(default)) => accept(default),
            (answer, _) => accept(answer),
        };
        match accepted {
            Err(failure) if failure.exit != Exit::Interrupted && tries.next().is_some_and(|count| count < TRIES) => {
                report.failure(&failure);
            }
            accepted => return accepted,
        }
    }
}

/// Asks a question whose usual answer is yes, in English or Norwegian.
pub(crate) fn confirm(question: &str, report: &Report) -> Result<bool, Failure> {
    yes_or_no(question, Words { en: "[Y/n]", nb: "[J/n]" }, "y", report)
}

/// Asks a question whose usual answer is no.
pub(crate) fn decide(question: &str, report: &Report) -> Result<bool, Failure> {
    yes_or_no(question, Words { en: "[y/N]", nb: "[j/N]" }, "n", report)
}

fn yes_or_no(question: &str, keys: Words, default: &str, report: &Report) -> Result<bool, Failure> {
    let keys = keys.in_language(report.language());
    ask(&format!("{} {keys}", report.language().translate(question)), Some(default), report, |answer| {
        match answer.to_lowercase().as_str() {
            "y" | "yes" | "j" | "ja" => Ok(true),
            "n" | "no" | "nei" => Ok(false),
            _ => Err(Failure::plain(
                Exit::Usage,
                "answer",
                "that is neither yes nor no".to_owned(),
                Some("answer y or n".to_owned()),
            )),
        }
    })
}

/// Reads an answer, and removes the blanks and quotes around it: terminals add them to a path that is dragged into them.
fn read(question: &str) -> Result<String, Failure> {
    report::eprint(&format!("{question}: "));
    let mut answer = String::new();
    if let Ok(1..) = io::stdin().lock().take(MAXIMUM_ANSWER).read_line(&mut answer) {
        return Ok(settings::clean(&answer).to_owned());
    }
    report::eprint("\n");
    Err(no_answer(question))
}

fn no_answer(question: &str) -> Failure {
    let message = format!("there was no answer to: {question}");
    Failure::plain(
        Exit::Usage,
        "missing",
        message,
        Some("pass what is known as an option; --help lists them".to_owned()),
    )
}
