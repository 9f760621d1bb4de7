//! `maskinporten token`: an access token on stdout.

use std::{path::PathBuf, sync::Arc};

use maskinporten_token_generator::printer::{TokenForm, print_token};
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
    let form = match (arguments.format, arguments.shell) {
        (form, None) => form,
        (TokenForm::Env(_), Some(shell)) => TokenForm::Env(shell),
        (_, Some(_)) => {
            let message = "--shell is only for `--format env`".to_owned();
            let hint = "pass --format env too, or leave --shell out".to_owned();
            return Err(Failure::plain(Exit::Usage, "usage", message, Some(hint)));
        }
    };
    // Opened before a token is requested that could not be written.
    let outputs = (form == TokenForm::Github).then(Outputs::open).transpose()?;
    let tokens = Tokens::from_sources(&mut SettingSources::load(arguments.settings, config, report)?, report)?;
    let token = tokens.token().await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_token(form, &token, &mut *artefact).map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)?;
    outputs.map_or(Ok(()), |outputs| outputs.append(&token))
}
