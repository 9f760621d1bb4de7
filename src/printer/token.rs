//! The access token alone, as JSON, for a shell's environment, as a header, or for curl's configuration.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    headers::{self, HeadersForm},
    quoting,
};
use crate::client::AccessToken;

/// How an access token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// The token and nothing else.
    Token,
    /// The answer's members, with the time at which the token ends.
    Json,
    /// Assignments for `eval` in a POSIX shell.
    Env,
    /// An `Authorization` header (RFC 6750 §2.1).
    Header,
    /// A line for `curl -K`.
    CurlConfig,
}

/// RFC 6749 §5.1 under its wire names, and when the token ends.
#[derive(Serialize)]
struct Json<'token> {
    access_token: &'token str,
    token_type: &'token str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'token str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_epoch: Option<i64>,
}

impl TokenForm {
    const ALL: [Self; 5] = [Self::Token, Self::Json, Self::Env, Self::Header, Self::CurlConfig];

    /// The names of the forms.
    pub const NAMES: [&str; 5] = ["token", "json", "env", "header", "curl-config"];

    /// Finds the form with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(form, _)| form)
    }
}

/// Writes an access token.
///
/// # Errors
/// Whatever `out` says.
pub fn print_token(form: TokenForm, token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    match form {
        TokenForm::Token => writeln!(out, "{}", token.expose()),
        TokenForm::Json => {
            let json = Json {
                access_token: token.expose(),
                token_type: &token.token_type,
                expires_in: token.expires_in_seconds,
                scope: token.scope.as_deref(),
                expires_at: token.expires_at().map(rfc3339),
                expires_at_epoch: token.expires_at().map(|at| at.timestamp()),
            };
            serde_json::to_writer(&mut *out, &json)?;
            writeln!(out)
        }
        TokenForm::Env => {
            writeln!(out, "export MASKINPORTEN_TOKEN={}", quoting::shell(token.expose()))?;
            match token.expires_at() {
                Some(at) => writeln!(out, "export MASKINPORTEN_TOKEN_EXPIRES_AT={}", quoting::shell(&rfc3339(at))),
                // An earlier token's end must not be taken for this one's.
                None => writeln!(out, "unset MASKINPORTEN_TOKEN_EXPIRES_AT"),
            }
        }
        TokenForm::Header => headers::print_headers(HeadersForm::Lines, token, &[], out),
        TokenForm::CurlConfig => headers::print_headers(HeadersForm::CurlConfig, token, &[], out),
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
