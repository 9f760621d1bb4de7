//! `maskinporten check`: checks everything that a token depends on.
//!
//! The report is the artefact and is printed on stdout, even if it has faults. It contains no secret and no national
//! identity number, so it can be pasted where help is asked for.

mod configuration;
mod examination;
mod key;
mod organisations;
mod redact;

use std::{path::PathBuf, sync::Arc, time::Instant};

use maskinporten::{
    check::{
        self, Check, CheckId, ServerRules, Verdict, altinn, certificate, check_ids, grant, network, received,
        registered_key, token,
    },
    client::{RetryPolicy, TokenClient, is_maskinporten},
    clock::{Clock as _, SystemClock},
    environment::{Environment, LocalEnvironment},
    grant::Grant,
    http::{Endpoint, HttpOptions},
    keystore::{Certificate, SigningKey},
    printer::{CheckReport, print_check_json, print_check_text},
    tokens::TokenEndpoint,
};

use self::examination::Examination;
use super::{
    admin::OrganisationNames,
    args::{CheckArguments, ReportFormat},
    progress::Progress,
    report::{self, Exit, Failure, Report},
    settings::{GivenAddresses, KeySettings, SettingSources, Settings, is_exchanged},
};

pub(crate) async fn run(
    arguments: CheckArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let json = arguments.format == ReportFormat::Json;
    let names = arguments.names.then(|| OrganisationNames::load(arguments.settings.clone(), config.clone(), report));
    let Examination { settings, mut checks, .. } = examine(arguments, config, report).await?;
    check::attribute(&mut checks);
    checks.iter_mut().for_each(redact::check);
    let names = organisations::names(names, &settings, &checks).await;
    let shown = CheckReport {
        at: SystemClock.now(),
        settings: &settings,
        checks: &checks,
        names: &names,
        language: report.language(),
    };
    let mut artefact = Vec::new();
    let written = if json {
        print_check_json(&shown, &mut artefact)
    } else {
        print_check_text(&shown, report.paints_stdout(), &mut artefact)
    };
    written.map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)?;
    let wrong = check::faults(&checks).len();
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
            examination.skip_from("keystore", &check::after(&check_ids::SETTINGS));
            return Ok(examination);
        }
    };
    examination.has_exchange = is_exchanged(&sources);
    let settings = configuration::examine(&mut sources, &quiet, &mut examination.checks);
    examination.settings = configuration::shown(&sources);
    let environment = GivenAddresses::new(&sources).environment;

    if settings.is_none() && lacks_simulator(environment) && KeySettings::parse(&sources).is_err() {
        // The simulator names the key as well.
        examination.skip_from("keystore", &check::after(&check_ids::SETTINGS));
        return Ok(examination);
    }
    let key = key::examine(&sources, &quiet, &mut examination.checks).await?;
    sources.erase_secrets();
    if let Some(key) = &key {
        let certificates = certificate::examine(key, environment, SystemClock.now());
        examination.add_or_skip("certificate", certificates, "the key has no certificate");
    } else {
        examination.skip("certificate", &check::after(&check_ids::OPENS));
    }
    let (Some(settings), Some(key)) = (settings, key) else {
        let because = check::after(examination.first_fault());
        examination.skip_from("registered_key", &because);
        return Ok(examination);
    };
    if offline && matches!(settings.endpoint, TokenEndpoint::Discovered { .. }) {
        examination.skip_from("registered_key", "the metadata that --discover names is not fetched with --offline");
        return Ok(examination);
    }
    let origins = settings.origins.clone();
    Steps { settings, environment, key, offline, each_scope, report }.run(&mut examination).await;
    let refusals = examination.checks.iter_mut().filter_map(|check| check.refusal.as_mut());
    refusals.for_each(|refusal| refusal.facts.add(&origins));
    Ok(examination)
}

/// Whether the environment is that of a simulator which is not running.
fn lacks_simulator(environment: Option<Environment>) -> bool {
    environment == Some(Environment::Local)
        && LocalEnvironment::path().and_then(|path| LocalEnvironment::read(&path)).is_err()
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
                let checks = self.undiscovered(&failure, &http, retry_policy).await;
                let failed = checks.iter().find(|check| check.verdict == Verdict::Fail);
                let because = check::after(failed.map_or(&check_ids::METADATA, |check| check.topic));
                examination.skip("registered_key", &because);
                examination.skip("grant", &because);
                examination.add(checks);
                examination.skip_from("token", &because);
                return;
            }
        };
        let rules = self.rules(&endpoint);
        let Some(grant) = self.grant(audience, rules, examination) else {
            examination.skip_from("network", &check::after(&check_ids::SIGNED));
            return;
        };
        if self.offline {
            examination.skip_from("network", "--offline");
            return;
        }
        let discovered = match &self.settings.endpoint {
            TokenEndpoint::Discovered { metadata, .. } => Some(metadata.as_str()),
            TokenEndpoint::Fixed(_) => None,
        };
        let expected = network::ExpectedServer {
            metadata: discovered.unwrap_or(&grant.audience),
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
            examination.skip_from("token", &check::after(topic));
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
            examination.skip_from("received", &check::after(&check_ids::REQUEST));
            return;
        };
        let keys = received::keys(metadata.as_ref(), &grant.audience, &http, retry_policy).await;
        let own = self.key.certificates().first().and_then(Certificate::organisation_number);
        let asked = received::ExpectedToken {
            grant: &grant,
            key_reference: &grant.key_reference_for(&self.key),
            rules,
            scopes: &scopes,
            own: own.as_ref(),
        };
        examination.add(received::examine(&token, keys.as_ref().map_err(Clone::clone), &asked, SystemClock.now()));
        if let Some(exchange) = &self.settings.altinn {
            let progress = Progress::start(&format!("asking {}", exchange.platform), self.report);
            let asking = altinn::ExchangeCheck {
                exchange,
                http: &http,
                retry_policy,
                issuer: &grant.audience,
                origins: &self.settings.origins,
                clock: &SystemClock,
                language: self.report.language(),
            };
            let check = asking.run(&token).await;
            drop(progress);
            examination.add(vec![check]);
        }
    }

    /// Checks why the metadata that `--discover` names could not be fetched, by repeating the request step by step.
    async fn undiscovered(&self, failure: &Failure, http: &HttpOptions, retry_policy: RetryPolicy) -> Vec<Check> {
        let wrong = || network::from(configuration::wrong(&check_ids::METADATA, failure));
        // Any other failure came before the request.
        let TokenEndpoint::Discovered { metadata: address, .. } = &self.settings.endpoint else { return wrong() };
        if failure.exit != Exit::Unreachable {
            return wrong();
        }
        let expected = network::ExpectedServer {
            metadata: address.as_str(),
            audience: address.as_str(),
            endpoint: address,
            algorithm: None,
        };
        let progress = Progress::start(&format!("asking {address}"), self.report);
        let (mut checks, _) = network::examine(&expected, http, Instant::now() + retry_policy.timeout).await;
        drop(progress);
        if unreachable(&checks).is_none() {
            let way = checks.iter().take_while(|check| check.topic != &check_ids::METADATA).count();
            checks.truncate(way);
            checks.extend(wrong());
        }
        checks
    }

    /// Every environment is Maskinporten's, and a server without one is if it is on its hosts.
    fn rules(&self, endpoint: &Endpoint) -> ServerRules {
        let is_maskinporten = self.environment.is_some() || is_maskinporten(endpoint);
        if is_maskinporten { ServerRules::Maskinporten } else { ServerRules::Other }
    }

    /// Makes and checks the grant, and the registered key that it names.
    fn grant(&self, audience: String, rules: ServerRules, examination: &mut Examination) -> Option<Grant> {
        let mut grant = self.settings.grant.clone();
        grant.audience = audience;
        let algorithm = match grant.algorithm_for(&self.key) {
            Ok(algorithm) => algorithm,
            Err(error) => {
                examination.skip("registered_key", &check::after(&check_ids::SIGNED));
                examination.add(vec![check_ids::SIGNED.failed(&error)]);
                return None;
            }
        };
        let registered = registered_key::examine(&self.key, &grant.key_reference_for(&self.key), algorithm, rules);
        examination.add_or_skip("registered_key", registered, "the certificate is sent in x5c");
        match grant.sign(&self.key, &SystemClock) {
            Ok(assertion) => {
                let own = self.key.certificates().first().and_then(Certificate::organisation_number);
                let now = SystemClock.now();
                examination.add(grant::examine(&assertion, self.environment, rules, own.as_ref(), now));
                Some(grant)
            }
            Err(error) => {
                examination.add(vec![check_ids::SIGNED.failed(&error)]);
                None
            }
        }
    }
}

/// Returns the check that failed to reach the server, if one did.
fn unreachable(checks: &[Check]) -> Option<&'static CheckId> {
    let way = [&check_ids::NAME, &check_ids::CONNECTION, &check_ids::TLS];
    let wrong = checks.iter().find(|check| check.verdict == Verdict::Fail && way.contains(&check.topic))?;
    Some(wrong.topic)
}

fn same_host(audience: &str, endpoint: &Endpoint) -> bool {
    Endpoint::parse(audience).is_ok_and(|audience| audience.host() == endpoint.host())
}
