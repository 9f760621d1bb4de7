//! `maskinporten check`: checks everything that a token depends on.
//!
//! The report is the artefact and is printed on stdout, even if it has faults. It contains no secret and no national
//! identity number, so it can be pasted where help is asked for.

mod configuration;
mod key;
mod redact;

use std::{path::PathBuf, sync::Arc, time::Instant};

use maskinporten_token_generator::{
    check::{self, Check, Verdict, certificate, check_ids, grant, network, received, registered_key, token},
    client::{RetryPolicy, TokenClient, metadata_endpoint},
    clock::{Clock as _, SystemClock},
    environment::Environment,
    grant::Grant,
    http::{Endpoint, HttpOptions},
    keystore::{Certificate, SigningKey},
    printer::{CheckReport, print_check_json, print_check_text},
    tokens::TokenEndpoint,
};

use super::{
    args::{CheckArguments, ReportFormat},
    progress::Progress,
    report::{self, Exit, Failure, Report},
    settings::{GivenAddresses, SettingSources, Settings},
};

/// The settings and the results of the checks so far.
#[derive(Default)]
struct Examination {
    settings: Vec<(String, String, String)>,
    checks: Vec<Check>,
}

pub(crate) async fn run(
    arguments: CheckArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let json = arguments.format == ReportFormat::Json;
    let Examination { settings, mut checks } = examine(arguments, config, report).await?;
    checks.iter_mut().for_each(redact::check);
    let shown =
        CheckReport { at: SystemClock.now(), settings: &settings, checks: &checks, language: report.language() };
    let mut artefact = Vec::new();
    let written = if json {
        print_check_json(&shown, &mut artefact)
    } else {
        print_check_text(&shown, report.paints_stdout(), &mut artefact)
    };
    written.map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)?;
    let wrong = checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
    if wrong == 0 {
        return Ok(());
    }
    let what = if wrong == 1 { "a check found a fault".to_owned() } else { format!("{wrong} checks found faults") };
    Err(Failure::plain(
        Exit::Fault,
        "check",
        what,
        Some("follow the remedies in the report on stdout, and check again".to_owned()),
    ))
}

/// Examines everything in the order of a request for a token; checks that depend on a failed one are skipped.
async fn examine(
    arguments: CheckArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<Examination, Failure> {
    let CheckArguments { offline, each_scope, scopes_file, settings, .. } = arguments;
    let arguments = configuration::add_scopes(settings, scopes_file.as_deref())?;
    let mut examination = Examination::default();
    let quiet = Arc::new(report.keeping_warnings());
    let mut sources = match SettingSources::load(arguments, config, &quiet) {
        Ok(sources) => sources,
        Err(failure) => {
            examination.add(vec![configuration::wrong(&check_ids::SETTINGS, &failure)]);
            examination.skip_from("keystore", "needs configuration.settings");
            return Ok(examination);
        }
    };
    let settings = configuration::examine(&mut sources, &quiet, &mut examination.checks);
    examination.settings = configuration::shown(&sources);
    let environment = GivenAddresses::new(&sources).environment;

    let key = key::examine(&sources, &quiet, &mut examination.checks).await?;
    sources.erase_secrets();
    if let Some(key) = &key {
        let certificates = certificate::examine(key, environment, SystemClock.now());
        examination.add_or_skip("certificate", certificates, "the key has no certificate");
    } else {
        examination.skip("certificate", "needs keystore.opens");
    }
    let (Some(settings), Some(key)) = (settings, key) else {
        let needs = if key_is_missing(&examination.checks) { "keystore.opens" } else { "configuration.settings" };
        examination.skip_from("registered_key", &format!("needs {needs}"));
        return Ok(examination);
    };
    if offline && matches!(settings.endpoint, TokenEndpoint::Discovered { .. }) {
        examination.skip_from("registered_key", "the metadata that --discover names is not fetched with --offline");
        return Ok(examination);
    }
    Steps { settings, environment, key, offline, each_scope, report }.run(&mut examination).await;
    Ok(examination)
}

fn key_is_missing(checks: &[Check]) -> bool {
    checks.iter().any(|check| {
        *check.topic == check_ids::OPENS && check.verdict != Verdict::Pass && check.verdict != Verdict::Warning
    })
}

/// What the steps after the key need.
struct Steps<'report> {
    settings: Settings,
    environment: Option<Environment>,
    key: SigningKey,
    offline: bool,
    each_scope: bool,
    report: &'report Report,
}

impl Steps<'_> {
    /// Examines everything from the grant to the token.
    async fn run(&self, examination: &mut Examination) {
        let (http, retry_policy) = (self.settings.network.http.clone(), self.settings.network.retry_policy);
        let (audience, endpoint) = match self.settings.addresses(self.report).await {
            Ok(addresses) => addresses,
            Err(failure) => {
                examination.skip("registered_key", "needs network.metadata");
                examination.skip("grant", "needs network.metadata");
                examination.add(self.undiscovered(&failure, &http, retry_policy).await);
                examination.skip_from("token", "needs network.metadata");
                return;
            }
        };
        let Some(grant) = self.grant(audience, examination) else {
            examination.skip_from("network", "needs grant.signed");
            return;
        };
        if self.offline {
            examination.skip_from("network", "--offline");
            return;
        }
        let expected = network::ExpectedServer {
            audience: &grant.audience,
            endpoint: &endpoint,
            algorithm: grant.algorithm_for(&self.key).ok(),
        };
        let progress = Progress::start(&format!("asking {}", grant.audience), self.report);
        let (checks, metadata) = network::examine(&expected, &http, Instant::now() + retry_policy.timeout).await;
        drop(progress);
        let unreachable = unreachable(&checks);
        examination.add(checks);
        if let Some(topic) = unreachable.filter(|_| same_host(&grant.audience, &endpoint)) {
            examination.skip_from("token", &format!("needs {topic}"));
            return;
        }
        let client = match TokenClient::new(endpoint, &http, retry_policy) {
            Ok(client) => client,
            Err(error) => return examination.add(vec![check_ids::REQUEST.failed(&error)]),
        };
        let progress = Progress::start("asking for tokens", self.report);
        let asking = token::ScopeCheck { client: &client, grant: &grant, key: &self.key, clock: &SystemClock };
        let token::ScopeResult { checks, token } = asking.run(self.each_scope).await;
        drop(progress);
        examination.add(checks);
        let Some((token, scopes)) = token else {
            examination.skip("received", "needs token.request");
            return;
        };
        let keys = received::keys(metadata.as_ref(), &grant.audience, &http, retry_policy).await;
        let own = self.key.certificates().first().and_then(Certificate::organisation_number);
        let asked = received::ExpectedToken {
            grant: &grant,
            key_reference: &grant.key_reference_for(&self.key),
            scopes: &scopes,
            own: own.as_ref(),
        };
        examination.add(received::examine(&token, keys.as_ref().map_err(Clone::clone), &asked, SystemClock.now()));
    }

    /// Checks why the metadata that `--discover` names could not be fetched, by repeating the request step by step.
    async fn undiscovered(&self, failure: &Failure, http: &HttpOptions, retry_policy: RetryPolicy) -> Vec<Check> {
        let wrong = || network::from(configuration::wrong(&check_ids::METADATA, failure));
        // Any other failure came before the request.
        let TokenEndpoint::Discovered { metadata: address, .. } = &self.settings.endpoint else { return wrong() };
        if failure.exit != Exit::Unreachable {
            return wrong();
        }
        let Ok(endpoint) = metadata_endpoint(address.as_str()) else { return wrong() };
        let expected = network::ExpectedServer { audience: address.as_str(), endpoint: &endpoint, algorithm: None };
        let progress = Progress::start(&format!("asking {endpoint}"), self.report);
        let (mut checks, _) = network::examine(&expected, http, Instant::now() + retry_policy.timeout).await;
        drop(progress);
        if unreachable(&checks).is_none() {
            let way = checks.iter().take_while(|check| check.topic != &check_ids::METADATA).count();
            checks.truncate(way);
            checks.extend(wrong());
        }
        checks
    }

    /// Makes and checks the grant, and the registered key that it names.
    fn grant(&self, audience: String, examination: &mut Examination) -> Option<Grant> {
        let mut grant = self.settings.grant.clone();
        grant.audience = audience;
        let algorithm = match grant.algorithm_for(&self.key) {
            Ok(algorithm) => algorithm,
            Err(error) => {
                examination.skip("registered_key", "needs grant.signed");
                examination.add(vec![check_ids::SIGNED.failed(&error)]);
                return None;
            }
        };
        let registered = registered_key::examine(&self.key, &grant.key_reference_for(&self.key), algorithm);
        examination.add_or_skip("registered_key", registered, "the certificate is sent in x5c");
        match grant.sign(&self.key, &SystemClock) {
            Ok(assertion) => {
                let own = self.key.certificates().first().and_then(Certificate::organisation_number);
                let now = SystemClock.now();
                examination.add(grant::examine(&assertion, self.environment, own.as_ref(), now));
                Some(grant)
            }
            Err(error) => {
                examination.add(vec![check_ids::SIGNED.failed(&error)]);
                None
            }
        }
    }
}

/// Returns the id of the check that failed to reach the server, if one did.
fn unreachable(checks: &[Check]) -> Option<&'static str> {
    let way = [&check_ids::NAME, &check_ids::CONNECTION, &check_ids::TLS];
    let wrong = checks.iter().find(|check| check.verdict == Verdict::Fail && way.contains(&check.topic))?;
    Some(wrong.topic.id)
}

fn same_host(audience: &str, endpoint: &Endpoint) -> bool {
    Endpoint::parse(audience).is_ok_and(|audience| audience.host() == endpoint.host())
}

impl Examination {
    fn add(&mut self, checks: Vec<Check>) {
        self.checks.extend(checks);
    }

    fn skip(&mut self, section: &str, because: &str) {
        self.add(check::skipped(section, because));
    }

    fn add_or_skip(&mut self, section: &str, checks: Vec<Check>, because: &str) {
        if checks.is_empty() {
            self.skip(section, because);
        } else {
            self.add(checks);
        }
    }

    /// Skips this section and all after it.
    fn skip_from(&mut self, section: &str, because: &str) {
        let mut sections: Vec<&str> = check_ids::ALL.iter().map(|topic| topic.section()).collect();
        sections.dedup();
        for later in sections.into_iter().skip_while(|other| *other != section) {
            self.skip(later, because);
        }
    }
}
