//! What is asked of Altinn, for messages.

use std::fmt;

/// What is asked of Altinn: a message about its failure begins with it, and its remedy depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AltinnOperation {
    /// The exchange of a token for a token of Altinn.
    Exchange,
    /// The renewal of a token of Altinn.
    Refresh,
    /// The list of a vendor's systems.
    ListSystems,
    /// A system in the system register.
    ShowSystem,
    /// The registration of a system.
    RegisterSystem,
    /// The replacement of a system in the system register.
    UpdateSystem,
    /// A request for a system user, which a customer is to approve.
    CreateRequest,
    /// A request for a system user, with its status.
    ShowRequest,
    /// The list of the requests for system users.
    ListRequests,
    /// The withdrawal of a request for a system user.
    DeleteRequest,
    /// The list of a system's system users.
    ListUsers,
    /// A login at Altinn 2.
    Login,
    /// A token of Altinn's test token generator.
    TestToken,
}

/// <https://docs.altinn.studio/api/authentication/systemuserapi/>
const REGISTER: &[&str] = &["altinn:authentication/systemregister.write"];
const REQUEST_READ: &[&str] = &["altinn:authentication/systemuser.request.read"];
const REQUEST_WRITE: &[&str] = &["altinn:authentication/systemuser.request.write"];

impl AltinnOperation {
    /// Returns the scopes of which the token needs one; empty when other rules decide.
    #[must_use]
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Exchange | Self::Refresh | Self::Login | Self::TestToken => &[],
            Self::ListSystems | Self::ShowSystem | Self::RegisterSystem | Self::UpdateSystem | Self::ListUsers => {
                REGISTER
            }
            Self::ShowRequest | Self::ListRequests => REQUEST_READ,
            Self::CreateRequest | Self::DeleteRequest => REQUEST_WRITE,
        }
    }

    /// Returns the prefix of the explanations of this operation's refusals that have no code of Altinn's own.
    pub(super) fn code_prefix(self) -> Option<&'static str> {
        match self {
            Self::Exchange => Some("EXCHANGE"),
            Self::Login => Some("ALTINN2"),
            Self::TestToken => Some("TESTTOKEN"),
            _ => None,
        }
    }

    /// Whether a repeated request has the same effect as one.
    #[must_use]
    pub fn may_be_repeated(self) -> bool {
        // A request that exists already is returned, and not made again. The others would be refused the second time.
        !matches!(self, Self::RegisterSystem | Self::DeleteRequest | Self::Login)
    }
}

impl fmt::Display for AltinnOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Exchange => "exchange the token",
            Self::Refresh => "renew the token",
            Self::ListSystems => "list the systems",
            Self::ShowSystem => "show the system",
            Self::RegisterSystem => "register the system",
            Self::UpdateSystem => "update the system",
            Self::CreateRequest => "make the request for a system user",
            Self::ShowRequest => "show the request for a system user",
            Self::ListRequests => "list the requests for system users",
            Self::DeleteRequest => "delete the request for a system user",
            Self::ListUsers => "list the system users",
            Self::Login => "log the user in",
            Self::TestToken => "make a test token",
        })
    }
}
