//! Azure Key Vault: secrets, certificates and keys (REST API 7.4,
//! <https://learn.microsoft.com/rest/api/keyvault/>).

mod application;
mod challenge;
mod credentials;
mod vault;

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::json;
use zeroize::Zeroizing;

use self::vault::{AzureOperation, KeyVaultClient};
use super::{
    Fetched, KeyService, PlaceError, PlaceFacts, ServiceAccess,
    access::{BlockingSigner, SigningService},
    answer,
    part::{PartFault, WrongPart, segment},
};
use crate::{
    json::{JsonObject, JsonValue},
    keystore::{
        Certificate, CertificateFile, KeySet, RemoteSignature, SignatureAlgorithm, SigningInput, SigningKey,
        VerificationKey,
    },
    text::server_text,
};

const SERVICE: KeyService = KeyService::AzureKeyVault;

/// The variables that decide where the vault is.
pub(super) const DECIDING_VARIABLES: &[&str] = &[vault::URL_VARIABLE];

/// A secret, certificate or key in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzurePlace {
    /// The name of the vault, or its host.
    pub vault: String,
    /// What it is.
    pub kind: AzureKind,
    /// Its name.
    pub name: String,
    /// Its version; the current one without.
    pub version: Option<String>,
}

/// What a vault keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AzureKind {
    /// A secret: the content of a key file.
    Secret,
    /// A certificate with its private key.
    Certificate,
    /// A key that signs in the vault.
    Key,
}

impl AzurePlace {
    /// Parses `VAULT/KIND/NAME` or `VAULT/KIND/NAME/VERSION`.
    pub(super) fn parse(text: &str) -> Result<Self, WrongPart> {
        let mut parts = text.splitn(4, '/');
        let vault = segment("vault", parts.next().unwrap_or_default(), "")?;
        let kind = match parts.next().unwrap_or_default() {
            "secrets" => AzureKind::Secret,
            "certificates" => AzureKind::Certificate,
            "keys" => AzureKind::Key,
            "" => return Err(("kind", PartFault::Missing)),
            _ => return Err(("kind", PartFault::Unknown)),
        };
        let name = segment("name", parts.next().unwrap_or_default(), "")?;
        let version = parts.next().map(|version| segment("version", version, "")).transpose()?;
        Ok(Self { vault: vault.to_owned(), kind, name: name.to_owned(), version: version.map(str::to_owned) })
    }

    /// Returns the host of the vault: a name without dots is that of a vault in `vault.azure.net`.
    fn host(&self) -> String {
        let domain = if self.vault.contains('.') { "" } else { ".vault.azure.net" };
        format!("{}{domain}", self.vault).to_ascii_lowercase()
    }
}

impl AzureKind {
    /// Returns the segment of the path.
    fn segment(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::Certificate => "certificates",
            Self::Key => "keys",
        }
    }
}

/// Fetches the key, or prepares it to sign in the vault, and returns what the vault reports about it.
pub(super) async fn read(place: &AzurePlace, access: &ServiceAccess) -> Result<(Fetched, PlaceFacts), PlaceError> {
    let client = Arc::new(KeyVaultClient::new(&place.host(), access)?);
    let version = place.version.as_deref();
    let bundle = client.get(AzureOperation::of(place.kind), &place.name, version).await?;
    let mut facts = PlaceFacts {
        location: location(&bundle, place),
        identity: Some(client.identity()),
        permissions: vec![AzureOperation::of(place.kind).permission().to_owned()],
        expires_at: expiry(&bundle),
    };
    let fetched = match place.kind {
        AzureKind::Secret => Fetched::Content(content(&bundle)?),
        AzureKind::Key => Fetched::Key(key(client, &bundle, &place.name)?),
        AzureKind::Certificate => {
            let version = version_in(answer::required(SERVICE, &bundle, &["sid"])?);
            let exportable = answer::member(&bundle, &["policy", "key_props", "exportable"]);
            if matches!(exportable, Some(JsonValue::Bool(false))) {
                facts.permissions.push(AzureOperation::GetKey.permission().to_owned());
                Fetched::Key(certified_key(client, &bundle, &place.name).await?)
            } else {
                facts.permissions.push(AzureOperation::GetSecret.permission().to_owned());
                let secret = client.get(AzureOperation::GetSecret, &place.name, Some(version)).await?;
                Fetched::Content(content(&secret)?)
            }
        }
    };
    Ok((fetched, facts))
}

/// Returns the value of a secret: base64 of PKCS#12, PEM, or what its owner wrote.
fn content(secret: &JsonObject) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
    answer::required(SERVICE, secret, &["value"]).map(|value| Zeroizing::new(value.as_bytes().to_vec()))
}

/// Returns the identifier with its version, as the vault names it.
fn location(bundle: &JsonObject, place: &AzurePlace) -> String {
    let identifier = answer::text(bundle, &["id"]).or_else(|| answer::text(bundle, &["key", "kid"]));
    identifier.map_or_else(|| format!("{}/{}", place.host(), place.name), |identifier| server_text(identifier, 300))
}

fn expiry(bundle: &JsonObject) -> Option<DateTime<Utc>> {
    match answer::member(bundle, &["attributes", "exp"])? {
        JsonValue::Number(seconds) => DateTime::from_timestamp(seconds.as_i64()?, 0),
        _ => None,
    }
}

/// Returns the version at the end of an identifier of the vault.
fn version_in(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or_default()
}

/// A key in a vault, in one version.
struct KeyVaultKey {
    client: Arc<KeyVaultClient>,
    name: String,
    version: String,
}

/// Makes a signing key of a key in the vault.
fn key(client: Arc<KeyVaultClient>, bundle: &JsonObject, name: &str) -> Result<SigningKey, PlaceError> {
    let version = version_in(answer::required(SERVICE, bundle, &["key", "kid"])?).to_owned();
    let public = public_key(bundle)?;
    let signer = KeyVaultKey { client, name: name.to_owned(), version };
    Ok(SigningKey::remote(&public, Arc::new(BlockingSigner(signer))))
}

/// Makes a signing key of a certificate whose key may not leave the vault.
async fn certified_key(
    client: Arc<KeyVaultClient>,
    certificate: &JsonObject,
    name: &str,
) -> Result<SigningKey, PlaceError> {
    let senseless = |why: &str| PlaceError::Answer { service: SERVICE, why: why.to_owned() };
    let leaf = STANDARD.decode(answer::required(SERVICE, certificate, &["cer"])?).ok();
    let leaf = leaf.filter(|der| Certificate::from_der(der).is_some());
    let leaf = leaf.ok_or_else(|| senseless("its `cer` is not a certificate"))?;
    let version = version_in(answer::required(SERVICE, certificate, &["kid"])?);
    let bundle = client.get(AzureOperation::GetKey, name, Some(version)).await?;
    let key = key(Arc::clone(&client), &bundle, name)?;
    // The chain is only in the secret beside the certificate, which a caller that only signs may not read.
    let secret = version_in(answer::required(SERVICE, certificate, &["sid"])?);
    let chain = match client.get(AzureOperation::GetSecret, name, Some(secret)).await {
        Ok(secret) => certificates(&content(&secret)?),
        Err(PlaceError::Denied { .. } | PlaceError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let name = format!("certificates/{name}");
    let of_leaf = || CertificateFile::parse(&name, &leaf).ok();
    let with = |file: CertificateFile| key.clone().with_certificates(&file).ok();
    let certified = chain.and_then(with).or_else(|| of_leaf().and_then(with));
    certified.ok_or_else(|| senseless("the certificate is not that of the key"))
}

/// Returns the certificates in a secret without a private key: PEM, or PKCS#12 in base64.
fn certificates(secret: &[u8]) -> Option<CertificateFile> {
    let pkcs12 = || CertificateFile::from_pkcs12("secret", &STANDARD.decode(secret.trim_ascii()).ok()?).ok();
    CertificateFile::parse("secret", secret).ok().or_else(pkcs12)
}

/// Parses the JWK of a key, whose type ends with `-HSM` in hardware.
fn public_key(bundle: &JsonObject) -> Result<VerificationKey, PlaceError> {
    let part = |name| answer::text(bundle, &["key", name]);
    let kty = answer::required(SERVICE, bundle, &["key", "kty"])?.trim_end_matches("-HSM");
    let members = ["n", "e", "crv", "x", "y"].into_iter().filter_map(|name| Some((name, part(name)?)));
    let jwk = members.chain([("kty", kty)]).map(|(name, value)| (name.to_owned(), value.into())).collect();
    let jwk = serde_json::Value::Object(jwk).to_string();
    let unusable = || PlaceError::Unusable { service: SERVICE, why: format!("it is of the type {kty}") };
    let set = KeySet::parse(jwk.as_bytes()).map_err(|_| unusable())?;
    SignatureAlgorithm::ALL.into_iter().find_map(|name| set.find(None, name).next().cloned()).ok_or_else(unusable)
}

impl SigningService for KeyVaultKey {
    async fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, PlaceError> {
        let algorithm = input.algorithm;
        let unusable = || PlaceError::Unusable { service: SERVICE, why: format!("it does not sign with {algorithm}") };
        let digest = input.digest().ok_or_else(unusable)?;
        let body = json!({ "alg": algorithm.name(), "value": URL_SAFE_NO_PAD.encode(digest) }).to_string();
        let signed = self.client.sign(&self.name, &self.version, &SecretString::from(body)).await?;
        let signature = URL_SAFE_NO_PAD.decode(answer::required(SERVICE, &signed, &["value"])?);
        let senseless = |_| PlaceError::Answer { service: SERVICE, why: "its `value` is not base64url".to_owned() };
        signature.map(RemoteSignature::Jws).map_err(senseless)
    }
}
