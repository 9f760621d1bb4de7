//! The addresses of AWS' services.

use crate::{
    http::Endpoint,
    key_services::{KeyService, PlaceError, access},
};

/// The services that requests are signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AwsEndpoint {
    SecretsManager,
    Ssm,
    Kms,
    Sts,
}

impl AwsEndpoint {
    /// Returns the name in addresses and signatures.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::Sts => "sts",
        }
    }

    /// Returns the address in a region, or the one that a variable gives.
    pub(super) fn url(self, service: KeyService, region: &str) -> Result<Endpoint, PlaceError> {
        let own = match self {
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
            Self::Kms => "AWS_ENDPOINT_URL_KMS",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
        };
        let set = [own, "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((name, access::variable(name)?)));
        let (variable, url) = set.unwrap_or_else(|| {
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            ("AWS_REGION", format!("https://{}.{region}.amazonaws.com{suffix}/", self.name()))
        });
        let unusable = |why: String| PlaceError::Setting { service, variable: variable.to_owned(), why };
        Endpoint::parse(&url).map_err(|error| unusable(error.to_string()))
    }
}
