//! Why a login gave no tokens.

use crate::{
    client::{ClientError, Refusal},
    dpop::DpopError,
    explain::Explain,
    grant::GrantError,
    inspect::InspectError,
    keystore::SignatureAlgorithm,
    language::Language,
};

/// Why a login gave no tokens.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A request could not be sent, or its response not be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The client could not authenticate itself.
    #[error("could not sign the client assertion")]
    Grant(#[from] GrantError),
    /// The proof of possession could not be made, or the token is not bound to its key.
    #[error(transparent)]
    Dpop(#[from] DpopError),
    /// The system has no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The server does not take parameters before the login.
    #[error(
        "the server takes no parameters before the login: its metadata has no `pushed_authorization_request_endpoint`"
    )]
    NoPushedRequests,
    /// The answer in the browser belongs to another login.
    #[error("the answer in the browser has another `state` than this login, so it belongs to another one")]
    State,
    /// The answer in the browser is that of another server.
    #[error("the answer in the browser is from another issuer, `{0}` (RFC 9207)")]
    OtherIssuer(String),
    /// The answer in the browser does not name the server, although this one always does.
    #[error("the answer in the browser does not name its issuer, although this server always does (RFC 9207)")]
    NoIssuer,
    /// The answer in the browser is not one of an authorization server.
    #[error("the answer in the browser cannot be used: {0}")]
    Answer(&'static str),
    /// The server refused.
    #[error("{}: {}{}", step.refused(), http_status(refusal), refusal.error)]
    Refused {
        /// What the server refused.
        step: LoginStep,
        /// Its refusal.
        refusal: Box<Refusal>,
    },
    /// The id token failed a check.
    #[error("the id token is not accepted")]
    IdToken(#[from] IdTokenFault),
    /// The access token has expired already.
    #[error("the access token has expired already")]
    AccessTokenExpired,
    /// The `iat` of the access token is in the future.
    #[error("the access token was issued in the future")]
    AccessTokenIssuedAt,
}

/// The request that a server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginStep {
    /// The login in the browser.
    Browser,
    /// The parameters that are posted before it.
    PushedRequest,
    /// The exchange of its code.
    Code,
    /// The renewal of its tokens.
    Refresh,
    /// The revocation of its tokens.
    Revocation,
}

/// The check that an id token failed (`OpenID` Connect Core §3.1.3.7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFault {
    /// There is none.
    #[error("the response has no id token")]
    Missing,
    /// It is not a signed token.
    #[error("it cannot be read: {0}")]
    Unreadable(InspectError),
    /// It is not signed.
    #[error("it is not signed: its `alg` is `none`")]
    Unsigned,
    /// It is signed with a shared secret (HMAC): an attacker could sign with the public key as that secret.
    #[error("it is signed with a shared secret ({0}), not with a key of the server")]
    SharedSecret(String),
    /// None of the server's keys made its signature.
    #[error("its signature ({0}) is not by any of the server's published keys")]
    Signature(SignatureAlgorithm),
    /// It is from another issuer.
    #[error("it is from another issuer, `{0}`")]
    Issuer(String),
    /// It is for another client.
    #[error("it is for another client: its `aud` does not name this one")]
    Audience,
    /// It was given to another client.
    #[error("it was given to another client: its `azp` does not name this one")]
    AuthorizedParty,
    /// It has expired.
    #[error("it has expired, or has no `exp`")]
    Expired,
    /// Its `iat` is in the future.
    #[error("it was issued in the future, or has no `iat`")]
    IssuedAt,
    /// It belongs to another login.
    #[error("it has another `nonce` than this login, so it belongs to another one")]
    Nonce,
    /// The level is too low.
    #[error("the person has logged in at the level `{0}`, which is lower than the one that was asked for")]
    Level(String),
    /// The login is too old.
    #[error("the person has not logged in during the last {0} s, or it has no `auth_time`")]
    AuthenticationTime(u32),
    /// It is about another person than the login.
    #[error("it is about another person than the login: its `sub` has changed")]
    Subject,
    /// It came with another access token.
    #[error("it came with another access token: its `at_hash` is not that of this one")]
    AccessTokenHash,
}

impl LoginStep {
    fn refused(self) -> &'static str {
        match self {
            Self::Browser => "the login was refused",
            Self::PushedRequest => "the server refused the parameters of the login",
            Self::Code => "the server refused to exchange the code of the login",
            Self::Refresh => "the server refused to renew the tokens",
            Self::Revocation => "the server refused to revoke the tokens",
        }
    }
}

impl LoginError {
    pub(super) fn refused_in_browser(refusal: Refusal) -> Self {
        Self::Refused { step: LoginStep::Browser, refusal: Box::new(refusal) }
    }
}

impl Explain for LoginError {
    fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::Grant(error) => error.code(),
            Self::Dpop(error) => error.code(),
            Self::Random => "random",
            Self::NoPushedRequests => "login_par",
            Self::State => "login_state",
            Self::OtherIssuer(_) => "login_issuer",
            Self::NoIssuer => "login_no_issuer",
            Self::Answer(_) => "login_answer",
            Self::Refused { .. } => "login_refused",
            Self::IdToken(fault) => fault.code(),
            Self::AccessTokenExpired => "access_token_expired",
            Self::AccessTokenIssuedAt => "access_token_iat",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Client(error) => return error.hint(),
                Self::Grant(error) => return error.hint(),
                Self::Dpop(error) => return error.hint(),
                Self::Refused { refusal, .. } => return Some(refusal.remedy(Language::English)),
                Self::IdToken(fault) => return fault.hint(),
                Self::Random => "try again; the system's random number generator is not ready",
                Self::NoPushedRequests => "leave out --par",
                Self::State | Self::Answer(_) => {
                    "log in again, in the page that opens; if it happens again, another page in this browser interferes"
                }
                Self::OtherIssuer(_) | Self::NoIssuer => {
                    "close the page: another server may be trying to get this login's code; check --env and --idp, and log in \
                     again"
                }
                Self::AccessTokenExpired | Self::AccessTokenIssuedAt => CLOCK,
            }
            .to_owned(),
        )
    }
}

const CLOCK: &str = "check the clock of this machine, and log in again";

impl Explain for IdTokenFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "id_token_missing",
            Self::Unreadable(_) => "id_token_unreadable",
            Self::Unsigned => "id_token_unsigned",
            Self::SharedSecret(_) => "id_token_shared_secret",
            Self::Signature(_) => "id_token_signature",
            Self::Issuer(_) => "id_token_issuer",
            Self::Audience => "id_token_audience",
            Self::AuthorizedParty => "id_token_azp",
            Self::Expired => "id_token_expired",
            Self::IssuedAt => "id_token_iat",
            Self::Nonce => "id_token_nonce",
            Self::Level(_) => "id_token_acr",
            Self::AuthenticationTime(_) => "id_token_auth_time",
            Self::Subject => "id_token_sub",
            Self::AccessTokenHash => "id_token_at_hash",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Expired | Self::IssuedAt => CLOCK,
                Self::Level(_) => "log in again with an electronic id of the level that --acr asks for",
                Self::AuthenticationTime(_) => "log in again with --prompt login, or pass a longer --max-age",
                Self::Missing
                | Self::Unreadable(_)
                | Self::Unsigned
                | Self::SharedSecret(_)
                | Self::Signature(_)
                | Self::Issuer(_)
                | Self::Audience
                | Self::AuthorizedParty
                | Self::Nonce
                | Self::Subject
                | Self::AccessTokenHash => {
                    "do not use this login: something between this machine and the server may have changed the response; \
                     check --env, --idp and --idp-issuer, and the proxy"
                }
            }
            .to_owned(),
        )
    }
}

/// Returns the status of a refusal that was a response, not an answer in the browser.
fn http_status(refusal: &Refusal) -> String {
    if refusal.status == 0 { String::new() } else { format!("HTTP {}, ", refusal.status) }
}
