//! A private key in a token: it signs there, and its public half is known here.

use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::{
    error::Error,
    mechanism::MechanismType,
    object::ObjectHandle,
    session::{Session, UserType},
};
use openssl::pkey::{PKey, PKeyRef, Public};
use secrecy::SecretString;

use super::{HardwareReason, mechanism::Plan, module::reason};
use crate::keystore::SignatureAlgorithm;

/// A private key that stays in its token.
#[derive(Clone)]
pub(in crate::keystore) struct TokenKey {
    /// One session signs one thing at a time.
    pub(super) session: Arc<Mutex<Session>>,
    pub(super) key: ObjectHandle,
    pub(super) public: PKey<Public>,
    pub(super) mechanisms: Arc<[MechanismType]>,
    /// For a key that wants the PIN before each signature (`CKA_ALWAYS_AUTHENTICATE`), and for no other.
    pub(super) pin: Option<SecretString>,
}

impl TokenKey {
    pub(in crate::keystore) fn public(&self) -> &PKeyRef<Public> {
        &self.public
    }

    /// Signs in the token; for ECDSA the token's form, two numbers side by side, is that of JWS (RFC 7518 §3.4).
    pub(in crate::keystore) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, HardwareReason> {
        let plan = Plan::choose(algorithm, self.pin.is_some(), &self.mechanisms);
        let plan = plan.ok_or(HardwareReason::Mechanism(algorithm))?;
        let input = plan.input(algorithm, message);
        let input = input.map_err(|_| HardwareReason::ApiError("that no digest could be made".to_owned()))?;
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = match &self.pin {
            Some(pin) => self.sign_with_pin(&session, &plan, &input, pin),
            None => session.sign(&plan.mechanism, self.key, &input),
        };
        signed.map_err(|error| reason(&error))
    }

    /// The PIN belongs between the beginning of a signature and its end (PKCS#11 §4.9, `CKA_ALWAYS_AUTHENTICATE`).
    fn sign_with_pin(
        &self,
        session: &Session,
        plan: &Plan,
        input: &[u8],
        pin: &SecretString,
    ) -> Result<Vec<u8>, Error> {
        session.sign_init(&plan.mechanism, self.key)?;
        session.login(UserType::ContextSpecific, Some(pin))?;
        session.sign_update(input)?;
        session.sign_final()
    }
}
