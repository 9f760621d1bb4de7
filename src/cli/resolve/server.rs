//! Where the grant goes: the environment, what replaces parts of it, and what its metadata says.

use std::time::Instant;

use maskinporten_token_generator::{
    client::{self, Patience},
    environment::{Environment, LocalEnvironment},
    http::{Endpoint, HttpOptions},
};

use super::{exit_of, read, required};
use crate::cli::{
    layers::Layers,
    report::{Exit, Failure, Report},
};

/// Without an environment, audience and token endpoint must come from elsewhere.
pub(super) fn add_environment(layers: &mut Layers, report: &Report) -> Result<Option<Environment>, Failure> {
    let Some(found) = layers.find("env") else {
        let named = layers.find("audience").is_some() && layers.find("token-endpoint").is_some();
        if named || layers.find("discover").is_some() {
            return Ok(None);
        }
        let hint = "pass --env test or --env prod (--env local for the simulator), or set MASKINPORTEN_ENV".to_owned();
        return Err(Failure::plain(Exit::Configuration, "missing", "no environment was given".to_owned(), Some(hint)));
    };
    let Some(environment) = Environment::parse(found.value()) else {
        let names = Environment::ALL.map(Environment::name).join(", ");
        let message = format!("{} names no environment that is known", found.label);
        return Err(Failure::plain(exit_of(found.origin), "env", message, Some(format!("use one of {names}"))));
    };
    if let Some(reason) = environment.retired() {
        report.warning(reason);
    }
    if environment == Environment::Local {
        layers.add_local(LocalEnvironment::read(&LocalEnvironment::note()?)?);
    } else {
        layers.add_environment(environment);
    }
    Ok(Some(environment))
}

/// Audience and token endpoint: named, else discovered, else the environment's.
pub(super) async fn addresses(
    layers: &Layers,
    http: &HttpOptions,
    patience: Patience,
) -> Result<(String, Endpoint), Failure> {
    // Metadata stands in for what is named in weaker places, and is not fetched when nothing is left to stand in for.
    let named = |name: &'static str, rank: usize| layers.find(name).filter(|found| found.rank <= rank);
    let discover = layers.find("discover").map(|found| read(&found, Endpoint::parse(found.value())).map(|_| found));
    let discover = discover
        .transpose()?
        .filter(|found| named("audience", found.rank).is_none() || named("token-endpoint", found.rank).is_none());
    let rank = discover.as_ref().map_or(usize::MAX, |found| found.rank);
    let discovered = match discover {
        Some(found) => {
            let deadline = Instant::now() + patience.timeout;
            Some(client::discover(found.value(), http, deadline).await?)
        }
        None => None,
    };
    let audience = match (named("audience", rank), &discovered) {
        (Some(found), _) => found.value().to_owned(),
        (None, Some(addresses)) => addresses.issuer.clone(),
        (None, None) => required(layers, "audience", "pass --env test, or --audience URL")?.value().to_owned(),
    };
    let endpoint = match (named("token-endpoint", rank), &discovered) {
        (Some(found), _) => read(&found, Endpoint::parse(found.value()))?,
        (None, Some(addresses)) => {
            Endpoint::parse(&addresses.token_endpoint).map_err(|error| Failure::new(Exit::Unreachable, &error))?
        }
        (None, None) => {
            let found = required(layers, "token-endpoint", "pass --env test, or --token-endpoint URL")?;
            read(&found, Endpoint::parse(found.value()))?
        }
    };
    Ok((audience, endpoint))
}
