//! `maskinporten headers`: an access token as headers on stdout, ready for curl.

use maskinporten_token_generator::printer::{Header, HeadersForm, print_headers};
use zeroize::Zeroizing;

use super::{
    args::HeadersArguments,
    fetch,
    layers::Layers,
    report::{self, Exit, Failure, Report},
};

pub(crate) async fn run(arguments: HeadersArguments, report: &Report) -> Result<(), Failure> {
    let form = HeadersForm::parse(&arguments.format).unwrap_or(HeadersForm::Lines);
    let along = arguments.header.iter().map(|text| Header::parse(text)).collect::<Result<Vec<_>, _>>();
    let along = along.map_err(|error| Failure::new(Exit::Usage, &error).about("--header cannot be used"))?;
    let token = fetch::access_token(Layers::of(arguments.settings)?, report).await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_headers(form, &token, &along, &mut *artefact).map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)
}
