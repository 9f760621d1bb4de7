//! The credentials of AWS, where its own tools find them.
//!
//! In this order: variables, web identity, the container's, the shared files, the metadata service of the machine, and
//! `aws configure export-credentials` (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>).
//! The metadata service is asked only where a variable chooses it: elsewhere its address could be anyone's.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    endpoint::{self, AwsEndpoint},
    shared_files::AwsProfile,
    sts,
};
use crate::{
    clock::{Clock as _, SystemClock},
    http::{ApiRequest, Endpoint, Method, encode_form},
    json::JsonObject,
    key_services::{
        KeyService, PlaceError, ServiceAccess,
        access::{secret_file, variable},
        answer,
        program::{self, ProgramFault},
    },
};

/// Credentials are replaced this long before they expire.
const RENEWAL_TIME: Duration = Duration::from_mins(1);

/// Where containers of ECS get their credentials.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// Where machines of EC2 get their credentials.
const METADATA_SERVICE: &str = "http://169.254.169.254";

/// Credentials, which may expire.
#[derive(Clone)]
pub(super) struct AwsCredentials {
    pub(super) key_id: String,
    pub(super) secret: SecretString,
    pub(super) session_token: Option<SecretString>,
    expires_at: Option<DateTime<Utc>>,
    /// Where they are from.
    pub(super) origin: &'static str,
}

impl AwsCredentials {
    /// Whether they can be used for a while.
    pub(super) fn are_current(&self) -> bool {
        self.expires_at.is_none_or(|until| until - RENEWAL_TIME > SystemClock.now())
    }

    /// Parses the JSON of the metadata services and of `export-credentials`.
    fn parse(service: KeyService, object: &JsonObject, origin: &'static str) -> Result<Self, PlaceError> {
        let required = |name| answer::required(service, object, &[name]);
        let session_token = answer::text(object, &["SessionToken"]).or_else(|| answer::text(object, &["Token"]));
        Ok(Self {
            key_id: required("AccessKeyId")?.to_owned(),
            secret: required("SecretAccessKey")?.into(),
            session_token: session_token.map(SecretString::from),
            expires_at: answer::text(object, &["Expiration"]).and_then(|time| time.parse().ok()),
            origin,
        })
    }
}

/// Looks for credentials.
pub(super) struct CredentialSearch<'search> {
    pub(super) service: KeyService,
    pub(super) access: &'search ServiceAccess,
    pub(super) region: &'search str,
    pub(super) profile: &'search AwsProfile,
    /// The metadata service of EC2, if something other than a variable chooses it.
    pub(super) metadata: Option<Endpoint>,
    pub(super) deadline: Instant,
}

impl CredentialSearch<'_> {
    /// Returns the first credentials that are found.
    pub(super) async fn run(&self) -> Result<AwsCredentials, PlaceError> {
        if let Some(found) = static_credentials(variable, "the variables") {
            return Ok(found);
        }
        if let (Some(file), Some(role)) = (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN")) {
            return self.of_web_identity(&file, &role).await;
        }
        if let Some(endpoint) = self.container_endpoint()? {
            return self.of_container(&endpoint).await;
        }
        let setting = |name: &str| self.profile.get(&name.to_ascii_lowercase()).map(str::to_owned);
        // The keys beside a role are only for assuming it, which the command line does.
        if self.profile.get("role_arn").is_none()
            && let Some(found) = static_credentials(setting, "the file of `aws configure`")
        {
            return Ok(found);
        }
        if let Some(base) = self.metadata_service()? {
            return self.of_machine(&base).await;
        }
        self.of_command_line().await
    }

    fn none(&self, why: impl Into<String>) -> PlaceError {
        PlaceError::NoCredentials { service: self.service, why: why.into() }
    }

    /// Exchanges the token of a pod or a workflow (`AssumeRoleWithWebIdentity`); that request needs no signature.
    async fn of_web_identity(&self, file: &str, role: &str) -> Result<AwsCredentials, PlaceError> {
        let token = secret_file(self.service, Path::new(file))?;
        let session = variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "maskinporten".to_owned());
        let parameters = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", sts::VERSION),
            ("RoleArn", role),
            ("RoleSessionName", &session),
            ("WebIdentityToken", token.expose_secret()),
        ];
        let form = encode_form(parameters.into_iter());
        let endpoint = AwsEndpoint::Sts.url(KeyService::AwsSts, self.region)?;
        let request =
            ApiRequest { method: Method::POST, media_type: sts::FORM, body: Some(&form), ..ApiRequest::get(None) };
        let response = self.access.send(KeyService::AwsSts, &endpoint, &request, self.deadline).await?;
        let body = sts::result(&response, "sts:AssumeRoleWithWebIdentity")?;
        let required = |name| {
            let missing = || PlaceError::Answer { service: KeyService::AwsSts, why: format!("it has no `{name}`") };
            sts::element(body, name).ok_or_else(missing)
        };
        Ok(AwsCredentials {
            key_id: required("AccessKeyId")?.to_owned(),
            secret: required("SecretAccessKey")?.into(),
            session_token: Some(required("SessionToken")?.into()),
            expires_at: required("Expiration")?.parse().ok(),
            origin: "AWS_WEB_IDENTITY_TOKEN_FILE",
        })
    }

    /// Returns the address that the variables of ECS, EKS or Greengrass name.
    fn container_endpoint(&self) -> Result<Option<Endpoint>, PlaceError> {
        let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
        let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        let named = variable(relative).map(|path| (relative, format!("{CONTAINER_HOST}{path}")));
        let Some((name, url)) = named.or_else(|| variable(full).map(|url| (full, url))) else { return Ok(None) };
        self.local_endpoint(name, &url).map(Some)
    }

    fn local_endpoint(&self, name: &str, url: &str) -> Result<Endpoint, PlaceError> {
        let unusable = |why: String| PlaceError::Setting { service: self.service, variable: name.to_owned(), why };
        Endpoint::parse_metadata_service(url).map_err(|error| unusable(error.to_string()))
    }

    async fn of_container(&self, endpoint: &Endpoint) -> Result<AwsCredentials, PlaceError> {
        let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => Some(secret_file(self.service, Path::new(&file))?),
            None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(SecretString::from),
        };
        let object = self.local(endpoint, &ApiRequest::get(token.as_ref())).await?;
        let object = answer::object(KeyService::AwsMetadata, &object)?;
        AwsCredentials::parse(KeyService::AwsMetadata, &object, "the container")
    }

    /// Returns the metadata service of EC2 if a variable or the caller chooses it.
    fn metadata_service(&self) -> Result<Option<Endpoint>, PlaceError> {
        let name = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
        let url = variable(name);
        let disabled = variable("AWS_EC2_METADATA_DISABLED").map(|value| value.eq_ignore_ascii_case("true"));
        match disabled {
            Some(true) => Ok(None),
            None if url.is_none() => Ok(self.metadata.clone()),
            _ => self.local_endpoint(name, &url.unwrap_or_else(|| METADATA_SERVICE.to_owned())).map(Some),
        }
    }

    /// Asks the metadata service of EC2 for the credentials of the machine's role.
    async fn of_machine(&self, base: &Endpoint) -> Result<AwsCredentials, PlaceError> {
        let headers = self.metadata_headers(base).await?;
        let request = ApiRequest { headers: &headers, ..ApiRequest::get(None) };
        let path = ["latest", "meta-data", "iam", "security-credentials"];
        let role = self.local_text(&base.below(&[&path[..], &[""]].concat(), &[]), &request).await?;
        let role = role.expose_secret().lines().next().unwrap_or_default();
        let object = self.local(&base.below(&[&path[..], &[role]].concat(), &[]), &request).await?;
        let object = answer::object(KeyService::AwsMetadata, &object)?;
        AwsCredentials::parse(KeyService::AwsMetadata, &object, "the metadata service")
    }

    /// Asks the metadata service of EC2 for the region of the machine.
    pub(super) async fn region_of_machine(&self, base: &Endpoint) -> Result<String, PlaceError> {
        let headers = self.metadata_headers(base).await?;
        let request = ApiRequest { headers: &headers, ..ApiRequest::get(None) };
        let path = ["latest", "meta-data", "placement", "availability-zone"];
        let zone = self.local_text(&base.below(&path, &[]), &request).await?;
        // The zone of `eu-north-1` is `eu-north-1a`.
        let region = zone.expose_secret().trim_end_matches(|character: char| character.is_ascii_lowercase());
        endpoint::checked_region(KeyService::AwsMetadata, region)
    }

    /// Gets a token of the metadata service, version 2, as the header of further requests.
    async fn metadata_headers(&self, base: &Endpoint) -> Result<[(&'static str, SecretString); 1], PlaceError> {
        let lifetime = [("X-aws-ec2-metadata-token-ttl-seconds", SecretString::from("300"))];
        let request = ApiRequest { method: Method::PUT, headers: &lifetime, ..ApiRequest::get(None) };
        let token = self.local_text(&base.below(&["latest", "api", "token"], &[]), &request).await?;
        Ok([("X-aws-ec2-metadata-token", token)])
    }

    async fn local_text(&self, endpoint: &Endpoint, request: &ApiRequest<'_>) -> Result<SecretString, PlaceError> {
        let body = self.local(endpoint, request).await?;
        let not_text = |_| PlaceError::Answer { service: KeyService::AwsMetadata, why: "it is not text".to_owned() };
        str::from_utf8(&body).map(|text| text.trim().into()).map_err(not_text)
    }

    /// Sends a request to a service on this machine's link.
    async fn local(&self, endpoint: &Endpoint, request: &ApiRequest<'_>) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
        let service = KeyService::AwsMetadata;
        let response = self.access.send(service, endpoint, request, self.deadline).await?;
        let reason = || answer::reason(&response, &["code"], &["message"]);
        match response.status {
            200 => Ok(response.body),
            401 | 403 => Err(PlaceError::Credentials { service, reason: reason() }),
            404 => Err(self.none(format!("{service} has no role for this machine"))),
            _ => Err(answer::other_status(service, reason())),
        }
    }

    /// Asks the command line of AWS, which knows every other way, such as single sign-on.
    async fn of_command_line(&self) -> Result<AwsCredentials, PlaceError> {
        let arguments = ["configure", "export-credentials", "--format", "process"];
        match program::output("aws", &arguments, self.deadline).await {
            Ok(output) => {
                let object = answer::object(self.service, &output)?;
                AwsCredentials::parse(self.service, &object, "`aws configure export-credentials`")
            }
            Err(ProgramFault::Missing) => Err(self.none(
                "AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set, \
                 the profile has no key, and the command aws is not installed",
            )),
            Err(ProgramFault::Failed(why)) => Err(self.none(format!("`aws configure export-credentials`: {why}"))),
        }
    }
}

/// Returns a pair of keys that are settings; the secret belongs to the key id beside it.
fn static_credentials(setting: impl Fn(&str) -> Option<String>, origin: &'static str) -> Option<AwsCredentials> {
    Some(AwsCredentials {
        key_id: setting("AWS_ACCESS_KEY_ID")?,
        secret: setting("AWS_SECRET_ACCESS_KEY")?.into(),
        session_token: setting("AWS_SESSION_TOKEN").map(SecretString::from),
        expires_at: None,
        origin,
    })
}
