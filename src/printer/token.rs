//! The access token alone, as JSON, as variables, as a header, for curl's configuration, or for GitHub Actions.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    github,
    headers::{self, HeadersForm},
    variables::{self, Shell},
};
use crate::client::AccessToken;

/// How an access token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// The token and nothing else.
    Token,
    /// The answer's members, with the time at which the token ends.
    Json,
    /// Assignments of variables, for this shell to evaluate.
    Env(Shell),
    /// An `Authorization` header (RFC 6750 §2.1).
    Header,
    /// A line for `curl -K`.
    CurlConfig,
    /// The lines of a `.env` file.
    Dotenv,
    /// The workflow command of GitHub Actions that masks the token. The outputs are written by
    /// [`print_github_outputs`](super::print_github_outputs).
    Github,
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
    const ALL: [Self; 7] =
        [Self::Token, Self::Json, Self::Env(Shell::Sh), Self::Header, Self::CurlConfig, Self::Dotenv, Self::Github];

    /// The names of the forms.
    pub const NAMES: [&str; 7] = ["token", "json", "env", "header", "curl-config", "dotenv", "github"];

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
        TokenForm::Env(shell) => variables::print_env(shell, token, out),
        TokenForm::Header => headers::print_headers(HeadersForm::Lines, token, &[], out),
        TokenForm::CurlConfig => headers::print_headers(HeadersForm::CurlConfig, token, &[], out),
        TokenForm::Dotenv => variables::print_dotenv(token, out),
        TokenForm::Github => github::print_mask(token, out),
    }
}

/// A time to the second, in UTC (RFC 3339).
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
