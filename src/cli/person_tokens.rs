//! Gets the tokens of a kept login, renewed if they must be.

use std::{sync::Arc, time::Duration};

use maskinporten::{
    altinn::{AltinnClient, AltinnError, AltinnExchange},
    client::AccessToken,
    clock::SystemClock,
    grant::Sign,
    login::LoginClient,
    sessions::{KeptSession, KeyedToken, Renewal, SecretPlace, SessionStore},
};

use super::{
    located_key::LocatedKey,
    progress::Progress,
    report::{Failure, Report, report_retry, with_cause},
    settings::{KeySettings, NetworkSettings, PersonSettings, SettingSources, is_person, session_name},
    signals,
};

/// The tokens of a kept login.
pub(crate) struct SessionTokens {
    name: String,
    store: SessionStore,
    settings: PersonSettings,
    report: Arc<Report>,
}

impl SessionTokens {
    /// Finds the kept login; `None` if the settings ask for another token.
    pub(crate) fn from_sources(sources: &mut SettingSources, report: &Arc<Report>) -> Result<Option<Self>, Failure> {
        if is_person(sources) { Self::find(sources, report).map(Some) } else { Ok(None) }
    }

    /// Finds the kept login that the settings name.
    pub(crate) fn find(sources: &mut SettingSources, report: &Arc<Report>) -> Result<Self, Failure> {
        let (name, store) = (session_name(sources), SessionStore::usual()?);
        let settings = PersonSettings::parse(sources, &store.info(&name)?, report)?;
        Ok(Self { name, store, settings, report: Arc::clone(report) })
    }

    /// Returns a token; another one than `refused`, which an API has refused.
    pub(crate) async fn token(&self, refused: Option<&AccessToken>) -> Result<KeyedToken, Failure> {
        let PersonSettings { network, cache, altinn, .. } = &self.settings;
        let wait = network.retry_policy.timeout;
        let renewal = Renewal { minimum: cache.minimum, refresh: cache.refresh, refused, wait };
        let client = async |session: &KeptSession| self.client(session).await;
        let moved = |place: &SecretPlace| note_place(place, &self.report);
        let keyed = self.store.token(&self.name, renewal, &SystemClock, client, moved).await?;
        match altinn {
            Some(exchange) => {
                // What follows waits; it may be the caller's signal to start a runtime.
                tokio::task::yield_now().await;
                let token = exchanged(&keyed.token, exchange, network, &self.report).await?;
                Ok(KeyedToken { token, dpop: None })
            }
            None => Ok(keyed),
        }
    }

    /// Makes the client that renews the login.
    async fn client(&self, session: &KeptSession) -> Result<LoginClient, Failure> {
        let issuer = &session.info.issuer;
        self.report.detail(&format!("renewing the login at {issuer}"));
        let own = self.settings.client.clone()?;
        let key = open_key(own.key, &self.report).await?;
        let _progress = Progress::start(&format!("waiting for {issuer}"), &self.report);
        Ok(self.settings.network.login_server(issuer).client(own.grant, key, session.dpop.clone()).await?)
    }

    /// Ends the login: its tokens are revoked if the server can be reached, and its secrets are removed in any case.
    /// Returns the address where the person logs out in the browser.
    pub(crate) async fn log_out(&self) -> Result<Option<String>, Failure> {
        let _lock = self.store.lock(&self.name, self.settings.network.retry_policy.timeout).await?;
        let revoked = self.revoke().await;
        self.store.remove(&self.name).await?;
        match revoked {
            Ok(url) => Ok(url),
            Err(failure) => {
                let cause = with_cause(&failure);
                self.report.warning(&format!("the tokens were not revoked, and may work until they expire: {cause}"));
                Ok(None)
            }
        }
    }

    async fn revoke(&self) -> Result<Option<String>, Failure> {
        let Some(session) = self.store.load(&self.name).await? else { return Ok(None) };
        let client = self.client(&session).await?;
        if !client.revoke(session.refresh_token.as_ref(), &session.token).await? {
            self.report.warning("the server has no address where tokens can be revoked");
        }
        // Not with the id token, which names the person: other programs see the address that a browser is started with.
        Ok(client.logout_url(None).map(String::from))
    }
}

/// Exchanges a person's token for one of Altinn's.
pub(crate) async fn exchanged(
    token: &AccessToken,
    exchange: &AltinnExchange,
    network: &NetworkSettings,
    report: &Report,
) -> Result<AccessToken, Failure> {
    let platform = exchange.platform.base();
    report.detail(&format!("exchanging the token at {platform}"));
    let _progress = Progress::start(&format!("waiting for {platform}"), report);
    let client = AltinnClient::new(exchange.platform.clone(), &network.http, network.retry_policy)?;
    let retrying = |error: &AltinnError, delay: Duration| report_retry(report, error, delay);
    Ok(client.exchange(token, exchange, &SystemClock, retrying).await?)
}

/// Opens the key before the person logs in, so that no login is lost to a wrong password.
pub(crate) async fn open_key(key: Option<KeySettings>, report: &Arc<Report>) -> Result<Option<Arc<dyn Sign>>, Failure> {
    let Some(key) = key else { return Ok(None) };
    let report = Arc::clone(report);
    let opened = signals::blocking(move || LocatedKey::read(key, Arc::default(), &report)?.open_key()).await?;
    Ok(Some(Arc::new(opened)))
}

/// Reports a session whose secrets are not in the operating system's store.
pub(crate) fn note_place(place: &SecretPlace, report: &Report) {
    match place {
        SecretPlace::Memory => {}
        SecretPlace::System => report.detail("the login is kept in the operating system's store of secrets"),
        SecretPlace::File(file, None) => report.detail(&format!("the login is kept in `{}`", file.display())),
        SecretPlace::File(file, Some(error)) => report.warning(&format!(
            "the login is kept in `{}`, which only this user can read, without encryption: {}",
            file.display(),
            with_cause(error)
        )),
    }
}
