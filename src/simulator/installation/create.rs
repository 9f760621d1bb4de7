//! Creates the data folder: first under a temporary name beside its path, then renamed when it is complete.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use openssl::pkey::{PKey, Private};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    certificates::{self, ValidityPeriod, simulator_name},
    faulty_keystores,
    files::{
        self, ALTINN_API_KEY, ALTINN_PASSWORD, CA, CLIENTS, CONFIG, IDPORTEN_SECRET, INTERMEDIATE, MARKER,
        REGISTERED_KEY, TLS_CA, TLS_CERTIFICATE, TLS_KEY, TOKEN_KEY, write_private, write_public,
    },
    keystores::{ENTERPRISE_KEY_BITS, KEYSTORES, random_password},
};
use crate::simulator::{error::SimulatorError, jwk};

/// The size of the key that signs real access tokens in the test environment.
const TOKEN_KEY_BITS: u32 = 3072;

/// The default `clients.json`, with placeholders for the registered key and for another key.
const DEFAULT_CLIENTS: &str = include_str!("clients.json");

/// Profiles for the clients of the default `clients.json`.
const DEFAULT_CONFIG: &str = include_str!("config.toml");

/// The layout that this program writes and reads.
pub(super) const VERSION: u32 = 1;

/// `simulator.json`, which marks the folder as the simulator's.
#[derive(Serialize, Deserialize)]
pub(super) struct FolderMarker {
    pub(super) version: u32,
    made_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// Creates a folder that does not exist or is empty.
pub(super) fn new(dir: &Path, now: DateTime<Utc>) -> Result<(), SimulatorError> {
    let temporary = temporary_folder(dir, now, None)?;
    match fs::rename(temporary.path(), dir) {
        Ok(()) => {
            // It has been renamed, so there is nothing to remove.
            let _ = temporary.keep();
            Ok(())
        }
        // Another simulator has created the folder meanwhile, and it is equivalent.
        Err(_) if dir.join(MARKER).is_file() => Ok(()),
        Err(source) => Err(SimulatorError::Unwritable { path: dir.to_owned(), source }),
    }
}

/// Creates the folder again, with the clients and the registered key of the old one, and returns the old one's new path.
pub(super) fn renewed(dir: &Path, now: DateTime<Utc>) -> Result<PathBuf, SimulatorError> {
    let temporary = temporary_folder(dir, now, Some(dir))?;
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!(".expired-{}", now.format("%Y%m%dT%H%M%SZ")));
    let old = dir.with_file_name(name);
    // The new folder is complete before the old one is renamed, so that little can fail between the two.
    let unwritable = |source| SimulatorError::Unwritable { path: dir.to_owned(), source };
    fs::rename(dir, &old).map_err(unwritable)?;
    fs::rename(temporary.path(), dir).map_err(unwritable)?;
    let _ = temporary.keep();
    Ok(old)
}

/// Creates everything in a temporary folder, which is removed again if that fails.
fn temporary_folder(dir: &Path, now: DateTime<Utc>, old: Option<&Path>) -> Result<tempfile::TempDir, SimulatorError> {
    let parent = dir.parent().unwrap_or(Path::new("/"));
    if !parent.is_dir() {
        files::create_folder(parent)?;
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".simulator-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    // tempfile's own message has the temporary path, which means nothing to the user.
    let unwritable =
        |error: io::Error| SimulatorError::Unwritable { path: dir.to_owned(), source: error.kind().into() };
    let temporary = builder.tempdir_in(parent).map_err(unwritable)?;
    write_content(temporary.path(), now, old)?;
    Ok(temporary)
}

fn write_content(dir: &Path, now: DateTime<Utc>, old: Option<&Path>) -> Result<(), SimulatorError> {
    let validity = ValidityPeriod::three_years(now);
    let enterprise_key = || certificates::rsa_key(ENTERPRISE_KEY_BITS);
    let root = certificates::root(&simulator_name("Maskinporten Simulator Root CA")?, enterprise_key()?, validity)?;
    let name = simulator_name("Maskinporten Simulator Enterprise CA")?;
    let intermediate = certificates::intermediate(&name, &root, enterprise_key()?, validity)?;
    write_public(&dir.join(CA), &root.certificate.to_pem()?)?;
    write_public(&dir.join(INTERMEDIATE), &intermediate.certificate.to_pem()?)?;

    let chain = [intermediate.certificate.clone(), root.certificate];
    let [modern, others @ ..] = &KEYSTORES;
    let written = modern.write(dir, &intermediate, &chain, validity)?;
    for plan in others {
        plan.write(dir, &intermediate, &chain, validity)?;
    }
    faulty_keystores::write(dir, modern, &written, &intermediate, &chain, now)?;
    write_key(&dir.join(TOKEN_KEY), &certificates::rsa_key(TOKEN_KEY_BITS)?)?;

    let (tls_authority, server) = certificates::tls(now)?;
    write_public(&dir.join(TLS_CA), &tls_authority.certificate.to_pem()?)?;
    write_public(&dir.join(TLS_CERTIFICATE), &server.certificate.to_pem()?)?;
    write_key(&dir.join(TLS_KEY), &server.key)?;

    match old {
        Some(old) => {
            for name in [CLIENTS, REGISTERED_KEY] {
                write_private(&dir.join(name), &files::read(&old.join(name))?)?;
            }
            // Folders of earlier versions do not have these.
            for name in [ALTINN_PASSWORD, ALTINN_API_KEY, IDPORTEN_SECRET, CONFIG]
                .into_iter()
                .filter(|name| old.join(name).is_file())
            {
                write_private(&dir.join(name), &files::read(&old.join(name))?)?;
            }
        }
        None => write_clients(dir, &enterprise_key()?, &written.first.key)?,
    }
    let marker = FolderMarker { version: VERSION, made_at: now, expires_at: validity.until };
    let mut marker = serde_json::to_vec_pretty(&marker)
        .map_err(|error| SimulatorError::Damaged { path: dir.join(MARKER), problem: error.to_string() })?;
    marker.push(b'\n');
    write_public(&dir.join(MARKER), &marker)
}

fn write_clients(dir: &Path, key: &PKey<Private>, another: &PKey<Private>) -> Result<(), SimulatorError> {
    let (rsa, another) = (key.rsa()?, another.rsa()?);
    let private = jwk::private_rsa(&rsa).ok_or(SimulatorError::Keystore)?;
    write_private(&dir.join(REGISTERED_KEY), private.as_bytes())?;
    let [password, api_key, secret] = [random_password()?, random_password()?, random_password()?];
    write_private(&dir.join(ALTINN_PASSWORD), password.as_bytes())?;
    write_private(&dir.join(ALTINN_API_KEY), api_key.as_bytes())?;
    write_private(&dir.join(IDPORTEN_SECRET), secret.as_bytes())?;
    write_private(&dir.join(CONFIG), DEFAULT_CONFIG.as_bytes())?;
    let clients = DEFAULT_CLIENTS
        .replace("ALTINN_PASSWORD", &password)
        .replace("ALTINN_API_KEY", &api_key)
        .replace("IDPORTEN_SECRET", &secret)
        .replace("REGISTERED_KEY_ID", &jwk::thumbprint(rsa.n(), rsa.e()))
        .replace("REGISTERED_KEY_MODULUS", &jwk::encode(rsa.n()))
        .replace("ANOTHER_KEY_MODULUS", &jwk::encode(another.n()));
    write_private(&dir.join(CLIENTS), Zeroizing::new(clients).as_bytes())
}

fn write_key(path: &Path, key: &PKey<Private>) -> Result<(), SimulatorError> {
    write_private(path, &Zeroizing::new(key.private_key_to_pem_pkcs8()?))
}
