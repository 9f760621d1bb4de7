//! A credentials file: a service account, a user, an account of another identity provider, or one of them that acts for a
//! service account.

use std::{fmt, time::Instant};

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    super::{KeyService, PlaceError, ServiceAccess, answer, oauth},
    SCOPE,
    external_account::ExternalAccount,
    members::{endpoint, missing, required},
};
use crate::{
    clock::{Clock as _, SystemClock},
    http::{ApiRequest, Endpoint, Method},
    json::{JsonObject, JsonValue},
    keystore::{SignatureAlgorithm, SigningKey},
    text::server_text,
};

const TOKEN_ENDPOINT: &str = "https://oauth2.googleapis.com/token";

/// A credentials file.
pub(super) struct CredentialsFile {
    /// The variable or the path that names it.
    name: String,
    account: Account,
    impersonation: Option<Impersonation>,
    quota_project: Option<String>,
}

/// The account that gets the token.
enum Account {
    Service { email: String, key_id: String, key: Box<SigningKey>, endpoint: Endpoint },
    User { client: String, secret: SecretString, refresh_token: SecretString, endpoint: Endpoint },
    External(Box<ExternalAccount>),
}

/// A service account that the account acts for
/// (<https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>).
struct Impersonation {
    endpoint: Endpoint,
    /// The service accounts between the two.
    delegates: Vec<String>,
}

impl CredentialsFile {
    /// Reads the members of a file.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn read(object: &JsonObject, name: &str) -> Result<Self, String> {
        let acts_for_another = answer::text(object, &["type"]) == Some("impersonated_service_account");
        let source = match object.get("source_credentials") {
            Some(JsonValue::Object(source)) if acts_for_another => source,
            _ if acts_for_another => return Err(missing("source_credentials")),
            _ => object,
        };
        let quota_project = answer::text(object, &["quota_project_id"]).map(str::to_owned);
        let (account, impersonation) = (Account::read(source)?, Impersonation::read(object)?);
        if acts_for_another && impersonation.is_none() {
            return Err(missing("service_account_impersonation_url"));
        }
        Ok(Self { name: name.to_owned(), account, impersonation, quota_project })
    }

    pub(super) fn quota_project(&self) -> Option<&str> {
        self.quota_project.as_deref()
    }

    /// Gets a token, as the value of the header `Authorization`.
    pub(super) async fn authorization(
        &self,
        service: KeyService,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        let unusable = |why| PlaceError::Setting { service, variable: self.name.clone(), why };
        let own = match &self.account {
            Account::Service { email, key_id, key, endpoint } => {
                let now = SystemClock.now();
                let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
                let claims = json!({
                    "iss": email, "scope": SCOPE, "aud": endpoint.as_str(), "iat": now.timestamp(),
                    "exp": (now + TimeDelta::minutes(10)).timestamp()
                });
                let assertion = oauth::assertion(key, SignatureAlgorithm::Rs256, &header, &claims).map_err(unusable)?;
                let form = [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", assertion.expose_secret()),
                ];
                oauth::request(access, service, endpoint, &form, deadline).await?
            }
            Account::User { client, secret, refresh_token, endpoint } => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", client),
                    ("client_secret", secret.expose_secret()),
                    ("refresh_token", refresh_token.expose_secret()),
                ];
                oauth::request(access, service, endpoint, &form, deadline).await?
            }
            Account::External(account) => {
                let subject = account.subject_token(service, access, deadline).await?.map_err(unusable)?;
                account.authorization(&subject, service, access, deadline).await?
            }
        };
        match &self.impersonation {
            Some(impersonation) => impersonation.authorization(&own, service, access, deadline).await,
            None => Ok(own),
        }
    }
}

impl Account {
    fn read(object: &JsonObject) -> Result<Self, String> {
        match required(object, &["type"])? {
            "service_account" => {
                let key = required(object, &["private_key"])?;
                Ok(Self::Service {
                    email: required(object, &["client_email"])?.to_owned(),
                    key_id: required(object, &["private_key_id"])?.to_owned(),
                    key: Box::new(SigningKey::from_pem(key, None).map_err(|error| error.to_string())?),
                    endpoint: endpoint(object, "token_uri", TOKEN_ENDPOINT)?,
                })
            }
            "authorized_user" => Ok(Self::User {
                client: required(object, &["client_id"])?.to_owned(),
                secret: required(object, &["client_secret"])?.into(),
                refresh_token: required(object, &["refresh_token"])?.into(),
                endpoint: endpoint(object, "token_uri", TOKEN_ENDPOINT)?,
            }),
            "external_account" => Ok(Self::External(Box::new(ExternalAccount::read(object)?))),
            other => Err(format!("its `type` is `{}`, which is not supported", server_text(other, 60))),
        }
    }
}

impl Impersonation {
    /// Reads the members of a file; `None` if its account acts for itself.
    fn read(object: &JsonObject) -> Result<Option<Self>, String> {
        let Some(url) = answer::text(object, &["service_account_impersonation_url"]) else { return Ok(None) };
        let endpoint = Endpoint::parse(url).map_err(|error| error.to_string())?;
        let delegates = match object.get("delegates") {
            Some(JsonValue::Array(delegates)) => {
                delegates.iter().filter_map(answer::as_text).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Ok(Some(Self { endpoint, delegates }))
    }

    /// Exchanges the token of the account for one of the service account.
    async fn authorization(
        &self,
        own: &SecretString,
        service: KeyService,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        let mut body = json!({ "scope": [SCOPE] });
        if !self.delegates.is_empty() {
            body["delegates"] = json!(self.delegates);
        }
        let body = body.to_string().into();
        let request = ApiRequest { method: Method::POST, body: Some(&body), ..ApiRequest::get(Some(own)) };
        let response = access.send(service, &self.endpoint, &request, deadline).await?;
        let reason = || answer::reason(&response, &["error", "status"], &["error", "message"]);
        match response.status {
            401 => Err(PlaceError::Credentials { service, reason: reason() }),
            403 => {
                let permission = "iam.serviceAccounts.getAccessToken (role roles/iam.workloadIdentityUser)".to_owned();
                Err(PlaceError::Denied { service, reason: reason(), permission })
            }
            _ => oauth::bearer(service, &response, "accessToken"),
        }
    }
}

impl fmt::Display for CredentialsFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Account::Service { email, .. } => {
                write!(formatter, "{}, by {}", server_text(email, 200), self.name)
            }
            Account::User { .. } => write!(formatter, "a user, by {}", self.name),
            Account::External(_) => write!(formatter, "an account of another identity provider, by {}", self.name),
        }
    }
}
