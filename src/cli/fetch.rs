//! Fetches an access token for what is wanted; `token` and `headers` print what comes back.

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

/// Resolves the settings, signs and fetches; Ctrl-C ends it.
pub(crate) async fn access_token(layers: Layers, report: &Report) -> Result<AccessToken, Failure> {
    let wanted = resolve::resolve(layers, &SystemClock, report).await?;
    report.detail(&format!("asking {} for {}", wanted.endpoint, wanted.grant.scopes));
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
