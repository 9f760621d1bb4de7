//! .NET's certificate store of the current user, found by thumbprint.
//!
//! On Linux, .NET keeps the store `My` in `~/.dotnet/corefx/cryptography/x509stores/my`: a PKCS#12 file with an empty
//! password for each certificate, named `THUMBPRINT.pfx` by its SHA-1 thumbprint, or `THUMBPRINT.1.pfx` to `.9.pfx`
//! when that name is taken (`OpenSslDirectoryBasedStoreProvider.cs` in dotnet/runtime). The name is only a hint there
//! and here: what counts is the certificate inside. On Windows and macOS, .NET uses the system's own store, which is
//! not read here. The intermediate certificates are not in the file, so a chain is as long as the file makes it.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{
    Certificate, CertificateThumbprint, DEFAULT_ITERATIONS, FileKind, KeystoreError, MAXIMUM_BYTES, Reason, SigningKey,
    chain, pkcs12::Contents, pkcs12::Pkcs12, read_capped,
};
use crate::explain::Explain;

/// More files than anybody keeps; each costs a key derivation.
const MAXIMUM_FILES: usize = 1000;

/// A folder of .NET's, with a certificate in each file.
#[derive(Debug, Clone)]
pub struct DotnetStore {
    folder: PathBuf,
}

/// Why a certificate store gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreReason {
    /// The text is no thumbprint.
    #[error("`{given}` is not a thumbprint: {digits} signs, where SHA-1 has 40 hexadecimal digits and SHA-256 has 64")]
    Thumbprint {
        /// The text.
        given: String,
        /// How many signs count.
        digits: usize,
    },
    /// There is no such folder.
    #[error("there is no such folder: .NET has not stored a certificate for this user")]
    NoStore,
    /// This system keeps its certificates elsewhere.
    #[error("this system's own certificate store is not read here")]
    OtherSystem,
    /// Nothing in the store has the thumbprint.
    #[error("no certificate in it has the thumbprint {wanted}; it has{present}")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// The certificates, a line each.
        present: String,
    },
    /// The certificate is there without its key.
    #[error("the certificate {0} is in it without its private key")]
    NoPrivateKey(String),
    /// The key signs no JWT.
    #[error(transparent)]
    Key(Reason),
}

impl Explain for StoreReason {
    fn code(&self) -> &'static str {
        match self {
            Self::Thumbprint { .. } => "thumbprint",
            Self::NoStore | Self::OtherSystem => "certificate_store_missing",
            Self::NotFound { .. } => "certificate_store_not_found",
            Self::NoPrivateKey(_) => "certificate_store_no_private_key",
            Self::Key(reason) => reason.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Thumbprint { .. } => {
                "show it with: openssl x509 -in certificate.pem -noout -fingerprint -sha1".to_owned()
            }
            Self::OtherSystem if cfg!(windows) => {
                "export it with its private key and give the file: in PowerShell, Export-PfxCertificate -Cert \
                 Cert:\\CurrentUser\\My\\THUMBPRINT -FilePath keystore.p12 -Password (Read-Host -AsSecureString), then \
                 --keystore keystore.p12"
                    .to_owned()
            }
            Self::NoStore | Self::OtherSystem if cfg!(target_os = "macos") => {
                "export it with its private key from Keychain Access (My Certificates, Export, .p12), then --keystore \
                 keystore.p12"
                    .to_owned()
            }
            Self::NoStore | Self::OtherSystem => {
                "give the certificate's own file instead: --keystore keystore.p12".to_owned()
            }
            Self::NotFound { .. } => "pass the thumbprint of one of them with --certificate-thumbprint".to_owned(),
            Self::NoPrivateKey(_) => {
                "store it again with its private key, or give the file that has both: --keystore keystore.p12"
                    .to_owned()
            }
            Self::Key(reason) => reason.hint("keystore.p12"),
        })
    }
}

/// What was found in one file; a file that does not open is passed over, as .NET does.
struct Stored {
    certificate: Certificate,
    contents: Contents,
}

impl DotnetStore {
    /// Takes the folder in which .NET keeps the store; the user's own is
    /// `~/.dotnet/corefx/cryptography/x509stores/my`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Takes out the key whose certificate has this thumbprint.
    ///
    /// # Errors
    /// [`KeystoreError::Store`] with the reason: no such folder, no such certificate, or one without a key;
    /// [`KeystoreError::Unreadable`] when folder or file cannot be read.
    pub fn find(&self, thumbprint: &CertificateThumbprint) -> Result<SigningKey, KeystoreError> {
        if cfg!(windows) {
            return Err(self.failed(StoreReason::OtherSystem));
        }
        let mut found = None;
        let mut present = Vec::new();
        for file in self.files(thumbprint)? {
            let Some(stored) = open(&file)? else { continue };
            if !thumbprint.is_of(&stored.certificate) {
                present.push(stored.certificate);
                continue;
            }
            // Of the same certificate twice, the one with its key counts.
            match signing_key(stored) {
                Err(reason @ StoreReason::NoPrivateKey(_)) => found = Some(reason),
                key => return key.map_err(|reason| self.failed(reason)),
            }
        }
        let wanted = thumbprint.to_string();
        Err(self.failed(found.unwrap_or_else(|| StoreReason::NotFound { wanted, present: list(&present) })))
    }

    /// The store's files: first those that are named by the thumbprint, then the others by name.
    fn files(&self, thumbprint: &CertificateThumbprint) -> Result<Vec<PathBuf>, KeystoreError> {
        let unreadable = |source| KeystoreError::Unreadable { kind: FileKind::Store, name: self.name(), source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(self.failed(StoreReason::NoStore));
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
        let named = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.to_ascii_uppercase().starts_with(thumbprint.digits())
        };
        files.sort_by_key(|path| (!named(path), path.clone()));
        Ok(files)
    }

    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn failed(&self, source: StoreReason) -> KeystoreError {
        KeystoreError::Store { name: self.name(), source }
    }
}

/// Opens one file with the empty password; what is no such file gives nothing.
fn open(path: &Path) -> Result<Option<Stored>, KeystoreError> {
    let name = path.display().to_string();
    let bytes = fs::File::open(path).and_then(|file| read_capped(file, MAXIMUM_BYTES));
    let bytes = bytes.map_err(|source| KeystoreError::Unreadable { kind: FileKind::Store, name, source })?;
    let contents = Pkcs12::parse(&bytes, DEFAULT_ITERATIONS).and_then(|file| file.unlock(&SecretString::from("")));
    Ok(contents.ok().and_then(|contents| {
        let certificates: Vec<Certificate> =
            contents.certificates.iter().map(|(x509, _)| Certificate::new(x509.clone())).collect();
        let own = |certificate: &&Certificate| contents.keys.iter().any(|(key, _)| certificate.belongs_to(key));
        let certificate = certificates.iter().find(own).or(certificates.first()).cloned()?;
        Some(Stored { certificate, contents })
    }))
}

fn signing_key(stored: Stored) -> Result<SigningKey, StoreReason> {
    let Stored { certificate, contents } = stored;
    let key = contents.keys.into_iter().map(|(key, _)| key).find(|key| certificate.belongs_to(key));
    let key = key.ok_or_else(|| StoreReason::NoPrivateKey(certificate.subject()))?;
    let others: Vec<Certificate> = contents.certificates.into_iter().map(|(x509, _)| Certificate::new(x509)).collect();
    SigningKey::new(key, chain::from_leaf(certificate, &others)).map_err(StoreReason::Key)
}

/// The certificates as an error shows them, a line each.
fn list(present: &[Certificate]) -> String {
    if present.is_empty() {
        return " none".to_owned();
    }
    present.iter().take(100).fold(String::new(), |mut text, certificate| {
        let _ = write!(text, "\n  {}: {}", certificate.thumbprint(), certificate.subject());
        text
    })
}
