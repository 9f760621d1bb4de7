//! Prints explanations of refusals, for people and as JSON, and the list of all known refusals.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    client::{Explanation, RefusalFacts, RefusalText, THAT_MEANS},
    language::{Language, Words},
};

/// The output form of explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplanationForm {
    /// Lines with labels.
    Text,
    /// One JSON object.
    Json,
}

const TEXT: Words = Words { en: "the server's text", nb: "serverens tekst" };
const DO: Words = Words { en: "what to do", nb: "gjør dette" };
const COMMAND: Words = Words { en: "command", nb: "kommando" };
const CONSUMER: Words = Words { en: "consumer", nb: "konsument" };
const SUPPLIER: Words = Words { en: "supplier", nb: "leverandør" };
const FOUND_BY: Words = Words {
    en: " (Digdir's support can find the request by it)",
    nb: " (Digdirs brukerstøtte kan finne forespørselen med den)",
};

/// Shown when there is no code, or no fixed text.
const NONE: &str = "-";

#[derive(Serialize)]
struct ExplanationsJson<'refusal> {
    language: &'static str,
    mp_code: Option<&'refusal str>,
    explanations: Vec<ExplanationJson>,
    scopes: &'refusal [String],
    consumer: Option<&'refusal str>,
    supplier: Option<&'refusal str>,
    trace_id: Option<&'refusal str>,
}

#[derive(Serialize)]
struct ExplanationJson {
    mp_code: Option<&'static str>,
    oauth_error: &'static str,
    server_text: Option<&'static str>,
    meaning: String,
    remedy: String,
    command: Option<&'static str>,
}

impl ExplanationForm {
    /// The names of the forms.
    pub const NAMES: [&str; 2] = ["text", "json"];

    /// Parses the name of a form.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Text, Self::Json].into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(form, _)| form)
    }
}

/// Writes the explanations of a refusal, and its scopes, organisations and trace id.
///
/// # Errors
/// Any error of `out`.
pub fn print_explanations(
    form: ExplanationForm,
    refusal: &RefusalText,
    language: Language,
    out: &mut impl Write,
) -> io::Result<()> {
    match form {
        ExplanationForm::Json => print_json(refusal, language, out),
        ExplanationForm::Text => {
            for (index, explanation) in refusal.explanations.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                print_explanation(explanation, &refusal.facts(), language, out)?;
            }
            print_facts(refusal, language, out)
        }
    }
}

/// Writes every known refusal: code, OAuth error and the server's text, those with a code first.
///
/// # Errors
/// Any error of `out`.
pub fn print_catalogue(form: ExplanationForm, language: Language, out: &mut impl Write) -> io::Result<()> {
    let mut explanations: Vec<_> = Explanation::all().collect();
    explanations.sort_by_key(|entry| (entry.code.is_none(), entry.code));
    if form == ExplanationForm::Json {
        return print_json(&RefusalText { explanations, ..RefusalText::default() }, language, out);
    }
    for entry in explanations {
        let text = if entry.text.is_empty() { NONE } else { entry.text };
        writeln!(out, "{:6}  {}  {text}", entry.code.unwrap_or(NONE), entry.error)?;
    }
    Ok(())
}

fn print_explanation(
    explanation: &Explanation,
    facts: &RefusalFacts,
    language: Language,
    out: &mut impl Write,
) -> io::Result<()> {
    let code = explanation.code.map(|code| format!("{code} ")).unwrap_or_default();
    writeln!(out, "{code}{}", explanation.error)?;
    let text = Some(explanation.text).filter(|text| !text.is_empty());
    let (meaning, remedy) = (explanation.meaning(facts, language), explanation.remedy(facts, language));
    let lines = [(TEXT, text), (THAT_MEANS, Some(&*meaning)), (DO, Some(&*remedy)), (COMMAND, explanation.command)];
    for (label, text) in lines {
        if let Some(text) = text {
            writeln!(out, "{}: {text}", label.in_language(language))?;
        }
    }
    Ok(())
}

/// Scopes and trace ids are labelled with their names in the protocol, in both languages.
fn print_facts(refusal: &RefusalText, language: Language, out: &mut impl Write) -> io::Result<()> {
    let mut lines: Vec<String> = refusal.scopes.iter().map(|scope| format!("scope: {scope}")).collect();
    for (label, number) in [(CONSUMER, &refusal.consumer), (SUPPLIER, &refusal.supplier)] {
        lines.extend(number.iter().map(|number| format!("{}: {number}", label.in_language(language))));
    }
    lines.extend(refusal.trace_id.iter().map(|id| format!("trace_id: {id}{}", FOUND_BY.in_language(language))));
    if !lines.is_empty() {
        writeln!(out, "\n{}", lines.join("\n"))?;
    }
    Ok(())
}

fn print_json(refusal: &RefusalText, language: Language, out: &mut impl Write) -> io::Result<()> {
    let facts = refusal.facts();
    let explanation = |entry: &&'static Explanation| ExplanationJson {
        mp_code: entry.code,
        oauth_error: entry.error,
        server_text: Some(entry.text).filter(|text| !text.is_empty()),
        meaning: entry.meaning(&facts, language),
        remedy: entry.remedy(&facts, language),
        command: entry.command,
    };
    let json = ExplanationsJson {
        language: language.name(),
        mp_code: refusal.code.as_deref(),
        explanations: refusal.explanations.iter().map(explanation).collect(),
        scopes: &refusal.scopes,
        consumer: refusal.consumer.as_deref(),
        supplier: refusal.supplier.as_deref(),
        trace_id: refusal.trace_id.as_deref(),
    };
    serde_json::to_writer_pretty(&mut *out, &json)?;
    writeln!(out)
}
