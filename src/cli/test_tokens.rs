//! Gets test tokens of Altinn's generator.

use std::{sync::Arc, time::Duration};

use maskinporten::{
    altinn::{AltinnClient, AltinnError, TestTokenRequest},
    client::{AccessToken, MinimumLifetime},
    clock::SystemClock,
    explain::Explain as _,
    tokens::{AccessTokenProvider, ProvidedToken, TokenError, TokenOrigin},
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

/// Test tokens of one kind. They are not stored, because a new one costs nothing.
pub(crate) struct TestTokens {
    settings: Arc<TestTokenSettings>,
    client: AltinnClient,
    answers: Arc<Answers>,
    /// The value of `Authorization`, once the password has been read.
    authorization: OnceCell<SecretString>,
    report: Arc<Report>,
}

impl TestTokens {
    /// Prepares requests; the password is read when the first is sent.
    pub(crate) fn new(
        settings: TestTokenSettings,
        answers: Arc<Answers>,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        let network = &settings.network;
        let client = AltinnClient::new(settings.generator.clone(), &network.http, network.retry_policy)?;
        let report = Arc::clone(report);
        Ok(Self { settings: Arc::new(settings), client, answers, authorization: OnceCell::new(), report })
    }

    /// Returns a new token.
    pub(crate) async fn token(&self) -> Result<AccessToken, Failure> {
        let authorization = self.authorization().await?;
        let _progress = Progress::start(&format!("waiting for {}", self.client.platform()), &self.report);
        Ok(self.request(authorization).await?)
    }

    async fn request(&self, authorization: &SecretString) -> Result<AccessToken, AltinnError> {
        let report = &self.report;
        let request = TestTokenRequest {
            kind: self.settings.kind,
            parameters: self.settings.parameters.clone(),
            authorization: authorization.clone(),
        };
        report.detail(&format!("requesting a test token from {}", self.client.platform()));
        let retrying = |error: &AltinnError, delay: Duration| {
            report.detail(&format!("{error} ({}); trying again in {} ms", error.code(), delay.as_millis()));
        };
        request.send(&self.client, &SystemClock, retrying).await
    }

    /// Returns the value of `Authorization`; reads the password the first time.
    pub(crate) async fn authorization(&self) -> Result<&SecretString, Failure> {
        self.authorization.get_or_try_init(|| self.read_password()).await
    }

    async fn read_password(&self) -> Result<SecretString, Failure> {
        let (settings, report) = (Arc::clone(&self.settings), Arc::clone(&self.report));
        let answers = Arc::clone(&self.answers);
        signals::blocking(move || {
            let user = &settings.user;
            let password = user.password.read(&user.name.value, &answers, &report)?;
            TestTokenRequest::basic_authentication(&user.name.value, &password)
                .map_err(|error| Failure::new(Exit::Configuration, &error))
        })
        .await
    }
}

/// For a server, which keeps a token until shortly before it expires.
impl AccessTokenProvider for TestTokens {
    fn provide(&self, _minimum: MinimumLifetime, _refresh: bool) -> ProvidedToken<'_> {
        Box::pin(async move {
            let authorization = self.authorization().await;
            let authorization = authorization.map_err(|failure| TokenError::Provider(Arc::new(failure)))?;
            Ok((self.request(authorization).await?, TokenOrigin::Server))
        })
    }
}
