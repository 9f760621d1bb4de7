//! Opens a keystore, signs a JWT bearer grant (RFC 7523) and swaps it for a Maskinporten access token.
//!
//! The rooms, in the order data flows: [`environment`] and [`clock`] are the ground; [`profile`] reads
//! what the user has written down; [`simulator`] judges what the flow sends with code of its own.

pub mod client;
pub mod clock;
pub mod environment;
pub mod explain;
pub mod grant;
pub mod http;
pub mod keystore;
pub mod organisation;
pub mod printer;
pub mod profile;
pub mod simulator;
