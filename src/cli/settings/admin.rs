//! Parses the settings of administration: its scopes, and where the self-service API and the register of business units are.

use maskinporten::{
    environment::{BUSINESS_REGISTER, Environment, self_service_url},
    grant::Scopes,
    http::Endpoint,
};

use super::{SettingSources, grant, origin::Layer};
use crate::cli::report::{Exit, Failure};

/// Returns the self-service API that the settings name, or else the one of the environment.
///
/// A token for it may change clients and keys, so a project file, which came with the folder, may only name Digdir's own,
/// or this machine if `is_local`: if the token comes from this machine too, or none is sent.
pub(crate) fn self_service(
    sources: &SettingSources,
    environment: Option<Environment>,
    is_local: bool,
) -> Result<Endpoint, Failure> {
    let own = environment.and_then(self_service_url).map(Endpoint::parse).transpose().ok().flatten();
    let named = named(sources, "admin-url", own.as_ref(), is_local, |label, host| {
        format!("{label} would send a token to {host}, which is not Digdir")
    })?;
    named.or(own).ok_or_else(|| {
        let message = "this environment has no self-service API".to_owned();
        let hint = "pass --env test or --env prod, or the address with --admin-url";
        Failure::plain(Exit::Configuration, "admin_url", message, Some(hint.to_owned()))
    })
}

/// Returns the register of business units that the settings name, or else the real one.
///
/// Its names are shown beside the numbers of the organisations that get access, so a project file may not name another register.
pub(crate) fn business_register(sources: &SettingSources) -> Result<Endpoint, Failure> {
    let own = Endpoint::parse(BUSINESS_REGISTER).map_err(|error| Failure::new(Exit::Other, &error))?;
    let named = named(sources, "register-url", Some(&own), true, |label, host| {
        format!("{label} would ask {host} for the names of organisations, which is not the register")
    })?;
    Ok(named.unwrap_or(own))
}

/// Returns the address that the settings name. One of a project file must be `own`, or on this machine if `is_local`.
fn named(
    sources: &SettingSources,
    setting: &'static str,
    own: Option<&Endpoint>,
    is_local: bool,
    refusal: impl FnOnce(&str, &str) -> String,
) -> Result<Option<Endpoint>, Failure> {
    let Some(found) = sources.find(setting) else { return Ok(None) };
    let base = found.parse(Endpoint::parse)?.value;
    let is_safe = own == Some(&base) || is_local && base.is_loopback();
    if found.origin.layer == Layer::ProjectFile && !is_safe {
        let hint = "if you trust the file, name it with --config, or write the address in your own config file";
        return Err(found.failure("config_address", refusal(&found.origin.label, base.host()), hint));
    }
    Ok(Some(base))
}

impl SettingSources {
    /// Returns the scopes in the settings; none if one of them is not valid.
    pub(crate) fn given_scopes(&self) -> Vec<String> {
        let given = grant::scopes(self);
        given.iter().flat_map(Scopes::iter).map(str::to_owned).collect()
    }
}
