//! The requests to the system register and for system users, as values, and sending them.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::{SystemDefinition, SystemUserDefinition};
use crate::{
    altinn::{AltinnClient, AltinnError, AltinnOperation, AltinnRequest},
    client::ClientError,
    http::{ApiRequest, Method, Response},
};

/// A list that has more pages than this is not read to its end.
const MAXIMUM_PAGES: usize = 1000;

/// The kinds of system users, which have requests of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemUserType {
    /// For the organisation that approves it.
    Standard,
    /// For the clients of the organisation that approves it, such as an accountant's.
    Agent,
}

/// A request of a system's vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorRequest {
    operation: AltinnOperation,
    method: Method,
    path: Vec<String>,
    body: Option<Value>,
}

impl VendorRequest {
    /// Asks for the systems of the vendor.
    #[must_use]
    pub fn systems() -> Self {
        Self::new(AltinnOperation::ListSystems, Method::GET, &["systemregister", "vendor"])
    }

    /// Asks for a system.
    #[must_use]
    pub fn system(id: &str) -> Self {
        Self::new(AltinnOperation::ShowSystem, Method::GET, &["systemregister", "vendor", id])
    }

    /// Registers a system.
    #[must_use]
    pub fn register_system(system: SystemDefinition) -> Self {
        let path = ["systemregister", "vendor"];
        Self::new(AltinnOperation::RegisterSystem, Method::POST, &path).with_body(system.into_json())
    }

    /// Replaces a system.
    #[must_use]
    pub fn update_system(id: &str, system: SystemDefinition) -> Self {
        let path = ["systemregister", "vendor", id];
        Self::new(AltinnOperation::UpdateSystem, Method::PUT, &path).with_body(system.into_json())
    }

    /// Asks a customer to approve a system user.
    #[must_use]
    pub fn create_request(kind: SystemUserType, request: SystemUserDefinition) -> Self {
        let path = kind.request_path(&[]);
        Self::new(AltinnOperation::CreateRequest, Method::POST, &path).with_body(request.into_json())
    }

    /// Asks for a request for a system user.
    #[must_use]
    pub fn request(kind: SystemUserType, id: &str) -> Self {
        Self::new(AltinnOperation::ShowRequest, Method::GET, &kind.request_path(&[id]))
    }

    /// Asks for the requests for system users of a system.
    #[must_use]
    pub fn requests(kind: SystemUserType, system: &str) -> Self {
        Self::new(AltinnOperation::ListRequests, Method::GET, &kind.request_path(&["bysystem", system]))
    }

    /// Withdraws a request for a system user, of either kind.
    #[must_use]
    pub fn delete_request(id: &str) -> Self {
        let path = SystemUserType::Standard.request_path(&[id]);
        Self::new(AltinnOperation::DeleteRequest, Method::DELETE, &path)
    }

    /// Asks for the system users of a system.
    #[must_use]
    pub fn users(system: &str) -> Self {
        Self::new(AltinnOperation::ListUsers, Method::GET, &["systemuser", "vendor", "bysystem", system])
    }

    fn new(operation: AltinnOperation, method: Method, path: &[&str]) -> Self {
        let path = ["authentication", "api", "v1"].iter().chain(path).map(|segment| (*segment).to_owned()).collect();
        Self { operation, method, path, body: None }
    }

    fn with_body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Returns what is asked for, with the scopes that it needs.
    #[must_use]
    pub fn operation(&self) -> AltinnOperation {
        self.operation
    }

    /// Returns method, path and body, to be shown instead of being sent.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "method": self.method.as_str(), "path": format!("/{}", self.path.join("/")), "body": self.body })
    }

    /// Sends the request, and returns the response; `null` if it has no body. Every page of a list is fetched.
    ///
    /// `notify` is called before each retry.
    ///
    /// # Errors
    /// [`AltinnError`].
    pub async fn send(
        &self,
        client: &AltinnClient,
        authorization: &SecretString,
        mut notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<Value, AltinnError> {
        let mut elements: Vec<Value> = Vec::new();
        let mut page = None;
        for _ in 0..MAXIMUM_PAGES {
            let mut response = self.send_once(client, authorization, page.as_deref(), &mut notify).await?;
            let Some(list) = response.get_mut("data").and_then(Value::as_array_mut) else { return Ok(response) };
            elements.append(list);
            let next = response["links"]["next"].as_str().and_then(continuation_token);
            // A server that repeats a page would be asked for ever.
            if next.is_none() || next == page {
                break;
            }
            page = next;
        }
        Ok(elements.into())
    }

    async fn send_once(
        &self,
        client: &AltinnClient,
        authorization: &SecretString,
        page: Option<&str>,
        notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<Value, AltinnError> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let query: Vec<(&str, &str)> = page.map(|token| ("token", token)).into_iter().collect();
        let body = self.body.as_ref().map(|body| SecretString::from(body.to_string()));
        let api =
            ApiRequest { method: self.method.clone(), body: body.as_ref(), ..ApiRequest::get(Some(authorization)) };
        let request = AltinnRequest { operation: self.operation, path: &path, query: &query, api };
        let response = client.send(&request, notify).await?;
        parsed(&response).ok_or_else(|| {
            let endpoint = client.platform().endpoint(&path, &[]);
            ClientError::unexpected(&endpoint, &response, "it is not JSON").into()
        })
    }
}

impl SystemUserType {
    /// Returns the path of requests for system users of this type.
    fn request_path<'path>(self, rest: &[&'path str]) -> Vec<&'path str> {
        let own: &[&str] = if self == Self::Agent { &["agent"] } else { &[] };
        ["systemuser", "request", "vendor"].iter().chain(own).chain(rest).copied().collect()
    }
}

/// Returns the parameter of the next page: its URL may name another server, so it is not requested as it is.
fn continuation_token(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
}

/// Parses a response; an empty one is `null`.
fn parsed(response: &Response) -> Option<Value> {
    if response.body.trim_ascii().is_empty() {
        return Some(Value::Null);
    }
    serde_json::from_slice(&response.body).ok()
}

/// The status of a request for a system user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// The customer has not answered.
    New,
    /// The customer has approved it, so there is a system user.
    Accepted,
    /// The customer has rejected it.
    Rejected,
    /// The customer may not approve it.
    Denied,
    /// The customer did not answer in time.
    TimedOut,
}

impl ApprovalStatus {
    /// Parses Altinn's name of a status.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let names = [
            ("new", Self::New),
            ("accepted", Self::Accepted),
            ("rejected", Self::Rejected),
            ("denied", Self::Denied),
            ("timedout", Self::TimedOut),
        ];
        names.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, status)| status)
    }
}
