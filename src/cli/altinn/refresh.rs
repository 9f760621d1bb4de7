//! `maskinporten altinn refresh`: a new token for one of Altinn's that has not expired.

use std::{path::PathBuf, sync::Arc, time::Duration};

use maskinporten::{
    altinn::{AltinnClient, AltinnError},
    client::AccessToken,
    clock::SystemClock,
    inspect::Jwt,
};

use crate::cli::{
    args::RefreshArguments,
    inspect,
    progress::Progress,
    report::{Failure, Report, report_retry},
    settings::{GivenAddresses, NetworkSettings, SettingSources, add_environment, issuing_platform},
    token,
};

pub(super) async fn run(
    arguments: RefreshArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let form = arguments.output.form()?;
    let mut sources = SettingSources::load(arguments.output.settings, config, report)?;
    sources.refuse_empty_options()?;
    add_environment(&mut sources, report)?;
    let network = NetworkSettings::parse(&sources)?;
    let refreshed = async {
        let jwt = inspect::read_token(&arguments.token, report).await?;
        let client = issuer_of(&jwt, &sources, &network)?;
        refreshed(&jwt, &client, report).await
    };
    token::print(form, refreshed).await
}

/// Prepares requests to the platform that issued a token.
pub(super) fn issuer_of(
    jwt: &Jwt,
    sources: &SettingSources,
    network: &NetworkSettings,
) -> Result<AltinnClient, Failure> {
    let environment = GivenAddresses::new(sources).environment;
    let platform = issuing_platform(sources, environment, jwt.issuer().unwrap_or_default())?;
    Ok(AltinnClient::new(platform, &network.http, network.retry_policy)?)
}

/// Renews a token.
pub(super) async fn refreshed(jwt: &Jwt, client: &AltinnClient, report: &Report) -> Result<AccessToken, Failure> {
    let platform = client.platform();
    report.detail(&format!("renewing the token at {platform}"));
    let _progress = Progress::start(&format!("waiting for {platform}"), report);
    let retrying = |error: &AltinnError, delay: Duration| report_retry(report, error, delay);
    Ok(client.refresh(&jwt.authorization(), &SystemClock, retrying).await?)
}
