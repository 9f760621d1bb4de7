//! Profiles of several files, and what they take over from each other.
//!
//! Profiles of the same name are one profile: the project's file wins key by key, the user's fills the rest. After
//! that comes what `extends` names, in either file. An empty value stands for none, and takes none over.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ConfigFile, FileKind, Header, KnownSetting, Place, ProfileError, Role, Value, Warning, nearest,
    place::shown,
    section::{Section, is_nothing},
    setting,
};

/// How many profiles may extend each other in a row.
const MAXIMUM_DEPTH: usize = 16;

/// All profiles of all files, which fit together.
#[derive(Debug)]
pub struct Profiles {
    files: Vec<ConfigFile>,
    known: Vec<KnownSetting>,
    pub(super) warnings: Vec<Warning>,
}

/// A profile with everything that it takes over.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its settings by name (`client-id`), those that have a value, in the caller's order.
    pub values: Vec<(&'static str, Value)>,
    /// The headers it adds.
    pub headers: Vec<Header>,
    /// What its user should know about it.
    pub warnings: Vec<Warning>,
}

impl Profiles {
    /// Puts files together, the strongest first.
    ///
    /// # Errors
    /// [`ProfileError`] when a profile extends one that does not exist, or itself in the end; when one names two keys
    /// to sign with; when a default does not exist.
    pub fn of(files: Vec<ConfigFile>, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        let profiles = Self { files, known: known.to_vec(), warnings: Vec::new() };
        for name in profiles.names() {
            profiles.merged(name)?;
        }
        for (name, place) in profiles.files.iter().filter_map(|file| file.default_profile.as_ref()) {
            if !profiles.names().contains(name.as_str()) {
                let (name, place, nearest) = (shown(name), place.clone(), profiles.nearest(name));
                return Err(ProfileError::UnknownDefault { place, name, nearest });
            }
        }
        Ok(profiles)
    }

    /// The names of all profiles.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.files.iter().flat_map(ConfigFile::profiles).map(|(name, _)| name).collect()
    }

    /// The profile that counts when none is asked for, and where that is said.
    #[must_use]
    pub fn default_profile(&self) -> Option<(&str, &Place)> {
        let (name, place) = self.files.iter().find_map(|file| file.default_profile.as_ref())?;
        Some((name, place))
    }

    /// The files that were read, the strongest first.
    #[must_use]
    pub fn files(&self) -> &[ConfigFile] {
        &self.files
    }

    /// What the user should know about the files that were looked for. What there is to know about a profile stands
    /// in [`Profile::warnings`], and about a whole file in [`ConfigFile::warnings`].
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The profile that was asked for, else the default one, if there is one.
    ///
    /// # Errors
    /// [`ProfileError::UnknownProfile`] when no profile has the name.
    pub fn profile(&self, asked: Option<&str>) -> Result<Option<Profile>, ProfileError> {
        let Some(name) = asked.or(self.default_profile().map(|(name, _)| name)) else { return Ok(None) };
        if !self.names().contains(name) {
            let names = self.names().into_iter().map(shown).collect();
            return Err(ProfileError::UnknownProfile { name: shown(name), names, nearest: self.nearest(name) });
        }
        self.merged(name).map(Some)
    }

    fn nearest(&self, name: &str) -> Option<String> {
        nearest::nearest(name, self.names())
    }

    /// A profile and all that it takes over.
    fn merged(&self, name: &str) -> Result<Profile, ProfileError> {
        let chain = self.chain(name)?;
        let mut values: BTreeMap<&'static str, Value> = BTreeMap::new();
        let mut headers: Vec<Header> = Vec::new();
        let mut header_names = BTreeSet::new();
        for section in chain {
            for (name, value) in &section.values {
                values.entry(name).or_insert_with(|| value.clone());
            }
            let new = section.headers.iter().filter(|header| header_names.insert(header.name.to_lowercase()));
            headers.extend(new.cloned());
        }
        values.retain(|name, value| !is_nothing(&self.known, name, value));
        headers.retain(|header| !header.value.is_empty());
        let values = self.known.iter().filter_map(|setting| values.remove_entry(setting.name)).collect();
        let mut profile = Profile { name: name.to_owned(), values, headers, warnings: Vec::new() };
        self.one_key(&profile)?;
        profile.warnings = self.plain_secrets(&profile);
        profile.warnings.extend(self.project_addresses(&profile));
        Ok(profile)
    }

    /// The sections that make up a profile, the strongest first.
    fn chain(&self, name: &str) -> Result<Vec<&Section>, ProfileError> {
        let mut path = vec![name.to_owned()];
        let mut first_place = None;
        let mut sections = self.sections(name);
        let mut chain = sections.clone();
        while let Some((base, place)) = sections.iter().find_map(|section| section.extends.as_ref()) {
            let start = first_place.get_or_insert_with(|| place.clone()).clone();
            let own = path.last().map(|own| shown(own)).unwrap_or_default();
            sections = self.sections(base);
            if sections.is_empty() {
                // A profile that extends itself would be the next error.
                let nearest = self.nearest(base).filter(|nearest| path.last() != Some(nearest));
                let place = place.clone();
                return Err(ProfileError::UnknownBase { place, profile: own, base: shown(base), nearest });
            }
            path.push(base.clone());
            if let Some(round) = path.iter().position(|seen| seen == base).filter(|at| at + 1 < path.len()) {
                let path = path.iter().skip(round).map(|name| shown(name)).collect();
                return Err(ProfileError::Circle { place: place.clone(), path });
            }
            if path.len() > MAXIMUM_DEPTH + 1 {
                return Err(ProfileError::TooDeep { place: start, profile: shown(name), limit: MAXIMUM_DEPTH });
            }
            chain.extend(&sections);
        }
        Ok(chain)
    }

    /// What the files say of one name, the strongest first.
    fn sections(&self, name: &str) -> Vec<&Section> {
        self.files.iter().filter_map(|file| file.profiles.get(name)).map(|(section, _)| section).collect()
    }

    fn one_key(&self, profile: &Profile) -> Result<(), ProfileError> {
        let mut keys = self.with_role(profile, Role::KeySource);
        match (keys.next(), keys.next()) {
            (Some((first, one)), Some((second, other))) => Err(ProfileError::TwoKeys {
                profile: shown(&profile.name),
                first: setting::key(first),
                first_place: Box::new(one.place.clone()),
                second: setting::key(second),
                second_place: Box::new(other.place.clone()),
            }),
            _ => Ok(()),
        }
    }

    /// Warns of secrets that stand in a file, those of this profile only.
    fn plain_secrets(&self, profile: &Profile) -> Vec<Warning> {
        let instead = |name: &str| setting::find(&self.known, name).and_then(KnownSetting::instead);
        let secrets = profile.values.iter().filter_map(|(name, value)| Some((*name, value, instead(name)?)));
        secrets
            .map(|(name, value, instead)| Warning::PlainSecret { name, place: value.place.clone(), instead })
            .collect()
    }

    /// Warns when a project file sends elsewhere what the user's own key signs.
    fn project_addresses(&self, profile: &Profile) -> Vec<Warning> {
        let own_key = self.with_role(profile, Role::KeySource).find(|(_, value)| value.kind == FileKind::User);
        let Some((_, key)) = own_key else { return Vec::new() };
        let theirs = self.with_role(profile, Role::Address).filter(|(_, value)| value.kind == FileKind::Project);
        theirs
            .map(|(name, value)| Warning::ProjectAddress { name, place: value.place.clone(), key: key.place.clone() })
            .collect()
    }

    fn with_role<'a>(&'a self, profile: &'a Profile, role: Role) -> impl Iterator<Item = (&'static str, &'a Value)> {
        let has = move |name: &str| setting::find(&self.known, name).is_some_and(|setting| setting.is(role));
        profile.values.iter().filter(move |(name, _)| has(name)).map(|(name, value)| (*name, value))
    }
}

impl Profile {
    /// The value of a setting.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}
