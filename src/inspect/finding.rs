//! The results of inspecting a token: findings, each about one property that was verified, and warnings.

use std::fmt;

use serde::Serialize;

/// The property of a token that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The signature.
    Signature,
    /// Whether each certificate in `x5c` was issued by the next.
    Chain,
    /// Whether the certificates in `x5c` are valid now, and the first may sign.
    Certificates,
    /// The organisation number in the first certificate.
    Organisation,
    /// The issuer.
    Issuer,
    /// The time of expiry.
    Expiry,
    /// The time of issue.
    IssuedAt,
    /// The time before which the token is not valid.
    NotBefore,
    /// The time between issue and expiry.
    Lifetime,
    /// The audience.
    Audience,
    /// The scopes.
    Scope,
    /// The organisation that has the access.
    Consumer,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Signature => "signature",
            Self::Chain => "chain",
            Self::Certificates => "certificates",
            Self::Organisation => "organisation",
            Self::Issuer => "issuer",
            Self::Expiry => "expiry",
            Self::IssuedAt => "issued at",
            Self::NotBefore => "not before",
            Self::Lifetime => "lifetime",
            Self::Audience => "audience",
            Self::Scope => "scope",
            Self::Consumer => "consumer",
        })
    }
}

/// The verdict of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingVerdict {
    /// The property is as expected.
    #[serde(rename = "good")]
    Pass,
    /// The property is not as expected.
    #[serde(rename = "fault")]
    Fail,
    /// There is no expectation to compare with.
    NotChecked,
}

/// A property of a token that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The property.
    #[serde(rename = "check")]
    pub kind: FindingKind,
    /// The verdict.
    pub verdict: FindingVerdict,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; expected {}", self.found, self.expected)
    }
}

impl Finding {
    pub(super) fn new(kind: FindingKind, pass: bool, found: impl Into<String>, expected: impl Into<String>) -> Self {
        let verdict = if pass { FindingVerdict::Pass } else { FindingVerdict::Fail };
        Self { kind, verdict, found: found.into(), expected: expected.into() }
    }

    pub(super) fn not_checked(kind: FindingKind, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { kind, verdict: FindingVerdict::NotChecked, found: found.into(), expected: expected.into() }
    }
}

/// A warning about a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenWarning {
    /// The identifier for programs: lower case with underscores, stable between versions.
    pub code: &'static str,
    /// The message for people.
    pub message: String,
}

impl TokenWarning {
    pub(super) fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }
}
