//! Why there is no access token.

use std::time::Duration;

use super::{Refusal, RefusalFacts, Transient};
use crate::{
    environment::is_maskinporten_host,
    explain::Explain,
    grant::{Assertion, GrantError},
    http::{Endpoint, EndpointError, HttpError, Response},
    language::Language,
    text::{excerpt, server_text},
};

/// The longest excerpt of an unexpected response.
const EXCERPT_CHARACTERS: usize = 160;
/// RFC 6585 §4.
const TOO_MANY_REQUESTS: u16 = 429;

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The assertion could not be signed.
    #[error("could not make a grant")]
    Grant(#[from] GrantError),
    /// The URL of the metadata is not one that a request may be sent to.
    #[error("could not parse the metadata URL")]
    Endpoint(#[source] EndpointError),
    /// The metadata names a token endpoint that does not belong to the audience, although it must.
    #[error("the metadata would send a grant for `{}` to {endpoint}", excerpt(.audience, 100))]
    ForeignEndpoint {
        /// The audience of the grant.
        audience: String,
        /// The token endpoint.
        endpoint: Endpoint,
    },
    /// There was no response.
    #[error("{}{}", no_answer(.0), attempt_count(*.1))]
    Http(
        #[source] HttpError,
        /// The number of attempts.
        usize,
    ),
    /// The server refused the grant.
    #[error("the token endpoint refused the grant: HTTP {}, {}{}", .0.status, .0.error, mp_code(.0))]
    Refused(Box<Refusal>),
    /// The server is unavailable for now.
    #[error("{endpoint} {}{}: HTTP {status}{}", not_now(*.status), attempt_count(*.attempts), quoted(.excerpt))]
    Unavailable {
        /// The endpoint.
        endpoint: Endpoint,
        /// The status code: 429 or 5xx.
        status: u16,
        /// The delay before the next attempt that it asks for.
        retry_after: Option<Duration>,
        /// The beginning of the response.
        excerpt: String,
        /// The number of attempts.
        attempts: usize,
    },
    /// The response is not what a server of this kind sends.
    #[error("unexpected response")]
    UnexpectedResponse(#[source] UnexpectedResponse),
}

/// A response that could not be used, described in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint} answered HTTP {status}{}, and {what}{}{}", with_type(.media_type), at(.location.as_deref()), quoted(.excerpt))]
pub struct UnexpectedResponse {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The status code.
    pub status: u16,
    /// Its media type.
    pub media_type: String,
    /// The target of a redirect.
    pub location: Option<String>,
    /// What is wrong with it.
    pub what: String,
    /// Its beginning, without control characters and tokens.
    pub excerpt: String,
}

impl UnexpectedResponse {
    pub(super) fn new(endpoint: &Endpoint, response: &Response, what: &str) -> Self {
        let text = String::from_utf8_lossy(&response.body);
        // A token that cannot be used is still a secret, so of a success only an HTML page is shown.
        let success = (200..300).contains(&response.status);
        let has_token = ["access_token", "id_token", "refresh_token"].iter().any(|member| text.contains(member));
        let hidden = has_token || (success && !text.trim_start().starts_with('<'));
        Self {
            endpoint: endpoint.clone(),
            status: response.status,
            media_type: server_text(&response.media_type, 60),
            location: response.location.as_deref().map(|location| server_text(location, EXCERPT_CHARACTERS)),
            what: what.to_owned(),
            excerpt: if hidden { String::new() } else { server_text(&text, EXCERPT_CHARACTERS) },
        }
    }
}

impl From<HttpError> for ClientError {
    fn from(error: HttpError) -> Self {
        Self::Http(error, 1)
    }
}

impl ClientError {
    /// Returns the error for 429 and 5xx.
    pub(crate) fn unavailable(endpoint: &Endpoint, response: &Response) -> Self {
        Self::Unavailable {
            endpoint: endpoint.clone(),
            status: response.status,
            retry_after: response.retry_after,
            excerpt: UnexpectedResponse::new(endpoint, response, "").excerpt,
            attempts: 1,
        }
    }

    /// Returns the error of a response that could not be used; `what` is what is wrong with it, as the end of a sentence.
    pub(crate) fn unexpected(endpoint: &Endpoint, response: &Response, what: &str) -> Self {
        Self::UnexpectedResponse(UnexpectedResponse::new(endpoint, response, what))
    }

    /// Returns the error of a response that is neither a success nor a refusal; `unused` is the end of a sentence about a
    /// status that the server does not use.
    pub(crate) fn of_status(endpoint: &Endpoint, response: &Response, unused: &str) -> Self {
        match response.status {
            429 | 500..=599 => Self::unavailable(endpoint, response),
            300..=399 => Self::unexpected(endpoint, response, "it is a redirect, which is never followed"),
            _ => Self::unexpected(endpoint, response, unused),
        }
    }

    /// Returns the error of this grant: the explanation of a refusal can name what the grant contains, and the time.
    pub(super) fn about_grant(mut self, assertion: &Assertion, response: &Response) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.facts.add_grant(assertion, response.received_at);
            refusal.facts.add_clock(response.seconds_ahead().unwrap_or_default());
        }
        self
    }

    /// Returns the error with what else is known about the grant.
    #[must_use]
    pub fn knowing(mut self, facts: &RefusalFacts) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.facts.add(facts);
        }
        self
    }
}

impl Transient for ClientError {
    fn after_attempts(self, attempts: usize) -> Self {
        match self {
            Self::Http(error, _) => Self::Http(error, attempts),
            Self::Unavailable { endpoint, status, retry_after, excerpt, .. } => {
                Self::Unavailable { endpoint, status, retry_after, excerpt, attempts }
            }
            other @ (Self::Grant(_)
            | Self::Endpoint(_)
            | Self::ForeignEndpoint { .. }
            | Self::Refused(_)
            | Self::UnexpectedResponse(_)) => other,
        }
    }

    fn is_passing(&self) -> bool {
        match self {
            Self::Http(error, _) => error.is_transient(),
            Self::Unavailable { .. } => true,
            Self::Grant(_)
            | Self::Endpoint(_)
            | Self::ForeignEndpoint { .. }
            | Self::Refused(_)
            | Self::UnexpectedResponse(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Explain for ClientError {
    fn code(&self) -> &'static str {
        match self {
            Self::Grant(error) => error.code(),
            Self::Endpoint(error) => error.code(),
            Self::ForeignEndpoint { .. } => "config_address",
            Self::Http(error, _) => error.code(),
            Self::Refused(_) => "refused",
            Self::Unavailable { .. } => "unavailable",
            Self::UnexpectedResponse(_) => "answer",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Grant(error) => error.hint(),
            Self::Endpoint(error) => error.hint(),
            Self::ForeignEndpoint { .. } => Some(
                "pass --env test or --env prod; if you trust the project file that names the addresses, name it with \
                 --config"
                    .to_owned(),
            ),
            Self::Http(error, _) => error.hint(),
            Self::Refused(refusal) => Some(refusal.remedy(Language::English)),
            Self::Unavailable { endpoint, status, retry_after, .. } => {
                let when = retry_after.map_or_else(|| "later".to_owned(), |delay| format!("in {} s", delay.as_secs()));
                if *status == TOO_MANY_REQUESTS {
                    return Some(format!(
                        "try again {when}; use each token until it expires instead of requesting one for every call"
                    ));
                }
                if !is_maskinporten_host(endpoint.host()) {
                    return Some(format!("try again {when}"));
                }
                Some(format!("try again {when}; https://status.digdir.no shows current incidents"))
            }
            Self::UnexpectedResponse(_) => {
                Some("check the URL, and whether a proxy answers instead of the server".to_owned())
            }
        }
    }
}

/// Describes a 429 or a 5xx.
fn not_now(status: u16) -> &'static str {
    if status == TOO_MANY_REQUESTS { "received too many requests" } else { "is unavailable" }
}

fn attempt_count(count: usize) -> String {
    if count > 1 { format!(" ({count} attempts)") } else { String::new() }
}

/// Describes how far the request got.
fn no_answer(error: &HttpError) -> &'static str {
    match error {
        HttpError::CaFile { .. } | HttpError::ProxySetting(_) | HttpError::Tls(_) => "could not prepare the connection",
        error if error.reached_the_server() => "could not read the response",
        _ => "could not reach the server",
    }
}

fn mp_code(refusal: &Refusal) -> String {
    refusal.mp_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default()
}

fn with_type(media_type: &str) -> String {
    if media_type.is_empty() { String::new() } else { format!(" with {media_type}") }
}

fn at(location: Option<&str>) -> String {
    location.map(|location| format!(" (to {location})")).unwrap_or_default()
}

fn quoted(excerpt: &str) -> String {
    if excerpt.is_empty() { String::new() } else { format!(": {excerpt}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_page_is_for_servers_of_maskinporten_alone() {
        for (url, expected) in [
            ("https://test.maskinporten.no/token", true),
            ("https://maskinporten.no.example/token", false),
            ("http://127.0.0.1:8080/token", false),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            let error = ClientError::Unavailable {
                endpoint,
                status: 503,
                retry_after: None,
                excerpt: String::new(),
                attempts: 1,
            };
            assert_eq!(error.hint().unwrap().contains("status.digdir.no"), expected, "{url}");
        }
    }
}
