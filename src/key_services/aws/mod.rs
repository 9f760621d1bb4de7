//! AWS: Secrets Manager, Parameter Store, and keys of KMS, which sign there.

mod client;
mod credentials;
mod endpoint;
mod identity;
mod kms;
mod shared_files;
mod signature;
mod sts;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use zeroize::Zeroizing;

use self::client::{AwsClient, AwsRequest};
pub(super) use self::identity::AwsIdentity;
use super::{
    Examined, Fetched, KeyService, PlaceError, PlaceFacts, ServiceAccess, answer,
    part::{PartFault, WrongPart},
};

/// The variables that decide which account and region are meant.
pub(super) const DECIDING_VARIABLES: &[&str] = &[
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_ROLE_ARN",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_SSM",
];

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

    fn service(&self) -> KeyService {
        match self.kind {
            AwsKind::Secret => KeyService::AwsSecretsManager,
            AwsKind::Parameter => KeyService::AwsParameterStore,
            AwsKind::Key => KeyService::AwsKms,
        }
    }
}

/// Fetches the content, or prepares the key to sign there.
pub(super) async fn fetch(place: &AwsPlace, access: &ServiceAccess) -> Result<Fetched, PlaceError> {
    let client = AwsClient::from_environment(place, access)?;
    match place.kind {
        AwsKind::Secret => secret(&client, place).await.map(Fetched::Content),
        AwsKind::Parameter => parameter(&client, place).await.map(Fetched::Content),
        AwsKind::Key => {
            let public = kms::public_key(&client, &place.name).await?;
            kms::signing_key(client, &public).map(Fetched::Key)
        }
    }
}

/// Does the same, and asks for our identity, our permissions and the expiry of the key.
pub(super) async fn examine(place: &AwsPlace, access: &ServiceAccess) -> Result<Examined, PlaceError> {
    let client = AwsClient::from_environment(place, access)?;
    let identity = client.identity().await.ok();
    let location = format!("{} in {}, {}", place.name, client.region, client.endpoint);
    let reads = |permission: &str| Ok(PlaceFacts { permissions: vec![permission.to_owned()], ..PlaceFacts::default() });
    let (fetched, facts) = match place.kind {
        AwsKind::Secret => (Fetched::Content(secret(&client, place).await?), reads("secretsmanager:GetSecretValue")),
        AwsKind::Parameter => (Fetched::Content(parameter(&client, place).await?), reads("ssm:GetParameter")),
        AwsKind::Key => {
            let public = kms::public_key(&client, &place.name).await?;
            let facts = kms::facts(&client, &place.name, &public).await;
            (Fetched::Key(kms::signing_key(client, &public)?), facts)
        }
    };
    Ok((fetched, facts.map(|facts| PlaceFacts { location, identity, ..facts })))
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
async fn secret(client: &AwsClient, place: &AwsPlace) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
    let request = AwsRequest {
        operation: "secretsmanager.GetSecretValue",
        permission: "secretsmanager:GetSecretValue",
        what: format!("secret {}", place.name),
        body: json!({ "SecretId": place.name }),
    };
    let answer = client.send(&request, client.deadline()).await?;
    let content = if let Some(text) = answer::text(&answer, &["SecretString"]) {
        Zeroizing::new(text.as_bytes().to_vec())
    } else {
        let binary = answer::required(client.service, &answer, &["SecretBinary"])?;
        let unreadable = |_| client.unusable("its SecretBinary is not base64".to_owned());
        STANDARD.decode(binary).map(Zeroizing::new).map_err(unreadable)?
    };
    place.member_of(client, content)
}

/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>
async fn parameter(client: &AwsClient, place: &AwsPlace) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
    // Only a name without a path needs no slash in front.
    let needs_slash = place.name.contains('/') && !place.name.starts_with('/') && !place.name.starts_with("arn:");
    let name = format!("{}{}", if needs_slash { "/" } else { "" }, place.name);
    let request = AwsRequest {
        operation: "AmazonSSM.GetParameter",
        permission: "ssm:GetParameter",
        what: format!("parameter {name}"),
        body: json!({ "Name": name, "WithDecryption": true }),
    };
    let answer = client.send(&request, client.deadline()).await?;
    let value = answer::required(client.service, &answer, &["Parameter", "Value"])?;
    place.member_of(client, Zeroizing::new(value.as_bytes().to_vec()))
}

impl AwsPlace {
    /// Returns the member that the place names of a JSON object, or all of the content.
    fn member_of(&self, client: &AwsClient, content: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
        let Some(field) = &self.field else { return Ok(content) };
        let no_field = |why| PlaceError::NoField { service: client.service, why };
        let object = answer::object(client.service, &content);
        let object = object.map_err(|_| no_field(format!("{} is not a JSON object", self.name)))?;
        let text = answer::text(&object, &[field]).map(|text| Zeroizing::new(text.as_bytes().to_vec()));
        text.ok_or_else(|| no_field(format!("{} has no `{field}`", self.name)))
    }
}
