//! Keys that stay in a hardware token and sign there (PKCS#11 2.40, through cryptoki).
//!
//! Two steps, as with files: [`HardwareToken::connect`] finds the token, [`HardwareToken::open`] takes the PIN and
//! gives a [`super::SigningKey`]. The private key never leaves the token; every signature is verified here with the
//! public half that the token shows. Without the cargo feature `pkcs11` every call says so.

mod error;

#[cfg(feature = "pkcs11")]
mod key;
#[cfg(feature = "pkcs11")]
mod mechanism;
#[cfg(feature = "pkcs11")]
mod module;
#[cfg(feature = "pkcs11")]
mod public_half;
#[cfg(feature = "pkcs11")]
mod token;

#[cfg(not(feature = "pkcs11"))]
mod absent;

#[cfg(all(test, feature = "pkcs11"))]
mod tests;

#[cfg(not(feature = "pkcs11"))]
pub use self::absent::HardwareToken;
#[cfg(not(feature = "pkcs11"))]
pub(super) use self::absent::TokenKey;
pub use self::error::{HardwareReason, PinTries};
#[cfg(feature = "pkcs11")]
pub(super) use self::key::TokenKey;
#[cfg(feature = "pkcs11")]
pub use self::token::HardwareToken;
