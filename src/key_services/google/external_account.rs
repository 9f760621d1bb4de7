//! An account of another identity provider (RFC 8693): where its token is, and its exchange for one of Google's.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    super::{
        KeyService, PlaceError, ServiceAccess,
        access::variable,
        answer,
        aws::AwsIdentity,
        oauth,
        program::{self, ProgramFault},
    },
    SCOPE,
    members::{endpoint, required},
};
use crate::{
    file,
    http::{ApiRequest, Endpoint},
    json::{self, JsonObject, JsonValue},
    text::server_text,
};

const EXCHANGE_ENDPOINT: &str = "https://sts.googleapis.com/v1/token";

/// Must be `1` before a program in a credentials file is run, as for Google's own libraries.
const ALLOWS_EXECUTABLES: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";

/// The longest subject token.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// How long a program may take, unless the file has another limit.
const EXECUTABLE_TIME: u64 = 30_000;

/// An account of another identity provider.
pub(super) struct ExternalAccount {
    audience: String,
    token_type: String,
    endpoint: Endpoint,
    /// The service account that the account acts for.
    impersonated: Option<String>,
    subject: Subject,
    /// The member of JSON that has the token; `None` if it is all of the text.
    member: Option<String>,
}

/// Where the subject token is.
enum Subject {
    File(String),
    Url(Endpoint, Vec<(String, SecretString)>),
    Executable(Executable),
    /// A request that AWS answers with our identity there.
    Aws(Box<AwsIdentity>),
}

/// A program that prints the token.
struct Executable {
    program: String,
    arguments: Vec<String>,
    time: Duration,
    /// Where the program may keep what it printed.
    output_file: Option<String>,
}

impl Subject {
    fn read(object: &JsonObject) -> Result<Self, String> {
        let source = |name| answer::text(object, &["credential_source", name]);
        if let Some(file) = source("file") {
            return Ok(Self::File(file.to_owned()));
        }
        if source("environment_id").is_some_and(|id| id.starts_with("aws")) {
            let verification = required(object, &["credential_source", "regional_cred_verification_url"])?;
            return AwsIdentity::new(verification, source("url")).map(|identity| Self::Aws(Box::new(identity)));
        }
        if let Some(url) = source("url") {
            let url = Endpoint::parse_metadata_service(url).map_err(|error| error.to_string())?;
            let headers = match answer::member(object, &["credential_source", "headers"]) {
                Some(JsonValue::Object(headers)) => headers.iter().map(header).collect::<Result<_, _>>()?,
                _ => Vec::new(),
            };
            return Ok(Self::Url(url, headers));
        }
        match answer::member(object, &["credential_source", "executable"]) {
            Some(JsonValue::Object(executable)) => Executable::read(executable).map(Self::Executable),
            _ => Err("its `credential_source` has no `file`, `url`, `executable` or `environment_id`".to_owned()),
        }
    }
}

impl Executable {
    fn read(object: &JsonObject) -> Result<Self, String> {
        let words = shlex::split(required(object, &["command"])?).unwrap_or_default();
        let [program, arguments @ ..] = words.as_slice() else {
            return Err("its `credential_source.executable.command` is not a command".to_owned());
        };
        let time = match object.get("timeout_millis") {
            Some(JsonValue::Number(time)) => time.as_u64().unwrap_or(EXECUTABLE_TIME),
            _ => EXECUTABLE_TIME,
        };
        Ok(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            time: Duration::from_millis(time),
            output_file: answer::text(object, &["output_file"]).map(str::to_owned),
        })
    }
}

impl ExternalAccount {
    pub(super) fn read(object: &JsonObject) -> Result<Self, String> {
        let format = answer::text(object, &["credential_source", "format", "type"]);
        let member = if format == Some("json") {
            Some(required(object, &["credential_source", "format", "subject_token_field_name"])?.to_owned())
        } else {
            None
        };
        let impersonation = answer::text(object, &["service_account_impersonation_url"]);
        let impersonated = impersonation.and_then(|url| url.rsplit('/').next()?.split(':').next());
        Ok(Self {
            audience: required(object, &["audience"])?.to_owned(),
            token_type: required(object, &["subject_token_type"])?.to_owned(),
            endpoint: endpoint(object, "token_url", EXCHANGE_ENDPOINT)?,
            impersonated: impersonated.map(str::to_owned),
            subject: Subject::read(object)?,
            member,
        })
    }

    /// Gets the subject token; the inner error is one of the file that names its place.
    pub(super) async fn subject_token(
        &self,
        service: KeyService,
        access: &ServiceAccess,
        deadline: Instant,
    ) -> Result<Result<SecretString, String>, PlaceError> {
        let content = match &self.subject {
            Subject::Aws(identity) => return identity.subject_token(&self.audience, access, deadline).await.map(Ok),
            Subject::Executable(executable) => {
                let end = deadline.min(Instant::now() + executable.time);
                return Ok(self.printed_token(executable, end).await);
            }
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

    /// Runs the program, and returns the token in the JSON that it prints
    /// (<https://google.aip.dev/auth/4117>, executable-sourced credentials).
    async fn printed_token(&self, executable: &Executable, deadline: Instant) -> Result<SecretString, String> {
        if variable(ALLOWS_EXECUTABLES).as_deref() != Some("1") {
            return Err(format!("it runs a program, which it may only if {ALLOWS_EXECUTABLES} is 1"));
        }
        let variables = [
            ("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", Some(self.audience.as_str())),
            ("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE", Some(&self.token_type)),
            ("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", Some("0")),
            ("GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL", self.impersonated.as_deref()),
            ("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", executable.output_file.as_deref()),
        ];
        let arguments: Vec<&str> = executable.arguments.iter().map(String::as_str).collect();
        let printed = program::output_with(&executable.program, &arguments, &variables, deadline).await;
        let printed = printed.map_err(|fault| match fault {
            ProgramFault::Missing => "its program is not installed".to_owned(),
            ProgramFault::Failed(report) => format!("its program failed: {report}"),
        })?;
        let Ok(JsonValue::Object(printed)) = json::parse(&printed) else {
            return Err("its program did not print a JSON object".to_owned());
        };
        if !matches!(printed.get("success"), Some(JsonValue::Bool(true))) {
            let message = answer::text(&printed, &["message"]).unwrap_or_default();
            return Err(format!("its program failed: {}", server_text(message, answer::TEXT_CHARACTERS)));
        }
        let token = ["id_token", "saml_response"].into_iter().find_map(|name| answer::text(&printed, &[name]));
        token.map(SecretString::from).ok_or_else(|| "its program printed no token".to_owned())
    }

    /// Exchanges a subject token, and returns the result as the value of the header `Authorization`.
    pub(super) async fn authorization(
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
        oauth::request(access, service, &self.endpoint, &form, deadline).await
    }
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
