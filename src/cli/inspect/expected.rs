//! What the token is expected to contain: options alone count, since the scopes of a profile are those to request.

use maskinporten::{environment::Environment, grant::Scopes, inspect::Expectations, organisation::OrganisationNumber};

use crate::cli::{
    args::InspectArguments,
    report::{Exit, Failure},
};

/// Expectations that were given as options.
pub(super) struct Expected {
    verify: bool,
    pub(super) environment: Option<Environment>,
    pub(super) jwks: Option<String>,
    pub(super) claims: Expectations,
}

impl Expected {
    pub(super) fn new(arguments: &InspectArguments) -> Result<Self, Failure> {
        let given = arguments.settings.expectations().map_err(|option| {
            let message = format!("{option} is a setting of the grant, and --grant was not given");
            let hint = "pass --grant to inspect the grant that would be sent, or leave it out".to_owned();
            Failure::plain(Exit::Usage, "conflict", message, Some(hint))
        })?;
        let unusable = |option: &str| format!("{option} cannot be used");
        let scopes = given.scopes.map(|text| Scopes::parse(&text)).transpose();
        let scopes = scopes.map_err(|error| Failure::new(Exit::Usage, &error).about(&unusable("--scope")))?;
        let consumer = arguments.consumer.as_deref().map(OrganisationNumber::parse).transpose();
        let consumer = consumer.map_err(|error| Failure::new(Exit::Usage, &error).about(&unusable("--consumer")))?;
        let scopes = scopes.iter().flat_map(Scopes::iter).map(str::to_owned).collect();
        Ok(Self {
            verify: arguments.verify || arguments.settings.has("discover"),
            environment: given.environment.and_then(|name| Environment::parse(&name)),
            jwks: arguments.jwks.clone(),
            claims: Expectations { issuer: None, audience: given.audience, scopes, consumer },
        })
    }

    /// Whether anything is to be verified; every expectation implies it.
    pub(super) fn is_asked_for(&self) -> bool {
        let claims = &self.claims;
        let expects = claims.audience.is_some() || !claims.scopes.is_empty() || claims.consumer.is_some();
        self.verify || self.jwks.is_some() || self.environment.is_some() || expects
    }
}
