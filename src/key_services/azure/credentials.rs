//! The credentials for Azure, found as Azure's own libraries find them.
//!
//! The order is that of `DefaultAzureCredential`: the variables of an application, the token file of a workload, the
//! identity of a job on GitHub, a managed identity, `az`. `AZURE_TOKEN_CREDENTIALS` chooses among them. The metadata
//! service of a virtual machine is used only if that variable or `AZURE_POD_IDENTITY_AUTHORITY_HOST` chooses it.

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
    http::{ApiRequest, Endpoint, Response},
    key_services::{
        PlaceError, ServiceAccess, answer, oauth,
        program::{self, ProgramFault},
    },
    keystore::{DEFAULT_ITERATIONS, FileFormat, PemFile, SignatureAlgorithm, SigningKey},
    text::shown_path,
};

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const CERTIFICATE_PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
const CHOICE: &str = "AZURE_TOKEN_CREDENTIALS";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
const METADATA_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// The metadata service of a virtual machine.
const METADATA: &str = "http://169.254.169.254";

/// The audience of the tokens that stand for an application.
const EXCHANGE: &str = "api://AzureADTokenExchange";

/// The longest token file and client certificate.
const MAXIMUM_BYTES: u64 = 256 * 1024;

/// Credentials, and the token service to use in place of the vault's.
pub(super) struct Credentials {
    method: Credential,
    authority_host: Option<Endpoint>,
}

/// How we authenticate.
enum Credential {
    Application(Application),
    /// The client id of an identity that was assigned by the user, the endpoint, and the value of its header.
    AppService(Option<String>, Endpoint, SecretString),
    Machine(Option<String>, Endpoint),
    CommandLine,
}

/// An application that is registered in a tenant.
struct Application {
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

/// Returns the value of a variable; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn unusable(variable: &str, why: impl Into<String>) -> PlaceError {
    PlaceError::Setting { service: SERVICE, variable: variable.to_owned(), why: why.into() }
}

/// Parses the URL in a variable.
fn endpoint(name: &str, url: &str) -> Result<Endpoint, PlaceError> {
    Endpoint::parse_metadata_service(url).map_err(|error| unusable(name, error.to_string()))
}

impl Credentials {
    /// Finds the credentials of this process; nothing is sent or read.
    pub(super) fn find() -> Result<Self, PlaceError> {
        let authority_host = variable(AUTHORITY_HOST).map(|url| {
            let url = if url.contains("://") { url } else { format!("https://{url}") };
            Endpoint::parse(&url).map_err(|error| unusable(AUTHORITY_HOST, error.to_string()))
        });
        let chosen = variable(CHOICE);
        let chosen = chosen.as_deref();
        let may = |names: &[&str]| chosen.is_none_or(|chosen| names.contains(&chosen));
        if !may(&[
            "prod",
            "dev",
            "EnvironmentCredential",
            "WorkloadIdentityCredential",
            "ManagedIdentityCredential",
            "AzureCliCredential",
        ]) {
            return Err(unusable(CHOICE, "its value is not a kind of credentials that is supported here"));
        }
        let mut found = None;
        if may(&["prod", "EnvironmentCredential"]) {
            found = of_application()?;
        }
        if found.is_none() && may(&["prod", "WorkloadIdentityCredential"]) {
            found = of_workload()?;
        }
        if found.is_none() && may(&["prod", "ManagedIdentityCredential"]) {
            found = of_identity(chosen.is_some())?;
        }
        if found.is_none() && may(&["dev", "AzureCliCredential"]) {
            found = Some(Credential::CommandLine);
        }
        let why = || format!("{CHOICE} is set, and the variables of that kind of credentials are not");
        let method = found.ok_or_else(|| PlaceError::NoCredentials { service: SERVICE, why: why() })?;
        Ok(Self { method, authority_host: authority_host.transpose()? })
    }

    /// Returns the token service that the user chose.
    pub(super) fn authority_host(&self) -> Option<&Endpoint> {
        self.authority_host.as_ref()
    }

    /// Gets a token that answers a challenge, as the value of the header `Authorization`.
    pub(super) async fn authorization(
        &self,
        challenge: &Challenge,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        let get = async |endpoint: Endpoint, headers: &[(&str, SecretString)]| {
            let request = ApiRequest { headers, ..ApiRequest::get(None) };
            access.send(SERVICE, &endpoint, &request, deadline).await
        };
        let resource = ("resource", challenge.resource.as_str());
        match &self.method {
            Credential::Application(application) => application.authorization(challenge, access, deadline).await,
            Credential::AppService(client, endpoint, header) => {
                let query = [Some(("api-version", "2019-08-01")), Some(resource), client_parameter(client.as_deref())];
                let endpoint = endpoint.below(&[], &query.into_iter().flatten().collect::<Vec<_>>());
                managed(&get(endpoint, &[("X-IDENTITY-HEADER", header.clone())]).await?)
            }
            Credential::Machine(client, endpoint) => {
                let query = [Some(("api-version", "2018-02-01")), Some(resource), client_parameter(client.as_deref())];
                let path = ["metadata", "identity", "oauth2", "token"];
                let endpoint = endpoint.below(&path, &query.into_iter().flatten().collect::<Vec<_>>());
                managed(&get(endpoint, &[("Metadata", "true".into())]).await?)
            }
            Credential::CommandLine => of_command_line(challenge, deadline).await,
        }
    }
}

fn client_parameter(client: Option<&str>) -> Option<(&str, &str)> {
    client.map(|client| ("client_id", client))
}

/// Reads the response of a managed identity, whose refusals mean that there is no such identity.
fn managed(response: &Response) -> Result<SecretString, PlaceError> {
    oauth::bearer(SERVICE, response, "access_token")
}

/// Finds an application with a client secret or a client certificate.
fn of_application() -> Result<Option<Credential>, PlaceError> {
    let secret = variable(SECRET).map(|secret| Proof::Secret(secret.into()));
    let Some(proof) = secret.or_else(|| variable(CERTIFICATE).map(Proof::Certificate)) else { return Ok(None) };
    let required = |name: &str| variable(name).ok_or_else(|| unusable(name, "it is not set"));
    let (tenant, client) = (required(TENANT)?, required(CLIENT)?);
    Ok(Some(Credential::Application(Application { tenant, client, proof })))
}

/// Finds an application that stands for a workload of a cluster, or for a job on GitHub that may ask for its identity.
fn of_workload() -> Result<Option<Credential>, PlaceError> {
    let (Some(tenant), Some(client)) = (variable(TENANT), variable(CLIENT)) else { return Ok(None) };
    let proof = match (variable(TOKEN_FILE), variable(GITHUB_URL), variable(GITHUB_TOKEN)) {
        (Some(file), ..) => Proof::TokenFile(file),
        (None, Some(url), Some(token)) => {
            let url = Endpoint::parse(&url).map_err(|error| unusable(GITHUB_URL, error.to_string()))?;
            Proof::Github(url, token.into())
        }
        _ => return Ok(None),
    };
    Ok(Some(Credential::Application(Application { tenant, client, proof })))
}

/// Finds the identity of an app or a container; that of a virtual machine only if it was chosen.
fn of_identity(is_chosen: bool) -> Result<Option<Credential>, PlaceError> {
    let client = variable(CLIENT);
    if let (Some(url), Some(header)) = (variable(IDENTITY_ENDPOINT), variable(IDENTITY_HEADER)) {
        let url = endpoint(IDENTITY_ENDPOINT, &url)?;
        return Ok(Some(Credential::AppService(client, url, header.into())));
    }
    match variable(METADATA_HOST) {
        Some(url) => Ok(Some(Credential::Machine(client, endpoint(METADATA_HOST, &url)?))),
        None if is_chosen => Ok(Some(Credential::Machine(client, endpoint(METADATA_HOST, METADATA)?))),
        None => Ok(None),
    }
}

/// Asks `az`, which has the credentials of its user.
async fn of_command_line(challenge: &Challenge, deadline: Instant) -> Result<SecretString, PlaceError> {
    let arguments = ["account", "get-access-token", "--output", "json", "--resource", &challenge.resource];
    let printed = program::output("az", &arguments, deadline).await.map_err(|fault| {
        let why = match fault {
            ProgramFault::Missing => "no variables are set, and the program `az` is not installed".to_owned(),
            ProgramFault::Failed(report) => format!("`az` failed: {report}"),
        };
        PlaceError::NoCredentials { service: SERVICE, why }
    })?;
    let object = answer::object(SERVICE, &printed)?;
    answer::required(SERVICE, &object, &["accessToken"]).map(oauth::authorization)
}

impl Application {
    async fn authorization(
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

    /// Signs the assertion that stands for a client certificate
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

impl fmt::Display for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Credential::Application(Application { client, proof, .. }) => {
                let proof = match proof {
                    Proof::Secret(_) => SECRET,
                    Proof::Certificate(_) => CERTIFICATE,
                    Proof::TokenFile(_) => TOKEN_FILE,
                    Proof::Github(..) => GITHUB_URL,
                };
                write!(formatter, "the application {client}, by {proof}")
            }
            Credential::AppService(client, ..) | Credential::Machine(client, _) => match client {
                Some(client) => write!(formatter, "the managed identity {client}"),
                None => formatter.write_str("the managed identity of the system"),
            },
            Credential::CommandLine => formatter.write_str("the user of `az`"),
        }
    }
}
