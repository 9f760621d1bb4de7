//! The credentials for Azure, found as Azure's own libraries find them.
//!
//! The order is that of `DefaultAzureCredential`: the variables of an application, the token file of a workload, the
//! identity of a job on GitHub, a managed identity, `az`. `AZURE_TOKEN_CREDENTIALS` chooses among them. The metadata
//! service of a virtual machine is used only if that variable or `AZURE_POD_IDENTITY_AUTHORITY_HOST` chooses it.

use std::{fmt, time::Instant};

use secrecy::SecretString;

use super::{
    SERVICE,
    application::{Application, CLIENT, unusable},
    challenge::Challenge,
};
use crate::{
    http::{ApiRequest, Endpoint},
    key_services::{
        PlaceError, ServiceAccess,
        access::variable,
        answer, oauth,
        program::{self, ProgramFault},
    },
};

const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
const CHOICE: &str = "AZURE_TOKEN_CREDENTIALS";
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
const METADATA_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// The metadata service of a virtual machine.
const METADATA: &str = "http://169.254.169.254";

/// Credentials for Azure, and the token service to use in place of the vault's.
pub(super) struct AzureCredentials {
    method: AzureCredential,
    authority_host: Option<Endpoint>,
}

/// How we authenticate.
enum AzureCredential {
    Application(Application),
    /// The client id of an identity that was assigned by the user, the endpoint, and the value of its header.
    AppService(Option<String>, Endpoint, SecretString),
    Machine(Option<String>, Endpoint),
    CommandLine,
}

/// Parses the URL in a variable.
fn endpoint(name: &str, url: &str) -> Result<Endpoint, PlaceError> {
    Endpoint::parse_metadata_service(url).map_err(|error| unusable(name, error.to_string()))
}

impl AzureCredentials {
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
            found = Application::of_environment()?.map(AzureCredential::Application);
        }
        if found.is_none() && may(&["prod", "WorkloadIdentityCredential"]) {
            found = Application::of_workload()?.map(AzureCredential::Application);
        }
        if found.is_none() && may(&["prod", "ManagedIdentityCredential"]) {
            found = of_identity(chosen.is_some())?;
        }
        if found.is_none() && may(&["dev", "AzureCliCredential"]) {
            found = Some(AzureCredential::CommandLine);
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
        let managed = async |endpoint: Endpoint, headers: &[(&str, SecretString)]| {
            let request = ApiRequest { headers, ..ApiRequest::get(None) };
            let response = access.send(SERVICE, &endpoint, &request, deadline).await?;
            oauth::bearer(SERVICE, &response, "access_token")
        };
        let resource = ("resource", challenge.resource.as_str());
        match &self.method {
            AzureCredential::Application(application) => application.authorization(challenge, access, deadline).await,
            AzureCredential::AppService(client, endpoint, header) => {
                let query = [Some(("api-version", "2019-08-01")), Some(resource), client_parameter(client.as_deref())];
                let endpoint = endpoint.below(&[], &query.into_iter().flatten().collect::<Vec<_>>());
                managed(endpoint, &[("X-IDENTITY-HEADER", header.clone())]).await
            }
            AzureCredential::Machine(client, endpoint) => {
                let query = [Some(("api-version", "2018-02-01")), Some(resource), client_parameter(client.as_deref())];
                let path = ["metadata", "identity", "oauth2", "token"];
                let endpoint = endpoint.below(&path, &query.into_iter().flatten().collect::<Vec<_>>());
                managed(endpoint, &[("Metadata", "true".into())]).await
            }
            AzureCredential::CommandLine => of_command_line(challenge, deadline).await,
        }
    }
}

fn client_parameter(client: Option<&str>) -> Option<(&str, &str)> {
    client.map(|client| ("client_id", client))
}

/// Finds the identity of an app or a container; that of a virtual machine only if it was chosen.
fn of_identity(is_chosen: bool) -> Result<Option<AzureCredential>, PlaceError> {
    let client = variable(CLIENT);
    if let (Some(url), Some(header)) = (variable(IDENTITY_ENDPOINT), variable(IDENTITY_HEADER)) {
        let url = endpoint(IDENTITY_ENDPOINT, &url)?;
        return Ok(Some(AzureCredential::AppService(client, url, header.into())));
    }
    match variable(METADATA_HOST) {
        Some(url) => Ok(Some(AzureCredential::Machine(client, endpoint(METADATA_HOST, &url)?))),
        None if is_chosen => Ok(Some(AzureCredential::Machine(client, endpoint(METADATA_HOST, METADATA)?))),
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

impl fmt::Display for AzureCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            AzureCredential::Application(application) => application.fmt(formatter),
            AzureCredential::AppService(client, ..) | AzureCredential::Machine(client, _) => match client {
                Some(client) => write!(formatter, "the managed identity {client}"),
                None => formatter.write_str("the managed identity of the system"),
            },
            AzureCredential::CommandLine => formatter.write_str("the user of `az`"),
        }
    }
}
