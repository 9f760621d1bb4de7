//! Google: Secret Manager, and keys of Cloud KMS, which sign there.

mod checksum;
mod credentials;
mod credentials_file;
mod external_account;
mod kms;
mod members;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use zeroize::Zeroizing;

use self::{credentials::GoogleCredentials, kms::KmsKey};
use super::{
    Fetched, KeyService, PlaceError, PlaceFacts, ServiceAccess,
    access::variable,
    answer,
    part::{PartFault, WrongPart, segment},
};
use crate::{
    http::{ApiRequest, Endpoint, Method},
    json::JsonObject,
    text::server_text,
};

/// What a token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The variables that decide which service is meant, as for `gcloud`.
pub(super) const DECIDING_VARIABLES: &[&str] = &[SECRETS_URL, KMS_URL];

const SECRETS_URL: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER";
const KMS_URL: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS";

/// A secret or key at Google.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GooglePlace {
    /// A secret.
    Secret {
        /// The project.
        project: String,
        /// The name of the secret.
        name: String,
        /// Its version; the latest without.
        version: Option<String>,
    },
    /// A version of a key, by its whole resource name.
    Key(String),
}

impl GooglePlace {
    /// Parses `PROJECT/NAME` or `PROJECT/NAME/VERSION`.
    pub(super) fn parse_secret(text: &str) -> Result<Self, WrongPart> {
        let mut parts = text.splitn(3, '/');
        let project = segment("project", parts.next().unwrap_or_default(), ":")?.to_owned();
        let name = segment("name", parts.next().unwrap_or_default(), "")?.to_owned();
        let version = parts.next().map(|version| segment("version", version, "")).transpose()?;
        Ok(Self::Secret { project, name, version: version.map(str::to_owned) })
    }

    /// Parses `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N`.
    pub(super) fn parse_key(text: &str) -> Result<Self, WrongPart> {
        const COLLECTIONS: [&str; 5] = ["projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions"];
        let parts: Vec<&str> = text.split('/').collect();
        for (index, collection) in COLLECTIONS.into_iter().enumerate() {
            match parts.get(2 * index) {
                Some(part) if *part == collection => {
                    segment(collection, parts.get(2 * index + 1).copied().unwrap_or_default(), ":")?;
                }
                Some(_) => return Err((collection, PartFault::Unknown)),
                None => return Err((collection, PartFault::Missing)),
            }
        }
        if parts.len() > 2 * COLLECTIONS.len() {
            return Err(("cryptoKeyVersions", PartFault::Character));
        }
        Ok(Self::Key(text.to_owned()))
    }

    fn service(&self) -> KeyService {
        match self {
            Self::Secret { .. } => KeyService::GoogleSecretManager,
            Self::Key(_) => KeyService::GoogleKms,
        }
    }
}

/// Fetches the content, or prepares the key to sign there, and returns what the service reports about it.
pub(super) async fn read(place: &GooglePlace, access: &ServiceAccess) -> Result<(Fetched, PlaceFacts), PlaceError> {
    let client = GoogleClient::new(place.service(), access)?;
    let identity = Some(client.credentials.to_string());
    let (fetched, location, permission) = match place {
        GooglePlace::Secret { project, name, version } => {
            let version = version.as_deref().unwrap_or("latest");
            let resource = format!("projects/{project}/secrets/{name}/versions/{version}");
            let (content, used) = client.secret(&resource).await?;
            (Fetched::Content(content), used.unwrap_or(resource), GoogleOperation::AccessSecret)
        }
        GooglePlace::Key(name) => {
            let key = KmsKey::open(client, name).await?;
            (Fetched::Key(key), name.clone(), GoogleOperation::ViewPublicKey)
        }
    };
    let permissions = vec![permission.permission().to_owned()];
    let facts = PlaceFacts { location, identity, permissions, expires_at: None };
    Ok((fetched, facts))
}

/// What is asked of a service.
#[derive(Debug, Clone, Copy)]
enum GoogleOperation {
    AccessSecret,
    ViewPublicKey,
    Sign,
}

impl GoogleOperation {
    /// Returns the permission that it takes, and the role that has it.
    fn permission(self) -> &'static str {
        match self {
            Self::AccessSecret => "secretmanager.versions.access (role roles/secretmanager.secretAccessor)",
            Self::ViewPublicKey => "cloudkms.cryptoKeyVersions.viewPublicKey (role roles/cloudkms.signerVerifier)",
            Self::Sign => "cloudkms.cryptoKeyVersions.useToSign (role roles/cloudkms.signerVerifier)",
        }
    }
}

/// How long a token is used: Google's are valid for longer, also those that its metadata server had already.
const TOKEN_USE: Duration = Duration::from_mins(2);

/// Sends requests to one service.
struct GoogleClient {
    service: KeyService,
    base: Endpoint,
    access: ServiceAccess,
    credentials: GoogleCredentials,
    /// The latest token, and when it was requested.
    token: Mutex<Option<(Instant, SecretString)>>,
}

impl GoogleClient {
    /// Finds the credentials; nothing is sent.
    fn new(service: KeyService, access: &ServiceAccess) -> Result<Self, PlaceError> {
        let (name, default) = match service {
            KeyService::GoogleKms => (KMS_URL, "https://cloudkms.googleapis.com/"),
            _ => (SECRETS_URL, "https://secretmanager.googleapis.com/"),
        };
        let url = variable(name);
        let base = Endpoint::parse(url.as_deref().unwrap_or(default)).map_err(|error| PlaceError::Setting {
            service,
            variable: name.to_owned(),
            why: error.to_string(),
        })?;
        let credentials = GoogleCredentials::find(service)?;
        Ok(Self { service, base, access: access.clone(), credentials, token: Mutex::default() })
    }

    /// Reads a version of a secret, and returns its content and the name of the version that it is.
    async fn secret(&self, resource: &str) -> Result<(Zeroizing<Vec<u8>>, Option<String>), PlaceError> {
        let object = self.request(GoogleOperation::AccessSecret, &format!("{resource}:access"), None).await?;
        let data = answer::required(self.service, &object, &["payload", "data"])?;
        let content = self.decoded(data)?;
        // Versions that were added without a checksum have none.
        if let Some(sum) = answer::text(&object, &["payload", "dataCrc32c"]) {
            self.check(&content, sum, "payload.data")?;
        }
        Ok((content, answer::text(&object, &["name"]).map(|name| server_text(name, 300))))
    }

    /// Sends a request about a resource, with a token.
    async fn request(
        &self,
        operation: GoogleOperation,
        resource: &str,
        body: Option<&SecretString>,
    ) -> Result<JsonObject, PlaceError> {
        let service = self.service;
        let deadline = self.access.deadline();
        let path: Vec<&str> = ["v1"].into_iter().chain(resource.split('/')).collect();
        let endpoint = self.base.below(&path, &[]);
        let authorization = self.authorization(deadline).await?;
        let payer = self.credentials.quota_project().map(|project| ("x-goog-user-project", project.into()));
        let headers: Vec<_> = payer.into_iter().collect();
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let request = ApiRequest { method, body, headers: &headers, ..ApiRequest::get(Some(&authorization)) };
        let response = self.access.send(service, &endpoint, &request, deadline).await?;
        // https://cloud.google.com/apis/design/errors
        let reason = answer::reason(&response, &["error", "status"], &["error", "message"]);
        match response.status {
            200 => answer::object(service, &response.body),
            401 => Err(PlaceError::Credentials { service, reason }),
            403 => Err(PlaceError::Denied { service, reason, permission: operation.permission().to_owned() }),
            404 => Err(PlaceError::NotFound { service, what: resource.to_owned(), reason }),
            _ => Err(answer::other_status(service, reason)),
        }
    }

    /// Returns the latest token, or gets one.
    async fn authorization(&self, deadline: Instant) -> Result<SecretString, PlaceError> {
        let latest = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, token)) = latest.filter(|(at, _)| at.elapsed() < TOKEN_USE) {
            return Ok(token);
        }
        let token = self.credentials.authorization(self.service, &self.access, deadline).await?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), token.clone()));
        Ok(token)
    }

    fn decoded(&self, base64: &str) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
        let senseless = |_| PlaceError::Answer { service: self.service, why: "it has damaged base64".to_owned() };
        STANDARD.decode(base64).map(Zeroizing::new).map_err(senseless)
    }

    /// Compares bytes with the checksum that came with them.
    fn check(&self, bytes: &[u8], sum: &str, member: &str) -> Result<(), PlaceError> {
        if sum.parse() == Ok(i64::from(checksum::crc32c(bytes))) {
            return Ok(());
        }
        let why = format!("the checksum of its `{member}` is wrong: it was damaged on its way");
        Err(PlaceError::Answer { service: self.service, why })
    }
}
