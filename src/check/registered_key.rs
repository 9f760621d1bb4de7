//! Judges a key that the server finds by a key id under which it was registered.
//!
//! What Digdir registers:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>. Whether it *is* registered, and for how
//! long, only the server knows; the token request tells.

use super::{
    Check,
    check_ids::{KEY_ALGORITHM, KEY_ID, KEY_THUMBPRINT, REGISTERED_KEY_SIZE},
    shown,
};
use crate::{
    grant::KeyReference,
    keystore::{SignatureAlgorithm, SigningKey, is_registrable_key_id},
};

/// Judges `key` as the server will see it when it is found by `reference`; empty when certificates are sent along.
#[must_use]
pub fn examine(key: &SigningKey, reference: &KeyReference, algorithm: SignatureAlgorithm) -> Vec<Check> {
    let id = match reference {
        KeyReference::KeyId(id) => id.clone(),
        KeyReference::Thumbprint => {
            key.certificates().first().map(crate::keystore::Certificate::thumbprint).unwrap_or_default()
        }
        KeyReference::Chain | KeyReference::Leaf => return Vec::new(),
    };
    let thumbprint = format!("{} (maskinporten keys public shows the key as it is registered)", key.thumbprint());
    vec![key_id(&id), KEY_THUMBPRINT.right(thumbprint), of_algorithm(algorithm), size(key)]
}

fn key_id(id: &str) -> Check {
    if is_registrable_key_id(id) {
        KEY_ID.right(shown(id))
    } else {
        KEY_ID.wrong(
            format!("`{}` is none that Digdir registers", shown(id)),
            "pass --kid with the id that the client shows in Samarbeidsportalen: letters, digits and ._- alone",
        )
    }
}

fn of_algorithm(algorithm: SignatureAlgorithm) -> Check {
    if algorithm.is_accepted_by_maskinporten() {
        KEY_ALGORITHM.right(format!("{algorithm}, sig"))
    } else {
        KEY_ALGORITHM.wrong(
            format!("{algorithm}, which Maskinporten does not take"),
            "make an RSA key and register it: maskinporten keys new",
        )
    }
}

fn size(key: &SigningKey) -> Check {
    REGISTERED_KEY_SIZE.right(key.kind())
}
