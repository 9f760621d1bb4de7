//! `maskinporten explain`: prints what a refusal of Maskinporten means and what to do about it.
//!
//! Nothing is sent. Of the input, only codes, scopes, organisation numbers and trace ids are printed.

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _},
};

use maskinporten_token_generator::{
    client::{MAXIMUM_PASTED_BYTES, REFUSALS, RefusalText},
    file::{self, FileError},
    printer::{print_catalogue, print_explanations},
};

use super::{
    args::ExplainArguments,
    report::{self, Exit, Failure, Report},
};

pub(crate) fn run(arguments: &ExplainArguments, report: &Report) -> Result<(), Failure> {
    let form = arguments.format;
    let mut artefact = Vec::new();
    let printed = if let Some(text) = input(&arguments.words)? {
        let refusal = RefusalText::parse(&text);
        if refusal.explanations.is_empty() {
            return Err(unknown(&text, &refusal));
        }
        print_explanations(form, &refusal, report.language(), &mut artefact)
    } else {
        print_catalogue(form, report.language(), &mut artefact)
    };
    printed.map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}

/// Returns the text to explain; `None` when there is no argument and stdin is a terminal.
fn input(words: &[OsString]) -> Result<Option<String>, Failure> {
    if words == ["-"] || words.is_empty() && !io::stdin().is_terminal() {
        return read_stdin().map(Some);
    }
    if words.is_empty() {
        return Ok(None);
    }
    let text = words.join(" ".as_ref()).into_string().map_err(|_| failure("the argument is not UTF-8".to_owned()))?;
    capped(text).map(Some)
}

fn read_stdin() -> Result<String, Failure> {
    let bytes = file::read_from(io::stdin().lock(), MAXIMUM_PASTED_BYTES as u64).map_err(|error| match error {
        FileError::TooLarge { .. } => too_long(),
        error => failure(format!("could not read stdin: {error}")),
    })?;
    std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| failure("stdin is not UTF-8".to_owned()))
}

fn capped(text: String) -> Result<String, Failure> {
    if text.len() > MAXIMUM_PASTED_BYTES { Err(too_long()) } else { Ok(text) }
}

fn too_long() -> Failure {
    failure(format!("the input is longer than {} KiB", MAXIMUM_PASTED_BYTES / 1024))
}

fn unknown(text: &str, refusal: &RefusalText) -> Failure {
    failure(match &refusal.code {
        Some(code) => format!("unknown error code {code}"),
        None if text.trim().is_empty() => "the input is empty".to_owned(),
        None => "no known refusal found in the input".to_owned(),
    })
}

fn failure(message: String) -> Failure {
    let hint = format!(
        "pass a code such as MP-250, its URL, an OAuth error, or the server's whole response; all refusals are listed at \
         {REFUSALS}"
    );
    Failure::plain(Exit::Other, "unknown_refusal", message, Some(hint))
}
