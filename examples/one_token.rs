//! Prints one access token: `cargo run --example one_token -- enterprise.p12 CLIENT_ID SCOPE`.
//!
//! The password is in `KEYSTORE_PASSWORD`. The environment is Maskinporten's test environment.

use maskinporten::{environment::Environment, keystore::SigningKey, tokens::TokenSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [_, keystore, client_id, scope] = std::env::args().collect::<Vec<_>>().try_into().map_err(|_| "3 arguments")?;
    let password = std::env::var("KEYSTORE_PASSWORD")?.into();

    let key = SigningKey::from_pkcs12_file(keystore, &password)?;
    let tokens = TokenSource::builder(Environment::Test, client_id, key).scope(scope).build()?;
    let token = tokens.token().await?;

    println!("{}", token.expose());
    Ok(())
}
