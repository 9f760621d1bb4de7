//! Finds a token by its label, logs in, and finds the key and its certificates.

use std::{
    fmt::Write as _,
    path::Path,
    sync::{Arc, Mutex},
};

use cryptoki::{
    context::Pkcs11,
    error::{Error, RvError},
    object::{Attribute, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
};
use secrecy::SecretString;

use super::{
    key::TokenKey,
    module::{error_kind, load},
    public_key::{self, ObjectAttributes},
};
use crate::keystore::{
    Certificate, HardwareErrorKind, KeystoreError, PinTries, SigningKey, certificate::hexadecimal, chain, error::shown,
    private_key::PrivateKey,
};

/// A hardware token, not logged in to yet.
#[derive(Debug)]
pub struct HardwareToken {
    label: String,
    module: Pkcs11,
    slot: Slot,
    info: TokenInfo,
}

impl HardwareToken {
    /// Finds the token with this label through the PKCS#11 module at `module`.
    ///
    /// # Errors
    /// [`KeystoreError::Hardware`] with the reason: a module that is missing or cannot be loaded, or an unknown token.
    pub fn connect(module: &Path, label: &str) -> Result<Self, KeystoreError> {
        let found = load(module).and_then(|module| {
            let (slot, info) = find_token(&module, label)?;
            Ok(Self { label: label.to_owned(), module, slot, info })
        });
        found.map_err(|source| hardware_error(label, source))
    }

    /// Returns whether opening a key takes a PIN; a token with its own keypad asks for it there.
    #[must_use]
    pub fn needs_pin(&self) -> bool {
        self.info.login_required() && !self.info.protected_authentication_path()
    }

    /// Returns how many wrong PINs the token still accepts, for a warning before the PIN is asked for.
    #[must_use]
    pub fn tries(&self) -> PinTries {
        tries(&self.info)
    }

    /// Logs in and opens the key with this label, with the part of its certificate chain that is in the token.
    ///
    /// A login holds for the whole process (PKCS#11 §5.6): after it, a second key of the token opens with any PIN.
    ///
    /// # Errors
    /// [`KeystoreError::Hardware`] with the reason: a PIN that is missing, wrong or locked, an unknown key, or one that
    /// cannot sign a JWT.
    pub fn open(self, key: &str, pin: Option<&SecretString>) -> Result<SigningKey, KeystoreError> {
        let opened = self.token_key(key, pin).and_then(|(key, certificates)| {
            SigningKey::new(PrivateKey::new(key.public.clone(), Arc::new(key)), certificates)
                .map_err(HardwareErrorKind::Key)
        });
        opened.map_err(|source| hardware_error(&self.label, source))
    }

    pub(super) fn token_key(
        &self,
        label: &str,
        pin: Option<&SecretString>,
    ) -> Result<(TokenKey, Vec<Certificate>), HardwareErrorKind> {
        let session = self.module.open_ro_session(self.slot).map_err(|error| error_kind(&error))?;
        self.login(&session, pin)?;
        let (key, attributes) = find_key(&session, label)?;
        let certificates = public_key::certificates(&session)?;
        let public = public_key::find(&session, &attributes, &certificates)?;
        let certificates: Vec<Certificate> = certificates.into_iter().map(|(_, certificate)| certificate).collect();
        let own = chain::leaf(&certificates, |certificate| certificate.belongs_to(&public));
        let chain = own.map_or_else(Vec::new, |own| chain::from_leaf(certificates[own].clone(), &certificates));
        let mechanisms = self.module.get_mechanism_list(self.slot).map_err(|error| error_kind(&error))?;
        let pin = pin.filter(|_| attributes.always_authenticate).cloned();
        Ok((TokenKey { session: Mutex::new(session), key, public, mechanisms, pin }, chain))
    }

    fn login(&self, session: &Session, pin: Option<&SecretString>) -> Result<(), HardwareErrorKind> {
        if !self.info.login_required() {
            return Ok(());
        }
        if self.info.user_pin_locked() {
            return Err(HardwareErrorKind::PinLocked);
        }
        let pin = if self.info.protected_authentication_path() {
            None
        } else {
            Some(pin.ok_or(HardwareErrorKind::NeedsPin)?)
        };
        match session.login(UserType::User, pin) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                // The token has counted the attempt.
                let left = self.module.get_token_info(self.slot).map_or(PinTries::Enough, |info| tries(&info));
                Err(if left == PinTries::Locked {
                    HardwareErrorKind::PinLocked
                } else {
                    HardwareErrorKind::WrongPin(left)
                })
            }
            Err(error) => Err(error_kind(&error)),
        }
    }
}

fn hardware_error(label: &str, source: HardwareErrorKind) -> KeystoreError {
    KeystoreError::Hardware { name: label.to_owned(), source }
}

fn tries(info: &TokenInfo) -> PinTries {
    if info.user_pin_locked() {
        PinTries::Locked
    } else if info.user_pin_final_try() {
        PinTries::One
    } else if info.user_pin_count_low() {
        PinTries::Few
    } else {
        PinTries::Enough
    }
}

fn find_token(module: &Pkcs11, label: &str) -> Result<(Slot, TokenInfo), HardwareErrorKind> {
    let slots = module.get_slots_with_token().map_err(|error| error_kind(&error))?;
    let tokens = slots.into_iter().filter_map(|slot| Some((slot, module.get_token_info(slot).ok()?)));
    let tokens: Vec<(Slot, TokenInfo)> = tokens.filter(|(_, info)| info.token_initialized()).collect();
    let listed = list(tokens.iter().map(|(_, info)| {
        let maker = format!("{} {}", info.manufacturer_id(), info.model());
        (info.label().to_owned(), maker)
    }));
    let mut found = tokens.into_iter().filter(|(_, info)| info.label() == label.trim_end());
    match (found.next(), found.next()) {
        (Some(token), None) => Ok(token),
        (None, _) => Err(HardwareErrorKind::NoSuchToken { token: shown(label), tokens: listed }),
        (Some(_), Some(_)) => Err(HardwareErrorKind::SeveralTokens(shown(label))),
    }
}

fn find_key(session: &Session, label: &str) -> Result<(ObjectHandle, ObjectAttributes), HardwareErrorKind> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
    let objects = session.find_objects(&template).map_err(|error| error_kind(&error))?;
    let mut keys = Vec::new();
    for object in objects {
        let attributes =
            ObjectAttributes::read(session, object, ObjectClass::PRIVATE_KEY).map_err(|error| error_kind(&error))?;
        keys.push((object, attributes));
    }
    let listed = list(keys.iter().map(|(_, key)| (key.label.clone(), format!("id {}", hexadecimal(&key.id)))));
    keys.retain(|(_, key)| key.label == label);
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), others) => Err(HardwareErrorKind::SeveralKeys { key: shown(label), count: others + 1 }),
        (None, _) => Err(HardwareErrorKind::NoSuchKey { key: shown(label), keys: listed }),
    }
}

/// Lists labels for an error, one per line.
fn list(labels: impl Iterator<Item = (String, String)>) -> String {
    let lines = labels.take(100).fold(String::new(), |mut text, (label, more)| {
        let _ = write!(text, "\n  {}: {}", shown(&label), shown(&more));
        text
    });
    if lines.is_empty() { " none".to_owned() } else { lines }
}
