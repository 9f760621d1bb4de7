//! `maskinporten token`: an access token on stdout.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    client::AccessToken,
    printer::{Shell, TokenForm, print_token},
};
use zeroize::Zeroizing;

use super::{
    args::TokenArguments,
    github::Outputs,
    report::{self, Exit, Failure, Report},
    settings::SettingSources,
    tokens::Tokens,
};

pub(crate) async fn run(
    arguments: TokenArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let form = arguments.form()?;
    let settings = arguments.settings;
    let obtained =
        async { Tokens::from_sources(&mut SettingSources::load(settings, config, report)?, report)?.token().await };
    print(form, obtained).await
}

/// Prints the token that is obtained.
pub(crate) async fn print(
    form: TokenForm,
    obtained: impl Future<Output = Result<AccessToken, Failure>>,
) -> Result<(), Failure> {
    // Opened before a token is requested that could not be written.
    let outputs = (form == TokenForm::Github).then(Outputs::open).transpose()?;
    let token = obtained.await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_token(form, &token, &mut *artefact).map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)?;
    outputs.map_or(Ok(()), |outputs| outputs.append(&token))
}

impl TokenArguments {
    /// Returns the output format, with the shell.
    pub(crate) fn form(&self) -> Result<TokenForm, Failure> {
        form(self.format, self.shell)
    }
}

/// Returns the output format with the shell, which only one format has.
pub(crate) fn form(format: TokenForm, shell: Option<Shell>) -> Result<TokenForm, Failure> {
    match (format, shell) {
        (form, None) => Ok(form),
        (TokenForm::Env(_), Some(shell)) => Ok(TokenForm::Env(shell)),
        (_, Some(_)) => {
            let message = "--shell is only for `--format env`".to_owned();
            let hint = "pass --format env too, or leave --shell out".to_owned();
            Err(Failure::plain(Exit::Usage, "usage", message, Some(hint)))
        }
    }
}
