//! From what was typed to what is wanted: every value found, read and checked, with where it came from.

mod asked;
mod claims;
mod network;
mod server;
mod shape;

use maskinporten_token_generator::{
    client::RetryPolicy,
    clock::Clock,
    explain::Explain,
    grant::Grant,
    http::{Endpoint, HttpOptions},
    keystore::SigningKey,
};

pub(crate) use self::{
    asked::{Asked, Problems},
    network::{http_options, number, retry_policy, seconds},
    server::add_environment,
};
use super::{
    key,
    layers::{Found, Layers, Origin},
    report::{Exit, Failure, Report},
    settings,
};

/// Everything that a grant and its exchange need.
pub(crate) struct Wanted {
    pub(crate) grant: Grant,
    pub(crate) endpoint: Endpoint,
    pub(crate) http: HttpOptions,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) key: SigningKey,
}

/// Reads every setting, asks for a password if one is missing, and opens the key last: nobody types a password
/// for a command that fails over a misspelt option.
pub(crate) async fn resolve(mut layers: Layers, clock: &dyn Clock, report: &Report) -> Result<Wanted, Failure> {
    let asked = Asked::of(&mut layers, report).map_err(Problems::first)?;
    let (audience, endpoint) = asked.addresses(&layers).await?;
    let key = key::open(&layers, clock, report)?;
    let (http, retry_policy) = (asked.http.clone(), asked.retry_policy);
    let grant = asked.grant(audience, &key, report)?;
    Ok(Wanted { grant, endpoint, http, retry_policy, key })
}

/// An option without a value is most often a variable of a script that was not set; only a password may be empty.
pub(crate) fn refuse_empty(layers: &Layers) -> Result<(), Failure> {
    layers.empty_option().map_or(Ok(()), |label| {
        let hint = Some("give it a value, or leave it out".to_owned());
        Err(Failure::plain(Exit::Usage, "empty", format!("{label} is empty"), hint))
    })
}

/// Makes a failure of a value that cannot be used, with the exit code that its origin calls for.
pub(crate) fn unusable(found: &Found, error: &dyn Explain) -> Failure {
    let inner = Failure::new(exit_of(found.origin), error);
    inner.about(&format!("{} cannot be used", found.label))
}

pub(crate) fn exit_of(origin: Origin) -> Exit {
    match origin {
        Origin::Option => Exit::Usage,
        Origin::Variable | Origin::Project | Origin::User | Origin::Environment => Exit::Configuration,
    }
}

pub(crate) fn read<T, E: Explain>(found: &Found, result: Result<T, E>) -> Result<T, Failure> {
    result.map_err(|error| unusable(found, &error))
}

fn optional<T, E: Explain>(
    layers: &Layers,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    layers.find(name).map(|found| read(&found, parse(found.value()))).transpose()
}

pub(crate) fn required(layers: &Layers, name: &'static str, hint: &str) -> Result<Found, Failure> {
    layers.find(name).ok_or_else(|| {
        let words = name.replace('-', " ");
        let hint = format!("{hint}, or set {}", settings::variable(name));
        Failure::plain(Exit::Configuration, "missing", format!("no {words} was given"), Some(hint))
    })
}

/// Two settings that exclude each other, given at the same place.
pub(crate) fn only(found: Vec<Found>) -> Result<Option<Found>, Failure> {
    match found.as_slice() {
        [first, second, ..] => {
            let message = format!("{} and {} exclude each other", first.label, second.label);
            let hint = Some("give one of them".to_owned());
            Err(Failure::plain(exit_of(first.origin), "conflict", message, hint))
        }
        _ => Ok(found.into_iter().next()),
    }
}
