//! `maskinporten grant`: a signed grant on stdout, nothing sent.

use maskinporten_token_generator::{
    client::TokenRequest,
    clock::SystemClock,
    printer::{GrantForm, print_grant},
};
use zeroize::Zeroizing;

use super::{
    args::GrantArguments,
    layers::Layers,
    report::{self, Failure, Report},
    resolve,
};

pub(crate) async fn run(arguments: GrantArguments, report: &Report) -> Result<(), Failure> {
    let form = match GrantForm::parse(&arguments.format) {
        Some(form) if !arguments.decode => form,
        _ => GrantForm::Decoded,
    };
    let wanted = resolve::resolve(Layers::of(arguments.settings)?, &SystemClock, report).await?;
    let assertion = wanted.grant.sign(&wanted.key, &SystemClock)?;
    let request = TokenRequest::new(wanted.endpoint, &assertion);
    let mut artefact = Zeroizing::new(Vec::new());
    print_grant(form, &assertion, &request, &mut *artefact).map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)
}
