//! A key of the secrets engine Transit, which signs in Vault.

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use secrecy::SecretString;
use serde_json::json;

use super::client::{VaultRequest, VaultServer};
use crate::{
    http::Method,
    json::{JsonObject, JsonValue},
    key_services::{
        KeyService, PlaceError,
        access::{BlockingSigner, SigningService},
        answer::{member, pem, required, text},
    },
    keystore::{CertificateFile, RemoteSignature, SignatureAlgorithm, SigningInput, SigningKey, VerificationKey},
};

const SERVICE: KeyService = KeyService::Vault;

/// What comes before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410 §4).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// One version of a key.
struct TransitKey {
    client: VaultServer,
    mount: String,
    name: String,
    /// The version whose public key is known. After a rotation Vault signs with a newer one by default.
    version: u64,
}

/// Makes a key from its description in Vault: its latest version, with the certificates of that version.
pub(super) fn signing_key(
    client: VaultServer,
    mount: &str,
    name: &str,
    answer: &JsonObject,
) -> Result<SigningKey, PlaceError> {
    let described = format!("{mount}/{name}");
    let kind = required(SERVICE, answer, &["data", "type"])?;
    let version = match member(answer, &["data", "latest_version"]) {
        Some(JsonValue::Number(version)) => version.as_u64(),
        _ => None,
    };
    let version = version.ok_or_else(|| unreadable("latest_version"))?;
    let number = version.to_string();
    let Some(public) = text(answer, &["data", "keys", &number, "public_key"]) else {
        return Err(unusable(format!("{described} is of the type {kind}, which does not sign")));
    };
    let spki = spki(public).ok_or_else(|| unreadable("public_key"))?;
    let public =
        VerificationKey::from_spki(&spki).map_err(|source| PlaceError::PublicKey { service: SERVICE, source })?;
    let chain = text(answer, &["data", "keys", &number, "certificate_chain"]);
    let (mount, name) = (mount.to_owned(), name.to_owned());
    let certificates = chain.map(|chain| CertificateFile::parse(&described, chain.as_bytes())).transpose();
    let signer = BlockingSigner(TransitKey { client, mount, name, version });
    let key = SigningKey::remote(&public, Arc::new(signer));
    let key = match certificates {
        Ok(None) => Ok(key),
        Ok(Some(certificates)) => key.with_certificates(&certificates),
        Err(error) => Err(error),
    };
    key.map_err(|error| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        unusable(format!("the certificate_chain of {described} does not fit it: {why}"))
    })
}

/// Returns the `SubjectPublicKeyInfo` of a public key: PEM, or base64 of the point of an Ed25519 key.
fn spki(public: &str) -> Option<Vec<u8>> {
    if let Some(point) = STANDARD.decode(public).ok().filter(|point| point.len() == 32) {
        return Some([&ED25519_SPKI[..], &point].concat());
    }
    pem(public).map(|der| der.to_vec())
}

fn unusable(why: String) -> PlaceError {
    PlaceError::Unusable { service: SERVICE, why }
}

fn unreadable(member: &str) -> PlaceError {
    PlaceError::Answer { service: SERVICE, why: format!("its `{member}` cannot be read") }
}

impl SigningService for TransitKey {
    async fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, PlaceError> {
        let Self { client, mount, name, version } = self;
        let (digest, mut body) = match input.digest() {
            Some(digest) => (digest, json!({ "prehashed": true, "marshaling_algorithm": "jws" })),
            None => (input.message.to_vec(), json!({})),
        };
        body["hash_algorithm"] = hash_algorithm(input.algorithm).into();
        body["input"] = STANDARD.encode(digest).into();
        body["key_version"] = (*version).into();
        if let Some(padding) = padding(input.algorithm) {
            body["signature_algorithm"] = padding.into();
            // RFC 7518 §3.5; Vault's default is the longest salt that fits.
            body["salt_length"] = "hash".into();
        }
        let request = VaultRequest {
            method: Method::POST,
            path: format!("{mount}/sign/{name}"),
            body: Some(SecretString::from(body.to_string())),
            what: format!("key {mount}/{name}"),
        };
        let answer = client.send(&request, client.deadline()).await?;
        // vault:v1:SIGNATURE
        let signature = required(SERVICE, &answer, &["data", "signature"])?.rsplit(':').next().unwrap_or_default();
        let decoded = URL_SAFE_NO_PAD.decode(signature).or_else(|_| STANDARD.decode(signature));
        decoded.map(RemoteSignature::Jws).map_err(|_| unreadable("signature"))
    }
}

fn hash_algorithm(algorithm: SignatureAlgorithm) -> &'static str {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        // Vault ignores it for Ed25519.
        Rs256 | Ps256 | Es256 | EdDsa => "sha2-256",
        Rs384 | Ps384 | Es384 => "sha2-384",
        Rs512 | Ps512 | Es512 => "sha2-512",
    }
}

fn padding(algorithm: SignatureAlgorithm) -> Option<&'static str> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 | Rs384 | Rs512 => Some("pkcs1v15"),
        Ps256 | Ps384 | Ps512 => Some("pss"),
        Es256 | Es384 | Es512 | EdDsa => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_pem_or_the_point_of_ed25519_in_base64() {
        // The first test vector of RFC 8032 §7.1.
        let ed25519 = spki("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").unwrap();
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                   -----END PUBLIC KEY-----\n";

        assert_eq!(VerificationKey::from_spki(&ed25519).unwrap().kind(), "Ed25519");
        assert_eq!(spki(pem), Some(ed25519));
        for text in ["", "AAAA", "-----BEGIN PUBLIC KEY-----\n"] {
            assert_eq!(spki(text), None, "{text}");
        }
    }
}
