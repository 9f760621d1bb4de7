//! Why a service did not give a key or a signature.

use std::time::Duration;

use super::{AgentError, KeyService};
use crate::{
    explain::Explain,
    http::{HttpError, Response},
    keystore::{SignatureAlgorithm, VerificationKeyError},
};

/// Why a service did not give a key or a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The place is on this machine, and no service has it.
    #[error("the key is on this machine, not in a service")]
    NotAService,
    /// No credentials were found.
    #[error("no credentials were found for {service}: {why}")]
    NoCredentials {
        /// The service.
        service: KeyService,
        /// What was looked for, and what is wrong with it.
        why: String,
    },
    /// A setting that the service needs is missing.
    #[error("{service} needs {variable}, which is not set")]
    NotSet {
        /// The service.
        service: KeyService,
        /// The variable.
        variable: &'static str,
    },
    /// A setting of the service cannot be used.
    #[error("{variable} cannot be used for {service}: {why}")]
    Setting {
        /// The service.
        service: KeyService,
        /// The variable or file.
        variable: String,
        /// What is wrong with it.
        why: String,
    },
    /// The service does not accept the credentials.
    #[error("{service} did not accept the credentials: {reason}")]
    Credentials {
        /// The service.
        service: KeyService,
        /// Its status and own error.
        reason: Reason,
    },
    /// The caller lacks a permission.
    #[error("{service} denied access: {reason}")]
    Denied {
        /// The service.
        service: KeyService,
        /// Its status and own error.
        reason: Reason,
        /// The permission that the request needs, in the service's own words.
        permission: String,
    },
    /// There is no such secret, key or version.
    #[error("{service} has no {what}: {reason}")]
    NotFound {
        /// The service.
        service: KeyService,
        /// What was asked for.
        what: String,
        /// Its status and own error.
        reason: Reason,
    },
    /// The service refused for another reason.
    #[error("{service} refused the request: {reason}")]
    Refused {
        /// The service.
        service: KeyService,
        /// Its status and own error.
        reason: Reason,
    },
    /// The service has a fault of its own.
    #[error("{service} is out of order: {reason}")]
    Unavailable {
        /// The service.
        service: KeyService,
        /// Its status and own error.
        reason: Reason,
    },
    /// The service limits the requests of its callers.
    #[error("{service} received too many requests: {reason}")]
    Throttled {
        /// The service.
        service: KeyService,
        /// Its status and own error.
        reason: Reason,
    },
    /// There was no response.
    #[error("could not reach {service}")]
    Http {
        /// The service.
        service: KeyService,
        /// The reason.
        #[source]
        source: HttpError,
    },
    /// The response makes no sense.
    #[error("{service} gave an answer that makes no sense: {why}")]
    Answer {
        /// The service.
        service: KeyService,
        /// What is wrong with it.
        why: String,
    },
    /// The secret does not have the field that the place names.
    #[error("the secret in {service} cannot be used: {why}")]
    NoField {
        /// The service.
        service: KeyService,
        /// What is wrong with it.
        why: String,
    },
    /// The key cannot sign a JWT, or has another state than an enabled one.
    #[error("the key in {service} cannot be used: {why}")]
    Unusable {
        /// The service.
        service: KeyService,
        /// What is wrong with it.
        why: String,
    },
    /// The key signs with one algorithm only, and not with the one that was asked for.
    #[error("the key in {service} signs only with {possible}")]
    Algorithm {
        /// The service.
        service: KeyService,
        /// The algorithm of the key.
        possible: SignatureAlgorithm,
    },
    /// The public key cannot be used.
    #[error("the public key in {service} cannot be used")]
    PublicKey {
        /// The service.
        service: KeyService,
        /// The reason.
        #[source]
        source: VerificationKeyError,
    },
    /// The SSH agent failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The system gave no resources for the requests.
    #[error("could not start the requests: {0}")]
    Runtime(String),
}

/// The status and the error in the response of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The status of the response.
    pub status: u16,
    /// The service's error code, if it has one.
    pub code: Option<String>,
    /// The service's text, made safe for a terminal.
    pub text: Option<String>,
    /// How long the service asks the caller to wait.
    pub retry_after: Option<Duration>,
}

impl Reason {
    /// Returns the status and the delay of a response, which do not depend on its body.
    pub(super) fn new(response: &Response) -> Self {
        Self { status: response.status, code: None, text: None, retry_after: response.retry_after }
    }
}

/// The kinds of faults, which decide the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A setting is missing or cannot be used.
    Configuration,
    /// The key is missing or cannot be used.
    Key,
    /// The service refused.
    Refused,
    /// The service did not answer, or with a fault of its own.
    Unreachable,
}

impl PlaceError {
    /// Returns the kind of the fault.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::NotAService
            | Self::NoCredentials { .. }
            | Self::NotSet { .. }
            | Self::Setting { .. }
            | Self::Http { source: HttpError::CaFile { .. } | HttpError::ProxySetting(_), .. } => {
                FaultKind::Configuration
            }
            Self::Credentials { .. } | Self::Denied { .. } | Self::Refused { .. } => FaultKind::Refused,
            Self::Agent(AgentError::NoAgent) => FaultKind::Configuration,
            Self::Agent(AgentError::Unreachable(_) | AgentError::TimedOut | AgentError::Answer) => {
                FaultKind::Unreachable
            }
            Self::NotFound { .. }
            | Self::NoField { .. }
            | Self::Unusable { .. }
            | Self::Algorithm { .. }
            | Self::PublicKey { .. }
            | Self::Agent(_) => FaultKind::Key,
            Self::Unavailable { .. }
            | Self::Throttled { .. }
            | Self::Http { .. }
            | Self::Answer { .. }
            | Self::Runtime(_) => FaultKind::Unreachable,
        }
    }

    /// Returns the status of the service's response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Credentials { reason, .. }
            | Self::Denied { reason, .. }
            | Self::NotFound { reason, .. }
            | Self::Refused { reason, .. }
            | Self::Unavailable { reason, .. }
            | Self::Throttled { reason, .. } => Some(reason.status),
            _ => None,
        }
    }
}

impl Explain for PlaceError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAService => "key_place",
            Self::NoCredentials { .. } | Self::NotSet { .. } | Self::Setting { .. } => "service_settings",
            Self::Credentials { .. } => "service_credentials",
            Self::Denied { .. } => "service_denied",
            Self::NotFound { .. } => "service_key_not_found",
            Self::Refused { .. } => "service_refused",
            Self::Unavailable { .. } | Self::Throttled { .. } => "service_unavailable",
            Self::Http { source, .. } => source.code(),
            Self::Agent(error) => error.code(),
            Self::Answer { .. } => "service_answer",
            Self::NoField { .. } | Self::Unusable { .. } | Self::Algorithm { .. } | Self::PublicKey { .. } => {
                "service_key"
            }
            Self::Runtime(_) => "runtime",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAService | Self::Runtime(_) => return None,
            Self::Agent(error) => return error.hint(),
            Self::NoCredentials { service, .. } | Self::Credentials { service, .. } => {
                service.credentials_hint().to_owned()
            }
            Self::NotSet { variable, .. } => format!("set {variable}, and export it"),
            Self::Setting { variable, .. } => format!("correct {variable}"),
            Self::Denied { permission, .. } => format!("give this identity the permission {permission}"),
            Self::NotFound { .. } => "check the name, and which account or address the credentials are for".to_owned(),
            Self::Refused { .. } => "read the service's own error above".to_owned(),
            Self::Unavailable { reason, .. } | Self::Throttled { reason, .. } => match reason.retry_after {
                Some(delay) => format!("try again in {} s", delay.as_secs()),
                None => "try again later".to_owned(),
            },
            Self::Http { source: HttpError::TimedOut { connecting: false, .. }, .. } => {
                "try again later; --timeout waits longer".to_owned()
            }
            Self::Http { service, .. } => format!("check the address of {service}, the network and the proxy"),
            Self::Answer { .. } => "check the address: another server, or a proxy, may have answered".to_owned(),
            Self::NoField { .. } => "name a field of the secret that is a text, after #".to_owned(),
            Self::Algorithm { possible, .. } => format!("pass --alg {possible}, or use another key"),
            Self::Unusable { .. } | Self::PublicKey { .. } => {
                "use an RSA key of 2048 bits or more that may sign".to_owned()
            }
        })
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, code, text, .. } = self;
        match (code, text) {
            (Some(code), Some(text)) => write!(formatter, "{code}: {text} (HTTP {status})"),
            (Some(text), None) | (None, Some(text)) => write!(formatter, "{text} (HTTP {status})"),
            (None, None) => write!(formatter, "HTTP {status}"),
        }
    }
}
