//! The simulator's data folder: made once, whole or not at all, and never overwritten afterwards.
//!
//! | file | what it is |
//! |---|---|
//! | `ca.pem`, `intermediate.pem` | the authorities above the three enterprise certificates |
//! | `modern.p12`, `legacy.p12`, `three-entries.p12` | keystores; each has its `*.password` beside it |
//! | `other-environment.p12`, `expired.p12`, `soon-expired.p12`, `no-organisation-number.p12`, `encryption-only.p12`, `leaf-only.p12` | keystores that are wrong in one way each, with the key and the password of `modern.p12`; not in folders of earlier versions |
//! | `registered-key.jwk.json` | the private key of the client that has registered a key of its own |
//! | `clients.json` | who may ask for what; made to be edited |
//! | `token-signing-key.pem` | signs the access tokens |
//! | `tls-ca.pem`, `tls-server.pem`, `tls-server-key.pem` | for https on this machine |
//! | `simulator.json` | marks the folder as the simulator's and says how long its certificates hold |
//!
//! Files that hold a secret are readable for their owner only, and so is the folder. The private keys of the
//! authorities are forgotten as soon as the certificates are made.

pub(crate) mod authority;
mod faulty;
pub(crate) mod files;
mod keystores;
mod make;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};
use serde::{Deserialize, Serialize};

use super::Error;

pub(crate) const CLIENTS: &str = "clients.json";
pub(crate) const REGISTERED_KEY: &str = "registered-key.jwk.json";
const CA: &str = "ca.pem";
const INTERMEDIATE: &str = "intermediate.pem";
const TOKEN_KEY: &str = "token-signing-key.pem";
const TLS_CA: &str = "tls-ca.pem";
const TLS_CERTIFICATE: &str = "tls-server.pem";
const TLS_KEY: &str = "tls-server-key.pem";
const MARK: &str = "simulator.json";

/// What the simulator keeps on disk, and where.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The folder that holds everything below.
    pub dir: PathBuf,
    /// Whether it was there already.
    pub made: Made,
    /// Until when its certificates are valid.
    pub expires_at: DateTime<Utc>,
    /// The root above the enterprise certificates, in PEM form.
    pub ca_file: PathBuf,
    /// The root above the certificate for https, in PEM form.
    pub tls_ca_file: PathBuf,
    /// The file that says who may ask for what.
    pub clients_file: PathBuf,
    /// The three keystores with enterprise certificates.
    pub keystores: Vec<Keystore>,
    /// The keystores that are wrong in one way each; none in a folder that an earlier version made.
    pub faulty_keystores: Vec<FaultyKeystore>,
    /// The client that has registered a key of its own instead.
    pub registered_key: RegisteredKey,
}

/// How the data folder came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Made {
    /// It was made just now.
    Now,
    /// It was made by an earlier start.
    Earlier,
    /// Its certificates had expired, so it was made anew; `clients.json` and the registered key were kept.
    Again {
        /// Where the old folder went.
        old: PathBuf,
    },
}

/// A PKCS#12 file that the simulator made, and the client that may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keystore {
    /// The PKCS#12 file.
    pub file: PathBuf,
    /// The file that holds its password, without a line break.
    pub password_file: PathBuf,
    /// The entry that may sign a grant.
    pub alias: &'static str,
    /// Every entry in the file.
    pub aliases: &'static [&'static str],
    /// The subject of the entry's certificate, as OpenSSL prints it on one line.
    pub subject: String,
    /// The organisation number in it.
    pub orgno: &'static str,
    /// The client that is registered for this organisation, as `clients.json` was made.
    pub client_id: &'static str,
    /// How the file is encrypted.
    pub form: &'static str,
}

/// A PKCS#12 file whose certificate is wrong in one way, for the client and organisation of `modern.p12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultyKeystore {
    /// The PKCS#12 file, in the form of `modern.p12`.
    pub file: PathBuf,
    /// The file that holds its password, which is that of `modern.p12`.
    pub password_file: PathBuf,
    /// The client that would be let in if nothing were wrong.
    pub client_id: &'static str,
    /// What is wrong, said of the certificate.
    pub fault: &'static str,
}

/// The client that is known by a registered key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The private key as a JWK (RFC 7517).
    pub file: PathBuf,
    /// The client, as `clients.json` was made.
    pub client_id: &'static str,
    /// The organisation it belongs to.
    pub orgno: &'static str,
}

/// `simulator.json`.
#[derive(Serialize, Deserialize)]
struct Mark {
    version: u32,
    made_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// The layout that this program writes and reads.
const VERSION: u32 = 1;

impl Installation {
    /// Opens the data folder, or makes it when it is not there or empty.
    ///
    /// A folder whose certificates have expired at `now` is moved aside and made anew; `clients.json` and the
    /// registered key move over.
    ///
    /// # Errors
    /// [`Error::NotOurs`] when the folder holds files of somebody else; [`Error::Incomplete`] and
    /// [`Error::Damaged`] when its own are gone or changed; [`Error::Unwritable`] when it cannot be made.
    pub fn open_or_make(dir: &Path, now: DateTime<Utc>) -> Result<Self, Error> {
        let dir = std::path::absolute(dir).map_err(|source| Error::Unwritable { path: dir.to_owned(), source })?;
        if is_empty(&dir)? {
            make::whole(&dir, now)?;
            return Self::open(&dir, Made::Now);
        }
        let installation = Self::open(&dir, Made::Earlier)?;
        if installation.expires_at > now {
            return Ok(installation);
        }
        let old = make::again(&dir, now)?;
        Self::open(&dir, Made::Again { old })
    }

    fn open(dir: &Path, made: Made) -> Result<Self, Error> {
        let mark = read_mark(dir)?;
        for name in [CA, INTERMEDIATE, TOKEN_KEY, TLS_CA, TLS_CERTIFICATE, TLS_KEY, CLIENTS, REGISTERED_KEY] {
            exists(&dir.join(name))?;
        }
        let keystores = make::KEYSTORES.iter().map(|plan| plan.locate(dir)).collect::<Result<_, _>>()?;
        Ok(Self {
            made,
            expires_at: mark.expires_at,
            ca_file: dir.join(CA),
            tls_ca_file: dir.join(TLS_CA),
            clients_file: dir.join(CLIENTS),
            keystores,
            faulty_keystores: faulty::locate(dir, &make::KEYSTORES[0]),
            registered_key: RegisteredKey {
                file: dir.join(REGISTERED_KEY),
                client_id: make::REGISTERED_CLIENT,
                orgno: make::REGISTERED_ORGNO,
            },
            dir: dir.to_owned(),
        })
    }

    /// The authorities above the enterprise certificates: root first, then intermediate.
    pub(crate) fn authorities(&self) -> Result<[X509; 2], Error> {
        Ok([read_certificate(&self.ca_file)?, read_certificate(&self.dir.join(INTERMEDIATE))?])
    }

    /// The key that signs access tokens.
    pub(crate) fn token_key(&self) -> Result<PKey<Private>, Error> {
        read_key(&self.dir.join(TOKEN_KEY))
    }

    /// The certificate and key for https.
    pub(crate) fn tls(&self) -> Result<(X509, PKey<Private>), Error> {
        Ok((read_certificate(&self.dir.join(TLS_CERTIFICATE))?, read_key(&self.dir.join(TLS_KEY))?))
    }
}

fn is_empty(dir: &Path) -> Result<bool, Error> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(Error::Unwritable { path: dir.to_owned(), source }),
    }
}

fn exists(path: &Path) -> Result<(), Error> {
    if path.is_file() { Ok(()) } else { Err(Error::Incomplete(path.to_owned())) }
}

fn read_mark(dir: &Path) -> Result<Mark, Error> {
    let path = dir.join(MARK);
    if !path.exists() {
        return Err(Error::NotOurs(dir.to_owned()));
    }
    let damaged = |problem: String| Error::Damaged { path: path.clone(), problem };
    let mark: Mark = serde_json::from_slice(&files::read(&path)?).map_err(|error| damaged(error.to_string()))?;
    if mark.version != VERSION {
        return Err(damaged(format!("its version is {}, this program knows {VERSION}", mark.version)));
    }
    Ok(mark)
}

fn read_certificate(path: &Path) -> Result<X509, Error> {
    X509::from_pem(&files::read(path)?)
        .map_err(|_| Error::Damaged { path: path.to_owned(), problem: "it holds no certificate".to_owned() })
}

fn read_key(path: &Path) -> Result<PKey<Private>, Error> {
    // The callback never asks: a key of ours has no password.
    PKey::private_key_from_pem_callback(&files::read(path)?, |_| Ok(0))
        .map_err(|_| Error::Damaged { path: path.to_owned(), problem: "it holds no private key".to_owned() })
}
