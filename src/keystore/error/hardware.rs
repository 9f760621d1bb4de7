//! Why a hardware token could not provide a key or a signature.

use std::fmt;

use super::KeystoreErrorKind;
use crate::{explain::Explain, keystore::SignatureAlgorithm};

/// How many wrong PINs a token still accepts. PKCS#11 has no exact number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinTries {
    /// The token reports nothing.
    Enough,
    /// A wrong PIN has been given since the last right one.
    Few,
    /// The next wrong PIN locks the token.
    One,
    /// The token is locked.
    Locked,
}

impl fmt::Display for PinTries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Enough => "the token does not report how many tries are left",
            Self::Few => "the token reports that few tries are left",
            Self::One => "the token reports that one try is left before it locks",
            Self::Locked => "the token is locked now",
        })
    }
}

/// Why a hardware token could not provide a key or a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HardwareErrorKind {
    /// This build does not support tokens.
    #[error("this build does not support hardware tokens")]
    NotBuilt,
    /// The PKCS#11 module does not exist.
    #[error("the PKCS#11 module `{0}` does not exist")]
    ModuleMissing(String),
    /// The module cannot be loaded.
    #[error("the PKCS#11 module `{module}` cannot be loaded: {why}")]
    ModuleUnloadable {
        /// The module.
        module: String,
        /// The reason.
        why: String,
    },
    /// No token has the label.
    #[error("no token has the label `{token}`; the tokens are:{tokens}")]
    NoSuchToken {
        /// The label that was asked for.
        token: String,
        /// The tokens, one per line.
        tokens: String,
    },
    /// Several tokens have the label.
    #[error("several tokens have the label `{0}`")]
    SeveralTokens(String),
    /// A PIN is required.
    #[error("the token requires a PIN")]
    NeedsPin,
    /// The PIN is wrong.
    #[error("the PIN is wrong; {0}")]
    WrongPin(PinTries),
    /// The PIN is locked.
    #[error("the PIN is locked after too many wrong ones")]
    PinLocked,
    /// The PIN has expired, and a new one must be set.
    #[error("the PIN has expired")]
    PinExpired,
    /// The token has no PIN yet.
    #[error("the token does not have a user PIN yet")]
    PinNotSet,
    /// No private key has the label.
    #[error("no private key has the label `{key}`; the keys are:{keys}")]
    NoSuchKey {
        /// The label that was asked for.
        key: String,
        /// The keys, one per line.
        keys: String,
    },
    /// Several private keys have the label.
    #[error("{count} private keys have the label `{key}`")]
    SeveralKeys {
        /// The label.
        key: String,
        /// How many.
        count: usize,
    },
    /// The token has no public key for the private key.
    #[error("the token has neither a public key nor a certificate with the private key's CKA_ID")]
    NoPublicKey,
    /// The key cannot sign a JWT.
    #[error(transparent)]
    Key(KeystoreErrorKind),
    /// The token does not support the algorithm.
    #[error("the token has no mechanism for {0}")]
    Mechanism(SignatureAlgorithm),
    /// The key may not sign.
    #[error("the token does not allow the private key to sign (CKA_SIGN)")]
    MayNotSign,
    /// The token was removed, or the session was closed.
    #[error("the session with the token was lost: {0}")]
    SessionLost(String),
    /// The module returned another error, by its name in PKCS#11.
    #[error("the PKCS#11 module returned {0}")]
    ApiError(String),
}

impl Explain for HardwareErrorKind {
    fn code(&self) -> &'static str {
        match self {
            Self::NotBuilt => "hardware_not_built",
            Self::ModuleMissing(_) | Self::ModuleUnloadable { .. } => "hardware_module",
            Self::NoSuchToken { .. } | Self::SeveralTokens(_) => "hardware_token",
            Self::NeedsPin | Self::WrongPin(_) | Self::PinExpired | Self::PinNotSet => "hardware_pin",
            Self::PinLocked => "hardware_pin_locked",
            Self::NoSuchKey { .. } | Self::SeveralKeys { .. } | Self::NoPublicKey | Self::MayNotSign => "hardware_key",
            Self::Key(kind) => kind.code(),
            Self::Mechanism(_) => "hardware_mechanism",
            Self::SessionLost(_) => "hardware_session",
            Self::ApiError(_) => "hardware_failed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotBuilt => {
                "use the Debian package or an archive for linux-gnu, since a static program (linux-musl) cannot load the \
                 library of a token; or build it with the feature pkcs11, which is on by default: cargo install --path ."
                    .to_owned()
            }
            Self::ModuleMissing(_) => {
                "pass the .so file that came with the token's software with --pkcs11-module; SoftHSM's is \
                 /usr/lib/softhsm/libsofthsm2.so"
                    .to_owned()
            }
            Self::ModuleUnloadable { .. } => {
                "pass a PKCS#11 module for this operating system and processor with --pkcs11-module".to_owned()
            }
            Self::NoSuchToken { .. } => {
                "insert the token, or pass the label of one in the list with --pkcs11-token".to_owned()
            }
            Self::SeveralTokens(_) => "remove the other token, or give it another label".to_owned(),
            Self::NeedsPin => "set MASKINPORTEN_PKCS11_PIN, or pass --pkcs11-pin-file FILE".to_owned(),
            Self::WrongPin(_) => "do not guess: after a few wrong PINs the token locks itself".to_owned(),
            Self::PinLocked => "unlock it with its PUK or SO PIN, in the software that came with it".to_owned(),
            Self::PinExpired | Self::PinNotSet => "set a new PIN in the software that came with the token".to_owned(),
            Self::NoSuchKey { .. } => "pass the label of one in the list with --pkcs11-key".to_owned(),
            Self::SeveralKeys { .. } => {
                "give each of them a different label, in the software that came with the token".to_owned()
            }
            Self::NoPublicKey => {
                "store the certificate on the token: pkcs11-tool --module MODULE --login --write-object \
                 certificate.der --type cert --id ID"
                    .to_owned()
            }
            Self::Key(_) => {
                "use an RSA key of 2048 bits or more: Maskinporten accepts RS256, RS384 and RS512".to_owned()
            }
            Self::Mechanism(_) => {
                "list what the token supports: pkcs11-tool --module MODULE --list-mechanisms; then choose with --alg"
                    .to_owned()
            }
            Self::MayNotSign => "use a key for signatures, which has another label".to_owned(),
            Self::SessionLost(_) => "check that the token is inserted, and try again".to_owned(),
            Self::ApiError(_) => {
                "check that the token works: pkcs11-tool --module MODULE --list-slots; SoftHSM needs SOFTHSM2_CONF"
                    .to_owned()
            }
        })
    }
}
