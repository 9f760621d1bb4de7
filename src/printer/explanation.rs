//! Prints explanations of refusals, for people and as JSON, and the lists of known refusals.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    client::{CodeGroup, Explanation, RefusalFacts, RefusalText, THAT_MEANS},
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

pub(super) const TEXT: Words = Words { en: "the server's text", nb: "serverens tekst" };
pub(super) const DO: Words = Words { en: "what to do", nb: "gjør dette" };
pub(super) const WHO: Words = Words { en: "who must do it", nb: "hvem som må gjøre det" };
pub(super) const SOURCE: Words = Words { en: "source", nb: "kilde" };
const CODES: Words = Words { en: "codes", nb: "koder" };
pub(super) const COMMAND: Words = Words { en: "command", nb: "kommando" };
const CONSUMER: Words = Words { en: "consumer", nb: "konsument" };
const SUPPLIER: Words = Words { en: "supplier", nb: "leverandør" };
const FOUND_BY: Words = Words {
    en: " (the support of the service can find the request by it)",
    nb: " (brukerstøtten til tjenesten kan finne forespørselen med den)",
};

/// Shown when there is no code, or no fixed text.
const NONE: &str = "-";

#[derive(Serialize)]
struct ExplanationsJson<'refusal> {
    language: &'static str,
    code: Option<&'refusal str>,
    mp_code: Option<&'refusal str>,
    explanations: Vec<ExplanationJson>,
    scopes: &'refusal [String],
    consumer: Option<&'refusal str>,
    supplier: Option<&'refusal str>,
    trace_id: Option<&'refusal str>,
}

#[derive(Serialize)]
struct ExplanationJson {
    code: Option<&'static str>,
    mp_code: Option<&'static str>,
    oauth_error: Option<&'static str>,
    server_text: Option<&'static str>,
    meaning: String,
    remedy: String,
    who: &'static str,
    command: Option<&'static str>,
    source: &'static str,
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

/// Writes what is known: Maskinporten's refusals with their meanings, and a line and the source of each other group.
///
/// # Errors
/// Any error of `out`.
pub fn print_catalogue(form: ExplanationForm, language: Language, out: &mut impl Write) -> io::Result<()> {
    if form == ExplanationForm::Json {
        return print_entries(CodeGroup::all().flat_map(|group| &group.explanations), language, out);
    }
    let width = CodeGroup::all().map(|group| group.prefix.len()).max().unwrap_or_default();
    for (index, group) in CodeGroup::all().enumerate() {
        if index == 0 {
            print_group(form, group, language, out)?;
            writeln!(out)?;
        } else {
            let (count, codes) = (group.explanations.len(), CODES.in_language(language));
            let service = group.service.in_language(language);
            let command = format!("maskinporten explain {}", group.prefix);
            writeln!(out, "{:width$}  {service}; {count} {codes}: {command}", group.prefix)?;
        }
    }
    Ok(())
}

/// Writes the refusals of a group: code, OAuth error and meaning, those with a code first, and their source.
///
/// # Errors
/// Any error of `out`.
pub fn print_group(
    form: ExplanationForm,
    group: &'static CodeGroup,
    language: Language,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut explanations: Vec<_> = group.explanations.iter().collect();
    explanations.sort_by_key(|entry| (entry.code.is_none(), entry.code));
    if form == ExplanationForm::Json {
        return print_entries(explanations.into_iter(), language, out);
    }
    writeln!(out, "{}, {}\n", group.service.in_language(language), group.source)?;
    let widths = explanations.iter().filter_map(|entry| entry.code).map(str::len);
    let width = widths.max().unwrap_or_default();
    for entry in explanations {
        let error = if entry.error.is_empty() { String::new() } else { format!("{}: ", entry.error) };
        let code = entry.code.unwrap_or(NONE);
        writeln!(out, "{code:width$}  {error}{}", entry.meaning(&RefusalFacts::default(), language))?;
    }
    Ok(())
}

fn print_entries(
    entries: impl Iterator<Item = &'static Explanation>,
    language: Language,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut explanations: Vec<_> = entries.collect();
    explanations.sort_by_key(|entry| entry.code.is_none());
    print_json(&RefusalText { explanations, ..RefusalText::default() }, language, out)
}

fn print_explanation(
    explanation: &Explanation,
    facts: &RefusalFacts,
    language: Language,
    out: &mut impl Write,
) -> io::Result<()> {
    let head = explanation.code.into_iter().chain(Some(explanation.error).filter(|error| !error.is_empty()));
    writeln!(out, "{}", head.collect::<Vec<_>>().join(" "))?;
    let text = Some(explanation.text).filter(|text| !text.is_empty());
    let (meaning, remedy) = (explanation.meaning(facts, language), explanation.remedy(facts, language));
    let lines = [
        (TEXT, text),
        (THAT_MEANS, Some(&*meaning)),
        (DO, Some(&*remedy)),
        (COMMAND, explanation.command),
        (WHO, Some(explanation.actor.name.in_language(language))),
        (SOURCE, Some(explanation.source)),
    ];
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
    let of_maskinporten = |code: &&str| code.starts_with("MP-");
    let facts = refusal.facts();
    let explanation = |entry: &&'static Explanation| ExplanationJson {
        code: entry.code,
        mp_code: entry.code.filter(of_maskinporten),
        oauth_error: Some(entry.error).filter(|error| !error.is_empty()),
        server_text: Some(entry.text).filter(|text| !text.is_empty()),
        meaning: entry.meaning(&facts, language),
        remedy: entry.remedy(&facts, language),
        who: entry.actor.name.in_language(language),
        command: entry.command,
        source: entry.source,
    };
    let json = ExplanationsJson {
        language: language.name(),
        code: refusal.code.as_deref(),
        mp_code: refusal.code.as_deref().filter(of_maskinporten),
        explanations: refusal.explanations.iter().map(explanation).collect(),
        scopes: &refusal.scopes,
        consumer: refusal.consumer.as_deref(),
        supplier: refusal.supplier.as_deref(),
        trace_id: refusal.trace_id.as_deref(),
    };
    crate::json::write_indented(&mut *out, &json)?;
    writeln!(out)
}
