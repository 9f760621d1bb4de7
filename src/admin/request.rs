//! Requests to the self-service API, as values that can be shown before they are sent.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Access, AccessChange, AdminError, AdminOperation, AdminRefusal};
use crate::{
    client::{ApiClient, ClientError, RetryPolicy},
    http::{ApiRequest, Endpoint, HttpOptions, Method, Response},
    organisation::OrganisationNumber,
};

/// Maximum size of a response: the list of all public scopes has several megabytes.
const MAXIMUM_BYTES: usize = 16 * 1024 * 1024;

/// A request to the self-service API.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRequest {
    operation: AdminOperation,
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

/// Sends requests to one installation of the self-service API, over connections that are kept.
#[derive(Debug, Clone)]
pub struct AdminClient(ApiClient);

impl AdminRequest {
    /// Asks for the scopes that anyone may see; no token is needed.
    #[must_use]
    pub fn public_scopes() -> Self {
        let query = [("accessible_for_all", "false"), ("inactive", "false")];
        query.into_iter().fold(Self::get(AdminOperation::SearchScopes, &["scopes", "all"]), |request, (name, value)| {
            request.with_query(name, value)
        })
    }

    /// Asks for the organisation's scopes, the inactive ones too if `inactive`.
    #[must_use]
    pub fn scopes(inactive: bool) -> Self {
        let request = Self::get(AdminOperation::ListScopes, &["scopes"]);
        if inactive { request.with_query("inactive", "true") } else { request }
    }

    /// Asks for a scope.
    #[must_use]
    pub fn scope(name: &str) -> Self {
        Self::get(AdminOperation::ShowScope, &["scopes"]).with_query("scope", name)
    }

    /// Creates a scope.
    #[must_use]
    pub fn create_scope(scope: Value) -> Self {
        Self::new(AdminOperation::CreateScope, Method::POST, &["scopes"]).with_body(scope)
    }

    /// Replaces a scope.
    #[must_use]
    pub fn update_scope(name: &str, scope: Value) -> Self {
        Self::new(AdminOperation::UpdateScope, Method::PUT, &["scopes"]).with_query("scope", name).with_body(scope)
    }

    /// Deactivates a scope.
    #[must_use]
    pub fn delete_scope(name: &str) -> Self {
        Self::new(AdminOperation::DeleteScope, Method::DELETE, &["scopes"]).with_query("scope", name)
    }

    /// Asks which organisations have a scope.
    #[must_use]
    pub fn access_to(scope: &str) -> Self {
        Self::get(AdminOperation::ListAccess, &["scopes", "access"]).with_query("scope", scope)
    }

    /// Asks which of the organisation's scopes another organisation has.
    #[must_use]
    pub fn access_of(consumer: &OrganisationNumber) -> Self {
        Self::get(AdminOperation::ListAccess, &["scopes", "access"]).with_query("consumer_orgno", consumer.digits())
    }

    /// Asks which scopes the organisation has been granted.
    #[must_use]
    pub fn received_access() -> Self {
        Self::get(AdminOperation::ListReceived, &["scopes", "access", "all"])
    }

    /// Grants an organisation access to a scope, or ends it.
    #[must_use]
    pub fn change_access(change: &AccessChange) -> Self {
        let (operation, method) = match change {
            AccessChange::Grant(_) => (AdminOperation::GrantAccess, Method::PUT),
            AccessChange::Revoke(_) => (AdminOperation::RevokeAccess, Method::DELETE),
        };
        let Access { scope, consumer } = change.access();
        Self::new(operation, method, &["scopes", "access", consumer]).with_query("scope", scope)
    }

    /// Asks for the organisation's clients, the inactive ones too if `inactive`.
    #[must_use]
    pub fn clients(inactive: bool) -> Self {
        let request = Self::get(AdminOperation::ListClients, &["clients"]);
        if inactive { request.with_query("inactive", "true") } else { request }
    }

    /// Asks for a client.
    #[must_use]
    pub fn client(id: &str) -> Self {
        Self::get(AdminOperation::ShowClient, &["clients", id])
    }

    /// Creates a client.
    #[must_use]
    pub fn create_client(client: Value) -> Self {
        Self::new(AdminOperation::CreateClient, Method::POST, &["clients"]).with_body(client)
    }

    /// Replaces a client.
    #[must_use]
    pub fn update_client(id: &str, client: Value) -> Self {
        Self::new(AdminOperation::UpdateClient, Method::PUT, &["clients", id]).with_body(client)
    }

    /// Deactivates a client.
    #[must_use]
    pub fn delete_client(id: &str) -> Self {
        Self::new(AdminOperation::DeleteClient, Method::DELETE, &["clients", id])
    }

    /// Asks for the keys of a client.
    #[must_use]
    pub fn keys(client: &str) -> Self {
        Self::get(AdminOperation::ListKeys, &["clients", client, "jwks"])
    }

    /// Replaces all keys of a client.
    #[must_use]
    pub fn replace_keys(client: &str, keys: Value) -> Self {
        Self::new(AdminOperation::ReplaceKeys, Method::POST, &["clients", client, "jwks"]).with_body(keys)
    }

    fn get(operation: AdminOperation, path: &[&str]) -> Self {
        Self::new(operation, Method::GET, path)
    }

    fn new(operation: AdminOperation, method: Method, path: &[&str]) -> Self {
        let path = ["api", "v1"].iter().chain(path).map(|segment| (*segment).to_owned()).collect();
        Self { operation, method, path, query: Vec::new(), body: None }
    }

    fn with_query(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    fn with_body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Returns what is asked for, with the scopes that it needs.
    #[must_use]
    pub fn operation(&self) -> AdminOperation {
        self.operation
    }

    /// Returns method, path, query and body, to be shown instead of being sent.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let query: serde_json::Map<_, _> =
            self.query.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
        json!({
            "method": self.method.as_str(),
            "path": format!("/{}", self.path.join("/")),
            "query": query,
            "body": self.body,
        })
    }
}

impl AdminClient {
    /// Prepares requests to the API at this base URL; nothing is sent.
    ///
    /// # Errors
    /// [`AdminError::Client`] when the file with certificate authorities or a proxy variable cannot be used.
    pub fn new(base: Endpoint, options: &HttpOptions, retry_policy: RetryPolicy) -> Result<Self, AdminError> {
        Ok(Self(ApiClient::new(base, options, retry_policy)?))
    }

    /// Returns the base URL.
    #[must_use]
    pub fn base(&self) -> &Endpoint {
        self.0.base()
    }

    /// Sends a request, and returns the response; `null` if it has no body.
    ///
    /// Network errors, 429 and 5xx are retried where the operation may be repeated; `notify` is called before each retry.
    ///
    /// # Errors
    /// [`AdminError`], that of the last attempt.
    pub async fn send(
        &self,
        request: &AdminRequest,
        authorization: Option<&SecretString>,
        notify: impl FnMut(&AdminError, Duration),
    ) -> Result<Value, AdminError> {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let query: Vec<(&str, &str)> = request.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let endpoint = self.base().below(&path, &query);
        let body = request.body.as_ref().map(|body| SecretString::from(body.to_string()));
        let api = ApiRequest {
            method: request.method.clone(),
            body: body.as_ref(),
            limit: MAXIMUM_BYTES,
            ..ApiRequest::get(authorization)
        };
        let refusal = |response: &Response| AdminRefusal::read(request.operation, &endpoint, response);
        let response = self.0.send(&endpoint, &api, request.operation.may_be_repeated(), refusal, notify).await?;
        if response.body.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        let parsed = serde_json::from_slice(&response.body);
        parsed.map_err(|_| ClientError::unexpected(&endpoint, &response, "it is not JSON").into())
    }
}
