//! `maskinporten token`: an access token on stdout.

use std::path::PathBuf;

use maskinporten_token_generator::printer::{TokenForm, print_token};
use zeroize::Zeroizing;

use super::{
    args::TokenArguments,
    fetch::{self, Freshness},
    layers::Layers,
    report::{self, Failure, Report},
};

pub(crate) async fn run(arguments: TokenArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let form = TokenForm::parse(&arguments.format).unwrap_or(TokenForm::Token);
    let token = fetch::access_token(Layers::of(arguments.settings, config, report)?, report, Freshness::Usual).await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_token(form, &token, &mut *artefact).map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)
}
