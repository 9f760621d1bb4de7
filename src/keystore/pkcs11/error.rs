//! Why a hardware token gives no key or no signature, told apart so that each has its own remedy.

use std::fmt;

use crate::{
    explain::Explain,
    keystore::{Reason, SignatureAlgorithm},
};

/// How many wrong PINs a token still takes, as far as it says; it never says the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinTries {
    /// It says nothing.
    Enough,
    /// A wrong PIN has been given since the last right one.
    Few,
    /// The next wrong PIN locks it.
    One,
    /// It is locked.
    Locked,
}

impl fmt::Display for PinTries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Enough => "the token says nothing of how many tries are left",
            Self::Few => "the token says that few tries are left",
            Self::One => "the token says that one try is left before it locks",
            Self::Locked => "the token is locked now",
        })
    }
}

/// Why a hardware token gives no key or no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HardwareReason {
    /// This build cannot talk to tokens.
    #[error("this build has no support for hardware tokens")]
    NotBuilt,
    /// There is no such module.
    #[error("there is no PKCS#11 module `{0}`")]
    ModuleMissing(String),
    /// The module is there and cannot be used.
    #[error("the PKCS#11 module `{module}` cannot be loaded: {why}")]
    ModuleUnloadable {
        /// The module.
        module: String,
        /// What the system says.
        why: String,
    },
    /// No token has the label.
    #[error("no token has the label `{token}`; there is{tokens}")]
    NoSuchToken {
        /// The label that was asked for.
        token: String,
        /// The tokens, a line each.
        tokens: String,
    },
    /// Several tokens have the label.
    #[error("several tokens have the label `{0}`")]
    SeveralTokens(String),
    /// A PIN is needed.
    #[error("the token asks for a PIN")]
    NeedsPin,
    /// The PIN is wrong.
    #[error("the PIN is wrong; {0}")]
    WrongPin(PinTries),
    /// The PIN is locked.
    #[error("the PIN is locked after too many wrong ones")]
    PinLocked,
    /// The PIN has run out, and a new one must be set.
    #[error("the PIN has expired")]
    PinExpired,
    /// The token has no PIN yet.
    #[error("the token has not been given a user PIN yet")]
    PinNotSet,
    /// No private key has the label.
    #[error("no private key has the label `{key}`; there is{keys}")]
    NoSuchKey {
        /// The label that was asked for.
        key: String,
        /// The keys, a line each.
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
    /// Nothing on the token says what the public half is.
    #[error("neither a public key nor a certificate with the private key's CKA_ID is on the token")]
    NoPublicHalf,
    /// The key signs no JWT.
    #[error(transparent)]
    Key(Reason),
    /// The token cannot sign so.
    #[error("it cannot sign with {0}: it offers no mechanism for it")]
    Mechanism(SignatureAlgorithm),
    /// The key may not sign.
    #[error("its private key is not allowed to sign (CKA_SIGN)")]
    MayNotSign,
    /// The token is gone, or has forgotten us.
    #[error("the session with the token is lost: {0}")]
    SessionLost(String),
    /// Something else that the module says, by the name that PKCS#11 gives it.
    #[error("the PKCS#11 module says {0}")]
    ApiError(String),
}

impl Explain for HardwareReason {
    fn code(&self) -> &'static str {
        match self {
            Self::NotBuilt => "hardware_not_built",
            Self::ModuleMissing(_) | Self::ModuleUnloadable { .. } => "hardware_module",
            Self::NoSuchToken { .. } | Self::SeveralTokens(_) => "hardware_token",
            Self::NeedsPin | Self::WrongPin(_) | Self::PinExpired | Self::PinNotSet => "hardware_pin",
            Self::PinLocked => "hardware_pin_locked",
            Self::NoSuchKey { .. } | Self::SeveralKeys { .. } | Self::NoPublicHalf | Self::MayNotSign => "hardware_key",
            Self::Key(reason) => reason.code(),
            Self::Mechanism(_) => "hardware_mechanism",
            Self::SessionLost(_) => "hardware_session",
            Self::ApiError(_) => "hardware_failed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotBuilt => {
                "build it with the feature pkcs11, which is on by default: cargo install --path .".to_owned()
            }
            Self::ModuleMissing(_) => {
                "give the .so file that came with the token's software with --pkcs11-module; for SoftHSM it is \
                 /usr/lib/softhsm/libsofthsm2.so"
                    .to_owned()
            }
            Self::ModuleUnloadable { .. } => {
                "give a PKCS#11 module for this system and processor with --pkcs11-module".to_owned()
            }
            Self::NoSuchToken { .. } => {
                "insert the token, or pass the label of one that is there with --pkcs11-token".to_owned()
            }
            Self::SeveralTokens(_) => "take the other token out, or give it another label".to_owned(),
            Self::NeedsPin => "set MASKINPORTEN_PKCS11_PIN, or pass --pkcs11-pin-file FILE".to_owned(),
            Self::WrongPin(_) => "do not guess: after a few wrong PINs the token locks itself".to_owned(),
            Self::PinLocked => "unlock it with its PUK or SO PIN, in the software that came with it".to_owned(),
            Self::PinExpired | Self::PinNotSet => "set a new PIN in the software that came with the token".to_owned(),
            Self::NoSuchKey { .. } => "pass the label of one that is there with --pkcs11-key".to_owned(),
            Self::SeveralKeys { .. } => {
                "give each of them a label of its own, in the software that came with the token".to_owned()
            }
            Self::NoPublicHalf => {
                "store the certificate beside the key: pkcs11-tool --module MODULE --login --write-object \
                 certificate.der --type cert --id ID"
                    .to_owned()
            }
            Self::Key(_) => {
                "use an RSA key of 2048 bits or more: Maskinporten accepts RS256, RS384 and RS512".to_owned()
            }
            Self::Mechanism(_) => {
                "see what it offers: pkcs11-tool --module MODULE --list-mechanisms; then choose with --alg".to_owned()
            }
            Self::MayNotSign => "use the token's key for signatures; another one has another label".to_owned(),
            Self::SessionLost(_) => "see that the token is in place, and try again".to_owned(),
            Self::ApiError(_) => {
                "see that the token works: pkcs11-tool --module MODULE --list-slots; SoftHSM needs SOFTHSM2_CONF"
                    .to_owned()
            }
        })
    }
}
