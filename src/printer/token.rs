//! The access token alone, as JSON, as variables, as a header, for curl, for GitHub Actions, or as the original prints it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    headers::{self, HeadersForm},
    variables::{self, Shell, rfc3339},
};
use crate::{
    client::{AccessToken, TokenMembers},
    inspect::masked,
    json,
    login::{IdToken, LoginTokens, RefreshToken},
};

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

/// The token response, with the time of expiry.
#[derive(Serialize)]
struct TokenJson<'token> {
    #[serde(flatten)]
    members: TokenMembers<'token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_epoch: Option<i64>,
}

/// The tokens of a person.
#[derive(Serialize)]
struct LoginJson<'tokens> {
    #[serde(flatten)]
    token: TokenJson<'tokens>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_claims: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'tokens str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_at: Option<String>,
}

impl<'token> TokenJson<'token> {
    fn new(token: &'token AccessToken) -> Self {
        Self {
            members: token.members(),
            expires_at: token.expires_at().map(rfc3339),
            expires_at_epoch: token.expires_at().map(|at| at.timestamp()),
        }
    }
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
            json::write(&mut *out, &TokenJson::new(token))?;
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

/// Writes the tokens of a person as JSON: the access token, the claims of the id token, and the refresh token if asked for.
///
/// # Errors
/// The errors of `out`.
pub fn print_login(
    tokens: &LoginTokens,
    shows_persons: bool,
    shows_refresh_token: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let refresh_token = tokens.refresh_token.as_ref();
    let claims = tokens.id_token.as_ref().map(IdToken::claims);
    let json = LoginJson {
        token: TokenJson::new(&tokens.access_token),
        id_token_claims: claims.map(|claims| if shows_persons { claims.clone() } else { masked(claims) }),
        refresh_token: refresh_token.filter(|_| shows_refresh_token).map(RefreshToken::expose),
        refresh_token_expires_at: refresh_token.and_then(|token| token.expires_at).map(rfc3339),
    };
    json::write(&mut *out, &json)?;
    writeln!(out)
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
    writeln!(out, "Got successful response:\n{rule}\n{}\n{rule}", token.expose_answer())
}
