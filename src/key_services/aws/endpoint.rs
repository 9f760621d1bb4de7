//! The addresses of AWS' services.

use super::shared_files::AwsProfile;
use crate::{
    http::Endpoint,
    key_services::{KeyService, PlaceError, access},
};

/// Returns the region that is named: the given one, or that of the variables or of the profile.
pub(super) fn region(
    service: KeyService,
    given: Option<String>,
    profile: &AwsProfile,
) -> Result<Option<String>, PlaceError> {
    let of_variables = || access::variable("AWS_REGION").or_else(|| access::variable("AWS_DEFAULT_REGION"));
    let region = given.or_else(of_variables).or_else(|| profile.get("region").map(str::to_owned));
    region.map(|region| checked_region(service, &region)).transpose()
}

/// Returns a region whose name may be part of an address.
pub(super) fn checked_region(service: KeyService, region: &str) -> Result<String, PlaceError> {
    let is_valid = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if !region.is_empty() && region.chars().all(is_valid) {
        return Ok(region.to_owned());
    }
    let (variable, why) = ("AWS_REGION".to_owned(), "it is not the name of a region".to_owned());
    Err(PlaceError::Setting { service, variable, why })
}

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
