//! A private key in a token, which signs with it.

use std::sync::{Mutex, PoisonError};

use cryptoki::{
    error::Error,
    mechanism::MechanismType,
    object::ObjectHandle,
    session::{Session, UserType},
};
use secrecy::SecretString;

use super::{mechanism::SigningPlan, module::error_kind};
use crate::keystore::{
    HardwareErrorKind, SignatureAlgorithm, SigningError, private_key::Signer, public_key::PublicKey,
};

/// A private key in a token, and its public key.
pub(super) struct TokenKey {
    /// A session can make only one signature at a time.
    pub(super) session: Mutex<Session>,
    pub(super) key: ObjectHandle,
    pub(super) public: PublicKey,
    pub(super) mechanisms: Vec<MechanismType>,
    /// The PIN, only for a key that requires it for each signature (`CKA_ALWAYS_AUTHENTICATE`).
    pub(super) pin: Option<SecretString>,
}

impl Signer for TokenKey {
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.sign_in_token(algorithm, message).map_err(SigningError::Hardware)
    }
}

impl TokenKey {
    /// Signs in the token. PKCS#11 returns an ECDSA signature in the form of JWS: two numbers side by side (RFC 7518 §3.4).
    fn sign_in_token(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, HardwareErrorKind> {
        let plan = SigningPlan::choose(algorithm, self.pin.is_some(), &self.mechanisms);
        let plan = plan.ok_or(HardwareErrorKind::Mechanism(algorithm))?;
        let input = plan.input(algorithm, message).map_err(|error| HardwareErrorKind::ApiError(error.to_string()))?;
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = match &self.pin {
            Some(pin) => self.sign_with_pin(&session, &plan, &input, pin),
            None => session.sign(&plan.mechanism, self.key, &input),
        };
        signed.map_err(|error| error_kind(&error))
    }

    /// Gives the PIN between the start and end of the signature (PKCS#11 §4.9, `CKA_ALWAYS_AUTHENTICATE`).
    fn sign_with_pin(
        &self,
        session: &Session,
        plan: &SigningPlan,
        input: &[u8],
        pin: &SecretString,
    ) -> Result<Vec<u8>, Error> {
        session.sign_init(&plan.mechanism, self.key)?;
        session.login(UserType::ContextSpecific, Some(pin))?;
        session.sign_update(input)?;
        session.sign_final()
    }
}
