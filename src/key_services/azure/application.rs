//! An application of Entra ID: what proves that we are it, and its tokens.

use std::{fmt, path::Path, time::Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::{SERVICE, challenge::Challenge};
use crate::{
    clock::{Clock as _, SystemClock},
    file,
    http::{ApiRequest, Endpoint},
    key_services::{PlaceError, ServiceAccess, access::variable, answer, oauth},
    keystore::{DEFAULT_ITERATIONS, FileFormat, PemFile, SignatureAlgorithm, SigningKey},
    text::shown_path,
};

const TENANT: &str = "AZURE_TENANT_ID";
pub(super) const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const CERTIFICATE_PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// The audience of the tokens that stand for an application.
const EXCHANGE: &str = "api://AzureADTokenExchange";

/// The longest token file and client certificate.
const MAXIMUM_BYTES: u64 = 256 * 1024;

/// An application that is registered in a tenant.
pub(super) struct Application {
    tenant: String,
    client: String,
    proof: Proof,
}

/// What proves that we are the application.
enum Proof {
    Secret(SecretString),
    /// The file with a certificate and its key.
    Certificate(String),
    /// The file with a token of the cluster.
    TokenFile(String),
    Github(Endpoint, SecretString),
}

pub(super) fn unusable(variable: &str, why: impl Into<String>) -> PlaceError {
    PlaceError::Setting { service: SERVICE, variable: variable.to_owned(), why: why.into() }
}

impl Application {
    /// Finds an application with a client secret or a client certificate.
    pub(super) fn of_environment() -> Result<Option<Self>, PlaceError> {
        let secret = variable(SECRET).map(|secret| Proof::Secret(secret.into()));
        let Some(proof) = secret.or_else(|| variable(CERTIFICATE).map(Proof::Certificate)) else { return Ok(None) };
        let required = |name| variable(name).ok_or(PlaceError::NotSet { service: SERVICE, variable: name });
        let (tenant, client) = (required(TENANT)?, required(CLIENT)?);
        Ok(Some(Self { tenant, client, proof }))
    }

    /// Finds the application of a workload in a cluster, or of a job on GitHub that may ask for its identity.
    pub(super) fn of_workload() -> Result<Option<Self>, PlaceError> {
        let (Some(tenant), Some(client)) = (variable(TENANT), variable(CLIENT)) else { return Ok(None) };
        let proof = match (variable(TOKEN_FILE), variable(GITHUB_URL), variable(GITHUB_TOKEN)) {
            (Some(file), ..) => Proof::TokenFile(file),
            (None, Some(url), Some(token)) => {
                let url = Endpoint::parse(&url).map_err(|error| unusable(GITHUB_URL, error.to_string()))?;
                Proof::Github(url, token.into())
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { tenant, client, proof }))
    }

    /// Gets a token, as the value of the header `Authorization`.
    pub(super) async fn authorization(
        &self,
        challenge: &Challenge,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        let endpoint = challenge.authority.below(&[&self.tenant, "oauth2", "v2.0", "token"], &[]);
        let scope = format!("{}/.default", challenge.resource);
        let common = [("grant_type", "client_credentials"), ("client_id", &self.client), ("scope", &scope)];
        let proof = match &self.proof {
            Proof::Secret(secret) => vec![("client_secret", secret.clone())],
            Proof::Certificate(file) => asserted(self.assertion(file, &endpoint)?),
            Proof::TokenFile(file) => {
                let token = file::read_text(Path::new(file), MAXIMUM_BYTES);
                let token = token.map_err(|error| unusable(TOKEN_FILE, format!("{}: {error}", shown_path(file))))?;
                asserted(token.trim().into())
            }
            Proof::Github(url, token) => asserted(github(url, token, access, deadline).await?),
        };
        let proof = proof.iter().map(|(name, value)| (*name, value.expose_secret()));
        let form: Vec<_> = common.into_iter().chain(proof).collect();
        oauth::request(access, SERVICE, &endpoint, &form, deadline).await
    }

    /// Signs the assertion that proves possession of the client certificate's key
    /// (<https://learn.microsoft.com/entra/identity-platform/certificate-credentials>).
    fn assertion(&self, file: &str, endpoint: &Endpoint) -> Result<SecretString, PlaceError> {
        let failed = |why: String| unusable(CERTIFICATE, why);
        let key = client_key(file).map_err(failed)?;
        let certificate = key.certificates().first().ok_or_else(|| failed("it has no certificate".to_owned()))?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate.der()));
        let now = SystemClock.now();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        let claims = json!({
            "aud": endpoint.as_str(), "iss": self.client, "sub": self.client, "jti": Uuid::new_v4().to_string(),
            "nbf": now.timestamp(), "exp": (now + TimeDelta::minutes(5)).timestamp()
        });
        oauth::assertion(&key, SignatureAlgorithm::Ps256, &header, &claims).map_err(failed)
    }
}

fn asserted(assertion: SecretString) -> Vec<(&'static str, SecretString)> {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    vec![("client_assertion_type", kind.into()), ("client_assertion", assertion)]
}

/// Reads the key and certificate of an application: PEM or PKCS#12.
fn client_key(file: &str) -> Result<SigningKey, String> {
    let content =
        file::read(Path::new(file), MAXIMUM_BYTES).map_err(|error| format!("{}: {error}", shown_path(file)))?;
    let password = SecretString::from(variable(CERTIFICATE_PASSWORD).unwrap_or_default());
    let key = match FileFormat::sniff(&content) {
        FileFormat::Pkcs12 => SigningKey::from_pkcs12(&*content, &password),
        _ => PemFile::parse(&shown_path(file), &content, DEFAULT_ITERATIONS).and_then(|pem| pem.open(&password)),
    };
    key.map_err(|error| {
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
    })
}

/// Asks GitHub for the identity of the job
/// (<https://docs.github.com/actions/reference/security/oidc>).
async fn github(
    url: &Endpoint,
    token: &SecretString,
    access: &ServiceAccess,
    deadline: Instant,
) -> Result<SecretString, PlaceError> {
    let endpoint = url.with_parameter("audience", EXCHANGE);
    let authorization = oauth::authorization(token.expose_secret());
    let response = access.send(SERVICE, &endpoint, &ApiRequest::get(Some(&authorization)), deadline).await?;
    let reason = || answer::reason(&response, &["code"], &["message"]);
    match response.status {
        200 => {
            let object = answer::object(SERVICE, &response.body)?;
            answer::required(SERVICE, &object, &["value"]).map(SecretString::from)
        }
        401 | 403 => Err(PlaceError::Credentials { service: SERVICE, reason: reason() }),
        _ => Err(answer::other_status(SERVICE, reason())),
    }
}

impl fmt::Display for Application {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = match &self.proof {
            Proof::Secret(_) => SECRET,
            Proof::Certificate(_) => CERTIFICATE,
            Proof::TokenFile(_) => TOKEN_FILE,
            Proof::Github(..) => GITHUB_URL,
        };
        write!(formatter, "the application {}, by {proof}", self.client)
    }
}
