//! Loads the profiles with test tokens of Altinn's generator.

use std::sync::Arc;

use maskinporten::{
    environment::AltinnEnvironment,
    grant::{ClientId, Grant},
    server::{AllowedScopes, ServedProfile},
    tokens::TokenSource,
};

use super::load::{Loader, Prepared, ProfileBasis, altinn_issuer};
use crate::cli::{
    report::{Exit, Failure, Report},
    settings::{SettingSources, TestTokenSettings},
    test_tokens::TestTokens,
};

impl Loader {
    /// Prepares a profile of test tokens.
    pub(super) async fn prepare_test_tokens(
        &self,
        settings: TestTokenSettings,
        sources: &SettingSources,
        ProfileBasis { name, headers }: ProfileBasis,
        report: &Arc<Report>,
    ) -> Result<Prepared, Failure> {
        let scopes = settings.scopes(sources)?;
        let platform = settings.platform();
        let environment = platform.environment().map_or("custom", AltinnEnvironment::name).to_owned();
        let identity = format!("{name} {:?} {:?} {}", settings.kind, settings.parameters, settings.generator);
        let (http, retry_policy) = (settings.network.http.clone(), settings.network.retry_policy);
        // A request to the generator has no client: the parameters decide what is in the token.
        let client = ClientId::parse("test-token").map_err(|error| Failure::new(Exit::Configuration, &error))?;
        let grant = Grant::builder(platform.issuer(), client, scopes.clone()).build();
        let test_tokens = TestTokens::new(settings, Arc::clone(&self.answers), report)?;
        test_tokens.authorization().await?;
        let tokens = TokenSource::for_provider(grant, Arc::new(test_tokens)).build()?;
        let profile = ServedProfile {
            environment,
            issuer: altinn_issuer(&platform),
            scopes,
            allowed: AllowedScopes::default(),
            tokens,
            login: None,
            headers,
            http,
            timeout: retry_policy.timeout,
            key_expires_at: None,
            identity,
            name,
        };
        Ok(Prepared { profile, key: None })
    }
}
