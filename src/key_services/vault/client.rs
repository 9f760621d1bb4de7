//! Requests to Vault: the address, the namespace, the token, and what an error response means.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use secrecy::SecretString;

use super::{
    login::{Login, TokenStep},
    setting,
};
use crate::{
    http::{ApiRequest, Endpoint, Method, Response},
    json::{JsonObject, JsonValue},
    key_services::{KeyService, PlaceError, Reason, ServiceAccess, answer},
    text::server_text,
};

const SERVICE: KeyService = KeyService::Vault;

/// A request to Vault.
pub(super) struct VaultRequest {
    pub(super) method: Method,
    /// The path below `/v1/`.
    pub(super) path: String,
    pub(super) body: Option<SecretString>,
    /// What is asked for, for the error when it does not exist.
    pub(super) what: String,
}

impl VaultRequest {
    /// Requests Vault's description of the token.
    pub(super) fn lookup_self() -> Self {
        let path = "auth/token/lookup-self".to_owned();
        Self { method: Method::GET, path, body: None, what: "token".to_owned() }
    }
}

/// A Vault, and the token for it.
#[derive(Debug)]
pub(super) struct VaultServer {
    pub(super) address: Endpoint,
    namespace: Option<SecretString>,
    access: ServiceAccess,
    pub(super) login: Login,
    token: Mutex<Option<SecretString>>,
}

impl VaultServer {
    /// Reads the variables of Vault's own command line.
    pub(super) fn from_environment(access: &ServiceAccess) -> Result<Self, PlaceError> {
        let unusable = |why: String| PlaceError::Setting { service: SERVICE, variable: "VAULT_ADDR".to_owned(), why };
        let address = setting("ADDR").ok_or(PlaceError::NotSet { service: SERVICE, variable: "VAULT_ADDR" })?;
        let address = Endpoint::parse(&address).map_err(|error| unusable(error.to_string()))?;
        let mut access = access.clone();
        if let Some(file) = setting("CACERT") {
            access.http.ca_file = Some(PathBuf::from(file));
            access.http.ca_file_is_confined = false;
        }
        let namespace = setting("NAMESPACE").map(SecretString::from);
        Ok(Self { address, namespace, access, login: Login::from_environment()?, token: Mutex::new(None) })
    }

    /// Returns when the time is over for what begins now.
    pub(super) fn deadline(&self) -> Instant {
        self.access.deadline()
    }

    /// Sends a request with the token, which is obtained first if there is none, and again if Vault no longer takes it.
    pub(super) async fn send(&self, request: &VaultRequest, deadline: Instant) -> Result<JsonObject, PlaceError> {
        let kept = self.kept_token();
        let is_kept = kept.is_some();
        let mut token = match kept {
            Some(token) => token,
            None => self.new_token(deadline).await?,
        };
        let mut response = self.send_with(request, Some(&token), deadline).await?;
        if response.status == 403 && is_kept && self.login.can_be_repeated() {
            token = self.new_token(deadline).await?;
            response = self.send_with(request, Some(&token), deadline).await?;
        }
        if response.status == 403 && !self.is_valid(&token, deadline).await? {
            return Err(PlaceError::Credentials { service: SERVICE, reason: reason(&response) });
        }
        result(&response, request)
    }

    fn kept_token(&self) -> Option<SecretString> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn new_token(&self, deadline: Instant) -> Result<SecretString, PlaceError> {
        let token = match self.login.begin()? {
            TokenStep::Token(token) => token,
            TokenStep::Request(login) => {
                let path = format!("auth/{}/login", login.path);
                let request = VaultRequest { method: Method::POST, what: path.clone(), path, body: Some(login.body) };
                let response = self.send_with(&request, None, deadline).await?;
                if matches!(response.status, 400 | 401 | 403) {
                    return Err(PlaceError::Credentials { service: SERVICE, reason: reason(&response) });
                }
                let object = result(&response, &request)?;
                answer::required(SERVICE, &object, &["auth", "client_token"])?.into()
            }
        };
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// Returns whether the token is valid: Vault's error for an unknown one is that for a missing permission.
    async fn is_valid(&self, token: &SecretString, deadline: Instant) -> Result<bool, PlaceError> {
        Ok(self.send_with(&VaultRequest::lookup_self(), Some(token), deadline).await?.status != 403)
    }

    async fn send_with(
        &self,
        request: &VaultRequest,
        token: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Response, PlaceError> {
        let segments: Vec<&str> = std::iter::once("v1").chain(request.path.split('/')).collect();
        // Vault requires the first header of clients that forward requests, against forged ones.
        let mut headers = vec![("X-Vault-Request", SecretString::from("true"))];
        headers.extend(token.map(|token| ("X-Vault-Token", token.clone())));
        headers.extend(self.namespace.clone().map(|namespace| ("X-Vault-Namespace", namespace)));
        let request = ApiRequest {
            method: request.method.clone(),
            headers: &headers,
            body: request.body.as_ref(),
            ..ApiRequest::get(None)
        };
        self.access.send(SERVICE, &self.address.below(&segments, &[]), &request, deadline).await
    }
}

/// Returns the body of a success, or what the error means.
fn result(response: &Response, request: &VaultRequest) -> Result<JsonObject, PlaceError> {
    let service = SERVICE;
    let reason = reason(response);
    match response.status {
        200..=299 => answer::object(service, &response.body),
        403 => {
            let capability = if request.method == Method::GET { "read" } else { "update" };
            Err(PlaceError::Denied { service, reason, permission: format!("{capability} on {}", request.path) })
        }
        404 => Err(PlaceError::NotFound { service, what: request.what.clone(), reason }),
        // Nodes that are not active, and one that has not caught up.
        412 | 472 | 473 => Err(PlaceError::Unavailable { service, reason }),
        _ => Err(answer::other_status(service, reason)),
    }
}

/// Returns the status and Vault's own error texts.
fn reason(response: &Response) -> Reason {
    let object = answer::object(SERVICE, &response.body).unwrap_or_default();
    let texts: Vec<&str> = match object.get("errors") {
        Some(JsonValue::Array(errors)) => errors.iter().filter_map(answer::as_text).collect(),
        _ => Vec::new(),
    };
    let text = Some(server_text(&texts.join("; "), answer::TEXT_CHARACTERS)).filter(|text| !text.is_empty());
    Reason { text, ..Reason::new(response) }
}
