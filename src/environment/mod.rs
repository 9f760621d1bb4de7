//! The installations of Maskinporten: issuer, endpoints and the Altinn address that belongs to each.
//!
//! Issuers and endpoints: <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_wellknown>. Altinn
//! addresses: <https://docs.altinn.studio/api/rest/kom-i-gang/>. This room knows addresses; it sends nothing.

mod issuer;
mod local;

use std::fmt;

pub use self::{
    issuer::{KnownIssuer, Service},
    local::{LocalEnvironment, LocalError},
};

/// An installation of Maskinporten with addresses of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Production.
    Prod,
    /// The test environment for customers.
    Test,
    /// Digdir's internal development environment.
    Dev,
    /// The former test environment, phased out on 2024-06-10.
    Ver2,
    /// The simulator on this machine; its addresses stand in [`LocalEnvironment`].
    Local,
}

/// Where an environment is and what it calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The issuer identifier with its trailing slash, which is also the audience of a grant.
    pub issuer: String,
    /// Where a grant is swapped for an access token.
    pub token_endpoint: String,
}

impl Environment {
    /// Every environment, in the order they are listed to users.
    pub const ALL: [Self; 5] = [Self::Prod, Self::Test, Self::Dev, Self::Ver2, Self::Local];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Test => "test",
            Self::Dev => "dev",
            Self::Ver2 => "ver2",
            Self::Local => "local",
        }
    }

    /// Finds the environment with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.name() == name)
    }

    /// The addresses of an environment that is always in the same place; `None` for the simulator.
    ///
    /// prod and test: the well-known page. dev: the defaults of Altinn's `MaskinportenTokenGenerator`. ver2: the
    /// seed document's example, before the environment was retired.
    #[must_use]
    pub fn addresses(self) -> Option<Addresses> {
        let host = match self {
            Self::Prod => "maskinporten.no",
            Self::Test => "test.maskinporten.no",
            Self::Dev => "maskinporten.dev",
            Self::Ver2 => "ver2.maskinporten.no",
            Self::Local => return None,
        };
        Some(Addresses { issuer: format!("https://{host}/"), token_endpoint: format!("https://{host}/token") })
    }

    /// The `resource` under which Altinn's REST API accepts a token of this environment.
    ///
    /// The simulator stands in for the test environment. For dev there is no one answer: each Altinn AT
    /// environment has its own address.
    #[must_use]
    pub fn altinn_resource(self) -> Option<&'static str> {
        match self {
            Self::Prod => Some("https://www.altinn.no/"),
            Self::Test | Self::Ver2 | Self::Local => Some("https://tt02.altinn.no/"),
            Self::Dev => None,
        }
    }

    /// Why this environment should no longer be used, if that is so.
    #[must_use]
    pub fn retired(self) -> Option<&'static str> {
        (self == Self::Ver2).then_some("ver2 was phased out on 2024-06-10 and replaced by test")
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issuer_ends_with_the_slash_that_the_audience_needs() {
        for addresses in Environment::ALL.into_iter().filter_map(Environment::addresses) {
            assert!(addresses.issuer.ends_with('/'), "{}", addresses.issuer);
            assert_eq!(addresses.token_endpoint, format!("{}token", addresses.issuer));
        }
    }

    #[test]
    fn every_name_leads_back_to_its_environment() {
        for environment in Environment::ALL {
            assert_eq!(Environment::parse(environment.name()), Some(environment));
        }
    }
}
