//! Parses where the self-service API is.

use maskinporten::{
    environment::{Environment, self_service_url},
    http::Endpoint,
};

use super::{SettingSources, origin::Layer};
use crate::cli::report::{Exit, Failure};

const URL: &str = "admin-url";

/// Returns the self-service API that the settings name, or else the one of the environment.
///
/// A token for it may change clients and keys, so a project file, which came with the folder, may only name Digdir's own
/// or this machine.
pub(crate) fn self_service(sources: &SettingSources, environment: Option<Environment>) -> Result<Endpoint, Failure> {
    let own = environment.and_then(self_service_url).map(Endpoint::parse).transpose().ok().flatten();
    let Some(found) = sources.find(URL) else {
        return own.ok_or_else(|| {
            let message = "this environment has no self-service API".to_owned();
            let hint = "pass --env test or --env prod, or the address with --admin-url";
            Failure::plain(Exit::Configuration, "admin_url", message, Some(hint.to_owned()))
        });
    };
    let base = found.parse(Endpoint::parse)?.value;
    let is_safe = own.as_ref() == Some(&base) || base.is_loopback();
    if found.origin.layer == Layer::ProjectFile && !is_safe {
        let message = format!("{} would send a token to {}, which is not Digdir", found.origin.label, base.host());
        let hint = "if you trust the file, name it with --config, or write the address in your own config file";
        return Err(found.failure("config_address", message, hint));
    }
    Ok(base)
}
