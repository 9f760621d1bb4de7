//! Reads files of keys and certificates, each up to the size limit of its format.

use std::path::Path;

use zeroize::Zeroizing;

use super::{
    CertificateFileErrorKind, JwkErrorKind, KeyFileKind, KeystoreError, KeystoreErrorKind, MAXIMUM_BYTES,
    MAXIMUM_JWK_BYTES, PemErrorKind,
};
use crate::{
    file::{self, FileError},
    text::shown_path,
};

/// Reads a file of keys up to the size limit of its format; the path `-` means stdin.
///
/// # Errors
/// [`KeystoreError::Unreadable`] if the file cannot be read; if it is too large, the error of its parser.
pub fn read_key_file(kind: KeyFileKind, path: impl AsRef<Path>) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let path = path.as_ref();
    file::read_or_stdin(path, limit(kind)).map_err(|error| {
        let name = if path == Path::new("-") { "stdin".to_owned() } else { shown_path(path) };
        let FileError::TooLarge { limit } = error else {
            return KeystoreError::Unreadable { kind, name, source: error };
        };
        match kind {
            KeyFileKind::Jwk => KeystoreError::Jwk { name, source: JwkErrorKind::TooLarge(limit) },
            KeyFileKind::Pem => KeystoreError::Pem { name, source: PemErrorKind::TooLarge(limit) },
            KeyFileKind::Certificates => {
                KeystoreError::Certificates { name, source: CertificateFileErrorKind::TooLarge(limit) }
            }
            KeyFileKind::Keystore | KeyFileKind::Store | KeyFileKind::Any => {
                KeystoreError::Unopened { name, source: KeystoreErrorKind::TooLarge(limit) }
            }
        }
    })
}

fn limit(kind: KeyFileKind) -> u64 {
    match kind {
        KeyFileKind::Jwk => MAXIMUM_JWK_BYTES,
        KeyFileKind::Keystore
        | KeyFileKind::Pem
        | KeyFileKind::Certificates
        | KeyFileKind::Store
        | KeyFileKind::Any => MAXIMUM_BYTES,
    }
}
