//! The known refusals of Maskinporten, of logins and of Digdir's self-service API, and problems of Altinn's services: what each
//! means, what to do about it and who must do it, in two languages.
//!
//! They are in `catalogue.txt`, which describes its own format, `altinn.txt`, `idporten.txt` and `admin.txt`.

use std::sync::LazyLock;

use super::{actor::Actor, refusal_facts::RefusalFacts};
use crate::language::{Language, Words};

/// The prefix of the group of logins.
const LOGINS: &str = "IDPORTEN";

static GROUPS: LazyLock<Vec<CodeGroup>> = LazyLock::new(|| texts().flat_map(CodeGroup::parse_all).collect());

fn texts() -> impl Iterator<Item = &'static str> {
    [include_str!("catalogue.txt"), include_str!("altinn.txt"), include_str!("idporten.txt"), include_str!("admin.txt")]
        .into_iter()
}

/// The refusals of one service, whose codes have the same prefix.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeGroup {
    /// The prefix of the codes, such as `MP`.
    pub prefix: &'static str,
    /// The service.
    pub service: Words,
    /// Where its refusals are documented.
    pub source: &'static str,
    /// The explanations.
    pub explanations: Vec<Explanation>,
}

/// The explanation of a known refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code, if it has one.
    pub code: Option<&'static str>,
    /// The OAuth error; empty for Altinn's services.
    pub error: &'static str,
    /// The server's text, with `<scope>` and `<orgno>` where it varies; empty where all of it varies.
    pub text: &'static str,
    /// Parts of current and older texts that identify the refusal; without any, the OAuth error does.
    marks: Vec<&'static str>,
    /// What it means, before it is filled in.
    meaning: Words,
    /// What to do, before it is filled in.
    remedy: Words,
    /// Who must do it.
    pub actor: &'static Actor,
    /// A command that helps, ready to paste; the end of the remedy describes it.
    pub command: Option<&'static str>,
    /// The ids of the checks of `check` that find the same fault before the request.
    pub checks: Vec<&'static str>,
    /// Where it is documented.
    pub source: &'static str,
}

impl CodeGroup {
    /// Returns every group, that of Maskinporten first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        GROUPS.iter()
    }

    /// Finds the group with this prefix, in any letter case.
    #[must_use]
    pub fn find(prefix: &str) -> Option<&'static Self> {
        Self::all().find(|group| group.prefix.eq_ignore_ascii_case(prefix))
    }

    /// Finds the group that a code belongs to by its prefix.
    #[must_use]
    pub fn for_code(code: &str) -> Option<&'static Self> {
        Self::find(code.split(['.', '-']).next()?)
    }

    /// Finds the explanation with this code.
    #[must_use]
    pub fn explanation(&'static self, code: &str) -> Option<&'static Explanation> {
        self.explanations.iter().find(|entry| entry.code == Some(code))
    }

    /// Parses the groups of a text, each followed by its explanations.
    fn parse_all(text: &'static str) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for paragraph in paragraphs(text) {
            match (paragraph.strip_prefix("group "), groups.last_mut()) {
                (Some(head), _) => groups.extend(Self::parse(head)),
                (None, Some(group)) => group.explanations.extend(Explanation::parse(paragraph, group.source)),
                (None, None) => {}
            }
        }
        groups
    }

    fn parse(paragraph: &'static str) -> Option<Self> {
        let (prefix, lines) = paragraph.split_once('\n')?;
        let one = |name| values(lines, name).next();
        let service = Words { en: one("service")?, nb: one("tjeneste")? };
        Some(Self { prefix, service, source: one("source")?, explanations: Vec::new() })
    }
}

fn paragraphs(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split("\n\n").filter(|paragraph| !paragraph.starts_with('#'))
}

/// Returns the values of the lines with this name.
fn values(lines: &'static str, name: &'static str) -> impl Iterator<Item = &'static str> {
    lines.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "))
}

impl Explanation {
    /// Returns every known refusal of Maskinporten.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        CodeGroup::all().take(1).flat_map(|group| &group.explanations)
    }

    /// Returns what it means.
    #[must_use]
    pub fn meaning(&self, facts: &RefusalFacts, language: Language) -> String {
        facts.fill(self.meaning.in_language(language))
    }

    /// Returns what to do.
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

    /// Parses a paragraph of the catalogue; `source` is that of its group. The remedy is that of the actor if there is none.
    fn parse(paragraph: &'static str, source: &'static str) -> Option<Self> {
        let (head, lines) = paragraph.split_once('\n')?;
        let (code, error) = head.split_once(' ').unwrap_or((head, ""));
        let one = |name| values(lines, name).next();
        let text = one("text");
        let mut marks: Vec<_> = values(lines, "mark").collect();
        if marks.is_empty() {
            marks.extend(text);
        }
        let actor = Actor::find(one("who")?)?;
        let remedy = one("do").zip(one("gjør")).map(|(en, nb)| Words { en, nb });
        Some(Self {
            code: Some(code).filter(|code| *code != "-"),
            error,
            text: text.unwrap_or_default(),
            marks,
            meaning: Words { en: one("means")?, nb: one("betyr")? },
            remedy: remedy.or(actor.remedy)?,
            actor,
            command: one("command"),
            checks: values(lines, "check").collect(),
            source: one("source").unwrap_or(source),
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

/// Finds the explanation of a refused login: by its OAuth error, and the text where that has several meanings.
pub(super) fn find_login(error: &str, description: &str) -> Option<&'static Explanation> {
    let text = description.to_lowercase();
    let mut with_error = of_logins().filter(|entry| entry.error == error);
    let by_text = with_error.clone().find(|entry| entry.matches_text(&text));
    by_text.or_else(|| with_error.find(|entry| entry.marks.is_empty()))
}

/// Returns the explanations of refused logins.
pub(super) fn of_logins() -> impl Iterator<Item = &'static Explanation> + Clone {
    CodeGroup::find(LOGINS).into_iter().flat_map(|group| &group.explanations)
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
        const NAMES: [&str; 12] = [
            "text", "mark", "means", "do", "betyr", "gjør", "command", "check", "who", "source", "service", "tjeneste",
        ];
        for paragraph in texts().flat_map(paragraphs) {
            let names = paragraph.lines().skip(1).map(|line| line.split_once(": ").map(|(name, _)| name));
            assert!(names.into_iter().all(|name| name.is_some_and(|name| NAMES.contains(&name))), "{paragraph}");
        }
        let parsed = CodeGroup::all().map(|group| 1 + group.explanations.len()).sum::<usize>();
        assert_eq!(parsed, texts().flat_map(paragraphs).count());
    }

    #[test]
    fn every_code_of_altinn_is_explained_once_in_the_group_of_its_prefix() {
        for group in CodeGroup::all().skip(1).filter(|group| group.prefix != LOGINS) {
            let mut codes: Vec<&str> = group.explanations.iter().filter_map(|entry| entry.code).collect();
            assert_eq!(codes.len(), group.explanations.len());
            let has_statuses = ["EXCHANGE", "ALTINN2", "TESTTOKEN", "ADMIN"].contains(&group.prefix);
            let length = if has_statuses { 3 } else { 5 };
            for code in &codes {
                let (kind, digits) = code.split_once('-').unwrap();
                assert!([group.prefix, &format!("{}.VLD", group.prefix)].contains(&kind), "{code}");
                assert!(digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
            }
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), group.explanations.len(), "{}", group.prefix);
        }
        let prefixes: Vec<&str> = CodeGroup::all().map(|group| group.prefix).collect();
        assert_eq!(
            prefixes,
            ["MP", "EXCHANGE", "ALTINN2", "TESTTOKEN", "AUTH", "AM", "RR", "CORR", "BRO", "STD", LOGINS, "ADMIN"]
        );
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
    fn every_refusal_of_a_login_is_found_by_its_error_and_each_of_its_marks() {
        for entry in of_logins() {
            assert_eq!(find_login(entry.error, entry.text), Some(entry), "{}", entry.error);
            for mark in &entry.marks {
                assert_eq!(find_login(entry.error, &mark.to_uppercase()), Some(entry), "{mark}");
            }
        }
        assert_eq!(find_login("new_error", "redirect_uri"), None);
        assert_eq!(find_login("access_denied", "signature").map(|entry| entry.error), Some("access_denied"));
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
        let entries = CodeGroup::all().flat_map(|group| &group.explanations);
        for words in entries.flat_map(|entry| [entry.meaning, entry.remedy]) {
            for text in [words.en, words.nb].map(|template| RefusalFacts::default().fill(template)) {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{text}");
                assert!(!text.contains(['{', '}', '[', ']', '|']), "{text}");
            }
            assert_ne!(words.en, words.nb);
        }
    }

    #[test]
    fn a_certificate_without_an_organisation_number_is_not_said_to_have_another_one() {
        let mut facts = RefusalFacts::default();
        facts.set("certificate_without_number", Some("CN=a"));
        let entry = find(Some("MP-122"), "invalid_grant", "").unwrap();
        for (language, meaning) in [
            (
                Language::English,
                "the certificate has no organisation number (CN=a), so it is not that of the organisation that owns the client",
            ),
            (
                Language::Norwegian,
                "sertifikatet har ikke noe organisasjonsnummer (CN=a), og dermed et annet enn virksomheten som eier klienten",
            ),
        ] {
            assert_eq!(entry.meaning(&facts, language), meaning);
        }
    }

    #[test]
    fn every_parameter_is_a_known_one_and_both_languages_have_the_same() {
        let parameters = |template: &'static str| {
            let names = template.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
            names.collect::<std::collections::BTreeSet<_>>()
        };
        let entries = CodeGroup::all().flat_map(|group| &group.explanations);
        for words in entries.flat_map(|entry| [entry.meaning, entry.remedy]) {
            assert_eq!(parameters(words.en), parameters(words.nb), "{}", words.en);
            assert!(parameters(words.en).iter().all(|name| RefusalFacts::NAMES.contains(name)), "{}", words.en);
        }
    }
}
