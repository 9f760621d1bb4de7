//! Where the grant goes: the environment, what replaces parts of it, and what its metadata says.

use maskinporten_token_generator::{
    client::{self, RetryPolicy},
    environment::{Environment, LocalEnvironment},
    http::{Endpoint, HttpOptions},
};

use super::{exit_of, read, required};
use crate::cli::{
    layers::{Found, Layers, Origin},
    report::{Exit, Failure, Report},
};

/// Without an environment, audience and token endpoint must come from elsewhere.
pub(crate) fn add_environment(layers: &mut Layers, report: &Report) -> Result<Option<Environment>, Failure> {
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
        layers.add_local(LocalEnvironment::read(&LocalEnvironment::path()?)?);
    } else {
        layers.add_environment(environment);
    }
    Ok(Some(environment))
}

/// Audience and token endpoint: named, else discovered, else the environment's.
pub(super) async fn addresses(
    layers: &Layers,
    http: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<(String, Endpoint), Failure> {
    // Metadata stands in for what is named in weaker places, and is not fetched when nothing is left to stand in for.
    let named = |name: &'static str, rank: usize| layers.find(name).filter(|found| found.rank <= rank);
    let discover = layers.find("discover").map(|found| endpoint_of(&found).map(|_| found));
    let discover = discover
        .transpose()?
        .filter(|found| named("audience", found.rank).is_none() || named("token-endpoint", found.rank).is_none());
    let rank = discover.as_ref().map_or(usize::MAX, |found| found.rank);
    let discovered = match discover {
        Some(found) => Some(client::discover(found.value(), http, retry_policy, |_, _| ()).await?),
        None => None,
    };
    let audience = match (named("audience", rank), &discovered) {
        (Some(found), _) => found.value().to_owned(),
        (None, Some(addresses)) => addresses.issuer.clone(),
        (None, None) => required(layers, "audience", "pass --env test, or --audience URL")?.value().to_owned(),
    };
    let endpoint = match (named("token-endpoint", rank), &discovered) {
        (Some(found), _) => endpoint_of(&found)?,
        (None, Some(addresses)) => {
            Endpoint::parse(&addresses.token_endpoint).map_err(|error| Failure::new(Exit::Unreachable, &error))?
        }
        (None, None) => {
            let found = required(layers, "token-endpoint", "pass --env test, or --token-endpoint URL")?;
            endpoint_of(&found)?
        }
    };
    Ok((audience, endpoint))
}

/// Reads an address that a grant may go to. A project's file came with the folder, so it may name Maskinporten's own
/// hosts and this machine, and no others: whoever gets a grant can swap it for its owner's token.
fn endpoint_of(found: &Found) -> Result<Endpoint, Failure> {
    let endpoint = read(found, Endpoint::parse(found.value()))?;
    let host = endpoint.host();
    let own = ["maskinporten.no", "maskinporten.dev"];
    let is_own = own.iter().any(|own| host == *own || host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')));
    if found.origin != Origin::Project || is_own || endpoint.is_loopback() {
        return Ok(endpoint);
    }
    let message = format!("{} would send a signed grant to {host}, which is not Maskinporten", found.label);
    let hint = "if you trust the file, name it with --config, or write the address in your own config file".to_owned();
    Err(Failure::plain(Exit::Configuration, "config_address", message, Some(hint)))
}
