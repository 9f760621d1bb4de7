//! `maskinporten token`: an access token on stdout.

use maskinporten_token_generator::printer::{TokenForm, print_token};
use zeroize::Zeroizing;

use super::{
    args::TokenArguments,
    fetch,
    layers::Layers,
    report::{self, Failure, Report},
};

pub(crate) async fn run(arguments: TokenArguments, report: &Report) -> Result<(), Failure> {
    let form = TokenForm::parse(&arguments.format).unwrap_or(TokenForm::Token);
    let token = fetch::access_token(Layers::of(arguments.settings)?, report).await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_token(form, &token, &mut *artefact).map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)
}
