//! The profiles of several files, and what they inherit from each other.
//!
//! Profiles of the same name are one profile: the project's file wins key by key, the user's fills the rest. After
//! that comes the profile that `extends` names, in either file. An empty value removes an inherited one. A signing key
//! replaces every inherited one, of any kind.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ConfigFile, ConfigFileKind, KnownSetting, Location, ProfileError, ProfileHeader, ProfileValue, ProfileWarning,
    SettingRole, location::shown, section::ProfileSection, setting, suggest::suggest,
};

/// How many profiles may extend each other in a row.
const MAXIMUM_DEPTH: usize = 16;

/// All profiles of all files.
#[derive(Debug)]
pub struct Profiles {
    files: Vec<ConfigFile>,
    known: Vec<KnownSetting>,
    pub(super) warnings: Vec<ProfileWarning>,
}

/// A profile with everything that it inherits.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its settings by name (`client-id`), those that have a value, in the caller's order.
    pub values: Vec<(&'static str, ProfileValue)>,
    /// The headers it adds.
    pub headers: Vec<ProfileHeader>,
    /// Whether a project file decides which of the user's addresses are used together: by `extends`, or by removing one.
    pub project_combines_addresses: bool,
    /// Problems that do not prevent its use.
    pub warnings: Vec<ProfileWarning>,
}

/// What the files set under one name, the project's file first.
type SameName<'a> = (String, Vec<&'a ProfileSection>);

impl Profiles {
    /// Combines files, highest precedence first.
    #[must_use]
    pub fn new(files: Vec<ConfigFile>, known: &[KnownSetting]) -> Self {
        Self { files, known: known.to_vec(), warnings: Vec::new() }
    }

    /// Returns the names of all profiles.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.files.iter().flat_map(ConfigFile::profiles).map(|(name, _)| name).collect()
    }

    fn contains(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.profiles.contains_key(name))
    }

    /// Returns the name of the default profile, and where it is set.
    #[must_use]
    pub fn default_profile(&self) -> Option<(&str, &Location)> {
        let (name, location) = self.files.iter().find_map(|file| file.default_profile.as_ref())?;
        Some((name, location))
    }

    /// Returns problems of the files as a whole. Those of one profile are in [`Profile::warnings`].
    #[must_use]
    pub fn warnings(&self) -> &[ProfileWarning] {
        &self.warnings
    }

    /// Returns the profile of this name, or the default one if there is one. Faults of other profiles do not matter.
    ///
    /// # Errors
    /// [`ProfileError`] when the profile does not exist; when it, or one that it extends, has a fault; when it extends
    /// one that does not exist, or itself in the end; when it has two signing keys.
    pub fn profile(&self, name: Option<&str>) -> Result<Option<Profile>, ProfileError> {
        let suggestion = |name| suggest(name, self.names());
        let name = match (name, self.default_profile()) {
            (Some(name), _) if !self.contains(name) => {
                let suggestion = suggestion(name);
                let names = self.names().into_iter().map(shown).collect();
                return Err(ProfileError::UnknownProfile { name: shown(name), names, suggestion });
            }
            (None, Some((name, location))) if !self.contains(name) => {
                let (suggestion, location) = (suggestion(name), location.clone());
                return Err(ProfileError::UnknownDefault { location, name: shown(name), suggestion });
            }
            (Some(name), _) | (None, Some((name, _))) => name,
            (None, None) => return Ok(None),
        };
        self.merged(name).map(Some)
    }

    /// Merges a profile with everything that it inherits.
    fn merged(&self, name: &str) -> Result<Profile, ProfileError> {
        let mut values: BTreeMap<&'static str, ProfileValue> = BTreeMap::new();
        let mut headers: Vec<ProfileHeader> = Vec::new();
        let mut header_names = BTreeSet::new();
        let mut has_key = false;
        let mut project_extends = false;
        for (name, sections) in self.chain(name)? {
            let extends = sections.iter().find_map(|section| section.extends.as_ref());
            project_extends |= extends.is_some_and(|(.., kind)| *kind == ConfigFileKind::Project);
            let mut keys = Vec::new();
            for (name, value) in sections.iter().flat_map(|section| &section.values) {
                let Some(setting) = setting::find(&self.known, name) else { continue };
                let is_key = setting.has(SettingRole::KeySource);
                if values.contains_key(name) || (is_key && has_key) {
                    continue;
                }
                if is_key && !value.is_empty(setting) {
                    keys.push((*name, value));
                }
                values.insert(name, value.clone());
            }
            if let [(first, one), (second, other), ..] = keys.as_slice() {
                return Err(ProfileError::TwoKeys {
                    profile: shown(&name),
                    first: setting::key(first),
                    first_location: Box::new(one.location().clone()),
                    second: setting::key(second),
                    second_location: Box::new(other.location().clone()),
                });
            }
            has_key |= !keys.is_empty();
            let new = sections.iter().flat_map(|section| &section.headers);
            headers.extend(new.filter(|new| header_names.insert(new.header.name().to_lowercase())).cloned());
        }
        headers.retain(|own| !own.header.is_empty());
        let settings = self.known.iter().filter_map(|setting| Some((setting, values.remove(setting.name)?)));
        let (values, removed): (Vec<_>, Vec<_>) = settings.partition(|(setting, value)| !value.is_empty(setting));
        let project_removes = removed
            .iter()
            .any(|(setting, value)| setting.has(SettingRole::Address) && value.kind() == ConfigFileKind::Project);
        let project_combines_addresses = project_extends || project_removes;
        let values = values.into_iter().map(|(setting, value)| (setting.name, value)).collect();
        let mut profile =
            Profile { name: name.to_owned(), values, headers, project_combines_addresses, warnings: Vec::new() };
        profile.warnings = self.plain_secrets(&profile).chain(self.project_addresses(&profile)).collect();
        Ok(profile)
    }

    /// Returns the profiles that make up a profile, highest precedence first.
    fn chain(&self, name: &str) -> Result<Vec<SameName<'_>>, ProfileError> {
        let mut chain = vec![(name.to_owned(), self.sections(name)?)];
        let mut first_location = None;
        while let Some((own, sections)) = chain.last()
            && let Some((base, location, _)) = sections.iter().find_map(|section| section.extends.as_ref())
        {
            let first_location = first_location.get_or_insert(location);
            if !self.contains(base) {
                // A profile that extends itself would be the next error.
                let suggestion = suggest(base, self.names()).filter(|suggestion| suggestion != own);
                let (profile, base) = (shown(own), shown(base));
                return Err(ProfileError::UnknownBase { location: location.clone(), profile, base, suggestion });
            }
            if let Some(start) = chain.iter().position(|(seen, _)| seen == base) {
                let circle = chain[start..].iter().map(|(name, _)| name).chain([base]);
                let path = circle.map(|name| shown(name)).collect();
                return Err(ProfileError::Circle { location: location.clone(), path });
            }
            if chain.len() > MAXIMUM_DEPTH {
                let location = first_location.clone();
                return Err(ProfileError::TooDeep { location, profile: shown(name), limit: MAXIMUM_DEPTH });
            }
            chain.push((base.clone(), self.sections(base)?));
        }
        Ok(chain)
    }

    /// Returns what the files set under one name, highest precedence first.
    fn sections(&self, name: &str) -> Result<Vec<&ProfileSection>, ProfileError> {
        let sections = self.files.iter().filter_map(|file| file.profiles.get(name));
        sections.map(|(section, _)| section.fault.clone().map_or(Ok(section), Err)).collect()
    }

    /// Warns of the secrets in the files that this profile uses.
    fn plain_secrets(&self, profile: &Profile) -> impl Iterator<Item = ProfileWarning> {
        let alternative = |name: &str| setting::find(&self.known, name).and_then(KnownSetting::alternative);
        profile.values.iter().filter_map(move |(name, value)| {
            let (alternative, location) = (alternative(name)?, value.location().clone());
            Some(ProfileWarning::PlainSecret { name, location, alternative })
        })
    }

    /// Warns when a project file decides where a grant signed with the user's own key is sent.
    fn project_addresses(&self, profile: &Profile) -> impl Iterator<Item = ProfileWarning> {
        let with = |role: SettingRole, kind: ConfigFileKind| {
            let known = &self.known;
            let has = move |name: &str| setting::find(known, name).is_some_and(|setting| setting.has(role));
            profile.values.iter().filter(move |(name, value)| has(name) && value.kind() == kind)
        };
        let own_key = with(SettingRole::KeySource, ConfigFileKind::User).next();
        let addresses = with(SettingRole::Address, ConfigFileKind::Project);
        addresses.filter_map(move |(name, value)| {
            let (location, key) = (value.location().clone(), own_key?.1.location().clone());
            Some(ProfileWarning::ProjectAddress { name, location, key })
        })
    }
}

impl Profile {
    /// Returns the value of a setting.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&ProfileValue> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}
