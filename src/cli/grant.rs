//! `maskinporten grant`: a signed grant on stdout, nothing sent.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    client::TokenRequest,
    printer::{GrantForm, print_grant},
};
use zeroize::Zeroizing;

use super::{
    args::GrantArguments,
    report::{self, Failure, Report},
    settings::Settings,
    tokens::SignedGrant,
};

pub(crate) async fn run(
    arguments: GrantArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let form = if arguments.decode { GrantForm::Decoded } else { arguments.format };
    let signed = SignedGrant::sign(Settings::load(arguments.settings, config, report)?, report).await?;
    let request = TokenRequest::new(signed.endpoint, &signed.assertion);
    let mut artefact = Zeroizing::new(Vec::new());
    print_grant(form, &signed.assertion, &request, &mut *artefact).map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}
