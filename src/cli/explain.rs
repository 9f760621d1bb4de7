//! `maskinporten explain`: prints what a refusal of Maskinporten or a problem of Altinn means, and what to do about it.
//!
//! Nothing is sent. Of the input, only codes, scopes, organisation numbers and trace ids are printed.

use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal as _},
    path::Path,
};

use maskinporten::{
    client::{CodeGroup, MAXIMUM_PASTED_BYTES, REFUSALS, RefusalText},
    file::{self, FileError},
    printer::{GENERATOR, print_catalogue, print_explanations, print_group, refusal_pages},
};

use super::{
    args::ExplainArguments,
    report::{self, Exit, Failure, Report},
};

pub(crate) fn run(arguments: &ExplainArguments, report: &Report) -> Result<(), Failure> {
    if let Some(folder) = &arguments.html {
        return write_pages(folder, report);
    }
    let form = arguments.format;
    let mut artefact = Vec::new();
    let text = input(&arguments.words)?;
    let group = text.as_deref().and_then(|text| CodeGroup::find(text.trim().trim_end_matches('-')));
    let printed = if let Some(group) = group {
        print_group(form, group, report.language(), &mut artefact)
    } else if let Some(text) = text {
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

/// Writes the website. Only a new or empty folder, or an earlier website, is written to: another one may have an
/// `index.html` of its own.
fn write_pages(folder: &Path, report: &Report) -> Result<(), Failure> {
    let error = |path: &Path, error: io::Error| {
        Failure::plain(Exit::Other, "output", format!("could not write {}: {error}", path.display()), None)
    };
    fs::create_dir_all(folder).map_err(|cause| error(folder, cause))?;
    let is_empty = fs::read_dir(folder).map_err(|cause| error(folder, cause))?.next().is_none();
    let front_page = file::read(&folder.join("index.html"), MAXIMUM_PASTED_BYTES as u64);
    if !is_empty && !front_page.is_ok_and(|page| String::from_utf8_lossy(&page).contains(GENERATOR)) {
        let message = format!("the folder {} is not empty, and was not written by this command", folder.display());
        return Err(Failure::plain(Exit::Other, "output", message, Some("pass a new or empty folder".to_owned())));
    }
    let pages = refusal_pages();
    for page in &pages {
        let path = folder.join(&page.path);
        let written =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| file::write_public(&path, &page.text));
        written.map_err(|cause| error(&path, cause))?;
    }
    report.note(&format!("wrote {} files; open {}", pages.len(), folder.join("index.html").display()));
    Ok(())
}

/// Returns the text to explain; `None` when there is no argument and nothing on stdin.
fn input(words: &[OsString]) -> Result<Option<String>, Failure> {
    if words == ["-"] {
        return read_stdin().map(Some);
    }
    if words.is_empty() {
        let text = if io::stdin().is_terminal() { String::new() } else { read_stdin()? };
        return Ok(Some(text).filter(|text| !text.trim().is_empty()));
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
    let with_hint = |message: String, hint: String| Failure::plain(Exit::Other, CODE, message, Some(hint));
    match &refusal.code {
        Some(code) => {
            let message = format!("unknown error code {code}");
            match CodeGroup::for_code(code) {
                Some(group) => with_hint(message, format!("look it up in {}", group.source)),
                None => failure(message),
            }
        }
        None if refusal.has_token => {
            let hint = "pipe it into maskinporten inspect, which shows what a token contains".to_owned();
            with_hint("the input is a token and not a refusal".to_owned(), hint)
        }
        None if text.trim().is_empty() => failure("the input is empty".to_owned()),
        None => failure("no known refusal found in the input".to_owned()),
    }
}

/// The code of this command's own errors.
const CODE: &str = "unknown_refusal";

fn failure(message: String) -> Failure {
    let hint = format!(
        "pass a code such as MP-250 or AUTH-00004, its URL, an OAuth error, or the server's whole response; all refusals \
         are listed at {REFUSALS}"
    );
    Failure::plain(Exit::Other, CODE, message, Some(hint))
}
