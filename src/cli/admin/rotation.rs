//! `maskinporten client keys rotate`: replaces the key of a profile, in an order in which one of both keys always works.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use maskinporten::{
    admin::{AdminRequest, ClientKeys, ClientKeysError},
    explain::Explain as _,
};

use super::{
    change::Plan,
    client_document::time,
    client_keys::{CHANGE, difference, not_changed, print_keys, read_keys, read_public_keys, write_keys},
    new_key::{NewClientKey, until_accepted},
    rotated_profile::RotatedProfile,
    session::AdminSession,
};
use crate::cli::{
    args::{ChangeArguments, ClientKeysRotateArguments, ListFormat},
    progress::Progress,
    report::{Exit, Failure, Report},
};

/// What is left to do if the rotation does not end well. It is printed when this is dropped, also after Ctrl-C.
struct Unfinished<'a> {
    advice: Option<String>,
    report: &'a Report,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(advice) = &self.advice {
            self.report.warning(advice);
        }
    }
}

pub(super) async fn rotate(
    arguments: ClientKeysRotateArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let ClientKeysRotateArguments { rotated, out, new_key, public_key, wait, overlap, change, admin } = arguments;
    let (wait, overlap) = (time("--wait", &wait)?, time("--overlap", &overlap)?);
    let profile = RotatedProfile::read(&rotated, config.clone(), report).await?;
    let session = AdminSession::open(admin.settings, &CHANGE, config, report)?;
    let before = read_keys(&session, &profile.client_id).await?;
    if before.find(&profile.key_id).is_none() {
        return Err(not_registered(&profile, &before));
    }
    let rotation =
        Rotation { profile: &profile, session: &session, wait, overlap, change, format: admin.format, report };
    if let Some(file) = public_key {
        return rotation.add_public(&file, &before).await;
    }
    let key = match new_key {
        Some(file) => NewClientKey::read(file)?,
        None => NewClientKey::generate(&profile.name, out, &profile.folder, report).await?,
    };
    rotation.replace(key, &before).await
}

fn not_registered(profile: &RotatedProfile, keys: &ClientKeys) -> Failure {
    let error = ClientKeysError::Missing(profile.key_id.clone());
    let ids: Vec<&str> = keys.keys().iter().map(maskinporten::admin::ClientKey::id).collect();
    let failure = Failure::new(Exit::Configuration, &error);
    let about =
        format!("the key of the profile `{}` is not registered on the client {}", profile.name, profile.client_id);
    let hint = match ids.as_slice() {
        [] => error.hint().unwrap_or_default(),
        ids => format!("compare the key id and the client; the client has the keys {}", ids.join(", ")),
    };
    failure.about(&about).advising(hint)
}

/// The rotation of the key of a profile.
struct Rotation<'a> {
    profile: &'a RotatedProfile,
    session: &'a AdminSession,
    wait: Duration,
    overlap: Duration,
    change: ChangeArguments,
    format: ListFormat,
    report: &'a Arc<Report>,
}

impl Rotation<'_> {
    /// Adds a public key. Its private half is elsewhere, so only its owner can tell when the old key may go.
    async fn add_public(&self, file: &Path, before: &ClientKeys) -> Result<(), Failure> {
        let keys = read_public_keys(file)?;
        let both = keys.into_iter().try_fold(before.clone(), ClientKeys::with).map_err(|error| not_changed(&error))?;
        let client = &self.profile.client_id;
        let requests = vec![AdminRequest::replace_keys(client, both.to_json())];
        let plan = Plan { difference: vec![difference(before, &both)], requests };
        if plan.confirmed(self.change, self.format, self.report).await?.is_none() {
            return Ok(());
        }
        let after = write_keys(self.session, client, &both).await?;
        let old = &self.profile.key_id;
        self.report.note(&format!(
            "once the new key is in use, remove the old one: maskinporten client keys remove {client} {old}"
        ));
        print_keys(&after, self.format, self.report)
    }

    /// Replaces the key of the profile.
    async fn replace(&self, mut key: NewClientKey, before: &ClientKeys) -> Result<(), Failure> {
        let Self { profile, report, .. } = self;
        let client = &profile.client_id;
        let is_there = before.find(key.public.id()).is_some_and(|own| own.is(&key.public));
        let both = if is_there { Ok(before.clone()) } else { before.clone().with(key.public.clone()) };
        let after = both.clone().and_then(|both| both.without(&profile.key_id));
        let (both, after) = both.and_then(|both| Ok((both, after?))).map_err(|error| not_changed(&error))?;
        let path = key.path();
        let plan = Plan {
            difference: vec![difference(before, &after), profile.difference(&path)],
            requests: [&both, &after].map(|keys| AdminRequest::replace_keys(client, keys.to_json())).into(),
        };
        if plan.confirmed(self.change, self.format, report).await?.is_none() {
            return Ok(());
        }
        key.write()?;
        let (old, new, file) = (&profile.key_id, key.public.id(), path.display());
        let advice = format!(
            "the old key {old} still works: {}; the new key {new} is in {file}; go on with: maskinporten client keys \
             rotate {} --new-key {file}",
            profile.place, profile.name
        );
        let mut unfinished = Unfinished { advice: Some(advice), report };
        let what = format!("the key of the profile `{}` was not replaced; the new one is in {file}", profile.name);
        let failed = |failure: Failure| failure.about(&what);
        self.put_to_use(&both, new, &path).await.map_err(failed)?;
        let advice = format!(
            "the profile {} has the new key {new} in {file}; the old key {old} is still registered, remove it with: \
             maskinporten client keys remove {client} {old}",
            profile.name
        );
        unfinished.advice = Some(advice);
        let left = self.remove_old().await.map_err(|failure| failure.about("the old key was not removed"))?;
        unfinished.advice = None;
        report.note(&format!("the profile {} has the new key {new} in {file}", profile.name));
        report.note(&format!("the old key is no longer registered, and was not deleted: {}", profile.place));
        print_keys(&left, self.format, report)
    }

    /// Registers the new key beside the old one, waits until it is accepted, and writes it into the profile.
    async fn put_to_use(&self, both: &ClientKeys, new: &str, file: &Path) -> Result<(), Failure> {
        let Self { profile, report, .. } = self;
        write_keys(self.session, &profile.client_id, both).await?;
        report.note(&format!("the client {} has the new key {new} beside the old one", profile.client_id));
        until_accepted(profile.settings_with(file, new)?, self.wait, report).await?;
        report.note("a grant with the new key was accepted");
        profile.write(file, new)?;
        let written = RotatedProfile::read(&profile.name, profile.config.clone(), report).await?;
        let real = |path: &Path| path.canonicalize().ok();
        if written.key_id == new && real(Path::new(&written.place)) == real(file) {
            return Ok(());
        }
        let message = format!("the profile `{}` still has the key {}", profile.name, written.key_id);
        Err(Failure::plain(Exit::Configuration, "profile", message, Some("change it by hand".to_owned())))
    }

    /// Removes the old key from those that the client has by now. Programs that have read the profile before, such as a
    /// token server that has not reloaded it yet, still sign with it for a moment.
    async fn remove_old(&self) -> Result<ClientKeys, Failure> {
        let progress = Progress::countdown("waiting before the old key is removed", self.overlap, self.report);
        tokio::time::sleep(self.overlap).await;
        drop(progress);
        let client = &self.profile.client_id;
        let now = read_keys(self.session, client).await?;
        match now.clone().without(&self.profile.key_id) {
            Ok(left) => write_keys(self.session, client, &left).await,
            Err(ClientKeysError::Missing(_)) => Ok(now),
            Err(error) => Err(not_changed(&error)),
        }
    }
}
