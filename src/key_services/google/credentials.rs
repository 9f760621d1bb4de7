//! The credentials for Google, found as Google's own libraries find them (Application Default Credentials,
//! <https://cloud.google.com/docs/authentication/application-default-credentials>).
//!
//! The order: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, the file of `gcloud auth application-default login`,
//! the metadata server, `gcloud`. The metadata server is asked only if `GCE_METADATA_HOST` or a variable of the platform,
//! such as Cloud Run's `K_SERVICE`, is set.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Instant,
};

use etcetera::BaseStrategy as _;
use secrecy::SecretString;

use super::{
    super::{
        KeyService, PlaceError, ServiceAccess,
        access::variable,
        oauth,
        program::{self, ProgramFault},
    },
    SCOPE,
    credentials_file::CredentialsFile,
};
use crate::{
    file::{self, FileError},
    http::{ApiRequest, Endpoint},
    json::{self, JsonValue},
    text::shown_path,
};

const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const FOLDER: &str = "CLOUDSDK_CONFIG";
const METADATA_HOST: &str = "GCE_METADATA_HOST";

/// Variables of platforms that have a metadata server.
const PLATFORMS: [&str; 4] = ["K_SERVICE", "CLOUD_RUN_JOB", "FUNCTION_TARGET", "GAE_SERVICE"];

/// The longest credentials file.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// How we authenticate.
pub(super) enum GoogleCredentials {
    File(Box<CredentialsFile>),
    Metadata(Endpoint),
    CommandLine,
}

impl GoogleCredentials {
    /// Finds the credentials of this process; nothing is sent.
    pub(super) fn find(service: KeyService) -> Result<Self, PlaceError> {
        if let Some(path) = variable(FILE) {
            return of_file(service, FILE, Path::new(&path))?.ok_or_else(|| PlaceError::Setting {
                service,
                variable: FILE.to_owned(),
                why: "the file does not exist".to_owned(),
            });
        }
        if let Some(path) = well_known_file()
            && let Some(found) = of_file(service, &shown_path(&path), &path)?
        {
            return Ok(found);
        }
        let host = variable(METADATA_HOST);
        if host.is_none() && !PLATFORMS.iter().any(|name| variable(name).is_some()) {
            return Ok(Self::CommandLine);
        }
        let url = format!("http://{}", host.as_deref().unwrap_or("metadata.google.internal"));
        let endpoint = Endpoint::parse_metadata_service(&url).map_err(|error| PlaceError::Setting {
            service,
            variable: METADATA_HOST.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self::Metadata(endpoint))
    }

    /// Returns the project that pays for the requests, if the credentials do not have one of their own.
    pub(super) fn quota_project(&self) -> Option<&str> {
        match self {
            Self::File(file) => file.quota_project(),
            Self::Metadata(_) | Self::CommandLine => None,
        }
    }

    /// Gets a token, as the value of the header `Authorization`.
    pub(super) async fn authorization(
        &self,
        service: KeyService,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<SecretString, PlaceError> {
        match self {
            Self::File(file) => file.authorization(service, access, deadline).await,
            Self::Metadata(endpoint) => {
                let path = ["computeMetadata", "v1", "instance", "service-accounts", "default", "token"];
                let endpoint = endpoint.below(&path, &[("scopes", SCOPE)]);
                let headers = [("Metadata-Flavor", "Google".into())];
                let request = ApiRequest { headers: &headers, ..ApiRequest::get(None) };
                let response = access.send(service, &endpoint, &request, deadline).await?;
                oauth::bearer(service, &response, "access_token")
            }
            Self::CommandLine => {
                let printed = program::output("gcloud", &["auth", "print-access-token", "--quiet"], deadline).await;
                let printed = printed.map_err(|fault| {
                    let why = match fault {
                        ProgramFault::Missing => {
                            "there is no credentials file, and the program `gcloud` is not installed".to_owned()
                        }
                        ProgramFault::Failed(report) => format!("`gcloud` failed: {report}"),
                    };
                    PlaceError::NoCredentials { service, why }
                })?;
                let is_token =
                    |text: &&str| !text.is_empty() && text.chars().all(|character| character.is_ascii_graphic());
                let token = str::from_utf8(&printed).ok().map(str::trim).filter(is_token);
                let why = || "`gcloud` printed no token".to_owned();
                token.map(oauth::authorization).ok_or_else(|| PlaceError::NoCredentials { service, why: why() })
            }
        }
    }
}

/// Returns the file that `gcloud auth application-default login` writes.
fn well_known_file() -> Option<PathBuf> {
    let folder = variable(FOLDER).map(PathBuf::from).or_else(|| {
        let folders = etcetera::base_strategy::choose_native_strategy().ok()?;
        // Google's tools use the folder of Linux on macOS too.
        let config = if cfg!(windows) { folders.config_dir() } else { folders.home_dir().join(".config") };
        Some(config.join("gcloud"))
    })?;
    Some(folder.join("application_default_credentials.json"))
}

/// Reads a credentials file; `None` if it does not exist.
fn of_file(service: KeyService, name: &str, path: &Path) -> Result<Option<GoogleCredentials>, PlaceError> {
    let unusable = |why: String| PlaceError::Setting { service, variable: name.to_owned(), why };
    let content = match file::read(path, MAXIMUM_BYTES) {
        Ok(content) => content,
        Err(FileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error.to_string())),
    };
    match json::parse(&content) {
        Ok(JsonValue::Object(object)) => CredentialsFile::read(&object, name)
            .map_err(unusable)
            .map(|file| Some(GoogleCredentials::File(Box::new(file)))),
        Ok(_) => Err(unusable("it is JSON, but not an object".to_owned())),
        Err(error) => Err(unusable(error.to_string())),
    }
}

impl fmt::Display for GoogleCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(formatter),
            Self::Metadata(_) => formatter.write_str("the service account of this machine"),
            Self::CommandLine => formatter.write_str("the user of `gcloud`"),
        }
    }
}
