//! `maskinporten token`: an access token on stdout.

use std::path::PathBuf;

use maskinporten_token_generator::printer::{Shell, TokenForm, print_token};
use zeroize::Zeroizing;

use super::{
    args::TokenArguments,
    fetch::{self, Freshness},
    github::Outputs,
    layers::Layers,
    report::{self, Exit, Failure, Report},
};

pub(crate) async fn run(arguments: TokenArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let form = form(&arguments)?;
    // Opened before anybody is asked for a token that would have nowhere to go.
    let outputs = (form == TokenForm::Github).then(Outputs::open).transpose()?;
    let token = fetch::access_token(Layers::of(arguments.settings, config, report)?, report, Freshness::Usual).await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_token(form, &token, &mut *artefact).map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)?;
    outputs.map_or(Ok(()), |outputs| outputs.append(&token))
}

/// What `--format` and `--shell` say together.
fn form(arguments: &TokenArguments) -> Result<TokenForm, Failure> {
    let form = TokenForm::parse(&arguments.format).unwrap_or(TokenForm::Token);
    let Some(shell) = arguments.shell.as_deref().and_then(Shell::parse) else { return Ok(form) };
    if let TokenForm::Env(_) = form {
        return Ok(TokenForm::Env(shell));
    }
    let message = format!("--shell says how `--format env` is written, and the form is `{}`", arguments.format);
    let hint = "pass --format env too, or leave --shell out".to_owned();
    Err(Failure::plain(Exit::Usage, "usage", message, Some(hint)))
}
