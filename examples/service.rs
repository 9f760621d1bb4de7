//! A service that calls an API once a minute: `cargo run --example service -- key.jwk.json CLIENT_ID SCOPE URL`.
//!
//! One token source lives as long as the service. It returns the token in memory, and renews it before it expires.
//! When the API rejects a token, the service gets another one and tries once more.

use std::{sync::Arc, time::Duration};

use maskinporten::{
    environment::Environment,
    explain::Explain as _,
    keystore::SigningKey,
    tokens::{TokenEvent, TokenSource},
};
use reqwest::{Client, Response, StatusCode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [_, jwk, client_id, scope, url] = std::env::args().collect::<Vec<_>>().try_into().map_err(|_| "4 arguments")?;

    let key = SigningKey::from_jwk(std::fs::read(jwk)?)?;
    let tokens = TokenSource::builder(Environment::Test, client_id, key)
        .scope(scope)
        .observer(Arc::new(|event: &TokenEvent<'_>| match event {
            TokenEvent::Retrying { error, delay } => eprintln!("{error}; trying again in {delay:?}"),
            TokenEvent::Renewed { error: Some(error), .. } => eprintln!("could not renew the token: {error}"),
            _ => {}
        }))
        .build()?;
    // The TLS of reqwest, as this crate's features leave it open.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(Duration::from_secs(30)).build()?;

    loop {
        match call(&client, &tokens, &url).await {
            Ok(response) => println!("{url}: {}", response.status()),
            Err(error) => eprintln!("{url}: {error}"),
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
}

async fn call(client: &Client, tokens: &TokenSource, url: &str) -> Result<Response, Box<dyn std::error::Error>> {
    let token = tokens.token().await.inspect_err(|error| {
        // What to do about it, for the operator.
        error.hint().inspect(|hint| eprintln!("hint: {hint}"));
    })?;
    let response = client.get(url).bearer_auth(token.expose()).send().await?;
    if response.status() != StatusCode::UNAUTHORIZED {
        return Ok(response);
    }
    let token = tokens.instead_of(&token).await?;
    Ok(client.get(url).bearer_auth(token.expose()).send().await?)
}
