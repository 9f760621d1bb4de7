//! The issuers beside Maskinporten: Altinn, ID-porten and Ansattporten, whose keys are created when they are first needed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private, Public},
    x509::X509,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{
    error::SimulatorError,
    installation::{certificates, files},
    sessions::upper_case_hexadecimal,
    token::{self, IssueError},
};

/// The size of the keys that sign real tokens of Altinn.
const KEY_BITS: u32 = 2048;

/// An issuer whose key and certificate are a file of the data folder, which is created at first use.
pub(crate) struct LazyIssuer {
    /// The issuer identifier.
    pub(crate) identifier: String,
    common_name: String,
    file: PathBuf,
    key: Mutex<Option<Arc<IssuerKey>>>,
}

/// The key of an issuer and its self-signed certificate.
pub(crate) struct IssuerKey {
    private: PKey<Private>,
    public: PKey<Public>,
    certificate: X509,
    /// The SHA-1 of the certificate.
    thumbprint: Vec<u8>,
}

impl LazyIssuer {
    pub(crate) fn new(identifier: String, common_name: String, file: PathBuf) -> Self {
        Self { identifier, common_name, file, key: Mutex::default() }
    }

    /// Returns the key; at first use it is read or created.
    pub(crate) fn key(&self, now: DateTime<Utc>) -> Result<Arc<IssuerKey>, SimulatorError> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*key {
            return Ok(Arc::clone(key));
        }
        let opened = Arc::new(IssuerKey::open_or_create(&self.file, &self.common_name, now)?);
        *key = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Verifies a token of this issuer and returns its claims. The error is a text for the log.
    pub(crate) fn verified_claims(&self, token: &str, now: DateTime<Utc>) -> Result<Map<String, Value>, &'static str> {
        let key = self.key(now).map_err(|_| "the issuer's key cannot be read")?;
        token::verified_claims(token, &key.key_id(), &key.public, &self.identifier, now)
    }
}

impl IssuerKey {
    fn open_or_create(file: &Path, common_name: &str, now: DateTime<Utc>) -> Result<Self, SimulatorError> {
        let damaged = |_| SimulatorError::Damaged { path: file.to_owned(), problem: "it is not a key".to_owned() };
        let open = || {
            let pem = files::read(file)?;
            let key = PKey::private_key_from_pem_callback(&pem, |_| Ok(0)).map_err(damaged)?;
            Self::new(key, X509::from_pem(&pem).map_err(damaged)?)
        };
        if file.exists() {
            return open();
        }
        let key = certificates::rsa_key(KEY_BITS)?;
        let certificate = certificates::self_signed(common_name, key.clone(), now)?;
        // The certificate is kept too, because its hash is the key id.
        let mut pem = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
        pem.extend(certificate.to_pem()?);
        match files::write_private(file, &pem) {
            Ok(()) => Self::new(key, certificate),
            // Another simulator in the same folder has created it meanwhile.
            Err(_) if file.exists() => open(),
            Err(error) => Err(error),
        }
    }

    fn new(private: PKey<Private>, certificate: X509) -> Result<Self, SimulatorError> {
        let public = PKey::public_key_from_der(&private.public_key_to_der()?)?;
        let thumbprint = certificate.digest(MessageDigest::sha1())?.to_vec();
        Ok(Self { private, public, certificate, thumbprint })
    }

    /// Returns the key id of Altinn's keys: the SHA-1 of the certificate in upper-case hexadecimal digits.
    pub(crate) fn key_id(&self) -> String {
        upper_case_hexadecimal(&self.thumbprint)
    }

    /// Returns `x5t` (RFC 7515 §4.1.7).
    pub(crate) fn x5t(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.thumbprint)
    }

    /// Returns the public key in PEM.
    pub(crate) fn public_pem(&self) -> Result<Vec<u8>, ErrorStack> {
        self.public.public_key_to_pem()
    }

    /// Signs a JWT.
    pub(crate) fn sign(&self, header: &impl Serialize, claims: &impl Serialize) -> Result<String, IssueError> {
        Ok(token::sign(&serde_json::to_vec(header)?, &serde_json::to_vec(claims)?, &self.private)?)
    }

    /// Returns the key set (RFC 7517 §5). Altinn writes the numbers of its keys in standard base64, with padding.
    pub(crate) fn key_set(&self, standard_base64: bool) -> Result<Value, SimulatorError> {
        let rsa = self.public.rsa()?;
        let number = |bytes: Vec<u8>| {
            if standard_base64 { STANDARD.encode(bytes) } else { URL_SAFE_NO_PAD.encode(bytes) }
        };
        Ok(json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "kid": self.key_id(),
            "e": number(rsa.e().to_vec()),
            "n": number(rsa.n().to_vec()),
            "x5c": [STANDARD.encode(self.certificate.to_der()?)],
        }] }))
    }
}
