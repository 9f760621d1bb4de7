//! The simulator's data folder: created once, atomically, and never overwritten afterwards.
//!
//! | file | content |
//! |---|---|
//! | `ca.pem`, `intermediate.pem` | the authorities above the enterprise certificates |
//! | `modern.p12`, `legacy.p12`, `three-entries.p12` | keystores, each with its `*.password` |
//! | `other-environment.p12`, `expired.p12`, `soon-expired.p12`, `no-organisation-number.p12`, `encryption-only.p12`, `leaf-only.p12` | keystores with one fault each, with the key and the password of `modern.p12`; not in folders of earlier versions |
//! | `registered-key.jwk.json` | the private key of the client with a registered key |
//! | `clients.json` | clients, scopes and organisations; meant to be edited |
//! | `altinn.password`, `altinn.api-key` | the password of Altinn's users and the API key; not in folders of earlier versions |
//! | `idporten.client-secret` | the secret of a client of ID-porten; not in folders of earlier versions |
//! | `config.toml` | profiles for the clients; not in folders of earlier versions |
//! | `token-signing-key.pem` | the key that signs the access tokens |
//! | `altinn-signing-key.pem`, `idporten-signing-key.pem`, `ansattporten-signing-key.pem` | the keys of Altinn, ID-porten and Ansattporten, created when they are first needed |
//! | `tls-ca.pem`, `tls-server.pem`, `tls-server-key.pem` | for https on this machine |
//! | `simulator.json` | marks the folder as the simulator's, with the expiry of its certificates |
//!
//! Files with a secret, and the folder itself, are accessible only to their owner. The private keys of the authorities
//! are not kept.

pub(crate) mod certificates;
mod create;
mod faulty_keystores;
pub(crate) mod files;
mod keystores;
mod pkcs12;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};

pub use faulty_keystores::FaultyKeystore;
pub use keystores::SimulatorKeystore;

use self::{
    create::FolderMarker,
    files::{
        ALTINN_API_KEY, ALTINN_PASSWORD, CA, CLIENTS, CONFIG, INTERMEDIATE, MARKER, REGISTERED_KEY, TLS_CA,
        TLS_CERTIFICATE, TLS_KEY, TOKEN_KEY, exists,
    },
    keystores::KEYSTORES,
};
use super::error::SimulatorError;

/// The client with a registered key in the default `clients.json`, and its organisation.
const REGISTERED_CLIENT: (&str, &str) = ("673d59a6-b427-49bc-b413-b51d7a8f05be", "310700045");

/// The data folder and its files.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The folder.
    pub dir: PathBuf,
    /// Whether it has been created or existed before.
    pub state: FolderState,
    /// When its certificates expire.
    pub expires_at: DateTime<Utc>,
    /// The root of the enterprise certificates, in PEM.
    pub ca_file: PathBuf,
    /// The root of the certificate for https, in PEM.
    pub tls_ca_file: PathBuf,
    /// `clients.json`.
    pub clients_file: PathBuf,
    /// The keystores with valid enterprise certificates; `modern.p12` is the first.
    pub keystores: [SimulatorKeystore; 3],
    /// The keystores with one fault each; none in the folder of an earlier version.
    pub faulty_keystores: Vec<FaultyKeystore>,
    /// The client with a registered key.
    pub registered_key: RegisteredKey,
    /// The vendor's client and Altinn's users; `None` in the folder of an earlier version.
    pub altinn: Option<AltinnInstallation>,
}

/// What the default `clients.json` has for Altinn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltinnInstallation {
    /// The client of a vendor of systems, which has the registered key.
    pub vendor_client_id: &'static str,
    /// A user.
    pub user_name: &'static str,
    /// A user of the organisation of `modern.p12`, who needs its certificate.
    pub enterprise_user_name: &'static str,
    /// The file with the password of both users.
    pub password_file: PathBuf,
    /// The file with the API key.
    pub api_key_file: PathBuf,
    /// The config file with a profile for each client.
    pub config_file: PathBuf,
}

impl AltinnInstallation {
    fn find(dir: &Path) -> Option<Self> {
        let [password_file, api_key_file, config_file] =
            [ALTINN_PASSWORD, ALTINN_API_KEY, CONFIG].map(|name| dir.join(name));
        (password_file.is_file() && api_key_file.is_file() && config_file.is_file()).then_some(Self {
            vendor_client_id: "e2a5c9b0-6d1f-4f0a-8f3b-5b7d0c9a1e34",
            user_name: "simulert",
            enterprise_user_name: "virksomhetsbruker",
            password_file,
            api_key_file,
            config_file,
        })
    }
}

/// Whether the data folder has been created or existed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderState {
    /// It has been created.
    Created,
    /// It existed before.
    Existing,
    /// Its certificates had expired, so it has been created again; `clients.json` and the registered key were kept.
    Renewed {
        /// The new path of the old folder.
        old: PathBuf,
    },
}

/// The client with a registered key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The private key as a JWK (RFC 7517).
    pub file: PathBuf,
    /// The client in the default `clients.json`.
    pub client_id: &'static str,
    /// The client's organisation.
    pub orgno: &'static str,
}

impl Installation {
    /// Opens the data folder, or creates it if it does not exist or is empty.
    ///
    /// A folder whose certificates have expired at `now` is renamed and created again, with the old `clients.json` and
    /// registered key.
    ///
    /// # Errors
    /// [`SimulatorError::NotOurs`] when the folder contains other files; [`SimulatorError::Incomplete`] and
    /// [`SimulatorError::Damaged`] when its own files are missing or not valid; [`SimulatorError::Unwritable`] when it
    /// cannot be created.
    pub fn open_or_create(dir: &Path, now: DateTime<Utc>) -> Result<Self, SimulatorError> {
        let dir =
            std::path::absolute(dir).map_err(|source| SimulatorError::Unwritable { path: dir.to_owned(), source })?;
        if is_empty(&dir)? {
            create::new(&dir, now)?;
            return Self::open(&dir, FolderState::Created);
        }
        let installation = Self::open(&dir, FolderState::Existing)?;
        if installation.expires_at > now {
            return Ok(installation);
        }
        let old = create::renewed(&dir, now)?;
        Self::open(&dir, FolderState::Renewed { old })
    }

    fn open(dir: &Path, state: FolderState) -> Result<Self, SimulatorError> {
        let marker = read_marker(dir)?;
        for name in [CA, INTERMEDIATE, TOKEN_KEY, TLS_CA, TLS_CERTIFICATE, TLS_KEY, CLIENTS, REGISTERED_KEY] {
            exists(&dir.join(name))?;
        }
        let keystores = KEYSTORES.map(|plan| plan.describe(dir));
        for keystore in &keystores {
            exists(&keystore.file)?;
            exists(&keystore.password_file)?;
        }
        let (client_id, orgno) = REGISTERED_CLIENT;
        Ok(Self {
            state,
            expires_at: marker.expires_at,
            ca_file: dir.join(CA),
            tls_ca_file: dir.join(TLS_CA),
            clients_file: dir.join(CLIENTS),
            keystores,
            faulty_keystores: faulty_keystores::find(dir, &KEYSTORES[0]),
            registered_key: RegisteredKey { file: dir.join(REGISTERED_KEY), client_id, orgno },
            altinn: AltinnInstallation::find(dir),
            dir: dir.to_owned(),
        })
    }

    /// Returns the authorities of the enterprise certificates: root, then intermediate.
    pub(crate) fn authorities(&self) -> Result<[X509; 2], SimulatorError> {
        Ok([read_certificate(&self.ca_file)?, read_certificate(&self.dir.join(INTERMEDIATE))?])
    }

    /// Returns the key that signs access tokens.
    pub(crate) fn token_key(&self) -> Result<PKey<Private>, SimulatorError> {
        read_key(&self.dir.join(TOKEN_KEY))
    }

    /// Returns the certificate and key for https.
    pub(crate) fn tls(&self) -> Result<(X509, PKey<Private>), SimulatorError> {
        Ok((read_certificate(&self.dir.join(TLS_CERTIFICATE))?, read_key(&self.dir.join(TLS_KEY))?))
    }
}

fn is_empty(dir: &Path) -> Result<bool, SimulatorError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(SimulatorError::Unwritable { path: dir.to_owned(), source }),
    }
}

fn read_marker(dir: &Path) -> Result<FolderMarker, SimulatorError> {
    let path = dir.join(MARKER);
    if !path.exists() {
        return Err(SimulatorError::NotOurs(dir.to_owned()));
    }
    let text = files::read(&path)?;
    let marker: FolderMarker = serde_json::from_slice(&text).map_err(|error| damaged(&path, error.to_string()))?;
    if marker.version != create::VERSION {
        return Err(damaged(&path, format!("version {} is not supported, only {}", marker.version, create::VERSION)));
    }
    Ok(marker)
}

fn read_certificate(path: &Path) -> Result<X509, SimulatorError> {
    X509::from_pem(&files::read(path)?).map_err(|_| damaged(path, "it contains no certificate"))
}

fn read_key(path: &Path) -> Result<PKey<Private>, SimulatorError> {
    // The callback replaces openssl's prompt for a password: the keys in the folder have none.
    PKey::private_key_from_pem_callback(&files::read(path)?, |_| Ok(0))
        .map_err(|_| damaged(path, "it contains no private key"))
}

fn damaged(path: &Path, problem: impl Into<String>) -> SimulatorError {
    SimulatorError::Damaged { path: path.to_owned(), problem: problem.into() }
}
