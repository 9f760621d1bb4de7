//! The access token alone, as JSON, as variables, as a header, for curl, for GitHub Actions, or as the original prints it.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    headers::{self, HeadersForm},
    variables::{self, Shell, rfc3339},
};
use crate::{client::AccessToken, json};

/// The output format of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// The token and nothing else.
    Token,
    /// The members of the token response, with the time of expiry.
    Json,
    /// Assignments of variables, to be evaluated by this shell.
    Env(Shell),
    /// An `Authorization` header (RFC 6750 §2.1).
    Header,
    /// A line for `curl -K`.
    CurlConfig,
    /// The lines of a `.env` file.
    Dotenv,
    /// The workflow command of GitHub Actions that masks the token. The outputs are written by
    /// [`print_github_outputs`].
    Github,
    /// What a program prints that Google's libraries run for a token of another identity provider
    /// (<https://google.aip.dev/auth/4117>, "Determining the subject token in executable-sourced credentials").
    GcpExecutable,
    /// The content of the file that `AWS_WEB_IDENTITY_TOKEN_FILE` names. AWS' programs send all of it, so it has no line
    /// break at its end.
    AwsWebIdentity,
    /// The content of the file that `AZURE_FEDERATED_TOKEN_FILE` names, without a line break for the same reason.
    AzureFederated,
}

/// The response of a program that Google's libraries run.
#[derive(Serialize)]
struct ExecutableResponse<'token> {
    version: u8,
    success: bool,
    token_type: &'token str,
    id_token: &'token str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<i64>,
}

/// The token response under its wire names (RFC 6749 §5.1), with the time of expiry.
#[derive(Serialize)]
struct TokenJson<'token> {
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
    const ALL: [Self; 10] = [
        Self::Token,
        Self::Json,
        Self::Env(Shell::Sh),
        Self::Header,
        Self::CurlConfig,
        Self::Dotenv,
        Self::Github,
        Self::GcpExecutable,
        Self::AwsWebIdentity,
        Self::AzureFederated,
    ];

    /// The names of the forms.
    pub const NAMES: [&str; 10] = [
        "token",
        "json",
        "env",
        "header",
        "curl-config",
        "dotenv",
        "github",
        "gcp-executable",
        "aws-web-identity",
        "azure-federated",
    ];

    /// Finds the form with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(form, _)| form)
    }
}

/// Writes an access token.
///
/// # Errors
/// The errors of `out`.
pub fn print_token(form: TokenForm, token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    match form {
        TokenForm::Token => writeln!(out, "{}", token.expose()),
        TokenForm::Json => {
            let json = TokenJson {
                access_token: token.expose(),
                token_type: &token.token_type,
                expires_in: token.expires_in_seconds,
                scope: token.scope.as_deref(),
                expires_at: token.expires_at().map(rfc3339),
                expires_at_epoch: token.expires_at().map(|at| at.timestamp()),
            };
            json::write(&mut *out, &json)?;
            writeln!(out)
        }
        TokenForm::Env(shell) => variables::print_env(shell, token, out),
        TokenForm::Header => headers::print_headers(HeadersForm::Lines, token, &[], out),
        TokenForm::CurlConfig => headers::print_headers(HeadersForm::CurlConfig, token, &[], out),
        TokenForm::Dotenv => variables::print_dotenv(token, out),
        TokenForm::GcpExecutable => {
            // The type that the configuration names too: Google's own examples have it for any JWT.
            let json = ExecutableResponse {
                version: 1,
                success: true,
                token_type: "urn:ietf:params:oauth:token-type:jwt",
                id_token: token.expose(),
                expiration_time: token.expires_at().map(|at| at.timestamp()),
            };
            json::write(&mut *out, &json)?;
            writeln!(out)
        }
        TokenForm::AwsWebIdentity | TokenForm::AzureFederated => write!(out, "{}", token.expose()),
        TokenForm::Github => writeln!(out, "::add-mask::{}", token.expose()),
    }
}

/// Writes the outputs `token` and `expires_at` for the file that `GITHUB_OUTPUT` names
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>). A value cannot add a
/// line: a token has only the characters of RFC 6750 §2.1.
///
/// # Errors
/// The errors of `out`.
pub fn print_github_outputs(token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "token={}", token.expose())?;
    token.expires_at().map_or(Ok(()), |at| writeln!(out, "expires_at={}", rfc3339(at)))
}

/// Writes the token response as the original tool does, between two rules, for scripts that parse its output.
///
/// # Errors
/// The errors of `out`.
pub fn print_banner(token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    let rule = "-".repeat(40);
    writeln!(out, "Got successful response:\n{rule}\n{}\n{rule}", json::escaped(token.expose_answer()))
}
