//! Google: Secret Manager, and keys of Cloud KMS, which sign there.

use super::{
    Fetched, PlaceError, PlaceFacts, Service, ServiceAccess,
    place::{PartFault, WrongPart, segment},
};

/// The variables that decide which service is meant: none, since a place names its project.
pub(super) const DECIDING_VARIABLES: &[&str] = &[];

/// A secret or key at Google.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GooglePlace {
    /// A secret.
    Secret {
        /// The project.
        project: String,
        /// The name of the secret.
        name: String,
        /// Its version; the latest without.
        version: Option<String>,
    },
    /// A version of a key, by its whole resource name.
    Key(String),
}

impl GooglePlace {
    /// Parses `PROJECT/NAME` or `PROJECT/NAME/VERSION`.
    pub(super) fn parse_secret(text: &str) -> Result<Self, WrongPart> {
        let mut parts = text.splitn(3, '/');
        let project = segment("project", parts.next().unwrap_or_default(), ":")?.to_owned();
        let name = segment("name", parts.next().unwrap_or_default(), "")?.to_owned();
        let version = parts.next().map(|version| segment("version", version, "")).transpose()?;
        Ok(Self::Secret { project, name, version: version.map(str::to_owned) })
    }

    /// Parses `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N`.
    pub(super) fn parse_key(text: &str) -> Result<Self, WrongPart> {
        const COLLECTIONS: [&str; 5] = ["projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions"];
        let parts: Vec<&str> = text.split('/').collect();
        for (index, collection) in COLLECTIONS.into_iter().enumerate() {
            match parts.get(2 * index) {
                Some(part) if *part == collection => {
                    segment(collection, parts.get(2 * index + 1).copied().unwrap_or_default(), ":")?;
                }
                Some(_) => return Err((collection, PartFault::Unknown)),
                None => return Err((collection, PartFault::Missing)),
            }
        }
        if parts.len() > 2 * COLLECTIONS.len() {
            return Err(("cryptoKeyVersions", PartFault::Character));
        }
        Ok(Self::Key(text.to_owned()))
    }

    fn service(&self) -> Service {
        match self {
            Self::Secret { .. } => Service::GoogleSecretManager,
            Self::Key(_) => Service::GoogleKms,
        }
    }
}

/// Fetches the content, or prepares the key to sign there.
pub(super) async fn fetch(place: &GooglePlace, _: &ServiceAccess) -> Result<Fetched, PlaceError> {
    Err(PlaceError::NotBuilt(place.service()))
}

/// Asks where the key is, who we are, what we may do, and when the key expires.
pub(super) async fn facts(place: &GooglePlace, _: &ServiceAccess) -> Result<PlaceFacts, PlaceError> {
    Err(PlaceError::NotBuilt(place.service()))
}
