//! A test token of Altinn's generator, in place of a token of Maskinporten.

use maskinporten::{
    altinn::{AltinnPlatform, TestTokenKind},
    environment::{AltinnEnvironment, Environment},
    grant::Scopes,
};

use super::{AltinnUserSettings, NetworkSettings, SettingSources, origin::Layer, sources::Found};
use crate::cli::report::{Exit, Failure, Report};

const KIND: &str = "test-token";
const URL: &str = "test-token-url";

/// The settings of a test token.
#[derive(Debug)]
pub(crate) struct TestTokenSettings {
    pub(crate) kind: TestTokenKind,
    /// The parameters of the request, each once.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) generator: AltinnPlatform,
    pub(crate) user: AltinnUserSettings,
    pub(crate) network: NetworkSettings,
}

impl TestTokenSettings {
    /// Parses the settings; `None` if tokens are Maskinporten's.
    pub(crate) fn parse(sources: &mut SettingSources, report: &Report) -> Result<Option<Self>, Failure> {
        if sources.find(KIND).is_none() {
            return Ok(None);
        }
        sources.refuse_empty_options()?;
        super::add_environment(sources, report)?;
        let Some(found) = sources.find(KIND) else { return Ok(None) };
        let kind = TestTokenKind::parse(found.text()).ok_or_else(|| {
            let names = TestTokenKind::NAMES.join(", ");
            let message = format!("{} is not a known kind of test token", found.origin.label);
            found.failure("test_token", message, format!("use one of {names}"))
        })?;
        let mut parameters = vec![("env".to_owned(), environment(sources)?.name().to_owned())];
        parameters.extend(scopes(sources, kind)?.map(|scopes| ("scopes".to_owned(), scopes)));
        for (name, value) in pairs(sources)? {
            parameters.retain(|(own, _)| *own != name);
            parameters.push((name, value));
        }
        let settings = Self {
            kind,
            parameters,
            generator: generator(sources)?,
            user: AltinnUserSettings::parse(sources)?,
            network: NetworkSettings::parse(sources)?,
        };
        sources.erase_secrets();
        Ok(Some(settings))
    }

    /// Returns the scopes, which only a single token of a person or a system user may leave to the generator.
    pub(crate) fn scopes(&self, sources: &SettingSources) -> Result<Scopes, Failure> {
        let scopes = self.parameter("scopes");
        let scopes = scopes.ok_or_else(|| sources.missing(&["scope"], "scope", "pass --scope SCOPE"))?;
        Scopes::parse(scopes).map_err(|error| Failure::new(Exit::Configuration, &error))
    }

    /// Returns the value of a parameter.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Returns the platform whose key signs the token. A generator that is not Altinn's own publishes its key itself.
    pub(crate) fn platform(&self) -> AltinnPlatform {
        let environment = self.parameter("env").and_then(AltinnEnvironment::parse);
        let own = environment.filter(|_| self.generator == AltinnPlatform::test_token_generator());
        own.map_or_else(|| self.generator.clone(), AltinnPlatform::of)
    }
}

/// Refuses test tokens where a grant is needed.
pub(super) fn refuse(sources: &SettingSources) -> Result<(), Failure> {
    let Some(found) = sources.find(KIND) else { return Ok(()) };
    let message = format!("{} has no effect here: a test token needs no grant", found.origin.label);
    Err(found.failure("test_token", message, "use it with token, headers, exec, curl, serve or agent, or leave it out"))
}

/// Returns the environment whose key signs the token: TT02, unless the settings name another.
fn environment(sources: &SettingSources) -> Result<AltinnEnvironment, Failure> {
    let own = |found: &Found| Environment::parse(found.text()).and_then(AltinnEnvironment::of);
    let (found, environment) = if let Some(found) = sources.find("altinn-env") {
        let environment = AltinnEnvironment::parse(found.text());
        (Some(found), environment)
    } else {
        let found = sources.find("env");
        let environment = found.as_ref().and_then(own).or(Some(AltinnEnvironment::Tt02));
        (found, environment)
    };
    match (environment, found) {
        (Some(environment), _) if environment != AltinnEnvironment::Prod => Ok(environment),
        (_, found) => {
            let label = found.map_or_else(|| "--altinn-env".to_owned(), |found| found.origin.label);
            let message = format!("{label} is not a test environment of Altinn");
            let hint = Some("pass --altinn-env tt02, or another test environment".to_owned());
            Err(Failure::plain(Exit::Configuration, "altinn-env", message, hint))
        }
    }
}

/// Returns the scopes; the generator has default ones for people and system users.
fn scopes(sources: &SettingSources, kind: TestTokenKind) -> Result<Option<String>, Failure> {
    // The simulator's own is for Maskinporten.
    let scopes = match sources.find("scope").filter(|found| found.origin.layer != Layer::Environment) {
        Some(found) => found.texts().join(" "),
        None if kind != TestTokenKind::Enterprise => return Ok(None),
        None => return Err(sources.missing(&["scope"], "scope", "pass --scope SCOPE")),
    };
    let scopes = Scopes::parse(&scopes).map_err(|error| Failure::new(Exit::Configuration, &error))?;
    Ok(Some(scopes.iter().collect::<Vec<_>>().join(" ")))
}

fn pairs(sources: &SettingSources) -> Result<Vec<(String, String)>, Failure> {
    let Some(found) = sources.find("test-token-param") else { return Ok(Vec::new()) };
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            let message = format!("{} is not of the form NAME=VALUE", found.origin.label);
            found.failure("test_token_param", message, "pass --test-token-param NAME=VALUE")
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    found.texts().iter().map(pair).collect()
}

/// Returns the generator: that of a setting, the simulator's, or Altinn's own.
fn generator(sources: &SettingSources) -> Result<AltinnPlatform, Failure> {
    let simulator = || sources.find("altinn-url").filter(|found| found.origin.layer == Layer::Environment);
    let Some(found) = sources.find(URL).or_else(simulator) else {
        return Ok(AltinnPlatform::test_token_generator());
    };
    found.origin.refuse_project_file()?;
    Ok(found.parse(AltinnPlatform::parse)?.value)
}
