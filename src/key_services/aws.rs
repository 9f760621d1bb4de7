//! AWS: Secrets Manager, Parameter Store, and keys of KMS, which sign there.

use super::{
    Fetched, PlaceError, PlaceFacts, Service, ServiceAccess,
    part::{PartFault, WrongPart},
};

/// The variables that decide which account and region are meant.
pub(super) const DECIDING_VARIABLES: &[&str] = &["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"];

/// A secret, parameter or key at AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsPlace {
    /// What it is.
    pub kind: AwsKind,
    /// Its name, alias or ARN.
    pub name: String,
    /// The member of a secret that is a JSON object.
    pub field: Option<String>,
}

/// What AWS keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsKind {
    /// A secret in Secrets Manager.
    Secret,
    /// A parameter in Parameter Store.
    Parameter,
    /// A key in KMS.
    Key,
}

impl AwsPlace {
    /// Parses `NAME` or, for a secret or parameter, `NAME#FIELD`. The name is sent in a body, never in an address.
    pub(super) fn parse(kind: AwsKind, text: &str) -> Result<Self, WrongPart> {
        let (name, field) = match text.split_once('#') {
            Some((_, "")) => return Err(("field", PartFault::Missing)),
            Some(_) if kind == AwsKind::Key => return Err(("name", PartFault::Character)),
            Some((name, field)) => (name, Some(field.to_owned())),
            None => (text, None),
        };
        let allowed = |character: char| character.is_ascii_alphanumeric() || "/_+=.@:-".contains(character);
        if name.is_empty() {
            return Err(("name", PartFault::Missing));
        }
        if !name.chars().all(allowed) {
            return Err(("name", PartFault::Character));
        }
        Ok(Self { kind, name: name.to_owned(), field })
    }

    fn service(&self) -> Service {
        match self.kind {
            AwsKind::Secret => Service::AwsSecretsManager,
            AwsKind::Parameter => Service::AwsParameterStore,
            AwsKind::Key => Service::AwsKms,
        }
    }
}

/// Fetches the content, or prepares the key to sign there.
pub(super) async fn fetch(place: &AwsPlace, _: &ServiceAccess) -> Result<Fetched, PlaceError> {
    Err(PlaceError::NotBuilt(place.service()))
}

/// Asks where the key is, who we are, what we may do, and when the key expires.
pub(super) async fn facts(place: &AwsPlace, _: &ServiceAccess) -> Result<PlaceFacts, PlaceError> {
    Err(PlaceError::NotBuilt(place.service()))
}
