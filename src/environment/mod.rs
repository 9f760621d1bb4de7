//! The environments of Maskinporten: issuer, token endpoint and Altinn address of each.
//!
//! Issuers and endpoints: <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_wellknown>. Altinn
//! addresses: <https://docs.altinn.studio/api/rest/kom-i-gang/>.

mod altinn;
mod identity_provider;
mod issuer;
mod local;
mod self_service;

use std::fmt;

pub use self::{
    altinn::AltinnEnvironment,
    identity_provider::IdentityProvider,
    issuer::{KnownIssuer, Service, is_maskinporten_host, is_maskinporten_issuer},
    local::{LocalEnvironment, LocalError},
    self_service::{BUSINESS_REGISTER, self_service_url},
};

/// An installation of Maskinporten.
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
    /// Skyporten in production: tokens for workloads in clouds.
    Sky,
    /// Skyporten for tests.
    TestSky,
    /// The simulator on this machine; its addresses are in [`LocalEnvironment`].
    Local,
}

/// The URLs of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The issuer identifier, which is also the audience of an assertion. Only Skyporten's has no slash at its end.
    pub issuer: String,
    /// The token endpoint.
    pub token_endpoint: String,
}

impl Environment {
    /// Every environment, in the order in which they are listed.
    pub const ALL: [Self; 7] = [Self::Prod, Self::Test, Self::Dev, Self::Ver2, Self::Sky, Self::TestSky, Self::Local];

    /// Returns the name used on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Test => "test",
            Self::Dev => "dev",
            Self::Ver2 => "ver2",
            Self::Sky => "sky",
            Self::TestSky => "test-sky",
            Self::Local => "local",
        }
    }

    /// Returns the environment with this name, in upper or lower case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Returns the addresses of an environment; `None` for the simulator, whose addresses vary.
    ///
    /// Sources: Digdir's well-known pages for prod, test and Skyporten, the defaults of Altinn's `MaskinportenTokenGenerator` for
    /// dev, and an example in this project's first specification for ver2, which has been retired since.
    #[must_use]
    pub fn addresses(self) -> Option<Addresses> {
        let host = match self {
            Self::Prod => "maskinporten.no",
            Self::Test => "test.maskinporten.no",
            Self::Dev => "maskinporten.dev",
            Self::Ver2 => "ver2.maskinporten.no",
            Self::Sky => "sky.maskinporten.no",
            Self::TestSky => "test.sky.maskinporten.no",
            Self::Local => return None,
        };
        let slash = if self.is_skyporten() { "" } else { "/" };
        Some(Addresses { issuer: format!("https://{host}{slash}"), token_endpoint: format!("https://{host}/token") })
    }

    /// Returns the `resource` that Altinn's REST API requires in a token from this environment.
    ///
    /// The simulator has that of the test environment. dev has none, because each Altinn AT environment has its own
    /// address.
    #[must_use]
    pub fn altinn_resource(self) -> Option<&'static str> {
        let altinn = if self == Self::Local { Some(AltinnEnvironment::Tt02) } else { AltinnEnvironment::of(self) };
        altinn.map(AltinnEnvironment::portal_url)
    }

    /// Returns whether it is Skyporten, whose tokens a cloud provider exchanges for its own.
    #[must_use]
    pub fn is_skyporten(self) -> bool {
        matches!(self, Self::Sky | Self::TestSky)
    }

    /// Returns why the environment has been retired, or `None` if it is in use.
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
    fn every_issuer_but_skyportens_ends_with_a_slash_as_the_audience_must() {
        for environment in Environment::ALL {
            let Some(addresses) = environment.addresses() else { continue };
            assert_eq!(addresses.issuer.ends_with('/'), !environment.is_skyporten(), "{}", addresses.issuer);
            let base = addresses.issuer.trim_end_matches('/');
            assert_eq!(addresses.token_endpoint, format!("{base}/token"));
        }
    }

    #[test]
    fn every_name_in_any_case_parses_to_its_environment() {
        for environment in Environment::ALL {
            for name in [environment.name().to_owned(), format!(" {} ", environment.name().to_uppercase())] {
                assert_eq!(Environment::parse(&name), Some(environment));
            }
        }
    }
}
