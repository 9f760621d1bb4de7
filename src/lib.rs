//! Gets access tokens from Maskinporten: signs a JWT bearer grant (RFC 7523) and exchanges it for an access token.
//!
//! A service makes one [`TokenSource`](tokens::TokenSource) and asks it for a token before every call to an API:
//!
//! ```no_run
//! use maskinporten::{environment::Environment, keystore::SigningKey, tokens::TokenSource};
//!
//! # async fn run(client_id: String) -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::from_pkcs12_file("enterprise.p12", &"password".into())?;
//! let tokens = TokenSource::builder(Environment::Test, client_id, key).scope("altinn:serviceowner").build()?;
//! let token = tokens.token().await?;
//! let authorization = format!("Bearer {}", token.expose());
//! # drop(authorization);
//! # Ok(())
//! # }
//! ```
//!
//! The token source is built from parts that can be used alone. Each takes a value and returns the next one:
//!
//! | module | takes | returns |
//! |---|---|---|
//! | [`keystore`] | a file and its password | a [`SigningKey`](keystore::SigningKey) |
//! | [`grant`] | claims, a key and the clock | an [`Assertion`](grant::Assertion) |
//! | [`client`] | an assertion | an [`AccessToken`](client::AccessToken), or a refusal with its explanation |
//! | [`cache`] | a request for a token | a token on disk, or one that is stored there |
//! | [`tokens`] | all of these | a valid token at any time |
//! | [`inspect`] | any token | what it says, and whether it is valid |
//! | [`login`] | a client, and the browser of a person | the tokens of that person |
//!
//! They use [`environment`] (issuers and endpoints), [`http`], [`clock`], [`organisation`], [`language`], [`text`] and
//! [`explain`], whose trait [`Explain`](explain::Explain) gives every error a code and a hint.
//!
//! # Features
//! The library alone needs none of these features. `cli`, `pkcs11` and `vendored-openssl` are on by default:
//!
//! | feature | adds |
//! |---|---|
//! | `pkcs11` | keys in hardware tokens |
//! | `key-services` | `key_services`, keys in Azure Key Vault, Vault, AWS and Google; `cli` turns it on |
//! | `server` | `server`, the local token server, with `check` and `printer` |
//! | `simulator` | `simulator`, a local Maskinporten |
//! | `cli` | `check`, `printer` and `profile`, for the binary `maskinporten`; turns `server` and `simulator` on |
//! | `vendored-openssl` | OpenSSL, built from source and linked statically. Without it, the system's is linked |
//! | `system-openssl` | nothing: it names the choice in `--no-default-features --features cli,system-openssl` |
//!
//! # Examples
//! Signing an assertion without sending it:
//! ```
//! use maskinporten::{
//!     clock::SystemClock,
//!     environment::Environment,
//!     grant::{ClientId, Grant, Scopes, default_resource},
//!     keystore::SigningKey,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::from_pkcs12_file("testdata/modern.p12", &"secret".into())?;
//! let client_id = ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86")?;
//! let scopes = Scopes::parse("altinn:serviceowner")?;
//! let resources = default_resource(Environment::Test, &scopes).into_iter().collect();
//! let grant = Grant::builder("https://test.maskinporten.no/", client_id, scopes).resources(resources).build();
//!
//! let assertion = grant.sign(&key, &SystemClock)?;
//!
//! assert_eq!(assertion.decode().claims["resource"], "https://tt02.altinn.no/");
//! # Ok(())
//! # }
//! ```

// Printing and exiting are for the binary.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)
)]

#[cfg(feature = "cli")]
pub mod admin;
pub mod altinn;
#[cfg(feature = "cli")]
pub mod business_register;
pub mod cache;
#[cfg(any(feature = "cli", feature = "server"))]
pub mod check;
pub mod client;
pub mod clock;
#[cfg(feature = "_connections")]
mod connections;
pub mod dpop;
pub mod environment;
pub mod explain;
pub mod file;
pub mod grant;
pub mod http;
pub mod inspect;
pub mod json;
#[cfg(feature = "key-services")]
pub mod key_services;
pub mod keystore;
pub mod language;
pub mod login;
pub mod organisation;
mod pem;
#[cfg(any(feature = "cli", feature = "server"))]
pub mod printer;
#[cfg(feature = "cli")]
pub mod profile;
#[cfg(feature = "_secret-store")]
pub mod secret_store;
#[cfg(feature = "server")]
pub mod server;
#[cfg(any(feature = "cli", feature = "server"))]
pub mod sessions;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod text;
pub mod tokens;
