//! What a client has asked for at the authorization endpoint, after it has been checked.

use std::cmp::Ordering;

use super::LoginServiceKind;
use crate::simulator::registry::people::Pid;

/// The security levels of ID-porten, each with its rank.
const IDPORTEN_ACRS: [(&str, u8); 6] = [
    ("idporten-loa-low", 0),
    ("idporten-loa-substantial", 3),
    ("idporten-loa-high", 4),
    ("eidas-loa-low", 0),
    ("eidas-loa-substantial", 3),
    ("eidas-loa-high", 4),
];
/// Those of Ansattporten: <https://docs.digdir.no/docs/ansattporten/ansattporten_protocol.html>.
const ANSATTPORTEN_ACRS: [(&str, u8); 2] = [("substantial", 3), ("high", 4)];

/// A security level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acr {
    pub(crate) name: &'static str,
    level: u8,
}

/// Returns the security levels of a service.
pub(crate) fn acrs(kind: LoginServiceKind) -> &'static [(&'static str, u8)] {
    match kind {
        LoginServiceKind::Idporten => &IDPORTEN_ACRS,
        LoginServiceKind::Ansattporten => &ANSATTPORTEN_ACRS,
    }
}

impl Acr {
    pub(crate) fn parse(kind: LoginServiceKind, text: &str) -> Option<Self> {
        acrs(kind).iter().find(|(name, _)| *name == text).map(|(name, level)| Self { name, level: *level })
    }

    /// Returns the level of a test login, in the service's own name for it.
    pub(crate) fn of_hint(kind: LoginServiceKind, text: &str) -> Option<Self> {
        let (_, level) = IDPORTEN_ACRS.iter().find(|(name, _)| *name == text)?;
        Self::parse(kind, text).or_else(|| {
            let own = acrs(kind).iter().find(|(_, own)| own == level);
            own.map(|(name, level)| Self { name, level: *level })
        })
    }

    /// Whether a login at this level is enough where the other one was asked for.
    pub(crate) fn satisfies(self, asked: Self) -> bool {
        self.level.cmp(&asked.level) != Ordering::Less
    }
}

/// Where the answer to a request goes. Both have been checked, so that an error may be sent there.
#[derive(Debug, Clone)]
pub(crate) struct ResponseTarget {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
}

/// A valid request.
#[derive(Debug, Clone)]
pub(crate) struct AuthenticationRequest {
    pub(crate) target: ResponseTarget,
    pub(crate) nonce: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) code_challenge: String,
    pub(crate) acr: Acr,
    pub(crate) prompt_login: bool,
    pub(crate) prompt_none: bool,
    pub(crate) max_age: Option<i64>,
    pub(crate) ui_locale: Option<String>,
    /// The person in `login_hint`, and the level of the test login.
    pub(crate) hint: Option<(Pid, Acr)>,
    pub(crate) resources: Vec<String>,
    /// The resources of Altinn for which an organisation is to be chosen.
    pub(crate) altinn_resources: Vec<String>,
    /// The thumbprint of the key for `DPoP` (RFC 9449 §10).
    pub(crate) dpop_jkt: Option<String>,
}
