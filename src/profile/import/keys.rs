//! The keys of other tools' files, and what each environment or client sets them to. The last assignment wins.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ImportFormat, ImportProblem, ImportRemark, program_settings,
    statement::{NumberedStatement, ParsedValue, Statement, ValuePart},
};
use crate::{
    environment::Environment,
    profile::{Location, location::folder_of, suggest::suggest},
    text::is_deceptive,
};

/// Finds the key of a name in a file with one client.
type KeyOf = fn(&str) -> Option<&'static str>;

/// The keys: the name in the original's config files, after the environment's prefix; the names in the Java
/// demonstration; and the setting. A name with a dot is not one of the original's.
pub(super) const KEYS: [(&str, &[&str], &str); 21] = [
    ("audience", &["audience", "aud"], "audience"),
    ("token_endpoint", &["token.endpoint"], "token-endpoint"),
    ("authorize_endpoint", &[], "authorize-endpoint"),
    ("client_id", &["issuer", "iss", "client.id"], "client-id"),
    ("consumer_org", &["consumer_org"], "consumer-org"),
    ("resource", &["resource"], "resource"),
    ("scopes", &["scope"], "scope"),
    ("keystore_path", &["keystore.file"], "keystore"),
    ("jwk_path", &[], "jwk"),
    ("certificate_thumbprint", &[], "certificate-thumbprint"),
    ("keystore_password", &["keystore.password"], "keystore-password-env"),
    ("keystore.alias", &["keystore.alias"], "alias"),
    ("kid", &["kid", "keystore.kid"], "kid"),
    ("person.pid", &["pid"], "pid"),
    ("settings.key", &[], "key-from"),
    ("settings.pem", &[], "key"),
    ("settings.environment", &[], "env"),
    ("keystore.alias.password", &["keystore.alias.password"], ""),
    ("keystore.type", &["keystore.type"], ""),
    ("person_mode", &[], ""),
    ("use_current_user_store_location", &[], ""),
];

/// The prefixes of the original's keys, and their environments.
const PREFIXES: [(&str, Environment); 5] = [
    ("production", Environment::Prod),
    ("prod", Environment::Prod),
    ("test", Environment::Test),
    ("dev", Environment::Dev),
    ("ver2", Environment::Ver2),
];

/// The greatest number of remarks on unknown keys.
const MAXIMUM_UNKNOWN: usize = 500;

/// The value of a key, and where it is set.
pub(super) struct Assignment {
    pub(super) value: ParsedValue,
    pub(super) location: Location,
    /// The key as it is written there.
    pub(super) name: String,
    /// The folder that a relative path in it starts from.
    pub(super) base: PathBuf,
    /// The number of assignments before it.
    pub(super) sequence: usize,
}

/// The keys of one environment, or of one client.
#[derive(Default)]
pub(super) struct KeyGroup {
    pub(super) profile: String,
    pub(super) environment: Option<Environment>,
    pub(super) values: BTreeMap<&'static str, Assignment>,
    /// Assignments in comments, which matter only when nothing else sets the key.
    pub(super) comments: Vec<(&'static str, ImportRemark)>,
}

/// The keys of all files.
#[derive(Default)]
pub(super) struct CollectedKeys {
    pub(super) groups: Vec<KeyGroup>,
    pub(super) remarks: Vec<ImportRemark>,
    /// Names that are not keys, in lower case: variables, if another value uses them.
    pub(super) helpers: Vec<(String, ImportRemark)>,
    sequence: usize,
}

impl CollectedKeys {
    /// Adds the statements of a file, whose relative paths start from the folder of `base`.
    pub(super) fn add(&mut self, path: &Path, base: &Path, format: ImportFormat, statements: Vec<NumberedStatement>) {
        let file = Arc::from(path);
        let base = folder_of(base);
        // The original's files have a client for each environment, and its name in each key.
        let key_of: Option<KeyOf> = match format {
            ImportFormat::PowerShell | ImportFormat::Batch => None,
            ImportFormat::Properties => Some(property),
            ImportFormat::Json | ImportFormat::Env => Some(program_settings::key),
        };
        let client = key_of.map(|key_of| (key_of, profile_for_file(path, &statements, key_of)));
        for (line, statement) in statements {
            let location = Location::new(&file, line, None);
            match statement {
                Statement::Set(name, value) => {
                    let known = match &client {
                        None => environment_and_key(&name)
                            .map(|(environment, key)| (environment.name(), environment.into(), key)),
                        Some((key_of, (profile, environment))) => {
                            key_of(&name).map(|key| (profile.as_str(), *environment, key))
                        }
                    };
                    let Some((profile, environment, key)) = known else {
                        self.unknown(client.is_some(), &name, &value, location);
                        continue;
                    };
                    self.sequence += 1;
                    let (base, sequence) = (base.clone(), self.sequence);
                    let assignment = Assignment { value, location, name, base, sequence };
                    self.group(profile, environment).values.insert(key, assignment);
                }
                Statement::Commented(name) => {
                    // The original's own file has this one in a comment, with a value.
                    let key = environment_and_key(&name).filter(|(_, key)| *key != "use_current_user_store_location");
                    if let Some((environment, key)) = key {
                        let remark = ImportRemark { location, name: Some(name), problem: ImportProblem::Comment };
                        self.group(environment.name(), Some(environment)).comments.push((key, remark));
                    }
                }
                Statement::Other(problem) => self.remarks.push(ImportRemark { location, name: None, problem }),
            }
        }
    }

    /// Adds a remark on an unknown name.
    fn unknown(&mut self, is_property: bool, name: &str, value: &ParsedValue, location: Location) {
        let own = presentable(name);
        if is_property && self.remarks.len() < MAXIMUM_UNKNOWN {
            let suggestion = suggest(name, KEYS.iter().flat_map(|(_, properties, _)| properties.iter().copied()));
            // A line without a value may be the rest of a password.
            let name = own.filter(|_| *value != Ok(Vec::new()));
            self.remarks.push(ImportRemark { location, name, problem: ImportProblem::UnknownKey(suggestion) });
        } else if !is_property && self.helpers.len() < MAXIMUM_UNKNOWN {
            let all = PREFIXES.iter().flat_map(|(prefix, _)| original_keys().map(move |key| format!("{prefix}_{key}")));
            let suggestion = suggest(name, all.collect::<Vec<_>>().iter().map(String::as_str));
            let remark = ImportRemark { location, name: own, problem: ImportProblem::UnknownKey(suggestion) };
            self.helpers.push((name.to_lowercase(), remark));
        }
    }

    fn group(&mut self, profile: &str, environment: Option<Environment>) -> &mut KeyGroup {
        let at = self.groups.iter().position(|group| group.profile == profile).unwrap_or(self.groups.len());
        if at == self.groups.len() {
            self.groups.push(KeyGroup { profile: profile.to_owned(), environment, ..KeyGroup::default() });
        }
        &mut self.groups[at]
    }
}

/// Returns the environment whose addresses these are, if at least one is given and none belongs to another.
pub(super) fn find_environment(audience: Option<&str>, endpoint: Option<&str>) -> Option<Environment> {
    let given = audience.is_some() || endpoint.is_some();
    Environment::ALL.into_iter().find(|environment| given && matches_environment(*environment, audience, endpoint))
}

/// Returns whether none of these addresses belongs to another environment.
pub(super) fn matches_environment(environment: Environment, audience: Option<&str>, endpoint: Option<&str>) -> bool {
    environment.addresses().is_some_and(|addresses| {
        audience.is_none_or(|audience| *audience == addresses.issuer)
            && endpoint.is_none_or(|endpoint| *endpoint == addresses.token_endpoint)
    })
}

/// Finds a key of the Java demonstration.
pub(super) fn property(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|(_, properties, _)| properties.contains(&name)).map(|(key, ..)| *key)
}

fn original_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(key, ..)| *key).filter(|key| !key.contains('.'))
}

/// Splits a name of the original into the environment and the key.
fn environment_and_key(name: &str) -> Option<(Environment, &'static str)> {
    let lower = name.to_lowercase();
    let (prefix, rest) = lower.split_once('_')?;
    let (_, environment) = PREFIXES.iter().find(|(own, _)| *own == prefix)?;
    Some((*environment, original_keys().find(|key| *key == rest)?))
}

/// Returns the profile's name for a client in a separate file: that of its environment, or of the file.
fn profile_for_file(path: &Path, statements: &[NumberedStatement], key_of: KeyOf) -> (String, Option<Environment>) {
    let last = |key: &str| {
        statements.iter().rev().find_map(|(_, statement)| match statement {
            Statement::Set(name, Ok(value)) if key_of(name) == Some(key) => match value.as_slice() {
                [ValuePart::Text(text)] => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        })
    };
    let named = last("settings.environment").and_then(Environment::parse);
    if let Some(environment) = named.or_else(|| find_environment(last("audience"), last("token_endpoint"))) {
        return (environment.name().to_owned(), Some(environment));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = stem.chars().filter(|character| !is_deceptive(*character)).take(64).collect();
    (if name.is_empty() { "imported".to_owned() } else { name }, None)
}

/// Returns a name if it looks like one: a line without an equals sign may be the rest of a password.
fn presentable(name: &str) -> Option<String> {
    let fits = |character: char| character.is_alphanumeric() || "._-".contains(character);
    (name.len() <= 40 && name.chars().all(fits)).then(|| name.to_owned())
}
