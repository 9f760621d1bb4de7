//! Why an SSH agent did not give a key or a signature.

use crate::{explain::Explain, keystore::SignatureAlgorithm};

/// Why an SSH agent did not give a key or a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// No agent is named.
    #[error("there is no SSH agent: SSH_AUTH_SOCK is not set")]
    NoAgent,
    /// The agent does not answer.
    #[error("could not reach the SSH agent: {0}")]
    Unreachable(String),
    /// The agent does not answer in time, perhaps because it waits for its user.
    #[error("the SSH agent did not answer in time")]
    TimedOut,
    /// The answer does not follow the protocol.
    #[error("the SSH agent gave an answer that makes no sense")]
    Answer,
    /// The agent has no such key.
    #[error("the SSH agent has no key with this comment or fingerprint that can sign a JWT; it has:{0}")]
    NoSuchKey(String),
    /// Several keys have the comment.
    #[error("the SSH agent has several such keys:{0}")]
    SeveralKeys(String),
    /// The agent refuses to sign.
    #[error("the SSH agent refused to sign: it is locked, or its user did not confirm")]
    Refused,
    /// SSH has no such signature.
    #[error("an SSH agent cannot sign with {0}")]
    Algorithm(SignatureAlgorithm),
}

impl Explain for AgentError {
    fn code(&self) -> &'static str {
        "ssh_agent"
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::NoAgent => "start one and add the key: eval $(ssh-agent) && ssh-add key.pem",
                Self::Unreachable(_) | Self::Answer => "check that the agent runs: ssh-add -l",
                Self::TimedOut => "confirm in its dialogue; --timeout waits longer",
                Self::NoSuchKey(_) => "add the key, and use its comment or fingerprint: ssh-add key.pem && ssh-add -l",
                Self::SeveralKeys(_) => "use the fingerprint that `ssh-add -l` shows: ssh-agent:SHA256:…",
                Self::Refused => "unlock the agent with `ssh-add -X`, or confirm in its dialogue",
                Self::Algorithm(_) => "pass --alg RS256",
            }
            .to_owned(),
        )
    }
}
