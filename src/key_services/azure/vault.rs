//! Requests to one vault. The first has no token: the vault answers it with where one is issued.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use secrecy::SecretString;

use super::{AzureKind, SERVICE, challenge::Challenge, credentials::AzureCredentials};
use crate::{
    http::{ApiRequest, Endpoint, Method, Response},
    json::JsonObject,
    key_services::{PlaceError, ServiceAccess, access::variable, answer},
};

/// The version of the REST API.
const API_VERSION: &str = "7.4";

/// Names another address of the vault, on this machine. It is for tests: the vault keeps its name, so that the challenge is
/// checked as it always is.
pub(super) const URL_VARIABLE: &str = "MASKINPORTEN_AZURE_KEY_VAULT_URL";

/// What is asked of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AzureOperation {
    GetSecret,
    GetCertificate,
    GetKey,
    Sign,
}

impl AzureOperation {
    /// Returns the operation that reads this kind of object.
    pub(super) fn of(kind: AzureKind) -> Self {
        match kind {
            AzureKind::Secret => Self::GetSecret,
            AzureKind::Certificate => Self::GetCertificate,
            AzureKind::Key => Self::GetKey,
        }
    }

    /// Returns the permission that it takes, as access policies name it, and the role that has it.
    pub(super) fn permission(self) -> &'static str {
        match self {
            Self::GetSecret => "secrets get (role Key Vault Secrets User)",
            Self::GetCertificate => "certificates get (role Key Vault Certificate User)",
            Self::GetKey => "keys get (role Key Vault Crypto User)",
            Self::Sign => "keys sign (role Key Vault Crypto User)",
        }
    }

    fn kind(self) -> AzureKind {
        match self {
            Self::GetSecret => AzureKind::Secret,
            Self::GetCertificate => AzureKind::Certificate,
            Self::GetKey | Self::Sign => AzureKind::Key,
        }
    }
}

/// Sends requests to one vault, with a token that is renewed when the vault no longer accepts it.
pub(super) struct KeyVaultClient {
    host: String,
    base: Endpoint,
    access: ServiceAccess,
    deadline: Instant,
    credentials: AzureCredentials,
    authorization: Mutex<Option<SecretString>>,
}

impl KeyVaultClient {
    /// Finds the credentials; nothing is sent.
    pub(super) fn new(host: &str, access: &ServiceAccess) -> Result<Self, PlaceError> {
        let setting = |why: &str| PlaceError::Setting {
            service: SERVICE,
            variable: URL_VARIABLE.to_owned(),
            why: why.to_owned(),
        };
        let base = match variable(URL_VARIABLE) {
            None => Endpoint::parse(&format!("https://{host}")),
            Some(url) => Endpoint::parse(&url),
        };
        let base = base.map_err(|error| setting(&error.to_string()))?;
        if base.host() != host && !base.is_loopback() {
            return Err(setting("it is not an address of this machine"));
        }
        let credentials = AzureCredentials::find()?;
        let (host, deadline) = (host.to_owned(), access.deadline());
        Ok(Self { host, base, access: access.clone(), deadline, credentials, authorization: Mutex::default() })
    }

    /// Returns the identity that the token is for.
    pub(super) fn identity(&self) -> String {
        self.credentials.to_string()
    }

    /// Reads an object in this version, or in the current one.
    pub(super) async fn get(
        &self,
        operation: AzureOperation,
        name: &str,
        version: Option<&str>,
    ) -> Result<JsonObject, PlaceError> {
        let path: Vec<&str> = [operation.kind().segment(), name].into_iter().chain(version).collect();
        self.request(operation, &path, None, self.deadline).await
    }

    /// Signs with a key. A token was requested when the key was read.
    pub(super) async fn sign(&self, name: &str, version: &str, body: &SecretString) -> Result<JsonObject, PlaceError> {
        let deadline = self.access.deadline();
        self.request(AzureOperation::Sign, &["keys", name, version, "sign"], Some(body), deadline).await
    }

    async fn request(
        &self,
        operation: AzureOperation,
        path: &[&str],
        body: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<JsonObject, PlaceError> {
        let endpoint = self.base.below(path, &[("api-version", API_VERSION)]);
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut response = self.send(&endpoint, known.as_ref(), body, deadline).await?;
        if response.status == 401 {
            let authority_host = self.credentials.authority_host();
            let header = response.challenge.as_deref().unwrap_or_default();
            let challenge = Challenge::parse(header, &self.host, authority_host)?;
            let token = self.credentials.authorization(&challenge, &self.access, deadline).await?;
            response = self.send(&endpoint, Some(&token), body, deadline).await?;
            *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        }
        match response.status {
            200 => answer::object(SERVICE, &response.body),
            _ => Err(refusal(&response, operation, path)),
        }
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        authorization: Option<&SecretString>,
        body: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Response, PlaceError> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let request = ApiRequest { method, body, ..ApiRequest::get(authorization) };
        self.access.send(SERVICE, endpoint, &request, deadline).await
    }
}

/// Makes the error of a response with another status than 200
/// (<https://learn.microsoft.com/azure/key-vault/general/rest-error-codes>).
fn refusal(response: &Response, operation: AzureOperation, path: &[&str]) -> PlaceError {
    let service = SERVICE;
    let inner = answer::reason(response, &["error", "innererror", "code"], &["error", "message"]);
    let mut reason = answer::reason(response, &["error", "code"], &["error", "message"]);
    let is_of_the_caller =
        matches!(inner.code.as_deref(), Some("AccessDenied" | "ForbiddenByRbac" | "ForbiddenByPolicy"));
    reason.code = inner.code.or(reason.code);
    match response.status {
        401 => PlaceError::Credentials { service, reason },
        403 if is_of_the_caller || reason.code.as_deref() == Some("Forbidden") => {
            PlaceError::Denied { service, reason, permission: operation.permission().to_owned() }
        }
        404 => PlaceError::NotFound { service, what: path.join("/"), reason },
        _ => answer::other_status(service, reason),
    }
}
