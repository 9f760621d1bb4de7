//! The base URL of Altinn's platform APIs.

use std::fmt;

use crate::{
    environment::AltinnEnvironment,
    explain::Explain,
    http::{Endpoint, EndpointError},
};

/// An installation of Altinn's platform, by the base URL of its APIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltinnPlatform(Endpoint);

/// Why a base URL was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// It is not a URL that requests may be sent to.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// It has a query, which the base of other URLs cannot have.
    #[error("`{0}` has a query, which a base URL cannot have")]
    Query(Endpoint),
}

impl AltinnPlatform {
    /// Parses the base URL of a platform: https, or http on this machine. A slash at the end does not matter.
    ///
    /// # Errors
    /// [`PlatformError`] when it is not a URL that requests may be sent to, or has a query.
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let endpoint = Endpoint::parse(text)?;
        if endpoint.as_str().contains('?') {
            return Err(PlatformError::Query(endpoint));
        }
        Ok(Self(endpoint))
    }

    /// Returns the platform of an environment.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the URLs are constants that a test parses")]
    pub fn of(environment: AltinnEnvironment) -> Self {
        Self(Endpoint::parse(environment.platform_url()).expect("the base URL of every environment is https"))
    }

    /// Returns the platform of the environment that has this issuer identifier.
    #[must_use]
    pub fn of_issuer(identifier: &str) -> Option<Self> {
        AltinnEnvironment::ALL.into_iter().map(Self::of).find(|own| own.issuer() == identifier)
    }

    /// Returns the base URL.
    #[must_use]
    pub fn base(&self) -> &Endpoint {
        &self.0
    }

    /// Returns the environment that has this platform, if it is a known one.
    #[must_use]
    pub fn environment(&self) -> Option<AltinnEnvironment> {
        AltinnEnvironment::ALL.into_iter().find(|own| Self::of(*own) == *self)
    }

    /// Returns the URL of an API: a path of these segments below the base, with these parameters. Both are encoded.
    #[must_use]
    pub fn endpoint(&self, segments: &[&str], query: &[(&str, &str)]) -> Endpoint {
        self.0.below(segments, query)
    }

    /// Returns the issuer identifier of the tokens that this platform issues.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.endpoint(&["authentication", "api", "v1", "openid", ""], &[]).as_str().to_owned()
    }
}

impl fmt::Display for AltinnPlatform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Explain for PlatformError {
    fn code(&self) -> &'static str {
        "endpoint"
    }

    fn hint(&self) -> Option<String> {
        Some("write it as https://platform.tt02.altinn.no".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{KnownIssuer, Service};

    #[test]
    fn an_address_of_an_api_is_below_the_base_and_encoded() {
        for (base, expected) in [
            ("https://platform.altinn.no", "https://platform.altinn.no/authentication/a%2Fb?test=true&x=%26"),
            ("https://gateway.example/altinn/", "https://gateway.example/altinn/authentication/a%2Fb?test=true&x=%26"),
            ("http://127.0.0.1:17824/altinn", "http://127.0.0.1:17824/altinn/authentication/a%2Fb?test=true&x=%26"),
        ] {
            let platform = AltinnPlatform::parse(base).unwrap();
            let endpoint = platform.endpoint(&["authentication", "a/b"], &[("test", "true"), ("x", "&")]);
            assert_eq!(endpoint.as_str(), expected);
        }
    }

    #[test]
    fn the_issuer_of_every_environment_is_known_and_its_platform_names_the_environment() {
        for environment in AltinnEnvironment::ALL {
            let platform = AltinnPlatform::of(environment);
            let known = KnownIssuer::find(&platform.issuer()).unwrap();
            assert_eq!((known.service, known.environment), (Service::Altinn, environment.name()));
            assert_eq!(platform.environment(), Some(environment));
            assert_eq!(AltinnPlatform::of_issuer(&platform.issuer()), Some(platform));
        }
        assert_eq!(AltinnPlatform::parse("https://platform.altinn.example").unwrap().environment(), None);
    }

    #[test]
    fn a_base_without_tls_on_another_machine_or_with_a_query_is_rejected() {
        for text in ["http://platform.altinn.no", "platform.altinn.no", "https://platform.altinn.no/?a=b", ""] {
            assert!(AltinnPlatform::parse(text).is_err(), "{text}");
        }
    }
}
