//! What is asked of Altinn, for messages.

use std::fmt;

/// What is asked of Altinn: a message about its failure begins with it, and its remedy depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AltinnOperation {
    /// The exchange of a token for a token of Altinn.
    Exchange,
    /// The renewal of a token of Altinn.
    Refresh,
}

impl AltinnOperation {
    /// Returns the scopes of which the token needs one; empty when other rules decide.
    #[must_use]
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Exchange | Self::Refresh => &[],
        }
    }

    /// Returns the prefix of the explanations of this operation's refusals that have no code of Altinn's own.
    pub(super) fn code_prefix(self) -> Option<&'static str> {
        match self {
            Self::Exchange => Some("EXCHANGE"),
            Self::Refresh => None,
        }
    }

    /// Whether a repeated request has the same effect as one.
    #[must_use]
    pub fn may_be_repeated(self) -> bool {
        match self {
            Self::Exchange | Self::Refresh => true,
        }
    }
}

impl fmt::Display for AltinnOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Exchange => "exchange the token",
            Self::Refresh => "renew the token",
        })
    }
}
