//! `maskinporten explain`: what a refusal of Maskinporten means and what to do, from whatever its reader has of it.
//!
//! Nothing is sent, and nothing that was given is repeated but what has the form of a code, a scope, an organisation
//! number or a trace id.

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _, Read as _},
};

use maskinporten_token_generator::{
    client::{MAXIMUM_PASTED_BYTES, REFUSALS, RefusalText},
    printer::{print_catalogue, print_explanations},
};

use super::{
    args::ExplainArguments,
    report::{self, Exit, Failure, Report},
};

pub(crate) fn run(arguments: &ExplainArguments, report: &Report) -> Result<(), Failure> {
    let form = arguments.format;
    let mut artefact = Vec::new();
    let printed = if let Some(text) = given(&arguments.words)? {
        let refusal = RefusalText::read(&text);
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

/// The text to explain; `None` when nothing was given and nobody is about to write any.
fn given(words: &[OsString]) -> Result<Option<String>, Failure> {
    if words == ["-"] || words.is_empty() && !io::stdin().is_terminal() {
        return read_stdin().map(Some);
    }
    if words.is_empty() {
        return Ok(None);
    }
    let text = words.join(" ".as_ref()).into_string().map_err(|_| failure("what was given is not UTF-8".to_owned()))?;
    capped(text).map(Some)
}

fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let stdin = io::stdin().lock().take(MAXIMUM_PASTED_BYTES as u64 + 1).read_to_end(&mut bytes);
    stdin.map_err(|error| failure(format!("could not read stdin: {error}")))?;
    // The cap may have cut a letter in two, so it is looked at first.
    if bytes.len() > MAXIMUM_PASTED_BYTES {
        return Err(too_long());
    }
    String::from_utf8(bytes).map_err(|_| failure("what was given on stdin is not UTF-8".to_owned()))
}

fn capped(text: String) -> Result<String, Failure> {
    if text.len() > MAXIMUM_PASTED_BYTES { Err(too_long()) } else { Ok(text) }
}

fn too_long() -> Failure {
    failure(format!("what was given is longer than {} KiB", MAXIMUM_PASTED_BYTES / 1024))
}

fn unknown(text: &str, refusal: &RefusalText) -> Failure {
    failure(match &refusal.code {
        Some(code) => format!("{code} is none of the refusals that are known"),
        None if text.trim().is_empty() => "there is nothing to explain".to_owned(),
        None => "what was given is none of the refusals that are known".to_owned(),
    })
}

fn failure(message: String) -> Failure {
    let hint = format!(
        "pass a code such as MP-250, its address, an OAuth error, or the server's answer as it is; all refusals are in \
         {REFUSALS}"
    );
    Failure::plain(Exit::Other, "unknown_refusal", message, Some(hint))
}
