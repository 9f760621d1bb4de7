//! Sends the requests of an administrator, with a token that has the scopes they need, and no other.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use maskinporten::{
    admin::{AdminClient, AdminError, AdminOperation, AdminRequest},
    environment::Environment,
    organisation::OrganisationNumber,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::names::OrganisationNames;
use crate::cli::{
    progress::Progress,
    report::{self, Exit, Failure, Report},
    settings::{AdminSettingArguments, SettingSources, Settings, self_service},
    tokens::Tokens,
};

/// An administrator's access to the self-service API.
pub(super) struct AdminSession {
    client: AdminClient,
    tokens: Tokens,
    names: OrganisationNames,
    /// The environment, unless addresses are given in place of one.
    pub(super) environment: Option<Environment>,
    report: Arc<Report>,
}

impl AdminSession {
    /// Reads the settings; nothing is sent. The token will have the scopes that these operations need.
    ///
    /// An operation that one of several scopes allows gets the one that the settings have, or else the first.
    pub(super) fn open(
        arguments: AdminSettingArguments,
        operations: &[AdminOperation],
        config: Option<PathBuf>,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        let mut sources = SettingSources::load(arguments.0, config, report)?;
        let scopes = needed_scopes(operations, &sources.given_scopes());
        let names = operations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        report.detail(&format!("to {names}, the token needs the scope {scopes}"));
        sources.decide("scope", &scopes, "the scope of the command");
        let (settings, key) = Settings::from_sources(&mut sources, report)?;
        let environment = settings.environment.as_ref().map(|environment| environment.value);
        let base = self_service(&sources, environment, settings.endpoint.is_loopback())?;
        let client = AdminClient::new(base, &settings.network.http, settings.network.retry_policy)?;
        let names = OrganisationNames::new(&sources, settings.network.clone(), report)?;
        let tokens = Tokens::new((Settings { altinn: None, ..settings }, key), report)?;
        Ok(Self { client, tokens, environment, names, report: Arc::clone(report) })
    }

    /// Returns the names of organisations, by their numbers; those that are not known are missing.
    pub(super) async fn names(&self, numbers: &[OrganisationNumber]) -> BTreeMap<String, String> {
        self.names.of(numbers).await
    }

    /// Sends a request, and returns the response.
    pub(super) async fn send(&self, request: &AdminRequest) -> Result<Value, Failure> {
        self.try_send(request).await?.map_err(Failure::from)
    }

    /// Sends a request whose response is an object: one scope or client.
    pub(super) async fn send_for_object(&self, request: &AdminRequest) -> Result<Map<String, Value>, Failure> {
        if let Value::Object(object) = self.send(request).await? {
            return Ok(object);
        }
        let message = "the response of the self-service API is not a JSON object".to_owned();
        Err(Failure::plain(Exit::Unreachable, "unexpected_response", message, None))
    }

    /// Sends requests, one after the other. A failure names how many were made: the next run makes the rest.
    pub(super) async fn send_each(&self, requests: &[AdminRequest]) -> Result<(), Failure> {
        for (index, request) in requests.iter().enumerate() {
            let sent = self.send(request).await;
            let what = format!("{index} of {} changes were made", requests.len());
            sent.map_err(|failure| if index > 0 { failure.about(&what) } else { failure })?;
        }
        Ok(())
    }

    /// Sends a request, whose refusal is not the failure of the command. The token is renewed when it has expired.
    pub(super) async fn try_send(&self, request: &AdminRequest) -> Result<Result<Value, AdminError>, Failure> {
        let token = self.tokens.token().await?;
        let authorization = SecretString::from(format!("Bearer {}", token.expose()));
        let (report, base) = (&self.report, self.client.base());
        report.detail(&format!("asking {base} to {}", request.operation()));
        let _progress = Progress::start(&format!("waiting for {base}"), report);
        let retrying = |error: &AdminError, delay: Duration| report::report_retry(report, error, delay);
        Ok(self.client.send(request, Some(&authorization), retrying).await)
    }
}

/// Returns the scopes that these operations need, each once.
pub(super) fn needed_scopes(operations: &[AdminOperation], given: &[String]) -> String {
    let mut needed: Vec<&str> = Vec::new();
    for alternatives in operations.iter().map(|operation| operation.scopes()) {
        let own = alternatives.iter().find(|scope| given.iter().any(|given| given == *scope));
        let scope = own.or(alternatives.first()).copied();
        needed.extend(scope.filter(|scope| !needed.contains(scope)));
    }
    needed.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_has_one_scope_for_each_operation_and_rather_one_of_the_settings() {
        use AdminOperation::{ListScopes, ShowClient, UpdateClient};
        let modify = ["idporten:dcr.modify".to_owned(), "other:scope".to_owned()];
        assert_eq!(needed_scopes(&[ShowClient, UpdateClient], &[]), "idporten:dcr.read idporten:dcr.write");
        assert_eq!(needed_scopes(&[ShowClient, UpdateClient], &modify), "idporten:dcr.read idporten:dcr.modify");
        assert_eq!(needed_scopes(&[ListScopes, ListScopes], &modify), "idporten:scopes.write");
    }
}
