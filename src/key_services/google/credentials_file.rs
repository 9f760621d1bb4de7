//! A credentials file in one of its three kinds: a service account, a user, an account of another identity provider.

use std::{fmt, path::Path, time::Instant};

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    super::{KeyService, PlaceError, ServiceAccess, answer, oauth},
    SCOPE,
};
use crate::{
    clock::{Clock as _, SystemClock},
    file,
    http::{ApiRequest, Endpoint, Method},
    json::{JsonObject, JsonValue},
    keystore::{SignatureAlgorithm, SigningKey},
    text::server_text,
};

const TOKEN_ENDPOINT: &str = "https://oauth2.googleapis.com/token";
const EXCHANGE_ENDPOINT: &str = "https://sts.googleapis.com/v1/token";

/// The longest subject token.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// A credentials file.
pub(super) struct CredentialsFile {
    /// The variable or the path that names it.
    name: String,
    kind: FileKind,
    quota_project: Option<String>,
}

enum FileKind {
    ServiceAccount { email: String, key_id: String, key: Box<SigningKey>, endpoint: Endpoint },
    User { client: String, secret: SecretString, refresh_token: SecretString, endpoint: Endpoint },
    External(Box<ExternalAccount>),
}

/// An account of another identity provider (RFC 8693), which may act for a service account.
struct ExternalAccount {
    audience: String,
    token_type: String,
    endpoint: Endpoint,
    impersonation: Option<Endpoint>,
    subject: Subject,
    /// The member of JSON that has the token; `None` if it is all of the text.
    member: Option<String>,
}

/// Where the subject token is.
enum Subject {
    File(String),
    Url(Endpoint, Vec<(String, SecretString)>),
}

impl CredentialsFile {
    /// Reads the members of a file.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn read(object: &JsonObject, name: &str) -> Result<Self, String> {
        let kind = match required(object, &["type"])? {
            "service_account" => {
                let key = required(object, &["private_key"])?;
                FileKind::ServiceAccount {
                    email: required(object, &["client_email"])?.to_owned(),
                    key_id: required(object, &["private_key_id"])?.to_owned(),
                    key: Box::new(SigningKey::from_pem(key, None).map_err(|error| error.to_string())?),
                    endpoint: endpoint(object, "token_uri", TOKEN_ENDPOINT)?,
                }
            }
            "authorized_user" => FileKind::User {
                client: required(object, &["client_id"])?.to_owned(),
                secret: required(object, &["client_secret"])?.into(),
                refresh_token: required(object, &["refresh_token"])?.into(),
                endpoint: endpoint(object, "token_uri", TOKEN_ENDPOINT)?,
            },
            "external_account" => FileKind::External(Box::new(ExternalAccount::read(object)?)),
            other => return Err(format!("its `type` is `{}`, which is not supported", server_text(other, 60))),
        };
        let quota_project = answer::text(object, &["quota_project_id"]).map(str::to_owned);
        Ok(Self { name: name.to_owned(), kind, quota_project })
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
        match &self.kind {
            FileKind::ServiceAccount { email, key_id, key, endpoint } => {
                let now = SystemClock.now();
                let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
                let claims = json!({
                    "iss": email, "scope": SCOPE, "aud": endpoint.as_str(), "iat": now.timestamp(),
                    "exp": (now + TimeDelta::minutes(10)).timestamp()
                });
                let assertion = oauth::assertion(key, SignatureAlgorithm::Rs256, &header, &claims);
                let assertion = assertion.map_err(|why| self.unusable(service, why))?;
                let form = [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", assertion.expose_secret()),
                ];
                oauth::request(access, service, endpoint, &form, deadline).await
            }
            FileKind::User { client, secret, refresh_token, endpoint } => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", client),
                    ("client_secret", secret.expose_secret()),
                    ("refresh_token", refresh_token.expose_secret()),
                ];
                oauth::request(access, service, endpoint, &form, deadline).await
            }
            FileKind::External(account) => {
                let subject = account.subject_token(service, access, deadline).await?;
                let subject = subject.map_err(|why| self.unusable(service, why))?;
                account.authorization(&subject, service, access, deadline).await
            }
        }
    }

    fn unusable(&self, service: KeyService, why: String) -> PlaceError {
        PlaceError::Setting { service, variable: self.name.clone(), why }
    }
}

impl ExternalAccount {
    fn read(object: &JsonObject) -> Result<Self, String> {
        let source = |name| answer::text(object, &["credential_source", name]);
        let subject = if let Some(file) = source("file") {
            Subject::File(file.to_owned())
        } else if let Some(url) = source("url") {
            let url = Endpoint::parse_metadata_service(url).map_err(|error| error.to_string())?;
            let headers = match answer::member(object, &["credential_source", "headers"]) {
                Some(JsonValue::Object(headers)) => headers.iter().map(header).collect::<Result<_, _>>()?,
                _ => Vec::new(),
            };
            Subject::Url(url, headers)
        } else {
            return Err("its `credential_source` has neither `file` nor `url`, and others are not supported".to_owned());
        };
        let format = answer::text(object, &["credential_source", "format", "type"]);
        let member = if format == Some("json") {
            Some(required(object, &["credential_source", "format", "subject_token_field_name"])?.to_owned())
        } else {
            None
        };
        let impersonation = answer::text(object, &["service_account_impersonation_url"]);
        let impersonation = impersonation.map(|url| Endpoint::parse(url).map_err(|error| error.to_string()));
        Ok(Self {
            audience: required(object, &["audience"])?.to_owned(),
            token_type: required(object, &["subject_token_type"])?.to_owned(),
            endpoint: endpoint(object, "token_url", EXCHANGE_ENDPOINT)?,
            impersonation: impersonation.transpose()?,
            subject,
            member,
        })
    }

    /// Reads the subject token; the inner error is one of the file that names its place.
    async fn subject_token(
        &self,
        service: KeyService,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<Result<SecretString, String>, PlaceError> {
        let content = match &self.subject {
            Subject::File(path) => match file::read(Path::new(path), MAXIMUM_BYTES) {
                Ok(content) => content,
                Err(error) => return Ok(Err(format!("its subject token cannot be read: {error}"))),
            },
            Subject::Url(url, headers) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                let request = ApiRequest { headers: &headers, ..ApiRequest::get(None) };
                let response = access.send(service, url, &request, deadline).await?;
                if response.status != 200 {
                    let reason = answer::reason(&response, &["error"], &["error_description"]);
                    return Err(PlaceError::Credentials { service, reason });
                }
                response.body
            }
        };
        let Some(member) = &self.member else {
            let text = str::from_utf8(&content).map(|text| text.trim().into());
            return Ok(text.map_err(|_| "its subject token is not text".to_owned()));
        };
        let object = answer::object(service, &content)?;
        Ok(required(&object, &[member]).map(SecretString::from))
    }

    /// Exchanges a subject token, and the result for a token of the service account.
    async fn authorization(
        &self,
        subject: &SecretString,
        service: KeyService,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", &self.token_type),
            ("audience", &self.audience),
            ("subject_token", subject.expose_secret()),
            ("scope", SCOPE),
        ];
        let federated = oauth::request(access, service, &self.endpoint, &form, deadline).await?;
        let Some(impersonation) = &self.impersonation else { return Ok(federated) };
        let body = json!({ "scope": [SCOPE] }).to_string().into();
        let request = ApiRequest { method: Method::POST, body: Some(&body), ..ApiRequest::get(Some(&federated)) };
        let response = access.send(service, impersonation, &request, deadline).await?;
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

/// Returns the text at the end of a path.
fn required<'object>(object: &'object JsonObject, path: &[&str]) -> Result<&'object str, String> {
    answer::text(object, path).ok_or_else(|| format!("it has no `{}`", path.join(".")))
}

fn endpoint(object: &JsonObject, name: &str, default: &str) -> Result<Endpoint, String> {
    Endpoint::parse(answer::text(object, &[name]).unwrap_or(default)).map_err(|error| error.to_string())
}

/// Checks a header of the request for a subject token.
fn header((name, value): (&str, &JsonValue)) -> Result<(String, SecretString), String> {
    let is_name = name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    match value {
        JsonValue::String(text) if is_name && !name.is_empty() && text.chars().all(|one| !one.is_control()) => {
            Ok((name.to_owned(), text.as_str().into()))
        }
        _ => Err("its `credential_source.headers` cannot be sent".to_owned()),
    }
}

impl fmt::Display for CredentialsFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FileKind::ServiceAccount { email, .. } => {
                write!(formatter, "{}, by {}", server_text(email, 200), self.name)
            }
            FileKind::User { .. } => write!(formatter, "a user, by {}", self.name),
            FileKind::External(_) => write!(formatter, "an account of another identity provider, by {}", self.name),
        }
    }
}
