//! Diagnoses everything that a token depends on, one check after the other.
//!
//! Each [`Check`] has what was found, why it matters and what to do. Each section has a function that examines what was
//! opened, signed, answered or received, by the rules of
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant> and its neighbouring pages. What a token or
//! grant contains, and whether it is valid, comes from [`crate::inspect`].
//!
//! # Security
//! No check contains a key, a password, a grant, a token or a person's number, so a report can be shown to anyone.

pub mod altinn;
pub mod certificate;
pub mod check_ids;
mod consequence;
pub mod grant;
pub mod network;
pub mod received;
pub mod registered_key;
pub mod token;

pub use self::consequence::{attribute, faults};
use crate::{
    client::Refusal,
    explain::Explain,
    inspect::{FindingKind, FindingVerdict, Verification},
    text::excerpt,
};

/// Settings and values from servers are cut off here.
const SHOWN_CHARACTERS: usize = 200;

/// The identity of a check, and why it matters.
#[derive(Debug, PartialEq, Eq)]
pub struct CheckId {
    /// The identifier for programs, stable between versions: the section, a full stop and a name.
    pub id: &'static str,
    /// The title for people.
    pub title: &'static str,
    /// Why it matters, in one sentence.
    pub why: &'static str,
}

/// The verdict of a check, in order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Not checked, because another check failed or it was not requested.
    Skipped,
    /// No problem.
    Pass,
    /// It works, but perhaps not for long or not everywhere.
    Warning,
    /// It does not work.
    Fail,
}

/// Whose rules a grant and a token are checked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerRules {
    /// Those that Maskinporten documents.
    Maskinporten,
    /// Those that every authorization server has: its signature algorithms, claims and lifetimes are not known.
    Other,
}

/// A check with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub topic: &'static CheckId,
    /// The one of several that was checked, such as a scope.
    pub subject: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// What was found, or why the check was skipped.
    pub found: String,
    /// Details, line by line.
    pub details: Vec<String>,
    /// What to do, after a warning or a failure.
    pub remedy: Option<String>,
    /// The server's refusal, which has a meaning and a remedy of its own.
    pub refusal: Option<Box<Refusal>>,
    /// The code of the error that it failed with.
    error: Option<&'static str>,
}

impl CheckId {
    /// Returns a check without a problem.
    #[must_use]
    pub fn pass(&'static self, found: impl Into<String>) -> Check {
        self.check(Verdict::Pass, found.into(), None)
    }

    /// Returns a check with a warning; an empty remedy is left out.
    #[must_use]
    pub fn warning(&'static self, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.check(Verdict::Warning, found.into(), Some(remedy.into()))
    }

    /// Returns a check that failed; an empty remedy is left out.
    #[must_use]
    pub fn fail(&'static self, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.check(Verdict::Fail, found.into(), Some(remedy.into()))
    }

    /// Returns a check that failed with an error, its causes and its hint.
    #[must_use]
    pub fn failed(&'static self, error: &dyn Explain) -> Check {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let mut check = self.check(Verdict::Fail, error.to_string(), error.hint());
        check.error = Some(error.code());
        check.with_details(causes.map(ToString::to_string))
    }

    /// Returns a check that was skipped.
    #[must_use]
    pub fn skipped(&'static self, because: impl Into<String>) -> Check {
        self.check(Verdict::Skipped, because.into(), None)
    }

    /// Returns a check that was skipped because another one failed.
    #[must_use]
    pub fn skipped_after(&'static self, other: &CheckId) -> Check {
        self.skipped(after(other))
    }

    /// Returns the section: the part of the id before the full stop.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// Returns a check with what verification found about a property; `remedy` is for a fault.
    fn verified(&'static self, verification: &Verification, kind: FindingKind, remedy: &str) -> Check {
        let Some(finding) = verification.finding(kind) else { return self.skipped("not verified") };
        match finding.verdict {
            FindingVerdict::Pass => self.pass(finding.found.clone()),
            FindingVerdict::Fail => self.fail(finding.to_string(), remedy),
            FindingVerdict::NotChecked => self.skipped(finding.to_string()),
        }
    }

    fn check(&'static self, verdict: Verdict, found: String, remedy: Option<String>) -> Check {
        let remedy = remedy.filter(|remedy| !remedy.is_empty());
        Check { topic: self, subject: None, verdict, found, details: Vec::new(), remedy, refusal: None, error: None }
    }
}

impl Check {
    /// Sets the one of several that was checked.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Returns the section: the part of the id before the full stop.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.topic.section()
    }

    /// Whether another check of the same kind failed for the same reason, as hundreds of scopes may.
    #[must_use]
    pub fn is_explained_like(&self, other: &Self) -> bool {
        let reason = |check: &Self| {
            let refusal = check.refusal.as_ref();
            let unknown = |refusal: &Refusal| (refusal.error.clone(), refusal.mp_code.clone());
            let known = refusal.and_then(|refusal| refusal.explanation);
            let own = refusal.filter(|_| known.is_none()).map(|refusal| unknown(refusal));
            (refusal.is_some() || check.error.is_some()).then_some((known, own, check.error))
        };
        self.topic == other.topic
            && self.verdict == other.verdict
            && self.subject.is_some()
            && reason(self).is_some_and(|own| Some(own) == reason(other))
    }

    /// Adds details.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
}

/// Returns why a check was not made that depends on one that failed.
#[must_use]
pub fn after(other: &CheckId) -> String {
    format!("not checked because {} failed", other.id)
}

/// Returns every check of a section as skipped.
#[must_use]
pub fn skipped(section: &str, because: &str) -> Vec<Check> {
    check_ids::ALL.iter().filter(|topic| topic.section() == section).map(|topic| topic.skipped(because)).collect()
}

/// Makes a value from outside safe to show: short and printable.
fn shown(text: &str) -> String {
    excerpt(text, SHOWN_CHARACTERS)
}
