//! Signs with your own key behind the trait `Sign`: `cargo run --example own_key -- CLIENT_ID KEY_ID SCOPE`.
//!
//! The key here is a new RSA key in memory, which no client has registered, so Maskinporten refuses it. Replace
//! [`OwnKey`] with a key in a key service or a smart card.

use std::sync::Arc;

use maskinporten::{
    environment::Environment,
    grant::Sign,
    keystore::{SignatureAlgorithm, SigningError},
    tokens::TokenSource,
};
use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    sign::Signer,
};

struct OwnKey {
    key: PKey<Private>,
    key_id: String,
}

impl Sign for OwnKey {
    fn preferred_algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Rs256
    }

    fn key_id(&self) -> Option<&str> {
        Some(&self.key_id)
    }

    fn thumbprint(&self) -> String {
        // Only tokens on disk are bound to it, and this program has no disk cache.
        self.key_id.clone()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if algorithm != self.preferred_algorithm() {
            return Err(SigningError::KindMismatch { algorithm, possible: self.preferred_algorithm() });
        }
        let signed =
            Signer::new(MessageDigest::sha256(), &self.key).and_then(|mut signer| signer.sign_oneshot_to_vec(message));
        signed.map_err(|error| SigningError::External(Arc::new(error)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [_, client_id, key_id, scope] = std::env::args().collect::<Vec<_>>().try_into().map_err(|_| "3 arguments")?;

    let key = OwnKey { key: PKey::from_rsa(Rsa::generate(2048)?)?, key_id };
    let tokens = TokenSource::builder(Environment::Test, client_id, Arc::new(key)).scope(scope).build()?;

    println!("{}", tokens.token().await?.expose());
    Ok(())
}
