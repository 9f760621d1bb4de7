//! What each refusal of Maskinporten means and what to do about it, in two languages.
//!
//! Codes and texts: <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>, and answers seen by its users
//! for the texts that have no number. Those who can act on a refusal are often no programmers: each remedy says who
//! must do what, in Digdir's own words. The server's own words are never replaced by these; they are added.

mod access;
mod authentication;
mod claims;
mod details;
mod general;

use crate::language::{Language, Words};

/// A refusal that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Maskinporten's code, where it has one.
    pub code: Option<&'static str>,
    /// The OAuth error with which it comes.
    pub error: &'static str,
    /// The server's text, with `<scope>` and the like where it varies; empty where all of it does.
    pub text: &'static str,
    /// Parts of that text and of older ones that tell it from the others; letter case does not count. Where there is
    /// none, the error alone tells it.
    pub marks: &'static [&'static str],
    /// What it means.
    pub meaning: Words,
    /// What to do, and who must do it.
    pub remedy: Words,
    /// A command that helps with it, ready to paste; the remedy leads up to it.
    pub command: Option<&'static str>,
}

/// Where several fit, the first one counts, so narrow texts stand before wide ones.
const CATALOGUE: [&[Explanation]; 5] = [
    details::EXPLANATIONS,
    authentication::EXPLANATIONS,
    claims::EXPLANATIONS,
    access::EXPLANATIONS,
    general::EXPLANATIONS,
];

impl Explanation {
    /// Every refusal that is known.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        CATALOGUE.into_iter().flatten()
    }

    /// The remedy with its command, on one line.
    #[must_use]
    pub fn hint(&self, language: Language) -> String {
        let command = self.command.map(|command| format!(": {command}")).unwrap_or_default();
        format!("{}{command}", self.remedy.in_language(language))
    }

    /// Whether the error alone tells this refusal.
    fn is_told_by_error(&self, error: Option<&str>) -> bool {
        self.marks.is_empty() && error == Some(self.error)
    }

    /// Whether a text, in lower case, is that of this refusal.
    fn is_told_by(&self, text: &str) -> bool {
        self.marks.iter().any(|mark| text.contains(&mark.to_lowercase()))
    }
}

/// Finds what is known of a refusal: by an error that has one meaning, by the code, by the text, in this order.
pub(super) fn find(code: Option<&str>, error: &str, description: &str) -> Option<&'static Explanation> {
    fitting(code, Some(error), description).into_iter().next()
}

/// All that fit what is known of a refusal: more than one when its code stands for several and nothing else tells
/// which.
pub(super) fn fitting(code: Option<&str>, error: Option<&str>, text: &str) -> Vec<&'static Explanation> {
    let text = text.to_lowercase();
    if let Some(by_error) = Explanation::all().find(|entry| entry.is_told_by_error(error)) {
        return vec![by_error];
    }
    let mut of_code: Vec<_> = Explanation::all().filter(|entry| code.is_some() && entry.code == code).collect();
    if of_code.is_empty() {
        return Explanation::all().find(|entry| entry.is_told_by(&text)).into_iter().collect();
    }
    if of_code.iter().any(|entry| entry.is_told_by(&text)) {
        of_code.retain(|entry| entry.is_told_by(&text));
    }
    of_code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_all_seventeen_codes() {
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
            let marks = if entry.marks.is_empty() { &[""] } else { entry.marks };
            for mark in marks {
                assert_eq!(find(None, entry.error, &mark.to_uppercase()), Some(entry), "{} {mark}", entry.error);
            }
        }
    }

    #[test]
    fn every_entry_is_found_by_the_whole_text_of_the_server() {
        // MP-100 is told from the wider text that it consists of by its code alone.
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
    fn a_system_user_that_altinn_does_not_know_is_told_from_wrong_values_under_the_same_code() {
        let altinn = find(Some("MP-303"), "invalid_altinn_customer_configuration", "no match");
        assert!(altinn.is_some_and(|entry| entry.meaning.en.contains("no system user")));
        for text in ["Invalid authorization details values", "anything"] {
            let values = find(Some("MP-303"), "invalid_authorization_details", text);
            assert!(values.is_some_and(|entry| entry.meaning.en.contains("a value")));
        }
        assert_eq!(fitting(Some("MP-303"), None, "").len(), 2);
    }

    #[test]
    fn every_text_stands_in_both_languages_and_begins_and_ends_as_a_part_of_a_sentence() {
        for words in Explanation::all().flat_map(|entry| [entry.meaning, entry.remedy]) {
            for text in [words.en, words.nb] {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{text}");
            }
            assert_ne!(words.en, words.nb);
        }
    }
}
