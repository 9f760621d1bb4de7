//! Fetches an access token for what is wanted; `token` and `headers` print what comes back, `exec` and `curl` hand it on.

use maskinporten_token_generator::{
    client::{AccessToken, ClientError, TokenClient},
    clock::SystemClock,
    explain::Explain as _,
};

use super::{
    layers::Layers,
    progress::Progress,
    report::{Failure, Report},
    resolve,
};

/// Which token will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Any that is good.
    Usual,
    /// One that was issued just now: an API has refused the one before.
    New,
}

/// Resolves the settings, signs and fetches; Ctrl-C ends it.
pub(crate) async fn access_token(
    layers: Layers,
    report: &Report,
    freshness: Freshness,
) -> Result<AccessToken, Failure> {
    let wanted = resolve::resolve(layers, &SystemClock, report).await?;
    let what = if freshness == Freshness::New { "a new token for " } else { "" };
    report.detail(&format!("asking {} for {what}{}", wanted.endpoint, wanted.grant.scopes));
    let client = TokenClient::new(wanted.endpoint.clone(), &wanted.http, wanted.patience)?;
    let _progress = Progress::start(&format!("waiting for {}", wanted.endpoint), report);
    let fetched = client.fetch(
        || wanted.grant.sign(&wanted.key, &SystemClock),
        &SystemClock,
        |error, pause| report.detail(&format!("{}; trying again in {} ms", one_line(error), pause.as_millis())),
    );
    tokio::select! {
        token = fetched => Ok(token?),
        _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
    }
}

/// What happened and why, for the line that announces another attempt.
fn one_line(error: &ClientError) -> String {
    let why = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{why} ({})", error.code())
}
