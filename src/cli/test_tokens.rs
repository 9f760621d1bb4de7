//! Gets test tokens of Altinn's generator.

use std::{sync::Arc, time::Duration};

use maskinporten::{
    altinn::{AltinnClient, AltinnError, TestTokenRequest},
    client::AccessToken,
    clock::SystemClock,
    explain::Explain as _,
};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::{
    progress::Progress,
    prompt::Answers,
    report::{Exit, Failure, Report},
    settings::TestTokenSettings,
    signals,
};

/// Test tokens of one kind. None is kept: a new one costs nobody anything.
pub(crate) struct TestTokens {
    settings: Arc<TestTokenSettings>,
    client: AltinnClient,
    /// The value of `Authorization`, once the password has been read.
    authorization: OnceCell<SecretString>,
    report: Arc<Report>,
}

impl TestTokens {
    /// Prepares requests; the password is read when the first is sent.
    pub(crate) fn new(settings: TestTokenSettings, report: &Arc<Report>) -> Result<Self, Failure> {
        let network = &settings.network;
        let client = AltinnClient::new(settings.generator.clone(), &network.http, network.retry_policy)?;
        let report = Arc::clone(report);
        Ok(Self { settings: Arc::new(settings), client, authorization: OnceCell::new(), report })
    }

    /// Returns a new token.
    pub(crate) async fn token(&self) -> Result<AccessToken, Failure> {
        let report = &self.report;
        let authorization = self.authorization.get_or_try_init(|| self.read_password()).await?;
        let request = TestTokenRequest {
            kind: self.settings.kind,
            parameters: self.settings.parameters.clone(),
            authorization: authorization.clone(),
        };
        let generator = self.client.platform();
        report.detail(&format!("requesting a test token from {generator}"));
        let _progress = Progress::start(&format!("waiting for {generator}"), report);
        let retrying = |error: &AltinnError, delay: Duration| {
            report.detail(&format!("{error} ({}); trying again in {} ms", error.code(), delay.as_millis()));
        };
        Ok(request.send(&self.client, &SystemClock, retrying).await?)
    }

    async fn read_password(&self) -> Result<SecretString, Failure> {
        let (settings, report) = (Arc::clone(&self.settings), Arc::clone(&self.report));
        signals::blocking(move || {
            let user = &settings.user;
            let password = user.password.read(&user.name.value, &Answers::default(), &report)?;
            TestTokenRequest::basic_authentication(&user.name.value, &password)
                .map_err(|error| Failure::new(Exit::Configuration, &error))
        })
        .await
    }
}
