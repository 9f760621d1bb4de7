//! A profile whose key is replaced: which key it has, and where its file says so.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    profile::{ConfigFileKind, Profile, ProfileEdit, ProfileValue, Profiles, SettingRole},
    text::shown_path,
};

use crate::cli::{
    config::ConfigTarget,
    located_key::LocatedKey,
    report::{Exit, Failure, Report},
    settings::{self, ConfigFiles, KeySettings, Layer, SettingSources, Settings},
    signals,
};

/// A profile whose key is replaced.
pub(super) struct RotatedProfile {
    pub(super) name: String,
    pub(super) config: Option<PathBuf>,
    pub(super) client_id: String,
    /// The id of its key.
    pub(super) key_id: String,
    /// Where its key is, for messages.
    pub(super) place: String,
    /// Where a new key is written.
    pub(super) folder: PathBuf,
    /// What names the key, in each profile of the client that has it.
    values: Vec<(&'static str, ProfileValue)>,
    report: Arc<Report>,
}

impl RotatedProfile {
    /// Reads a profile, and opens its key to see which it is.
    pub(super) async fn read(name: &str, config: Option<PathBuf>, report: &Arc<Report>) -> Result<Self, Failure> {
        let files = ConfigFiles::new(config.clone());
        let mut sources = SettingSources::of_profile(name, &files, report)?;
        let client_id = sources.environment_and_client().1.ok_or_else(|| {
            let message = format!("the profile `{name}` has no client id");
            failure(message, "add client_id to it")
        })?;
        settings::add_environment(&mut sources, report)?;
        let key = KeySettings::parse(&sources)?;
        let origin = &key.source.origin;
        if !matches!(origin.layer, Layer::UserFile | Layer::ProjectFile) {
            let message = format!("the profile `{name}` has no key of its own: it is from {}", origin.label);
            return Err(failure(message, "name its key in the profile"));
        }
        let profiles = files.profiles(report)?;
        let values = values_of_key(profiles, name, &client_id)?;
        let place = key.source.value.location().unwrap_or(&origin.label).to_owned();
        let folder = folder(&place, &values);
        let opening = Arc::clone(report);
        let key_id = signals::blocking(move || key_id(key, &opening)).await?.ok_or_else(|| {
            let message = format!("the profile `{name}` uses a certificate, which is not registered on the client");
            failure(message, "order a new certificate; the client needs no change for that")
        })?;
        let (name, report) = (name.to_owned(), Arc::clone(report));
        Ok(Self { name, config, client_id, key_id, place, folder, values, report })
    }

    /// Returns what changes in the config file, as a line.
    pub(super) fn difference(&self, file: &Path) -> String {
        format!("{}: {} -> {}", self.name, self.place, shown_path(file))
    }

    /// Returns the settings of a grant that is signed with another key.
    pub(super) fn settings_with(&self, file: &Path, key_id: &str) -> Result<(Settings, KeySettings), Failure> {
        let mut sources = SettingSources::of_profile(&self.name, &ConfigFiles::new(self.config.clone()), &self.report)?;
        sources.decide("jwk", &file.display().to_string(), "the new key");
        sources.decide("kid", key_id, "the id of the new key");
        Settings::from_sources(&mut sources, &self.report)
    }

    /// Writes another key into the config files, wherever the old one is named for this client.
    pub(super) fn write(&self, file: &Path, key_id: &str) -> Result<(), Failure> {
        let mut files: Vec<(PathBuf, ConfigFileKind, Vec<ProfileEdit>)> = Vec::new();
        for (setting, value) in &self.values {
            let location = value.location().clone();
            let config = location.file().to_owned();
            let (new_setting, value_text) = match *setting {
                "kid" => ("kid", key_id.to_owned()),
                _ => ("jwk", relative(file, &config)),
            };
            let edit = ProfileEdit { location, setting, new_setting, value: value_text };
            match files.iter_mut().find(|(own, ..)| *own == config) {
                Some((.., edits)) if edits.contains(&edit) => {}
                Some((.., edits)) => edits.push(edit),
                None => files.push((config, value.kind(), vec![edit])),
            }
        }
        files.into_iter().try_for_each(|(config, kind, edits)| ConfigTarget::replace(config, kind, &edits))
    }
}

fn failure(message: String, hint: &str) -> Failure {
    Failure::plain(Exit::Configuration, "profile", message, Some(hint.to_owned()))
}

/// Returns the id under which a key is registered; `None` if the grant carries its certificate.
fn key_id(settings: KeySettings, report: &Arc<Report>) -> Result<Option<String>, Failure> {
    if settings.key_id.is_some() {
        return Ok(settings.key_id);
    }
    let key = LocatedKey::read(settings, Arc::default(), report)?.open_key()?;
    Ok(key.key_id().map(str::to_owned))
}

/// Returns the values that name the key of a profile, and those that name it in other profiles of the same client.
fn values_of_key(
    profiles: &Profiles,
    name: &str,
    client_id: &str,
) -> Result<Vec<(&'static str, ProfileValue)>, Failure> {
    let known = settings::known();
    let source_of = |profile: &Profile| {
        let is_source =
            |name: &str| known.iter().any(|setting| setting.name == name && setting.has(SettingRole::KeySource));
        profile.values.iter().find(|(name, _)| is_source(name)).cloned()
    };
    let Some(own) = profiles.profile(Some(name))? else { return Ok(Vec::new()) };
    if let Some(certificate) = own.value("certificate") {
        let message = format!("the profile `{name}` has a certificate beside its key: {}", certificate.location());
        return Err(failure(message, "remove `certificate` from it; a registered key needs none"));
    }
    let source = source_of(&own);
    let mut values = Vec::new();
    // A profile with a fault has no key that could be compared.
    for other in profiles.names().into_iter().filter_map(|name| profiles.profile(Some(name)).ok().flatten()) {
        let same = source_of(&other).filter(|(setting, value)| {
            source.as_ref().is_some_and(|(own, own_value)| own == setting && own_value.values() == value.values())
        });
        let Some(same) = same else { continue };
        let is_of_client =
            other.value("client-id").is_some_and(|id| id.values().last().is_some_and(|id| id == client_id));
        if is_of_client {
            let id = other.value("kid").map(|value| ("kid", value.clone()));
            values.extend([same].into_iter().chain(id));
        } else if source.as_ref().is_some_and(|(_, own)| own.location() == same.1.location()) {
            let message =
                format!("the profile `{}` gets the same key for another client: {}", other.name, same.1.location());
            return Err(failure(message, "name a key for each client in its own profile"));
        }
    }
    Ok(values)
}

/// Returns the folder of the old key, or else that of the config file.
fn folder(place: &str, values: &[(&'static str, ProfileValue)]) -> PathBuf {
    let config = values.first().map(|(_, value)| value.location().file());
    let beside = Some(Path::new(place)).filter(|path| path.is_file()).or(config);
    beside.and_then(Path::parent).map(Path::to_owned).unwrap_or_default()
}

/// Returns the path of a file as a config file names it: by its name alone if it is beside it.
fn relative(file: &Path, config: &Path) -> String {
    let folder = std::path::absolute(config).ok().and_then(|path| path.parent().map(Path::to_owned));
    let beside = folder.and_then(|folder| file.strip_prefix(folder).ok());
    beside.unwrap_or(file).display().to_string()
}
