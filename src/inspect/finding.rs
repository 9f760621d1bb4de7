//! One thing that was looked at when a token was verified: what was found, and what should have been.

use std::fmt;

use serde::Serialize;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether the key of who it should be from signed it.
    Signature,
    /// Whether the certificates lead from one to the next.
    Chain,
    /// Whether the certificates hold, and the first may sign.
    Certificates,
    /// Which organisation the certificate is for.
    Organisation,
    /// Who issued it.
    Issuer,
    /// Whether it still holds.
    Expiry,
    /// Whether it was issued in the past.
    IssuedAt,
    /// Whether it holds already.
    NotBefore,
    /// Whether it is good for no longer than is allowed.
    Lifetime,
    /// Whom it is for.
    Audience,
    /// What it gives access to.
    Scope,
    /// Who has the access.
    Consumer,
}

impl fmt::Display for Check {
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

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it should be.
    Good,
    /// It is not.
    Fault,
    /// Nothing says what it should be.
    NotChecked,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it went.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What should have been.
    pub expected: String,
}

impl Finding {
    pub(super) fn new(check: Check, good: bool, found: impl Into<String>, expected: impl Into<String>) -> Self {
        let verdict = if good { Verdict::Good } else { Verdict::Fault };
        Self { check, verdict, found: found.into(), expected: expected.into() }
    }

    pub(super) fn not_checked(check: Check, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::NotChecked, found: found.into(), expected: expected.into() }
    }
}
