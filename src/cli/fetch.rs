//! Comes by an access token for what is wanted, from the cache or from the server; `token` and `headers` print it,
//! `exec` and `curl` hand it on.

use maskinporten_token_generator::{
    client::{AccessToken, ClientError, TokenClient},
    clock::SystemClock,
    explain::Explain as _,
    http::Endpoint,
};

use super::{
    cached,
    key::{self, Unopened},
    layers::Layers,
    progress::Progress,
    report::{Failure, Report, with_cause},
    resolve::{Asked, Problems},
    signals,
};

/// Which token will do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Freshness<'refused> {
    /// Any that is good.
    Usual,
    /// Any but this one: an API has refused it.
    InsteadOf(&'refused AccessToken),
}

/// Everything that asking for a token takes, a key not opened yet.
pub(super) struct Asking<'asking> {
    pub(super) layers: &'asking Layers,
    pub(super) asked: Asked,
    pub(super) unopened: Unopened,
    /// Audience and token endpoint, when no server must be asked for them.
    pub(super) addresses: Option<(String, Endpoint)>,
    pub(super) report: &'asking Report,
}

/// Resolves the settings, and takes a stored token or opens the key, signs and fetches; Ctrl-C ends it.
///
/// The key is opened last: nobody types a password for a token that is there, nor for a misspelt option.
pub(crate) async fn access_token(
    mut layers: Layers,
    report: &Report,
    freshness: Freshness<'_>,
) -> Result<AccessToken, Failure> {
    let asked = Asked::of(&mut layers, report).map_err(Problems::first)?;
    let addresses = match layers.find("discover") {
        Some(_) => None,
        None => Some(asked.addresses(&layers).await?),
    };
    let cache = cached::open(&layers, report)?;
    let unopened = Unopened::read(&layers)?;
    let asking = Asking { layers: &layers, asked, unopened, addresses, report };
    let token = async {
        match cache {
            Some(cache) => cached::access_token(&cache, asking, freshness).await,
            None => asking.ask().await,
        }
    };
    tokio::select! {
        // What is stored needs no signals.
        biased;
        token = token => token,
        () = signals::interrupted() => Err(Failure::interrupted()),
    }
}

/// Forgets a token that an API has refused, so that the next call asks for another.
pub(crate) fn forget(mut layers: Layers, report: &Report, refused: &AccessToken) -> Result<(), Failure> {
    let asked = Asked::of(&mut layers, report).map_err(Problems::first)?;
    match cached::open(&layers, report)? {
        Some(cache) => cached::forget(&cache, &asked, &Unopened::read(&layers)?, &layers, refused),
        None => Ok(()),
    }
}

impl Asking<'_> {
    /// Asks the server for a token.
    pub(super) async fn ask(self) -> Result<AccessToken, Failure> {
        let report = self.report;
        let (audience, endpoint) = match &self.addresses {
            Some(addresses) => addresses.clone(),
            None => self.asked.addresses(self.layers).await?,
        };
        let key = key::open_and_warn(&self.unopened, self.layers, &SystemClock, self.report)?;
        let client = TokenClient::new(endpoint.clone(), &self.asked.http, self.asked.retry_policy)?;
        let grant = self.asked.grant(audience, &key, report)?;
        report.detail(&format!("asking {endpoint} for {}", grant.scopes));
        let _progress = Progress::start(&format!("waiting for {endpoint}"), report);
        let fetched = client.fetch(
            async || grant.sign(&key, &SystemClock),
            &SystemClock,
            |error, pause| report.detail(&format!("{}; trying again in {} ms", one_line(error), pause.as_millis())),
        );
        Ok(fetched.await?)
    }
}

/// What happened and why, for the line that announces another attempt.
fn one_line(error: &ClientError) -> String {
    format!("{} ({})", with_cause(error), error.code())
}
