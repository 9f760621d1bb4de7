//! A place that a URI names: of a key, or of a password.

use maskinporten::key_services::{KeyPlace, ServiceAccess};

use super::{SettingSources, server::NetworkSettings, sources::Found};
use crate::cli::report::Failure;

/// A place, and how its service is reached.
#[derive(Debug, Clone)]
pub(crate) struct NamedPlace {
    pub(crate) place: KeyPlace,
    /// The URI as it was given.
    pub(crate) uri: String,
    pub(crate) access: ServiceAccess,
}

impl NamedPlace {
    /// Parses a URI. A command may hold a secret, so messages name the setting and not the URI.
    pub(super) fn parse(sources: &SettingSources, found: &Found) -> Result<Self, Failure> {
        let place = found.parse(str::parse::<KeyPlace>)?.value;
        let NetworkSettings { http, retry_policy } = NetworkSettings::parse(sources)?;
        let access = ServiceAccess { http, retry_policy };
        Ok(Self { place, uri: found.text().to_owned(), access })
    }

    /// Parses the URI of a secret, which a key that signs elsewhere is not.
    pub(super) fn parse_for_secret(sources: &SettingSources, found: &Found) -> Result<Self, Failure> {
        let named = Self::parse(sources, found)?;
        if named.place.signs() {
            let message = format!("{} names a key that signs, not a secret", found.origin.label);
            return Err(found.failure(
                "key_place",
                message,
                "name a secret, such as env:NAME or vault://MOUNT/PATH#FIELD",
            ));
        }
        Ok(named)
    }

    /// Returns what messages call the place: the URI, unless it holds a command.
    pub(crate) fn shown(&self) -> &str {
        if let KeyPlace::Command(_) = self.place { "command:…" } else { &self.uri }
    }
}
