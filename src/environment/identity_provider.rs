//! The services where people log in: ID-porten and Ansattporten.
//!
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_func_wellknown>,
//! <https://docs.digdir.no/docs/ansattporten/ansattporten_wellknown>. Their other addresses are in their metadata.

use std::fmt;

use super::{Environment, LocalEnvironment};

/// A service where people log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityProvider {
    /// ID-porten: people on their own behalf.
    Idporten,
    /// Ansattporten: people on behalf of their organisations.
    Ansattporten,
}

impl IdentityProvider {
    /// Every provider, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Idporten, Self::Ansattporten];

    /// Returns the name used on the command line, which is a part of the issuer identifier too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idporten => "idporten",
            Self::Ansattporten => "ansattporten",
        }
    }

    /// Returns the provider with this name, in upper or lower case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Returns the provider whose issuer has this identifier: each has its name in it. Any other server counts as ID-porten.
    #[must_use]
    pub fn of_issuer(issuer: &str) -> Self {
        if issuer.contains(Self::Ansattporten.name()) { Self::Ansattporten } else { Self::Idporten }
    }

    /// Returns the issuer identifier, which has no slash at the end; `None` for the simulator, whose address varies, and for
    /// an environment that has been retired.
    #[must_use]
    pub fn issuer(self, environment: Environment) -> Option<String> {
        let name = self.name();
        match environment {
            Environment::Prod => Some(format!("https://{name}.no")),
            Environment::Test => Some(format!("https://test.{name}.no")),
            Environment::Dev => Some(format!("https://{name}.dev")),
            Environment::Ver2 | Environment::Sky | Environment::TestSky | Environment::Local => None,
        }
    }

    /// Returns the issuer identifier in the simulator, below that of its Maskinporten.
    #[must_use]
    pub fn local_issuer(self, local: &LocalEnvironment) -> String {
        format!("{}{}", local.issuer, self.name())
    }

    /// Returns the values of `acr` for a login that is at least substantial, or at least high
    /// (<https://docs.digdir.no/docs/ansattporten/ansattporten_protocol.html>).
    #[must_use]
    pub fn authentication_level(self, is_high: bool) -> &'static str {
        match (self, is_high) {
            (Self::Idporten, false) => "idporten-loa-substantial",
            (Self::Idporten, true) => "idporten-loa-high",
            (Self::Ansattporten, false) => "substantial",
            (Self::Ansattporten, true) => "high",
        }
    }
}

impl fmt::Display for IdentityProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idporten => "ID-porten",
            Self::Ansattporten => "Ansattporten",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_has_no_slash_at_the_end_as_the_audience_must_not() {
        for provider in IdentityProvider::ALL {
            assert_eq!(IdentityProvider::parse(&provider.name().to_uppercase()), Some(provider));
            for issuer in Environment::ALL.into_iter().filter_map(|environment| provider.issuer(environment)) {
                assert_eq!(IdentityProvider::of_issuer(&issuer), provider);
                assert!(issuer.starts_with("https://") && !issuer.ends_with('/'), "{issuer}");
            }
        }
        assert_eq!(IdentityProvider::Idporten.issuer(Environment::Test).unwrap(), "https://test.idporten.no");
        assert_eq!(IdentityProvider::Ansattporten.issuer(Environment::Prod).unwrap(), "https://ansattporten.no");
    }
}
