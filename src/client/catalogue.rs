//! The known refusals of Maskinporten: what each means and what to do about it, in two languages.
//!
//! They are in `catalogue.txt`, which describes its own format.

use std::sync::LazyLock;

use super::refusal_facts::RefusalFacts;
use crate::language::{Language, Words};

static CATALOGUE: LazyLock<Vec<Explanation>> = LazyLock::new(|| paragraphs().filter_map(Explanation::parse).collect());

/// The explanation of a known refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Maskinporten's code, if it has one.
    pub code: Option<&'static str>,
    /// The OAuth error.
    pub error: &'static str,
    /// The server's text, with `<scope>` and `<orgno>` where it varies; empty where all of it varies.
    pub text: &'static str,
    /// Parts of current and older texts that identify the refusal; without any, the OAuth error does.
    marks: Vec<&'static str>,
    /// What it means, before it is filled in.
    meaning: Words,
    /// What to do, and who must do it, before it is filled in.
    remedy: Words,
    /// A command that helps, ready to paste; the end of the remedy describes it.
    pub command: Option<&'static str>,
}

fn paragraphs() -> impl Iterator<Item = &'static str> {
    include_str!("catalogue.txt").split("\n\n").filter(|paragraph| !paragraph.starts_with('#'))
}

impl Explanation {
    /// Returns every known refusal.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        CATALOGUE.iter()
    }

    /// Returns what it means.
    #[must_use]
    pub fn meaning(&self, facts: &RefusalFacts, language: Language) -> String {
        facts.fill(self.meaning.in_language(language))
    }

    /// Returns what to do, and who must do it.
    #[must_use]
    pub fn remedy(&self, facts: &RefusalFacts, language: Language) -> String {
        facts.fill(self.remedy.in_language(language))
    }

    /// Returns the remedy with its command, on one line.
    #[must_use]
    pub fn hint(&self, facts: &RefusalFacts, language: Language) -> String {
        let command = self.command.map(|command| format!(": {command}")).unwrap_or_default();
        format!("{}{command}", self.remedy(facts, language))
    }

    /// Parses a paragraph of the catalogue.
    fn parse(paragraph: &'static str) -> Option<Self> {
        let (head, lines) = paragraph.split_once('\n')?;
        let (code, error) = head.split_once(' ')?;
        let all =
            |name: &'static str| lines.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "));
        let one = |name| all(name).next();
        let text = one("text");
        let mut marks: Vec<_> = all("mark").collect();
        if marks.is_empty() {
            marks.extend(text);
        }
        Some(Self {
            code: Some(code).filter(|code| *code != "-"),
            error,
            text: text.unwrap_or_default(),
            marks,
            meaning: Words { en: one("means")?, nb: one("betyr")? },
            remedy: Words { en: one("do")?, nb: one("gjør")? },
            command: one("command"),
        })
    }

    /// Returns whether the OAuth error alone identifies this refusal.
    fn matches_error(&self, error: Option<&str>) -> bool {
        self.marks.is_empty() && error == Some(self.error)
    }

    /// Returns whether a text, in lower case, is that of this refusal.
    fn matches_text(&self, text: &str) -> bool {
        self.marks.iter().any(|mark| text.contains(&mark.to_lowercase()))
    }
}

/// Finds the explanation of a refusal.
pub(super) fn find(code: Option<&str>, error: &str, description: &str) -> Option<&'static Explanation> {
    find_all(code, Some(error), description).into_iter().next()
}

/// Finds every explanation that fits: by an OAuth error that has only one meaning, else by the code, else by the text.
///
/// There are several when the code has several meanings, and neither the error nor the text distinguishes them.
pub(super) fn find_all(code: Option<&str>, error: Option<&str>, text: &str) -> Vec<&'static Explanation> {
    let text = text.to_lowercase();
    if let Some(by_error) = Explanation::all().find(|entry| entry.matches_error(error)) {
        return vec![by_error];
    }
    let mut by_code: Vec<_> = Explanation::all().filter(|entry| code.is_some() && entry.code == code).collect();
    if by_code.is_empty() {
        return Explanation::all().find(|entry| entry.matches_text(&text)).into_iter().collect();
    }
    if by_code.iter().any(|entry| entry.matches_text(&text)) {
        by_code.retain(|entry| entry.matches_text(&text));
    }
    by_code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_catalogue_has_a_known_name_and_every_paragraph_is_parsed() {
        const NAMES: [&str; 7] = ["text", "mark", "means", "do", "betyr", "gjør", "command"];
        for paragraph in paragraphs() {
            let names = paragraph.lines().skip(1).map(|line| line.split_once(": ").map(|(name, _)| name));
            assert!(names.into_iter().all(|name| name.is_some_and(|name| NAMES.contains(&name))), "{paragraph}");
        }
        assert_eq!(Explanation::all().count(), paragraphs().count());
    }

    #[test]
    fn all_seventeen_codes_are_known() {
        let mut codes: Vec<_> = Explanation::all().filter_map(|entry| entry.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(
            codes,
            [
                "MP-011", "MP-012", "MP-100", "MP-110", "MP-120", "MP-121", "MP-122", "MP-123", "MP-124", "MP-130",
                "MP-200", "MP-201", "MP-250", "MP-251", "MP-301", "MP-302", "MP-303"
            ]
        );
    }

    #[test]
    fn every_entry_is_found_by_each_of_its_marks() {
        for entry in Explanation::all() {
            let marks = if entry.marks.is_empty() { vec![""] } else { entry.marks.clone() };
            for mark in marks {
                assert_eq!(find(None, entry.error, &mark.to_uppercase()), Some(entry), "{} {mark}", entry.error);
            }
        }
    }

    #[test]
    fn every_entry_is_found_by_the_server_s_whole_text() {
        // Only its code distinguishes MP-100: its text is that of the wider entry.
        for entry in Explanation::all().filter(|entry| entry.code != Some("MP-100")) {
            let text = entry.text.replace("<scope>", "x:y").replace("<orgno>", "991825827");
            assert_eq!(find(None, entry.error, &text), Some(entry), "{text}");
        }
    }

    #[test]
    fn the_older_prefixes_do_not_hide_what_follows_them() {
        for (text, code) in [
            ("Validation of JWT Bearer grant failed: Grant is used before", Some("MP-012")),
            ("Authentication of client by JWT failed: Client not found", Some("MP-100")),
            ("Authentication of client by JWT failed: JWT is expired", Some("MP-130")),
            (
                "Authentication of client by JWT failed: Invalid JWT. Invalid organization number for client",
                Some("MP-122"),
            ),
            ("Validation of JWT failed: Invalid JWT header x5c", Some("MP-123")),
            ("Validation of JWT failed: Could not validate JWT Signature", Some("MP-124")),
            ("Validation of JWT failed: Unknown authorization details type", Some("MP-301")),
            ("Validation of JWT failed: something new", None),
        ] {
            assert_eq!(find(None, "invalid_grant", text).map(|found| found.code), Some(code), "{text}");
        }
    }

    #[test]
    fn two_refusals_with_the_code_mp_303_are_distinguished_by_the_oauth_error() {
        let altinn = find(Some("MP-303"), "invalid_altinn_customer_configuration", "no match");
        assert!(altinn.is_some_and(|entry| entry.meaning.en.contains("no system user")));
        for text in ["Invalid authorization details values", "anything"] {
            let values = find(Some("MP-303"), "invalid_authorization_details", text);
            assert!(values.is_some_and(|entry| entry.meaning.en.contains("a value")));
        }
        assert_eq!(find_all(Some("MP-303"), None, "").len(), 2);
    }

    #[test]
    fn every_text_is_in_both_languages_and_reads_as_part_of_a_sentence() {
        for words in Explanation::all().flat_map(|entry| [entry.meaning, entry.remedy]) {
            for text in [words.en, words.nb].map(|template| RefusalFacts::default().fill(template)) {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{text}");
                assert!(!text.contains(['{', '}', '[', ']', '|']), "{text}");
            }
            assert_ne!(words.en, words.nb);
        }
    }

    #[test]
    fn every_parameter_is_a_known_one_and_both_languages_have_the_same() {
        let parameters = |template: &'static str| {
            let names = template.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
            names.collect::<std::collections::BTreeSet<_>>()
        };
        for words in Explanation::all().flat_map(|entry| [entry.meaning, entry.remedy]) {
            assert_eq!(parameters(words.en), parameters(words.nb), "{}", words.en);
            assert!(parameters(words.en).iter().all(|name| RefusalFacts::NAMES.contains(name)), "{}", words.en);
        }
    }
}
