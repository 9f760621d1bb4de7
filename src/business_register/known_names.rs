//! Keeps the names of organisations for a day, so that a list with names does not ask for them each time.
//!
//! The file is one for all names of one register. Its content is public; it is kept from other users because it shows
//! which organisations this one works with.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::MAXIMUM_CHARACTERS;
use crate::{
    file::{self, check_unchangeable_by_others, create_private_folder},
    http::Endpoint,
    organisation::OrganisationNumber,
    text::server_text,
};

const FILE: &str = "organisations.json";
/// A longer file is not read.
const MAXIMUM_BYTES: u64 = 4 * 1024 * 1024;
/// With more names the oldest are dropped, so that the file can be read again.
const MAXIMUM_NAMES: usize = 10_000;
/// How long a name counts.
const LIFETIME: TimeDelta = TimeDelta::days(1);

/// The names that are known, of one register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNames {
    register: String,
    names: BTreeMap<String, KnownName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KnownName {
    /// `None` if the register does not have the organisation.
    name: Option<String>,
    read_at: DateTime<Utc>,
}

impl KnownNames {
    /// Returns the file in a cache folder.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads the file. Without one that can be used, and from that of another register, no name is known.
    #[must_use]
    pub fn read(path: Option<&Path>, register: &Endpoint, now: DateTime<Utc>) -> Self {
        let stored = path.and_then(|path| {
            let (content, metadata) = file::read_with_metadata(path, MAXIMUM_BYTES).ok()?;
            check_unchangeable_by_others(path, &metadata).ok()?;
            serde_json::from_slice::<Self>(&content).ok()
        });
        let mut known = stored
            .filter(|stored| stored.register == register.as_str())
            .unwrap_or_else(|| Self { register: register.as_str().to_owned(), names: BTreeMap::new() });
        // A time in the future is that of a clock that was wrong.
        let counts = |known: &KnownName| (TimeDelta::zero()..LIFETIME).contains(&(now - known.read_at));
        known.names.retain(|_, name| counts(name));
        for name in known.names.values_mut() {
            name.name = name.name.take().map(|name| server_text(&name, MAXIMUM_CHARACTERS));
        }
        known
    }

    /// Whether it is known which name an organisation has, or that it has none.
    #[must_use]
    pub fn has(&self, number: &OrganisationNumber) -> bool {
        self.names.contains_key(number.digits())
    }

    /// Returns the name of an organisation.
    #[must_use]
    pub fn name(&self, number: &OrganisationNumber) -> Option<&str> {
        self.names.get(number.digits())?.name.as_deref()
    }

    /// Adds the name of an organisation; `None` if the register does not have it.
    pub fn add(&mut self, number: &OrganisationNumber, name: Option<String>, now: DateTime<Utc>) {
        let known = KnownName { name, read_at: now };
        self.names.insert(number.digits().to_owned(), known);
    }

    /// Writes the file, which only its owner can read; the folder is created when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be created or written to.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(_, known)| std::cmp::Reverse(known.read_at));
        names.truncate(MAXIMUM_NAMES);
        let names = names.into_iter().map(|(number, known)| (number.clone(), known.clone())).collect();
        let stored = serde_json::to_vec(&Self { register: self.register.clone(), names })?;
        create_private_folder(path.parent().unwrap_or(Path::new(".")))?;
        file::write_private(path, &stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_for_a_day_and_for_one_register() {
        let folder = tempfile::tempdir().unwrap();
        let path = KnownNames::path(&folder.path().join("cache"));
        let register = Endpoint::parse("https://data.brreg.no").unwrap();
        let now: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();
        let [named, unknown, other] =
            ["991825827", "310700010", "974760673"].map(|number| OrganisationNumber::parse(number).unwrap());
        let mut known = KnownNames::read(Some(&path), &register, now);
        assert!(!known.has(&named));

        known.add(&named, Some("DIGDIR".to_owned()), now);
        known.add(&unknown, None, now - TimeDelta::hours(20));
        known.write(&path).unwrap();

        let again = KnownNames::read(Some(&path), &register, now + TimeDelta::hours(3));
        assert_eq!((again.name(&named), again.has(&unknown), again.has(&other)), (Some("DIGDIR"), true, false));
        let later = KnownNames::read(Some(&path), &register, now + TimeDelta::hours(5));
        assert_eq!((later.has(&named), later.has(&unknown)), (true, false));
        assert!(!KnownNames::read(Some(&path), &register, now + TimeDelta::hours(24)).has(&named));
        assert!(!KnownNames::read(Some(&path), &register, now - TimeDelta::seconds(1)).has(&named));
        let elsewhere = Endpoint::parse("http://127.0.0.1:1").unwrap();
        assert!(!KnownNames::read(Some(&path), &elsewhere, now).has(&named));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_and_one_that_others_can_change_does_not_count() {
        use std::{fs, os::unix::fs::PermissionsExt as _};

        let folder = tempfile::tempdir().unwrap();
        let path = KnownNames::path(folder.path());
        let register = Endpoint::parse("https://data.brreg.no").unwrap();
        let now = Utc::now();
        let number = OrganisationNumber::parse("991825827").unwrap();
        let mut known = KnownNames::read(Some(&path), &register, now);
        known.add(&number, Some("DIGDIR".to_owned()), now);
        known.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(KnownNames::read(Some(&path), &register, now).has(&number));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!KnownNames::read(Some(&path), &register, now).has(&number));

        fs::write(&path, "{").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!KnownNames::read(Some(&path), &register, now).has(&number));
    }

    #[test]
    fn the_oldest_names_are_dropped_when_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = KnownNames::path(folder.path());
        let register = Endpoint::parse("https://data.brreg.no").unwrap();
        let now = Utc::now();
        let mut known = KnownNames::read(Some(&path), &register, now);
        let name = |age: i64| KnownName { name: None, read_at: now - TimeDelta::seconds(age) };
        let ages = 0..=i64::try_from(MAXIMUM_NAMES).unwrap();
        known.names = ages.map(|age| (age.to_string(), name(age))).collect();

        known.write(&path).unwrap();

        let kept = KnownNames::read(Some(&path), &register, now).names;
        assert_eq!((kept.len(), kept.contains_key("0"), kept.contains_key("10000")), (MAXIMUM_NAMES, true, false));
    }
}
