//! Loads the private key that signs grants, with its certificates.
//!
//! A key comes from a PKCS#12 file ([`KeystoreFile`]), a PEM file ([`PemFile`]), a JWK ([`JwkFile`]) or .NET's
//! certificate store ([`DotnetStore`]), or stays in a hardware token ([`HardwareToken`]). The result is always a
//! [`SigningKey`]. Loading takes two steps, parse and open, so that a password is asked for only if the file has the
//! right format. Services whose password is in their configuration call [`SigningKey::from_pkcs12_file`] and its
//! siblings.
//!
//! The public keys of others come from a [`KeySet`] or a [`Certificate`] and verify as a [`VerificationKey`].
//!
//! # Security
//! Files are not trusted: lengths, counts and the cost of key derivation are checked before they are used. Private
//! keys and passwords are erased when they are dropped, and do not appear in `Debug` output or errors.

mod certificate;
mod certificate_file;
mod certificate_key;
mod certificate_name;
mod certificate_thumbprint;
mod chain;
mod client_certificate;
mod dotnet_store;
mod engine;
mod error;
mod file_format;
mod jwk;
mod key_choice;
mod key_file;
mod key_material;
mod keystore_file;
mod load;
mod new_key;
mod openssl_key;
mod pem_file;
mod pkcs11;
mod pkcs12;
mod private_key;
mod public_key;
mod remote_key;
mod ring_key;
mod rsa_numbers;
mod signature_algorithm;
mod signing_key;
mod structure;
mod summary;
mod verification_key;

pub use self::{
    certificate::{Certificate, RENEWAL_TIME, Validity},
    certificate_file::CertificateFile,
    certificate_thumbprint::CertificateThumbprint,
    dotnet_store::DotnetStore,
    error::{
        CertificateFileErrorKind, DotnetStoreErrorKind, HardwareErrorKind, JwkErrorKind, KeyFileKind, KeystoreError,
        KeystoreErrorKind, PemErrorKind, PinTries,
    },
    file_format::FileFormat,
    jwk::{JwkFile, KeySet, KeySetError},
    key_choice::KeyChoice,
    key_file::read_key_file,
    key_material::{KeyEncoding, KeyForm, KeyMaterial},
    keystore_file::{KeyEntry, Keystore, KeystoreFile},
    new_key::{NewKey, NewKeyError, NewKeyKind},
    pem_file::PemFile,
    pkcs11::HardwareToken,
    pkcs12::Protection,
    private_key::{RemoteError, SigningError},
    public_key::is_registrable_key_id,
    remote_key::{RemoteSignature, RemoteSigner, SigningInput},
    signature_algorithm::SignatureAlgorithm,
    signing_key::SigningKey,
    summary::{CertificateSummary, KeySummary},
    verification_key::{VerificationKey, VerificationKeyError},
};
pub use crate::pem::PemFault;

/// How many key derivation iterations opening a keystore may take by default.
///
/// Ten million take a few seconds; programs write at most 600,000 per derivation by default.
pub const DEFAULT_ITERATIONS: u64 = 10_000_000;

/// The largest limit that makes sense: sixteen derivations with the largest count that a MAC can have.
pub const MAXIMUM_ITERATIONS: u64 = u32::MAX as u64 * 16;

/// The size limit of a keystore, PEM or certificate file: hundreds of certificates take less than one mebibyte.
const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// The size limit of a JWK or JWK set.
const MAXIMUM_JWK_BYTES: u64 = 1024 * 1024;

/// The limit for the certificates of one file: every key is compared with every certificate.
const MAXIMUM_CERTIFICATES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<(KeystoreFile, Keystore, KeyEntry, PemFile, JwkFile, CertificateFile)>();
        shared::<(SigningKey, VerificationKey, KeySet, Certificate, NewKey, DotnetStore, HardwareToken)>();
        shared::<(KeystoreError, SigningError, NewKeyError, KeySetError, VerificationKeyError)>();
    }
}
