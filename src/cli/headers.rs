//! `maskinporten headers`: an access token as headers for curl on stdout.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    printer::{Header, print_headers},
    profile::ProfileHeader,
};
use zeroize::Zeroizing;

use super::{
    args::HeadersArguments,
    proof,
    report::{self, Exit, Failure, Report},
    settings::{SettingSources, altinn_headers},
    tokens::Tokens,
};

pub(crate) async fn run(
    arguments: HeadersArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let given = parse_options(&arguments.header)?;
    let mut sources = SettingSources::load(arguments.settings, config, report)?;
    let mut along = merge(&sources, &given)?;
    let tokens = Tokens::from_sources(&mut sources, report)?;
    let keyed = tokens.token_with_key().await?;
    along.extend(proof::of_options(&keyed, &arguments.proof, report)?);
    let mut artefact = Zeroizing::new(Vec::new());
    print_headers(arguments.format, &keyed.token, &along, &mut *artefact)
        .map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}

/// Parses the headers given with `--header`.
pub(crate) fn parse_options(headers: &[String]) -> Result<Vec<Header>, Failure> {
    let read = headers.iter().map(|text| Header::parse(text)).collect::<Result<_, _>>();
    read.map_err(|error| Failure::new(Exit::Usage, &error).about("--header cannot be used"))
}

/// Returns the headers of Altinn's APIs, of the profile and of options, the later ones in place of earlier ones of the same
/// name.
pub(crate) fn merge(sources: &SettingSources, given: &[Header]) -> Result<Vec<Header>, Failure> {
    merge_with(altinn_headers(sources)?, sources, given)
}

/// Returns these headers, and those of the profile and of options, which replace earlier ones of the same name.
pub(crate) fn merge_with(
    mut merged: Vec<Header>,
    sources: &SettingSources,
    given: &[Header],
) -> Result<Vec<Header>, Failure> {
    for ProfileHeader { header, location } in &sources.headers {
        let about = format!("the header {} in {location} cannot be used", header.name());
        header.check_settable().map_err(|error| Failure::new(Exit::Configuration, &error).about(&about))?;
    }
    let profile = sources.headers.iter().map(|own| &own.header);
    let is_given = |own: &Header| given.iter().any(|given| given.is_named(own.name()));
    merged.retain(|own| !is_given(own) && !profile.clone().any(|other| other.is_named(own.name())));
    merged.extend(profile.filter(|own| !is_given(own)).chain(given).cloned());
    Ok(merged)
}
