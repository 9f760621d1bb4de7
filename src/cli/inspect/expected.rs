//! What the token is expected to say: only what was typed, since a profile's scopes are what a grant asks for.

use maskinporten_token_generator::{
    environment::Environment, grant::Scopes, inspect::Expectations, organisation::OrganisationNumber,
};

use crate::cli::{
    args::InspectArguments,
    report::{Exit, Failure},
    settings::option,
};

/// Settings that mean something for a token that is given; the others shape a grant.
const OF_A_TOKEN: [&str; 7] = ["profile", "env", "audience", "scope", "timeout", "connect-timeout", "ca-file"];

/// What was typed of expectations.
pub(super) struct Expected {
    verify: bool,
    pub(super) environment: Option<Environment>,
    pub(super) jwks: Option<String>,
    pub(super) claims: Expectations,
}

impl Expected {
    pub(super) fn of(arguments: &InspectArguments) -> Result<Self, Failure> {
        let typed = &arguments.settings.0;
        if let Some((name, _)) = typed.iter().find(|(name, _)| !OF_A_TOKEN.contains(name)) {
            let message = format!("{} shapes a grant, and --grant was not given", option(name));
            let hint = "pass --grant to inspect the grant that would be sent, or leave it out".to_owned();
            return Err(Failure::plain(Exit::Usage, "conflict", message, Some(hint)));
        }
        let values = |wanted: &str| typed.iter().find(|(name, _)| *name == wanted).map(|(_, values)| values.join(" "));
        let unusable = |option: &str| format!("{option} cannot be used");
        let scopes = values("scope").map(|text| Scopes::parse(&text)).transpose();
        let scopes = scopes.map_err(|error| Failure::new(Exit::Usage, &error).about(&unusable("--scope")))?;
        let consumer = arguments.consumer.as_deref().map(OrganisationNumber::parse).transpose();
        let consumer = consumer.map_err(|error| Failure::new(Exit::Usage, &error).about(&unusable("--consumer")))?;
        let scopes = scopes.iter().flat_map(Scopes::iter).map(str::to_owned).collect();
        Ok(Self {
            verify: arguments.verify,
            environment: values("env").and_then(|name| Environment::parse(&name)),
            jwks: arguments.jwks.clone(),
            claims: Expectations { issuer: None, audience: values("audience"), scopes, consumer },
        })
    }

    /// Whether anything is to be verified: each expectation asks for that.
    pub(super) fn is_asked_for(&self) -> bool {
        let claims = &self.claims;
        let expects = claims.audience.is_some() || !claims.scopes.is_empty() || claims.consumer.is_some();
        self.verify || self.jwks.is_some() || expects
    }
}
