//! A token that is there: finds it by its label, logs in, and finds the key and its certificates.

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
    HardwareReason, PinTries, TokenKey,
    module::{load, reason},
    public_half::{self, Attributes},
};
use crate::keystore::{
    Certificate, KeystoreError, SigningKey,
    certificate::{hexadecimal, printable},
    chain,
};

/// A hardware token that has been found and whose PIN has not been needed yet.
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
    /// [`KeystoreError::Hardware`] with the reason: no such module, one that cannot be loaded, or no such token.
    pub fn connect(module: &Path, label: &str) -> Result<Self, KeystoreError> {
        let found = load(module).and_then(|module| {
            let (slot, info) = find_token(&module, label)?;
            Ok(Self { label: label.to_owned(), module, slot, info })
        });
        found.map_err(|source| failed(label, source))
    }

    /// Whether a PIN must be given; a token with a keypad of its own asks for it there.
    #[must_use]
    pub fn needs_pin(&self) -> bool {
        self.info.login_required() && !self.info.protected_authentication_path()
    }

    /// How many wrong PINs the token still takes, to be told before anybody is asked for one.
    #[must_use]
    pub fn tries(&self) -> PinTries {
        tries(&self.info)
    }

    /// Logs in and takes the key with this label, and its certificate and chain as far as they are in the token.
    ///
    /// The login is the process's own (PKCS#11 §5.6): once it has been made, a second key of the same token opens
    /// whatever PIN is given.
    ///
    /// # Errors
    /// [`KeystoreError::Hardware`] with the reason: a PIN that is missing, wrong or locked, no such key, or one
    /// that signs no JWT.
    pub fn open(self, key: &str, pin: Option<&SecretString>) -> Result<SigningKey, KeystoreError> {
        let opened = self
            .token_key(key, pin)
            .and_then(|(key, certificates)| SigningKey::in_token(key, certificates).map_err(HardwareReason::Key));
        opened.map_err(|source| failed(&self.label, source))
    }

    pub(super) fn token_key(
        &self,
        label: &str,
        pin: Option<&SecretString>,
    ) -> Result<(TokenKey, Vec<Certificate>), HardwareReason> {
        let session = self.module.open_ro_session(self.slot).map_err(|error| reason(&error))?;
        self.login(&session, pin)?;
        let (key, attributes) = find_key(&session, label)?;
        let certificates = public_half::certificates(&session)?;
        let public = public_half::find(&session, &attributes, &certificates)?;
        let certificates: Vec<Certificate> = certificates.into_iter().map(|(_, certificate)| certificate).collect();
        let own = chain::leaf(&certificates, |certificate| certificate.belongs_to(&public));
        let chain = own.map(|own| chain::from_leaf(certificates[own].clone(), &certificates)).unwrap_or_default();
        let mechanisms = self.module.get_mechanism_list(self.slot).map_err(|error| reason(&error))?.into();
        let pin = pin.filter(|_| attributes.always_authenticate).cloned();
        Ok((TokenKey { session: Arc::new(Mutex::new(session)), key, public, mechanisms, pin }, chain))
    }

    fn login(&self, session: &Session, pin: Option<&SecretString>) -> Result<(), HardwareReason> {
        if !self.info.login_required() {
            return Ok(());
        }
        if self.info.user_pin_locked() {
            return Err(HardwareReason::PinLocked);
        }
        let pin =
            if self.info.protected_authentication_path() { None } else { Some(pin.ok_or(HardwareReason::NeedsPin)?) };
        match session.login(UserType::User, pin) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                // The token counts before it answers.
                let left = self.module.get_token_info(self.slot).map_or(PinTries::Enough, |info| tries(&info));
                Err(if left == PinTries::Locked { HardwareReason::PinLocked } else { HardwareReason::WrongPin(left) })
            }
            Err(error) => Err(reason(&error)),
        }
    }
}

fn failed(label: &str, source: HardwareReason) -> KeystoreError {
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

fn find_token(module: &Pkcs11, label: &str) -> Result<(Slot, TokenInfo), HardwareReason> {
    let slots = module.get_slots_with_token().map_err(|error| reason(&error))?;
    let tokens = slots.into_iter().filter_map(|slot| Some((slot, module.get_token_info(slot).ok()?)));
    let tokens: Vec<(Slot, TokenInfo)> = tokens.filter(|(_, info)| info.token_initialized()).collect();
    let listed = list(tokens.iter().map(|(_, info)| {
        let maker = format!("{} {}", info.manufacturer_id(), info.model());
        (info.label().to_owned(), maker)
    }));
    let mut found = tokens.into_iter().filter(|(_, info)| info.label() == label.trim_end());
    match (found.next(), found.next()) {
        (Some(token), None) => Ok(token),
        (None, _) => Err(HardwareReason::NoSuchToken { token: printable(label), tokens: listed }),
        (Some(_), Some(_)) => Err(HardwareReason::SeveralTokens(printable(label))),
    }
}

fn find_key(session: &Session, label: &str) -> Result<(ObjectHandle, Attributes), HardwareReason> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
    let objects = session.find_objects(&template).map_err(|error| reason(&error))?;
    let mut keys = Vec::new();
    for object in objects {
        let attributes = Attributes::read(session, object, ObjectClass::PRIVATE_KEY).map_err(|error| reason(&error))?;
        keys.push((object, attributes));
    }
    let listed = list(keys.iter().map(|(_, key)| (key.label.clone(), format!("id {}", hexadecimal(&key.id)))));
    keys.retain(|(_, key)| key.label == label);
    match keys.len() {
        1 => keys.pop().ok_or(HardwareReason::NoPublicHalf),
        0 => Err(HardwareReason::NoSuchKey { key: printable(label), keys: listed }),
        count => Err(HardwareReason::SeveralKeys { key: printable(label), count }),
    }
}

/// Labels as an error shows them, a line each.
fn list(labels: impl Iterator<Item = (String, String)>) -> String {
    let lines = labels.take(100).fold(String::new(), |mut text, (label, more)| {
        let _ = write!(text, "\n  {}: {}", printable(&label), printable(&more));
        text
    });
    if lines.is_empty() { " none".to_owned() } else { lines }
}
