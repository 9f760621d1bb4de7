//! Lines to settings of the original, by environment, the last assignment winning.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Format, Reason, Remark,
    line::{Line, Part, Statement, Text},
};
use crate::{
    environment::Environment,
    profile::{Place, nearest::nearest, place::folder_of},
};

/// The keys of the original's config files, behind the environment's prefix.
const KEYS: [&str; 14] = [
    "certificate_thumbprint",
    "use_current_user_store_location",
    "keystore_path",
    "keystore_password",
    "jwk_path",
    "kid",
    "client_id",
    "resource",
    "scopes",
    "audience",
    "token_endpoint",
    "authorize_endpoint",
    "person_mode",
    "consumer_org",
];

/// The keys of the Java demonstration, and what the original calls them.
const PROPERTIES: [(&str, &str); 15] = [
    ("issuer", "client_id"),
    ("iss", "client_id"),
    ("client.id", "client_id"),
    ("audience", "audience"),
    ("aud", "audience"),
    ("token.endpoint", "token_endpoint"),
    ("resource", "resource"),
    ("scope", "scopes"),
    ("consumer_org", "consumer_org"),
    ("kid", "kid"),
    ("keystore.file", "keystore_path"),
    ("keystore.password", "keystore_password"),
    ("keystore.alias", "alias"),
    ("keystore.alias.password", "key_password"),
    ("keystore.type", "keystore_type"),
];

/// The prefixes of names, and the environments they stand for.
const PREFIXES: [(&str, Environment); 5] = [
    ("production", Environment::Prod),
    ("prod", Environment::Prod),
    ("test", Environment::Test),
    ("dev", Environment::Dev),
    ("ver2", Environment::Ver2),
];

/// Nobody reads more remarks than this on names that are no keys.
const MAXIMUM_UNKNOWN: usize = 500;

/// A value of the original, and where it stands.
pub(super) struct Assigned {
    pub(super) value: Result<Text, Reason>,
    pub(super) place: Place,
    /// The name as it is written there.
    pub(super) name: String,
    /// The folder that its relative path belongs to.
    pub(super) base: PathBuf,
    /// How many stood before it.
    pub(super) sequence: usize,
}

/// What one environment, or one client, has.
#[derive(Default)]
pub(super) struct Group {
    pub(super) profile: String,
    pub(super) environment: Option<Environment>,
    pub(super) values: BTreeMap<&'static str, Assigned>,
    /// Assignments in comments, which count only when nothing else sets the key.
    pub(super) comments: Vec<(&'static str, Remark)>,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Collection {
    pub(super) groups: Vec<Group>,
    pub(super) remarks: Vec<Remark>,
    /// Names that are no keys: help variables, if something uses them.
    pub(super) helpers: Vec<(String, Remark)>,
    sequence: usize,
}

impl Collection {
    pub(super) fn add(&mut self, path: &Path, base: &Path, format: Format, lines: Vec<Line>) {
        let file = Arc::from(path);
        let base = folder_of(base);
        let own = (format == Format::Properties).then(|| client_of(path, &lines));
        for Line { number, says } in lines {
            let place = Place::new(&file, number, None);
            match (says, &own) {
                (Statement::Set(name, value), None) => self.set(&base, place, name, value),
                (Statement::Set(name, value), Some(client)) => self.property(client, &base, place, name, value),
                (Statement::Commented(name), _) => {
                    // The original's own file has this one in a comment, with a value.
                    let meant = split(&name).filter(|(_, key)| *key != "use_current_user_store_location");
                    if let Some((environment, key)) = meant {
                        let remark = Remark { place, name: Some(name.clone()), reason: Reason::Comment };
                        self.group(environment.name(), Some(environment)).comments.push((key, remark));
                    }
                }
                (Statement::Other(reason), _) => self.remarks.push(Remark { place, name: None, reason }),
            }
        }
    }

    fn set(&mut self, base: &Path, place: Place, name: String, value: Result<Text, Reason>) {
        if let Some((environment, key)) = split(&name) {
            return self.assign((environment.name(), Some(environment)), key, base, place, name, value);
        }
        if self.helpers.len() >= MAXIMUM_UNKNOWN {
            return;
        }
        let all: Vec<String> =
            PREFIXES.iter().flat_map(|(prefix, _)| KEYS.iter().map(move |key| format!("{prefix}_{key}"))).collect();
        let nearest = nearest(&name, all.iter().map(String::as_str));
        let remark = Remark { place, name: presentable(&name), reason: Reason::UnknownKey(nearest) };
        self.helpers.push((name.to_lowercase(), remark));
    }

    fn property(
        &mut self,
        (client, environment): &(String, Option<Environment>),
        base: &Path,
        place: Place,
        name: String,
        value: Result<Text, Reason>,
    ) {
        if let Some((_, key)) = PROPERTIES.iter().find(|(property, _)| *property == name) {
            return self.assign((client, *environment), key, base, place, name, value);
        }
        if self.remarks.len() >= MAXIMUM_UNKNOWN {
            return;
        }
        let nearest = nearest(&name, PROPERTIES.iter().map(|(property, _)| *property));
        let name = presentable(&name).filter(|_| value != Ok(Vec::new()));
        self.remarks.push(Remark { place, name, reason: Reason::UnknownKey(nearest) });
    }

    fn assign(
        &mut self,
        (profile, environment): (&str, Option<Environment>),
        key: &'static str,
        base: &Path,
        place: Place,
        name: String,
        value: Result<Text, Reason>,
    ) {
        self.sequence += 1;
        let assigned = Assigned { value, place, name, base: base.to_owned(), sequence: self.sequence };
        self.group(profile, environment).values.insert(key, assigned);
    }

    fn group(&mut self, profile: &str, environment: Option<Environment>) -> &mut Group {
        let at = self.groups.iter().position(|group| group.profile == profile).unwrap_or(self.groups.len());
        if at == self.groups.len() {
            self.groups.push(Group { profile: profile.to_owned(), environment, ..Group::default() });
        }
        &mut self.groups[at]
    }
}

/// Whether this is a key of the Java demonstration.
pub(super) fn is_property(name: &str) -> bool {
    PROPERTIES.iter().any(|(property, _)| *property == name)
}

/// The environment and the key that a name of the original is made of.
fn split(name: &str) -> Option<(Environment, &'static str)> {
    let lower = name.to_lowercase();
    let (prefix, rest) = lower.split_once('_')?;
    let (_, environment) = PREFIXES.iter().find(|(own, _)| *own == prefix)?;
    let key = KEYS.iter().find(|key| **key == rest)?;
    Some((*environment, key))
}

/// The name of a client that has a file of its own: its environment, else the file's name.
fn client_of(path: &Path, lines: &[Line]) -> (String, Option<Environment>) {
    let last = |names: [&str; 2]| {
        lines.iter().rev().find_map(|line| match &line.says {
            Statement::Set(name, Ok(value)) if names.contains(&name.as_str()) => match value.as_slice() {
                [Part::Text(text)] => Some(text.clone()),
                _ => None,
            },
            _ => None,
        })
    };
    let (audience, endpoint) = (last(["audience", "aud"]), last(["token.endpoint", ""]));
    let fits = |environment: &Environment| {
        environment.addresses().is_some_and(|addresses| {
            (audience.is_some() || endpoint.is_some())
                && audience.as_ref().is_none_or(|audience| *audience == addresses.issuer)
                && endpoint.as_ref().is_none_or(|endpoint| *endpoint == addresses.token_endpoint)
        })
    };
    if let Some(environment) = Environment::ALL.into_iter().find(fits) {
        return (environment.name().to_owned(), Some(environment));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = stem.chars().filter(|character| !character.is_control()).take(64).collect();
    (if name.is_empty() { "imported".to_owned() } else { name }, None)
}

/// A name that is one: a line without an equals sign may be the rest of a password.
fn presentable(name: &str) -> Option<String> {
    let fits = |character: char| character.is_alphanumeric() || "._-".contains(character);
    (name.len() <= 40 && name.chars().all(fits)).then(|| name.to_owned())
}
