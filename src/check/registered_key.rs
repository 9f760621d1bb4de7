//! Checks a key that the server finds by the key id under which it was registered.
//!
//! What Digdir registers: <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>. Only the server knows
//! whether the key *is* registered, and for how long; the token request shows it.

use super::{
    Check, ServerRules,
    check_ids::{KEY_ALGORITHM, KEY_ID, KEY_THUMBPRINT, REGISTERED_KEY_SIZE},
    shown,
};
use crate::{
    grant::KeyReference,
    keystore::{Certificate, SignatureAlgorithm, SigningKey, is_registrable_key_id},
};

/// Checks `key` as the server finds it by `reference`; empty when the grant carries certificates instead.
#[must_use]
pub fn examine(
    key: &SigningKey,
    reference: &KeyReference,
    algorithm: SignatureAlgorithm,
    rules: ServerRules,
) -> Vec<Check> {
    let id = match reference {
        KeyReference::KeyId(id) => Some(id.clone()),
        KeyReference::Thumbprint => key.certificates().first().map(Certificate::thumbprint),
        KeyReference::Chain | KeyReference::Leaf => return Vec::new(),
    };
    let thumbprint = format!("{} (shown for registration by maskinporten keys public)", key.thumbprint());
    vec![
        key_id(id.as_deref(), rules),
        KEY_THUMBPRINT.pass(thumbprint),
        if rules == ServerRules::Other || algorithm.is_accepted_by_maskinporten() {
            KEY_ALGORITHM.pass(format!("{algorithm}, sig"))
        } else {
            KEY_ALGORITHM.fail(
                format!("{algorithm}, which Maskinporten does not accept"),
                "make an RSA key and register it: maskinporten keys new",
            )
        },
        REGISTERED_KEY_SIZE.pass(key.kind()),
    ]
}

fn key_id(id: Option<&str>, rules: ServerRules) -> Check {
    match id {
        Some(id) if rules == ServerRules::Other || is_registrable_key_id(id) => KEY_ID.pass(shown(id)),
        Some(id) => KEY_ID.fail(
            format!("`{}` cannot be registered at Digdir", shown(id)),
            "pass --kid with the id that Samarbeidsportalen shows on the client: only letters, digits and ._- are allowed",
        ),
        None => KEY_ID.fail(
            "there is no certificate whose thumbprint could be sent as kid",
            "pass --kid with the id of the registered key",
        ),
    }
}
