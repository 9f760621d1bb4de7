//! A private key for a client: a new one, or one that was made before; and the wait until it is accepted.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use maskinporten::{
    admin::ClientKey,
    client::AccessToken,
    file::create_private_folder,
    keystore::{JwkFile, KeyFileKind, NewKeyKind, read_key_file},
    text::shown_path,
};
use secrecy::SecretString;
use tokio::time::Instant;

use super::client_keys::public_keys;
use crate::cli::{
    new_key,
    progress::Progress,
    report::{Exit, Failure, Report},
    settings::{KeySettings, Settings},
    signals,
    tokens::Tokens,
};

/// The pauses between two grants: Maskinporten needs up to two minutes.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How many characters of its id the name of a key's file has.
const ID_IN_NAME: usize = 8;

/// A private key for a client.
pub(super) struct NewClientKey {
    pub(super) public: ClientKey,
    pub(super) file: PathBuf,
    /// The private JWK, unless it is in the file already.
    unwritten: Option<SecretString>,
}

impl NewClientKey {
    /// Generates a key, which will be written to `out`, or else to a file in `folder` that is named after the profile.
    pub(super) async fn generate(
        profile: &str,
        out: Option<PathBuf>,
        folder: &Path,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        let generating = Arc::clone(report);
        let key = signals::blocking(move || new_key::generate(NewKeyKind::Rsa3072, None, &generating)).await?;
        let jwk = key.signing_key().public_jwk(key.key_id(), key.signing_key().default_algorithm());
        let public = first(public_keys(jwk.to_string().as_bytes(), "the new key")?);
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
        let (profile, id): (String, String) =
            (profile.chars().map(plain).collect(), key.key_id().chars().take(ID_IN_NAME).collect());
        let file = out.unwrap_or_else(|| folder.join(format!("{profile}-{id}.jwk.json")));
        Ok(Self { public, file, unwritten: Some(key.private_jwk().clone()) })
    }

    /// Reads a private JWK.
    pub(super) fn read(file: PathBuf) -> Result<Self, Failure> {
        let bytes = read_key_file(KeyFileKind::Jwk, &file)?;
        let name = shown_path(&file);
        // It must be able to sign; a set must have one key only.
        JwkFile::parse(&name, &*bytes)?.choose(None)?;
        let public = first(public_keys(&bytes, &format!("`{name}`"))?);
        Ok(Self { public, file, unwritten: None })
    }

    /// Writes the private key to its file, unless it is there.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        let Some(jwk) = self.unwritten.take() else { return Ok(()) };
        if let Some(folder) = self.file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            create_private_folder(folder).map_err(|error| {
                let message = format!("could not create the folder `{}`: {error}", folder.display());
                Failure::plain(Exit::Key, "key_file", message, Some("pass another file with --out FILE".to_owned()))
            })?;
        }
        new_key::write_private(&self.file, &jwk)
    }

    /// Returns the path, which does not depend on the current folder.
    pub(super) fn path(&self) -> PathBuf {
        std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone())
    }
}

fn first(mut keys: Vec<ClientKey>) -> ClientKey {
    keys.swap_remove(0)
}

/// Requests tokens until one is granted. Any refusal may come from a change that Maskinporten does not know of yet.
pub(super) async fn until_accepted(
    (mut settings, key): (Settings, KeySettings),
    limit: Duration,
    report: &Arc<Report>,
) -> Result<AccessToken, Failure> {
    settings.cache.is_off = true;
    // Every attempt would print the same warnings.
    let quiet = Arc::new(report.keeping_warnings());
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    let _progress = Progress::countdown("waiting until Maskinporten accepts the key", limit, report);
    loop {
        let failure = match Tokens::new((settings.clone(), key.clone()), &quiet)?.token().await {
            Ok(token) => return Ok(token),
            Err(failure) => failure,
        };
        let may_pass = matches!(failure.exit, Exit::Refused | Exit::Unreachable);
        if !may_pass || Instant::now() + pause > deadline {
            return Err(failure);
        }
        report.detail(&format!("not accepted yet: {}", failure.parts().0));
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}
