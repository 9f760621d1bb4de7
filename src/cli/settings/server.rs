//! The server: the environment, what replaces parts of it, and how it is reached.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use maskinporten::{
    altinn::AltinnPlatform,
    client::{self, MinimumLifetime, RetryPolicy},
    clock,
    environment::Environment,
    http::{Endpoint, HttpOptions},
    login::LoginServer,
    text::excerpt,
    tokens::TokenEndpoint,
};

use super::{
    Problems, Setting, SettingSources, definition, file_reads::TIME_LIMIT_SECONDS, origin::Layer, sources::Found, table,
};
use crate::cli::report::{Exit, Failure, Report};

/// A day; no access token lives longer.
const MAXIMUM_MINIMUM_SECONDS: u64 = 24 * 60 * 60;

/// The addresses as they were given, which may contradict the environment or be unusable.
pub(crate) struct GivenAddresses {
    pub(crate) environment: Option<Environment>,
    pub(crate) audience: Option<Setting<String>>,
    pub(crate) token_endpoint: Option<Setting<String>>,
    pub(crate) discover: Option<Setting<String>>,
}

/// How requests are made.
#[derive(Debug, Clone)]
pub(crate) struct NetworkSettings {
    pub(crate) http: HttpOptions,
    pub(crate) retry_policy: RetryPolicy,
}

/// How the token cache is used.
#[derive(Debug, Clone)]
pub(crate) struct CacheSettings {
    pub(crate) is_off: bool,
    pub(crate) refresh: bool,
    pub(crate) minimum: MinimumLifetime,
}

/// Parses `--env`, and adds the values that belong to the environment to the sources.
///
/// Without an environment, audience and token endpoint must come from elsewhere.
pub(super) fn environment(
    sources: &mut SettingSources,
    report: &Report,
) -> Result<Option<Setting<Environment>>, Failure> {
    let Some(found) = sources.find("env") else { return missing_environment(sources).map_or(Ok(None), Err) };
    let Some(environment) = Environment::parse(found.text()) else {
        let names = Environment::ALL.map(Environment::name).join(", ");
        let message = format!("{} is not a known environment", found.origin.label);
        return Err(found.failure("env", message, format!("use one of {names}")));
    };
    let setting = found.setting(environment);
    if let Some(reason) = environment.retired() {
        report.warning(reason);
    }
    sources.add_environment(environment)?;
    Ok(Some(setting))
}

/// Returns the failure that there is no environment, unless audience and token endpoint are given.
fn missing_environment(sources: &SettingSources) -> Option<Failure> {
    let is_given = |name| sources.find(name).is_some();
    let has_addresses = is_given("audience") && is_given("token-endpoint") || is_given("discover");
    let hint = "pass --env test or --env prod (--env local for the simulator)";
    (!is_given("env") && !has_addresses).then(|| sources.missing(&["env"], "environment", hint))
}

/// Returns the failures that there is no server. The original has no environments.
pub(super) fn missing(sources: &SettingSources) -> Vec<Failure> {
    if sources.is_legacy {
        return [audience(sources), token_endpoint(sources)].into_iter().filter_map(Result::err).collect();
    }
    missing_environment(sources).into_iter().collect()
}

pub(super) fn audience(sources: &SettingSources) -> Result<Found<'_>, Failure> {
    let hint = "pass --env test, or --audience URL";
    sources.require("audience", if sources.is_legacy { "pass --audience URL" } else { hint })
}

fn token_endpoint(sources: &SettingSources) -> Result<Found<'_>, Failure> {
    let hint = "pass --env test, or --token-endpoint URL";
    sources.require("token-endpoint", if sources.is_legacy { "pass --token-endpoint URL" } else { hint })
}

impl GivenAddresses {
    pub(crate) fn new(sources: &SettingSources) -> Self {
        let text = |name| sources.find(name).map(|found| found.setting(found.text().to_owned()));
        Self {
            environment: sources.find("env").and_then(|found| Environment::parse(found.text())),
            audience: text("audience"),
            token_endpoint: text("token-endpoint"),
            discover: text("discover"),
        }
    }
}

/// Parses audience and token endpoint. Metadata replaces what weaker sources name, and is not needed if stronger ones name
/// both. Until it is fetched, its URL is the audience.
pub(super) fn addresses(sources: &SettingSources) -> Result<(String, TokenEndpoint), Failure> {
    let found = sources.find("discover");
    let discover = found.as_ref().map(endpoint).transpose()?;
    let limit = found.as_ref().map_or(Layer::Default, |found| found.origin.layer);
    let named = |name| sources.find(name).filter(|found| found.origin.layer <= limit);
    let (audience, token_endpoint) = (named("audience"), named("token-endpoint"));
    if let Some(metadata) = discover.filter(|_| audience.is_none() || token_endpoint.is_none()) {
        let given: Vec<&Found> = [&found, &token_endpoint, &audience].into_iter().flatten().collect();
        let is_confined = decided_by_project(sources, &given).is_some();
        let token_endpoint = token_endpoint.map(|found| endpoint(&found)).transpose()?;
        let replaces_audience = audience.is_none();
        let audience = audience.map_or_else(|| metadata.as_str().to_owned(), |found| found.text().to_owned());
        return Ok((audience, TokenEndpoint::Discovered { metadata, replaces_audience, token_endpoint, is_confined }));
    }
    let (audience, found) = (self::audience(sources)?, self::token_endpoint(sources)?);
    let (label, endpoint) = (decided_by_project(sources, &[&found, &audience]), endpoint(&found)?);
    let audience = audience.text().to_owned();
    if let Some(label) = label.filter(|_| !client::is_endpoint_of(&audience, &endpoint)) {
        let message = format!("{label} would send a grant for `{}` to {endpoint}", excerpt(&audience, 100));
        let hint = "pass --env test or --env prod, or name an audience and a token endpoint of the same issuer; if you \
                    trust the file, name it with --config";
        return Err(Failure::plain(Exit::Configuration, "config_address", message, Some(hint.to_owned())));
    }
    Ok((audience, TokenEndpoint::Fixed(endpoint)))
}

/// Returns the issuer that the settings name, or the address of its metadata. An audience need not be an address.
pub(crate) fn named_issuer(sources: &SettingSources) -> Result<Option<Endpoint>, Failure> {
    match sources.find("discover") {
        Some(found) => endpoint(&found).map(Some),
        None => Ok(sources.find("audience").and_then(|found| endpoint(&found).ok())),
    }
}

/// Returns the platform that `--altinn-url` names; the keys of one in a project file would not prove anything.
pub(crate) fn named_platform(sources: &SettingSources) -> Result<Option<AltinnPlatform>, Failure> {
    let found = sources.find("altinn-url").filter(|found| found.origin.layer != Layer::ProjectFile);
    found.map(|found| Ok(found.parse(AltinnPlatform::parse)?.value)).transpose()
}

/// Returns what a project file decides about these addresses: one of them, the environment that they belong to, or
/// which of the user's are combined.
///
/// Such a grant may only be sent to the issuer that it is valid for: whoever receives it can exchange it for a token.
pub(super) fn decided_by_project(sources: &SettingSources, addresses: &[&Found]) -> Option<String> {
    let env = sources.find("env").filter(|env| env.origin.layer == Layer::ProjectFile);
    let decided = addresses.iter().find_map(|found| match found.origin.layer {
        Layer::ProjectFile => Some(found.origin.label.clone()),
        Layer::Environment => env.as_ref().map(|env| env.origin.label.clone()),
        _ => None,
    });
    decided.or_else(|| sources.project_combines_addresses.then(|| "the project file".to_owned()))
}

/// Parses an address that a signed grant may be sent to.
///
/// A project file came with the folder, so it may only name Maskinporten's own hosts and this machine.
fn endpoint(found: &Found) -> Result<Endpoint, Failure> {
    let endpoint = found.parse(Endpoint::parse)?.value;
    if found.origin.layer != Layer::ProjectFile || client::is_maskinporten(&endpoint) || endpoint.is_loopback() {
        return Ok(endpoint);
    }
    let host = endpoint.host();
    let message = format!("{} would send a signed grant to {host}, which is not Maskinporten", found.origin.label);
    let hint = "if you trust the file, name it with --config, or write the address in your own config file";
    Err(found.failure("config_address", message, hint))
}

impl NetworkSettings {
    /// Returns the server with this issuer identifier where people log in.
    pub(crate) fn login_server(&self, issuer: &str) -> LoginServer {
        let Self { http, retry_policy } = self.clone();
        let issuer = issuer.to_owned();
        LoginServer { issuer, authorization_endpoint: None, token_endpoint: None, http, retry_policy }
    }

    /// Parses the time limits, the retries and the trusted authorities; fails with the first problem.
    pub(crate) fn parse(sources: &SettingSources) -> Result<Self, Failure> {
        let mut problems = Problems::default();
        Self::collect(sources, &mut problems).ok_or_else(|| problems.first())
    }

    pub(super) fn collect(sources: &SettingSources, problems: &mut Problems) -> Option<Self> {
        let found = sources.find("ca-file");
        let ca_file_is_confined = found.as_ref().is_some_and(|found| found.origin.layer == Layer::ProjectFile);
        let ca_file = found.map(|found| PathBuf::from(found.text()));
        let connect_timeout = problems.keep(time_limit(sources, "connect-timeout"));
        let timeout = problems.keep(time_limit(sources, "timeout"));
        let retries = problems.keep(number(sources, "retries", 0..=100));
        Some(Self {
            http: HttpOptions { connect_timeout: connect_timeout?, ca_file, ca_file_is_confined, client: None },
            retry_policy: RetryPolicy { timeout: timeout?, retries: usize::try_from(retries?).unwrap_or(usize::MAX) },
        })
    }
}

impl CacheSettings {
    pub(super) fn parse(sources: &SettingSources) -> Result<Self, Failure> {
        let minimum = match sources.find("min-ttl") {
            Some(found) => MinimumLifetime::Seconds(seconds(&found, 0..=MAXIMUM_MINIMUM_SECONDS, "of at most a day")?),
            None => MinimumLifetime::Usual,
        };
        Ok(Self { is_off: is_on(sources, "no-cache"), refresh: is_on(sources, "refresh"), minimum })
    }
}

/// Whether a flag is on; a variable can turn it off too.
pub(super) fn is_on(sources: &SettingSources, name: &'static str) -> bool {
    let off = ["0", "false", "no", "off"];
    sources.find(name).is_some_and(|found| !off.iter().any(|word| found.text().eq_ignore_ascii_case(word)))
}

/// Parses a time limit of up to an hour.
fn time_limit(sources: &SettingSources, name: &'static str) -> Result<Duration, Failure> {
    seconds(&sources.find_or_default(name), TIME_LIMIT_SECONDS, "between 1 second and 1 hour").map(Duration::from_secs)
}

/// Parses a number of seconds (`30`, `30s`) or minutes (`2m`) within a range, which `words` name.
fn seconds(found: &Found, range: RangeInclusive<u64>, words: &str) -> Result<u64, Failure> {
    clock::parse_seconds(found.text()).filter(|seconds| range.contains(seconds)).ok_or_else(|| {
        let message = format!("{} must be a time {words}", found.origin.label);
        found.failure(found.name, message, format!("pass {} 30s or 2m", definition::option(found.name)))
    })
}

/// Parses a whole number within a range.
pub(super) fn number(sources: &SettingSources, name: &'static str, range: RangeInclusive<u64>) -> Result<u64, Failure> {
    let found = sources.find_or_default(name);
    found.text().trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let message =
            format!("{} must be a whole number from {} to {}", found.origin.label, range.start(), range.end());
        let default = table::find(name).and_then(|setting| setting.default).unwrap_or_default();
        found.failure(name, message, format!("pass {} {default}", definition::option(name)))
    })
}
