//! What is right and what is wrong with everything that a token depends on, one check after the other.
//!
//! Each [`Check`] says what was found, why it matters and what to do. The checks of one subject are one function:
//! it takes what has been opened, signed, answered or received and judges it by the rules of
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant> and its neighbours. Nothing here is
//! printed, and no check holds a key, a password, a grant, a token or a person's number: a report of them can be
//! shown to anyone.

mod authorities;
pub mod certificate;
pub mod check_ids;
pub mod grant;
pub mod network;
pub mod received;
pub mod registered_key;
pub mod token;

use crate::{client::Refusal, explain::Explain, text::excerpt};

/// A setting or a server's word is no longer.
const SHOWN_CHARACTERS: usize = 200;

/// What is checked, and why that matters.
#[derive(Debug, PartialEq, Eq)]
pub struct CheckId {
    /// Names the check for programs, stable between versions: its subject, a full stop, and the thing itself.
    pub id: &'static str,
    /// Names the check for people.
    pub title: &'static str,
    /// Why it matters, in a sentence.
    pub why: &'static str,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It could not be made, since another one failed or because nobody asked for it.
    Skipped,
    /// All is well.
    Right,
    /// It works, and may not for long or not everywhere.
    Warning,
    /// It does not work.
    Wrong,
}

/// One check that was made, or skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub topic: &'static CheckId,
    /// Which one of several, such as a scope.
    pub subject: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found; of one that was skipped, why.
    pub found: String,
    /// More about it, line by line.
    pub details: Vec<String>,
    /// What to do, when something is not as it should be.
    pub remedy: Option<String>,
    /// The server's refusal, which brings its own meaning and remedy.
    pub refusal: Option<Box<Refusal>>,
}

impl CheckId {
    /// All is well.
    #[must_use]
    pub fn right(&'static self, found: impl Into<String>) -> Check {
        self.check(Verdict::Right, found.into(), None)
    }

    /// It works, and something should be done about it all the same; an empty remedy is none.
    #[must_use]
    pub fn warning(&'static self, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.check(Verdict::Warning, found.into(), Some(remedy.into()))
    }

    /// It does not work before something is done.
    #[must_use]
    pub fn wrong(&'static self, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.check(Verdict::Wrong, found.into(), Some(remedy.into()))
    }

    /// It does not work, for the reason that an error gives.
    #[must_use]
    pub fn failed(&'static self, error: &dyn Explain) -> Check {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let check = self.check(Verdict::Wrong, error.to_string(), error.hint());
        check.with_details(causes.map(ToString::to_string))
    }

    /// It was not made.
    #[must_use]
    pub fn skipped(&'static self, because: impl Into<String>) -> Check {
        self.check(Verdict::Skipped, because.into(), None)
    }

    /// What it is about: the part of its id before the full stop.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// It was not made because another one found something wrong.
    #[must_use]
    pub fn skipped_after(&'static self, other: &CheckId) -> Check {
        self.skipped(format!("needs {}", other.id))
    }

    fn check(&'static self, verdict: Verdict, found: String, remedy: Option<String>) -> Check {
        let remedy = remedy.filter(|remedy| !remedy.is_empty());
        Check { topic: self, subject: None, verdict, found, details: Vec::new(), remedy, refusal: None }
    }
}

impl Check {
    /// Says which one of several it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// What it is about: the part of its id before the full stop.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.topic.section()
    }

    /// Adds more about it.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
}

/// The checks of a section, none of which was made.
#[must_use]
pub fn skipped(section: &str, because: &str) -> Vec<Check> {
    check_ids::ALL.iter().filter(|topic| topic.section() == section).map(|topic| topic.skipped(because)).collect()
}

/// Whether any of the checks found that something does not work.
#[must_use]
pub fn is_any_wrong(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.verdict == Verdict::Wrong)
}

/// Somebody else's words, short and harmless for a terminal.
fn shown(text: &str) -> String {
    excerpt(text, SHOWN_CHARACTERS)
}
