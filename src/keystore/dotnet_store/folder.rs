//! The folder in which .NET keeps certificates on Linux: a file for each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{DotnetStore, list};
use crate::{
    file::FileError,
    keystore::{
        Certificate, CertificateThumbprint, DEFAULT_ITERATIONS, DotnetStoreErrorKind, KeyFileKind, KeystoreError,
        SigningKey, chain,
        pkcs12::{Pkcs12, Pkcs12Contents},
        read_key_file,
    },
};

/// The most files that are opened: each costs a key derivation.
const MAXIMUM_FILES: usize = 1000;

/// The content of one file.
struct StoredCertificate {
    certificate: Certificate,
    contents: Pkcs12Contents,
}

impl DotnetStore {
    pub(super) fn find_key(&self, thumbprint: &CertificateThumbprint) -> Result<SigningKey, KeystoreError> {
        let mut found = None;
        let mut present = Vec::new();
        for file in self.files(thumbprint)? {
            let Some(stored) = open(&file)? else { continue };
            if !thumbprint.matches(&stored.certificate) {
                present.push(stored.certificate);
                continue;
            }
            // Another file may hold the same certificate with its key.
            match signing_key(stored) {
                Err(kind @ DotnetStoreErrorKind::NoPrivateKey(_)) => found = Some(kind),
                key => return key.map_err(|kind| self.error(kind)),
            }
        }
        let wanted = thumbprint.to_string();
        Err(self.error(found.unwrap_or_else(|| DotnetStoreErrorKind::NotFound { wanted, present: list(&present) })))
    }

    /// Lists the store's files: first those named by the thumbprint, then the others by name.
    fn files(&self, thumbprint: &CertificateThumbprint) -> Result<Vec<PathBuf>, KeystoreError> {
        let unreadable = |error| KeystoreError::Unreadable {
            kind: KeyFileKind::Store,
            name: self.name(),
            source: FileError::Io(error),
        };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(self.error(DotnetStoreErrorKind::NoStore));
            }
            entries => entries.map_err(unreadable)?,
        };
        let mut files = Vec::new();
        for entry in entries.take(MAXIMUM_FILES) {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pfx")) && path.is_file() {
                files.push(path);
            }
        }
        let is_named = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.to_ascii_uppercase().starts_with(thumbprint.digits()))
        };
        files.sort_by_key(|path| (!is_named(path), path.clone()));
        Ok(files)
    }
}

/// Opens a file with the empty password; a file that does not open is skipped, as .NET does.
fn open(path: &Path) -> Result<Option<StoredCertificate>, KeystoreError> {
    let bytes = match read_key_file(KeyFileKind::Store, path) {
        Err(KeystoreError::Unopened { .. }) => return Ok(None),
        read => read?,
    };
    let contents =
        Pkcs12::parse(&bytes, DEFAULT_ITERATIONS).and_then(|file| file.unlock(&SecretString::from(""))?.contents());
    Ok(contents.ok().and_then(|contents| {
        let mut certificates = contents.certificates.iter().map(|(certificate, _)| certificate);
        let is_own =
            |certificate: &&Certificate| contents.keys.iter().any(|(key, _)| certificate.belongs_to(&key.public));
        let own = certificates.clone().find(is_own).or_else(|| certificates.next());
        Some(StoredCertificate { certificate: own?.clone(), contents })
    }))
}

fn signing_key(stored: StoredCertificate) -> Result<SigningKey, DotnetStoreErrorKind> {
    let StoredCertificate { certificate, contents } = stored;
    let key = contents.keys.into_iter().map(|(key, _)| key).find(|key| certificate.belongs_to(&key.public));
    let key = key.ok_or_else(|| DotnetStoreErrorKind::NoPrivateKey(certificate.subject()))?;
    let others: Vec<Certificate> = contents.certificates.into_iter().map(|(certificate, _)| certificate).collect();
    SigningKey::new(key, chain::from_leaf(certificate, &others)).map_err(DotnetStoreErrorKind::Key)
}
