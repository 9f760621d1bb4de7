//! Loads the profiles whose tokens are test tokens of Altinn's generator.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    environment::AltinnEnvironment,
    grant::{ClientId, Grant},
    printer::Header,
    server::{AllowedScopes, ServedProfile},
    tokens::TokenSource,
};

use super::load::{Loader, NAMELESS, Prepared, altinn_issuer};
use crate::cli::{
    report::{Exit, Failure, Report},
    settings::{SettingSources, TestTokenSettings},
    test_tokens::TestTokens,
};

impl Loader {
    /// Prepares a profile of test tokens; returns also the files that its settings name.
    pub(super) async fn prepare_test_tokens(
        &self,
        settings: TestTokenSettings,
        headers: Vec<Header>,
        sources: &SettingSources,
        report: &Arc<Report>,
    ) -> Result<(Prepared, Vec<PathBuf>), Failure> {
        let name = sources.profile.clone().unwrap_or_else(|| NAMELESS.to_owned());
        let scopes = settings.scopes(sources)?;
        let platform = settings.platform();
        let environment = platform.environment().map_or("custom", AltinnEnvironment::name).to_owned();
        let identity = format!("{name} {:?} {:?} {}", settings.kind, settings.parameters, settings.generator);
        let (http, retry_policy) = (settings.network.http.clone(), settings.network.retry_policy);
        // The generator asks for no client: what its tokens are for is in the parameters.
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
        Ok((Prepared { profile, key: None }, sources.files()))
    }
}
