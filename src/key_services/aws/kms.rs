//! A key of AWS KMS, which signs there.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::client::{AwsClient, AwsRequest};
use crate::{
    json::{JsonObject, JsonValue},
    key_services::{
        KeyService, PlaceError, PlaceFacts,
        access::{BlockingSigner, SigningService},
        answer::{as_text, member, required},
    },
    keystore::{RemoteSignature, SignatureAlgorithm, SigningInput, SigningKey, VerificationKey},
};

const SERVICE: KeyService = KeyService::AwsKms;

/// KMS' name of `EdDSA` with Ed25519, which signs messages and no digests.
const ED25519: &str = "ED25519_SHA_512";

/// The longest message, which is not a digest.
const LONGEST_MESSAGE: usize = 4096;

struct AwsKmsKey {
    client: AwsClient,
    /// The ARN of the key: an alias may be given to another key meanwhile.
    arn: String,
}

/// Fetches the public key (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>).
pub(super) async fn public_key(client: &AwsClient, name: &str) -> Result<JsonObject, PlaceError> {
    let request = AwsRequest {
        operation: "TrentService.GetPublicKey",
        permission: "kms:GetPublicKey",
        what: format!("key {name}"),
        body: json!({ "KeyId": name }),
    };
    client.send(&request, client.deadline()).await
}

/// Makes a signing key of a public key.
pub(super) fn signing_key(client: AwsClient, answer: &JsonObject) -> Result<SigningKey, PlaceError> {
    let spki = required(SERVICE, answer, &["PublicKey"])?;
    let unreadable = |_| PlaceError::Answer { service: SERVICE, why: "its `PublicKey` cannot be read".to_owned() };
    let spki = STANDARD.decode(spki).map_err(unreadable)?;
    let public = VerificationKey::from_spki(&spki);
    let public = public.map_err(|source| PlaceError::PublicKey { service: SERVICE, source })?;
    let arn = required(SERVICE, answer, &["KeyId"])?.to_owned();
    Ok(SigningKey::remote(&public, Arc::new(BlockingSigner(AwsKmsKey { client, arn }))))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
fn signature_of(key: &str, message: &[u8], kind: &str, algorithm: &str) -> AwsRequest {
    AwsRequest {
        operation: "TrentService.Sign",
        permission: "kms:Sign",
        what: format!("key {key}"),
        body: json!({
            "KeyId": key,
            "Message": STANDARD.encode(message),
            "MessageType": kind,
            "SigningAlgorithm": algorithm,
        }),
    }
}

impl SigningService for AwsKmsKey {
    async fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, PlaceError> {
        let Self { client, arn } = self;
        let algorithm = algorithm(input.algorithm);
        let request = match input.digest() {
            Some(digest) => signature_of(arn, &digest, "DIGEST", algorithm),
            None if input.message.len() > LONGEST_MESSAGE => {
                let why = format!(
                    "it signs at most {LONGEST_MESSAGE} bytes with {}, and this grant is longer",
                    input.algorithm
                );
                return Err(client.unusable(why));
            }
            None => signature_of(arn, input.message, "RAW", algorithm),
        };
        let answer = client.send(&request, client.deadline()).await?;
        let signature = STANDARD.decode(required(SERVICE, &answer, &["Signature"])?);
        let unreadable = |_| PlaceError::Answer { service: SERVICE, why: "its `Signature` cannot be read".to_owned() };
        let signature = signature.map_err(unreadable)?;
        let is_ecdsa = algorithm.starts_with("ECDSA");
        Ok(if is_ecdsa { RemoteSignature::EcdsaDer(signature) } else { RemoteSignature::Jws(signature) })
    }
}

/// Asks for the state of a key, and signs zeros to learn whether we may.
pub(super) async fn facts(client: &AwsClient, name: &str, public: &JsonObject) -> Result<PlaceFacts, PlaceError> {
    let deadline = client.deadline();
    let mut permissions = vec!["kms:GetPublicKey".to_owned()];
    if let Some(JsonValue::Array(algorithms)) = member(public, &["SigningAlgorithms"])
        && let Some(algorithm) = algorithms.iter().find_map(as_text)
    {
        let length = if algorithm.ends_with("512") {
            64
        } else if algorithm.ends_with("384") {
            48
        } else {
            32
        };
        let kind = if algorithm == ED25519 { "RAW" } else { "DIGEST" };
        client.send(&signature_of(name, &vec![0; length], kind, algorithm), deadline).await?;
        permissions.push("kms:Sign".to_owned());
    }
    let request = AwsRequest {
        operation: "TrentService.DescribeKey",
        permission: "kms:DescribeKey",
        what: format!("key {name}"),
        body: json!({ "KeyId": name }),
    };
    // A right that signing does not need.
    let expires_at = match client.send(&request, deadline).await {
        Ok(described) => end_of(&described),
        Err(_) => None,
    };
    Ok(PlaceFacts { permissions, expires_at, ..PlaceFacts::default() })
}

/// Returns when the key is deleted, or imported key material expires: seconds, with a fraction.
fn end_of(described: &JsonObject) -> Option<DateTime<Utc>> {
    ["DeletionDate", "ValidTo"].into_iter().find_map(|name| match member(described, &["KeyMetadata", name])? {
        #[allow(clippy::cast_possible_truncation)] // saturates
        JsonValue::Number(seconds) => DateTime::from_timestamp(seconds.as_f64()? as i64, 0),
        _ => None,
    })
}

/// Returns KMS' name of an algorithm.
fn algorithm(algorithm: SignatureAlgorithm) -> &'static str {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 => "RSASSA_PKCS1_V1_5_SHA_256",
        Rs384 => "RSASSA_PKCS1_V1_5_SHA_384",
        Rs512 => "RSASSA_PKCS1_V1_5_SHA_512",
        Ps256 => "RSASSA_PSS_SHA_256",
        Ps384 => "RSASSA_PSS_SHA_384",
        Ps512 => "RSASSA_PSS_SHA_512",
        Es256 => "ECDSA_SHA_256",
        Es384 => "ECDSA_SHA_384",
        Es512 => "ECDSA_SHA_512",
        EdDsa => ED25519,
    }
}
