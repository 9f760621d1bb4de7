//! The environments of Altinn, and which environment of Maskinporten each accepts tokens from.
//!
//! Platform addresses: <https://docs.altinn.studio/api/authentication/>. Addresses of Altinn's portal and of the former
//! REST API: <https://docs.altinn.studio/api/rest/kom-i-gang/>.

use std::fmt;

use super::Environment;

/// An installation of Altinn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AltinnEnvironment {
    /// Production.
    Prod,
    /// The test environment for customers.
    Tt02,
    /// An acceptance test environment of Altinn's own.
    At21,
    /// An acceptance test environment of Altinn's own.
    At22,
    /// An acceptance test environment of Altinn's own.
    At23,
    /// An acceptance test environment of Altinn's own.
    At24,
    /// The environment for load tests.
    Yt01,
}

impl AltinnEnvironment {
    /// Every environment, in the order in which they are listed.
    pub const ALL: [Self; 7] = [Self::Prod, Self::Tt02, Self::At21, Self::At22, Self::At23, Self::At24, Self::Yt01];

    /// Returns the name used on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Tt02 => "tt02",
            Self::At21 => "at21",
            Self::At22 => "at22",
            Self::At23 => "at23",
            Self::At24 => "at24",
            Self::Yt01 => "yt01",
        }
    }

    /// Returns the environment with this name, in upper or lower case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Returns the environment that accepts tokens from this environment of Maskinporten by default; `None` where there
    /// is more than one, for Skyporten, and for the simulator, which has its own Altinn.
    #[must_use]
    pub fn of(environment: Environment) -> Option<Self> {
        match environment {
            Environment::Prod => Some(Self::Prod),
            Environment::Test | Environment::Ver2 => Some(Self::Tt02),
            Environment::Dev | Environment::Sky | Environment::TestSky | Environment::Local => None,
        }
    }

    /// Returns the base URL of the platform's APIs, without a slash at the end.
    #[must_use]
    pub fn platform_url(self) -> &'static str {
        match self {
            Self::Prod => "https://platform.altinn.no",
            Self::Tt02 => "https://platform.tt02.altinn.no",
            Self::At21 => "https://platform.at21.altinn.cloud",
            Self::At22 => "https://platform.at22.altinn.cloud",
            Self::At23 => "https://platform.at23.altinn.cloud",
            Self::At24 => "https://platform.at24.altinn.cloud",
            Self::Yt01 => "https://platform.yt01.altinn.cloud",
        }
    }

    /// Returns the address of Altinn's portal, which was that of Altinn 2's REST API too, with a slash at the end.
    #[must_use]
    pub fn portal_url(self) -> &'static str {
        match self {
            Self::Prod => "https://www.altinn.no/",
            Self::Tt02 => "https://tt02.altinn.no/",
            Self::At21 => "https://at21.altinn.cloud/",
            Self::At22 => "https://at22.altinn.cloud/",
            Self::At23 => "https://at23.altinn.cloud/",
            Self::At24 => "https://at24.altinn.cloud/",
            Self::Yt01 => "https://yt01.altinn.cloud/",
        }
    }
}

impl fmt::Display for AltinnEnvironment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_any_case_parses_to_its_environment_which_has_addresses_of_its_own() {
        for environment in AltinnEnvironment::ALL {
            for name in [environment.name().to_owned(), format!(" {} ", environment.name().to_uppercase())] {
                assert_eq!(AltinnEnvironment::parse(&name), Some(environment));
            }
            if environment != AltinnEnvironment::Prod {
                assert!(environment.platform_url().starts_with(&format!("https://platform.{environment}.altinn.")));
                assert!(environment.portal_url().starts_with(&format!("https://{environment}.altinn.")));
            }
        }
    }
}
