//! Our identity at AWS, as a request that others send there to verify it: Google takes such a request for a token.
//!
//! <https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds>

use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{
    credentials::CredentialSearch,
    endpoint::{AwsEndpoint, region},
    shared_files::AwsProfile,
    signature::Unsigned,
};
use crate::{
    http::Endpoint,
    key_services::{KeyService, PlaceError, ServiceAccess},
};

const SERVICE: KeyService = KeyService::AwsSts;

/// Where the metadata service has the credentials of a machine's role.
const CREDENTIALS_PATH: &str = "/latest/meta-data/iam/security-credentials";

/// How our identity at AWS is proved to others.
pub(in crate::key_services) struct AwsIdentity {
    /// The address of STS, with `{region}` in place of a region.
    verification: String,
    metadata: Option<Endpoint>,
}

impl AwsIdentity {
    /// Checks the addresses in a credentials file: of the request that is signed, and of the credentials of a role.
    ///
    /// # Errors
    /// What is wrong with them, as the end of a sentence.
    ///
    /// # Security
    /// A file could otherwise name another request, which the signature would allow its receiver to send.
    pub(in crate::key_services) fn new(verification: &str, credentials: Option<&str>) -> Result<Self, String> {
        let url = Url::parse(&verification.replace("{region}", "eu-north-1")).ok();
        let is_of_aws = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            let actions = url.query_pairs().filter(|(name, _)| name == "Action").map(|(_, value)| value);
            url.scheme() == "https"
                && [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|domain| host.ends_with(domain))
                && actions.eq(["GetCallerIdentity"])
        };
        if !url.is_some_and(|url| is_of_aws(&url)) {
            return Err("its `regional_cred_verification_url` is not AWS' address for GetCallerIdentity".to_owned());
        }
        let metadata = credentials.map(|url| {
            let base = url.strip_suffix(CREDENTIALS_PATH).and_then(|base| Endpoint::parse_metadata_service(base).ok());
            base.ok_or_else(|| {
                format!("its `credential_source.url` is not that of EC2, which ends with {CREDENTIALS_PATH}")
            })
        });
        Ok(Self { verification: verification.to_owned(), metadata: metadata.transpose()? })
    }

    /// Signs the request for an audience, and returns it as Google takes it.
    pub(in crate::key_services) async fn subject_token(
        &self,
        audience: &str,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        let profile = AwsProfile::of_environment(SERVICE)?;
        let configured = region(SERVICE, None, &profile)?;
        let mut search = CredentialSearch {
            service: SERVICE,
            access,
            region: configured.as_deref().unwrap_or_default(),
            profile: &profile,
            metadata: self.metadata.clone(),
            deadline,
        };
        let region = match (&configured, &self.metadata) {
            (Some(region), _) => region.clone(),
            (None, Some(machine)) => search.region_of_machine(machine).await?,
            (None, None) => return Err(PlaceError::NotSet { service: SERVICE, variable: "AWS_REGION" }),
        };
        search.region = &region;
        let credentials = search.run().await?;
        let endpoint = Endpoint::parse(&self.verification.replace("{region}", &region));
        let endpoint = endpoint.map_err(|error| PlaceError::Setting {
            service: SERVICE,
            variable: "AWS_REGION".to_owned(),
            why: error.to_string(),
        })?;
        let unsigned = Unsigned { name: AwsEndpoint::Sts, region: &region, endpoint: &endpoint };
        let headers = [("x-goog-cloud-target-resource", audience)];
        let signed = unsigned.sign(SERVICE, &credentials, &headers, &SecretString::from(String::new()))?;
        let header = |name: &str, value: &str| json!({ "key": name, "value": value });
        let host = header("host", endpoint.host());
        let headers: Vec<Value> =
            signed.iter().map(|(name, value)| header(name, value.expose_secret())).chain([host]).collect();
        let request = json!({ "url": endpoint.as_str(), "method": "POST", "headers": headers }).to_string();
        // A space is %20: the receiver does not decode a form here.
        let encoded = form_urlencoded::byte_serialize(request.as_bytes()).collect::<String>().replace('+', "%20");
        Ok(encoded.into())
    }
}
