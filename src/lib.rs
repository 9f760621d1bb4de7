//! Opens a keystore, signs a JWT bearer grant (RFC 7523) and swaps it for a Maskinporten access token.
//!
//! One way through the house, a straight line of values; no stage holds the one before:
//!
//! | room | takes | gives |
//! |---|---|---|
//! | [`keystore`] | a file and its password | a [`SigningKey`](keystore::SigningKey) |
//! | [`grant`] | what is asked for, a key and the clock | an [`Assertion`](grant::Assertion) |
//! | [`client`] | an assertion | an [`AccessToken`](client::AccessToken), or a refusal that is explained |
//! | [`printer`] | any of them | bytes |
//!
//! The ground they stand on: [`explain`] (what to do about an error), [`text`] (other people's words, fit to be shown),
//! [`language`], [`clock`], [`organisation`], [`environment`] and [`http`]. Beside them stand [`cache`], which keeps access tokens between runs, [`inspect`], which
//! says what a token says and whether it holds, [`check`], which says what is wrong with any of it and what to do,
//! [`profile`], which reads what the user has written down, [`server`], which hands tokens to programs on this machine,
//! and the [`simulator`], which judges what the flow sends with
//! code of its own.
//!
//! # Examples
//! ```
//! use maskinporten_token_generator::{
//!     clock::SystemClock,
//!     environment::Environment,
//!     grant::{ClientId, ExtraClaims, Grant, KeyReference, Lifetime, Scopes, default_resource},
//!     keystore::{DEFAULT_ITERATIONS, KeystoreFile, SignatureAlgorithm},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = KeystoreFile::read("testdata/modern.p12".as_ref(), DEFAULT_ITERATIONS)?;
//! let key = file.open(&"secret".into())?.choose(None)?;
//! let scopes = Scopes::parse("altinn:serviceowner")?;
//! let grant = Grant {
//!     audience: "https://test.maskinporten.no/".to_owned(),
//!     client_id: ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86")?,
//!     resources: default_resource(Environment::Test, &scopes).into_iter().collect(),
//!     scopes,
//!     lifetime: Lifetime::MAXIMUM,
//!     consumer_org: None,
//!     person: None,
//!     authorization_details: None,
//!     extra: ExtraClaims::default(),
//!     key_reference: KeyReference::Chain,
//!     algorithm: SignatureAlgorithm::Rs256,
//! };
//!
//! let assertion = grant.sign(&key, &SystemClock)?;
//!
//! assert_eq!(assertion.decode().claims["resource"], "https://tt02.altinn.no/");
//! # Ok(())
//! # }
//! ```

// The library neither prints nor gives up: both are for the binary to decide.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)
)]

pub mod cache;
pub mod check;
pub mod client;
pub mod clock;
mod connections;
pub mod environment;
pub mod explain;
pub mod file;
pub mod grant;
pub mod http;
pub mod inspect;
pub mod json;
pub mod keystore;
pub mod language;
pub mod organisation;
pub mod printer;
pub mod profile;
pub mod server;
pub mod simulator;
pub mod text;
pub mod tokens;
