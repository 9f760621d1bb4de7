//! Sends the requests of a system's vendor, with a token of their own, and prints the answers.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use maskinporten::{
    altinn::{AltinnClient, AltinnError, VendorRequest},
    explain::Explain,
};
use secrecy::SecretString;
use serde_json::Value;

use crate::cli::{
    args::ReportFormat,
    input,
    progress::Progress,
    report::{self, Failure, Report},
    settings::{SettingArguments, SettingSources, Settings},
    tokens::Tokens,
};

/// A longer definition is another file.
const MAXIMUM_DEFINITION_BYTES: u64 = 1024 * 1024;

/// A vendor's access to Altinn, for requests that need the same scope.
pub(super) struct VendorSession {
    client: AltinnClient,
    tokens: Tokens,
    /// The client that the tokens are for.
    pub(super) client_id: String,
    report: Arc<Report>,
}

impl VendorSession {
    /// Reads the settings; nothing is sent. The token will have the scope that `request` needs, and no other.
    pub(super) fn open(
        mut arguments: SettingArguments,
        request: &VendorRequest,
        config: Option<PathBuf>,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        let scopes = request.operation().scopes().join(" ");
        for name in ["system-user", "external-ref", "authorization-details", "consumer-org", "pid"] {
            arguments.remove(name);
        }
        arguments.set("scope", &scopes, format!("the scope of `{}`", request.operation()));
        report.detail(&format!("to {}, the token needs the scope {scopes}", request.operation()));
        arguments.set("altinn", "true", format!("the exchange for `{}`", request.operation()));
        let mut sources = SettingSources::load(arguments, config, report)?;
        let (settings, key) = Settings::from_sources(&mut sources, report)?;
        let platform = settings.altinn.as_ref().expect("the exchange is set above").platform.clone();
        let client = AltinnClient::new(platform, &settings.network.http, settings.network.retry_policy)?;
        let client_id = settings.grant.client_id.as_str().to_owned();
        let tokens = Tokens::new((settings, key), report)?;
        Ok(Self { client, tokens, client_id, report: Arc::clone(report) })
    }

    /// Sends a request, and returns the answer.
    pub(super) async fn send(&self, request: &VendorRequest) -> Result<Value, Failure> {
        let token = self.tokens.token().await?;
        let authorization = SecretString::from(format!("Bearer {}", token.expose()));
        let report = &self.report;
        let platform = self.client.platform();
        report.detail(&format!("asking {platform} to {}", request.operation()));
        let _progress = Progress::start(&format!("waiting for {platform}"), report);
        let retrying = |error: &AltinnError, delay: Duration| {
            report.detail(&format!("{error} ({}); trying again in {} ms", error.code(), delay.as_millis()));
        };
        Ok(request.send(&self.client, &authorization, retrying).await?)
    }
}

/// Reads the file with a definition, if there is one.
pub(super) fn read_definition(path: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    path.map(|path| Ok(input::read(path, MAXIMUM_DEFINITION_BYTES)?.to_vec())).transpose()
}

/// Prints an answer as JSON, or else as text.
pub(super) fn print(format: ReportFormat, value: &Value, text: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
    match format {
        ReportFormat::Json => report::print_json(value),
        ReportFormat::Text => report::print(text(value).as_bytes()),
    }
}
