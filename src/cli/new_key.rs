//! A new private key: generated, and written to a file that only its owner can read.

use std::{io, path::Path};

use maskinporten::{
    file,
    keystore::{NewKey, NewKeyError, NewKeyKind},
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    progress::Progress,
    report::{Exit, Failure, Report},
};

/// Generates a key; without a key id, its thumbprint becomes the id.
pub(crate) fn generate(kind: NewKeyKind, key_id: Option<&str>, report: &Report) -> Result<NewKey, Failure> {
    let _progress = Progress::start("generating a key", report);
    loop {
        let key = NewKey::generate(kind, key_id).map_err(|error| {
            let exit = if matches!(error, NewKeyError::KeyId(_)) { Exit::Usage } else { Exit::Key };
            Failure::new(exit, &error)
        })?;
        // One thumbprint of 64 begins with a hyphen, and would be taken for an option where the id is an argument.
        if key_id.is_some() || !key.key_id().starts_with('-') {
            return Ok(key);
        }
    }
}

/// Writes a new file with mode 0600, completely or not at all; an existing file is not replaced.
pub(crate) fn write_private(path: &Path, jwk: &SecretString) -> Result<(), Failure> {
    let line = Zeroizing::new(format!("{}\n", jwk.expose_secret()));
    let written = file::private_beside(path, line.as_bytes())
        .and_then(|file| file.persist_noclobber(path).map_err(|error| error.error));
    written.map(drop).map_err(|error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => "the file exists already".to_owned(),
            io::ErrorKind::NotFound => "the folder does not exist".to_owned(),
            kind => io::Error::from(kind).to_string(),
        };
        let message = format!("could not write the private key to `{}`: {why}", path.display());
        Failure::plain(Exit::Key, "key_file", message, Some("pass another file with --out FILE".to_owned()))
    })
}
