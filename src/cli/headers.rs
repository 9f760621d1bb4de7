//! `maskinporten headers`: an access token as headers on stdout, ready for curl.

use std::path::PathBuf;

use maskinporten_token_generator::{
    printer::{Header, HeadersForm, print_headers},
    profile::ProfileHeader,
};
use zeroize::Zeroizing;

use super::{
    args::HeadersArguments,
    fetch::{self, Freshness},
    layers::Layers,
    report::{self, Exit, Failure, Report},
};

pub(crate) async fn run(arguments: HeadersArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let form = HeadersForm::parse(&arguments.format).unwrap_or(HeadersForm::Lines);
    let typed = typed(&arguments.header)?;
    let layers = Layers::of(arguments.settings, config, report)?;
    let along = along_with(&layers.headers, typed)?;
    let token = fetch::access_token(layers, report, Freshness::Usual).await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_headers(form, &token, &along, &mut *artefact).map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)
}

/// The headers that were typed with `--header`.
pub(crate) fn typed(headers: &[String]) -> Result<Vec<Header>, Failure> {
    let read = headers.iter().map(|text| Header::parse(text)).collect::<Result<_, _>>();
    read.map_err(|error| Failure::new(Exit::Usage, &error).about("--header cannot be used"))
}

/// The profile's headers, then those that were typed; of one name, those that were typed.
pub(crate) fn along_with(profile: &[ProfileHeader], typed: Vec<Header>) -> Result<Vec<Header>, Failure> {
    for ProfileHeader { header, location } in profile {
        let about = format!("the header {} in {location} cannot be used", header.name());
        header.check_settable().map_err(|error| Failure::new(Exit::Configuration, &error).about(&about))?;
    }
    let own = profile.iter().map(|own| &own.header).filter(|own| !typed.iter().any(|typed| typed.is_named(own.name())));
    Ok(own.cloned().chain(typed.iter().cloned()).collect())
}
