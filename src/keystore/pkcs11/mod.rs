//! Keys in hardware tokens (PKCS#11 2.40, through cryptoki).
//!
//! [`HardwareToken::connect`] finds the token, [`HardwareToken::open`] takes the PIN and returns a
//! [`super::SigningKey`]. The private key never leaves the token. Every signature is verified with the public key that
//! the token has. Without the cargo feature `pkcs11`, connecting is an error.

#[cfg(feature = "pkcs11")]
mod key;
#[cfg(feature = "pkcs11")]
mod mechanism;
#[cfg(feature = "pkcs11")]
mod module;
#[cfg(feature = "pkcs11")]
mod public_key;
#[cfg(feature = "pkcs11")]
mod token;

#[cfg(not(feature = "pkcs11"))]
mod absent;

#[cfg(all(test, feature = "pkcs11"))]
mod tests;

#[cfg(not(feature = "pkcs11"))]
pub use self::absent::HardwareToken;
#[cfg(feature = "pkcs11")]
pub use self::token::HardwareToken;
