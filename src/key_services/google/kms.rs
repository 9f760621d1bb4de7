//! Keys of Cloud KMS (<https://cloud.google.com/kms/docs/reference/rest>). Each version has one algorithm.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde_json::json;

use super::{GoogleClient, GoogleOperation, checksum::crc32c};
use crate::{
    json::JsonValue,
    key_services::{
        KeyService, PlaceError,
        access::{BlockingSigner, SigningService},
        answer,
    },
    keystore::{RemoteSignature, SignatureAlgorithm, SigningInput, SigningKey, VerificationKey},
    text::server_text,
};

const SERVICE: KeyService = KeyService::GoogleKms;

/// A version of a key.
pub(super) struct KmsKey {
    client: GoogleClient,
    name: String,
    algorithm: SignatureAlgorithm,
}

impl KmsKey {
    /// Fetches the public key of a version, and prepares it to sign.
    pub(super) async fn open(client: GoogleClient, name: &str) -> Result<SigningKey, PlaceError> {
        let object = client.request(GoogleOperation::ViewPublicKey, &format!("{name}/publicKey"), None).await?;
        let text = answer::required(SERVICE, &object, &["pem"])?;
        client.check(text.as_bytes(), answer::required(SERVICE, &object, &["pemCrc32c"])?, "pem")?;
        let named = answer::required(SERVICE, &object, &["algorithm"])?;
        let algorithm = algorithm(named).ok_or_else(|| {
            unusable(format!("its algorithm is {}, which no JWT is signed with", server_text(named, 60)))
        })?;
        let public = public_key(text)?;
        let signer = Self { client, name: name.to_owned(), algorithm };
        Ok(SigningKey::remote(&public, Arc::new(BlockingSigner(signer))).preferring(algorithm))
    }
}

/// Returns the algorithm of JWS that a version signs with; the name ends with the hash function
/// (<https://cloud.google.com/kms/docs/reference/rest/v1/CryptoKeyVersionAlgorithm>).
fn algorithm(name: &str) -> Option<SignatureAlgorithm> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Ps256, Ps512, Rs256, Rs512};
    let is = |start: &str, end: &str| name.starts_with(start) && name.ends_with(end);
    match name {
        "EC_SIGN_P256_SHA256" => Some(Es256),
        "EC_SIGN_P384_SHA384" => Some(Es384),
        "EC_SIGN_ED25519" => Some(EdDsa),
        _ if is("RSA_SIGN_PKCS1_", "_SHA256") => Some(Rs256),
        _ if is("RSA_SIGN_PKCS1_", "_SHA512") => Some(Rs512),
        _ if is("RSA_SIGN_PSS_", "_SHA256") => Some(Ps256),
        _ if is("RSA_SIGN_PSS_", "_SHA512") => Some(Ps512),
        _ => None,
    }
}

fn unusable(why: String) -> PlaceError {
    PlaceError::Unusable { service: SERVICE, why }
}

/// Parses a public key in PEM.
fn public_key(text: &str) -> Result<VerificationKey, PlaceError> {
    let senseless = || PlaceError::Answer { service: SERVICE, why: "its `pem` is not a public key".to_owned() };
    let der = answer::pem(text).ok_or_else(senseless)?;
    VerificationKey::from_spki(&der).map_err(|source| PlaceError::PublicKey { service: SERVICE, source })
}

impl SigningService for KmsKey {
    async fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, PlaceError> {
        if input.algorithm != self.algorithm {
            return Err(PlaceError::Algorithm { service: SERVICE, possible: self.algorithm });
        }
        let resource = format!("{}:asymmetricSign", self.name);
        let object = self.client.request(GoogleOperation::Sign, &resource, Some(&body(input))).await?;
        let senseless = |why: &str| PlaceError::Answer { service: SERVICE, why: why.to_owned() };
        let verified = if input.digest().is_some() { "verifiedDigestCrc32c" } else { "verifiedDataCrc32c" };
        if !matches!(answer::member(&object, &[verified]), Some(JsonValue::Bool(true))) {
            return Err(senseless("it did not check what was to be signed, which may have been damaged on its way"));
        }
        let signature = self.client.decoded(answer::required(SERVICE, &object, &["signature"])?)?;
        self.client.check(&signature, answer::required(SERVICE, &object, &["signatureCrc32c"])?, "signature")?;
        let signature = signature.to_vec();
        Ok(match self.algorithm {
            SignatureAlgorithm::Es256 | SignatureAlgorithm::Es384 => RemoteSignature::EcdsaDer(signature),
            _ => RemoteSignature::Jws(signature),
        })
    }
}

/// Returns the body of a request to sign: the digest or, for Ed25519, the message, with its checksum.
fn body(input: &SigningInput<'_>) -> SecretString {
    let (name, sum, value) = match input.digest() {
        Some(digest) => {
            let hash = format!("sha{}", digest.len() * 8);
            ("digest", crc32c(&digest), json!({ hash: STANDARD.encode(&digest) }))
        }
        None => ("data", crc32c(input.message), STANDARD.encode(input.message).into()),
    };
    let sum_name = format!("{name}Crc32c");
    json!({ name: value, sum_name: sum.to_string() }).to_string().into()
}
