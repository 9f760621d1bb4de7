//! Builds a profile from the keys of one environment or client.

use std::path::{Path, PathBuf};

use super::{
    ImportProblem, ImportRemark,
    keys::{Assignment, KEYS, KeyGroup, find_environment, matches_environment},
    statement::ValuePart,
};
use crate::{
    client,
    environment::Environment,
    http::Endpoint,
    profile::{KnownSetting, ProfileDraft, paths, setting},
    text::may_be_key,
};

/// The keys that locate the signing key.
const KEY_SOURCES: [&str; 5] = ["keystore_path", "jwk_path", "certificate_thumbprint", "settings.pem", KEY_ITSELF];

/// A key that is in the file itself, and its variable.
const KEY_ITSELF: &str = "settings.key";

/// The login addresses in the original's own config files, which matter only when persons log in.
const AUTHORIZE_ENDPOINTS: [&str; 3] = [
    "https://login.idporten.no/authorize",
    "https://login.test.idporten.no/authorize",
    "https://login.idporten.dev/authorize",
];

/// Builds one profile, with remarks on the keys that cannot be imported.
pub(super) struct ProfileBuilder<'a> {
    group: &'a KeyGroup,
    /// Where the profile will be written.
    folder: &'a Path,
    known: &'a [KnownSetting],
    draft: ProfileDraft,
    remarks: Vec<ImportRemark>,
}

impl<'a> ProfileBuilder<'a> {
    pub(super) fn new(group: &'a KeyGroup, folder: &'a Path, known: &'a [KnownSetting]) -> Self {
        Self { group, folder, known, draft: ProfileDraft::new(&group.profile), remarks: Vec::new() }
    }

    /// Builds the profile, if the group has a client: the original's own `config.ps1` has only the addresses of three
    /// environments.
    pub(super) fn build(mut self) -> (Option<ProfileDraft>, Vec<ImportRemark>) {
        self.environment();
        let addresses = self.draft.values.len();
        for key in ["client_id", "consumer_org", "resource", "scopes"] {
            self.copy(key);
        }
        self.no_resource();
        self.key();
        self.password();
        for key in ["keystore.alias", "kid", "person.pid"] {
            self.copy(key);
        }
        self.person();
        let has_client = self.draft.values.len() > addresses;
        let comments = self.group.comments.iter().filter(|(key, _)| self.is_unset(key));
        let comments: Vec<ImportRemark> = comments.map(|(_, remark)| remark.clone()).collect();
        self.remarks.extend(comments);
        (has_client.then_some(self.draft), self.remarks)
    }

    /// Sets `env`, and the addresses that differ from those of the environment.
    fn environment(&mut self) {
        let (audience, endpoint) = (self.text("audience"), self.text("token_endpoint"));
        let is_here = |address: &Option<String>| {
            address.as_ref().is_some_and(|text| Endpoint::parse(text).is_ok_and(|address| address.is_loopback()))
        };
        let is_simulator = is_here(&audience) && is_here(&endpoint);
        let own = self.group.environment;
        // Older config files have the addresses of ver2 under test_.
        let fitting = own.filter(|own| matches_environment(*own, audience.as_deref(), endpoint.as_deref()));
        let environment = fitting.or_else(|| find_environment(audience.as_deref(), endpoint.as_deref())).or(own);
        if let Some(environment) = environment {
            self.put("env", vec![environment.name().to_owned()]);
        }
        let addresses = environment.and_then(Environment::addresses);
        let issuer = addresses.as_ref().map(|addresses| addresses.issuer.as_str());
        let token_endpoint = addresses.as_ref().map(|addresses| addresses.token_endpoint.as_str());
        for (key, value, default) in [("audience", audience, issuer), ("token_endpoint", endpoint, token_endpoint)] {
            if let Some(value) = value.filter(|value| Some(value.as_str()) != default) {
                if !is_simulator && !Endpoint::parse(&value).is_ok_and(|address| client::is_maskinporten(&address)) {
                    self.remark(key, ImportProblem::ForeignAddress);
                }
                self.copy_setting(key, vec![value]);
            }
        }
    }

    /// Copies a key's text to its setting.
    fn copy(&mut self, key: &str) {
        let Some(value) = self.text(key) else { return };
        let values = if key == "scopes" {
            let scopes = value.split([',', ' ', '\t', '"']).filter(|part| !part.is_empty());
            scopes.map(ToOwned::to_owned).collect()
        } else {
            vec![value]
        };
        self.copy_setting(key, values);
    }

    /// Sets `no-resource` where needed: without a resource, the original sends none, and this tool sends the default
    /// resource of Altinn for its scopes.
    fn no_resource(&mut self) {
        let value = |name: &str| self.draft.values.iter().find(|(own, _)| *own == name).map(|(_, values)| values);
        let is_altinn = value("scope").is_some_and(|scopes| scopes.iter().all(|scope| scope.starts_with("altinn:")));
        if is_altinn && value("resource").is_none() && self.is_unset("resource") {
            self.put("no-resource", vec!["true".to_owned()]);
        }
    }

    /// Sets the signing key: the last one, if there are several.
    fn key(&mut self) {
        let mut sources: Vec<(&str, String)> = Vec::new();
        for key in KEY_SOURCES {
            let value = match key {
                "certificate_thumbprint" => self.text(key),
                KEY_ITSELF => self.key_itself(),
                _ => self.path(key),
            };
            sources.extend(value.map(|value| (key, value)));
        }
        sources.sort_by_key(|(key, _)| self.group.values.get(key).map(|assignment| assignment.sequence));
        let Some((key, value)) = sources.pop() else { return };
        for (other, _) in sources {
            self.remark(other, ImportProblem::AnotherKey(setting::key(setting_name(key))));
        }
        let format = if key == "keystore_path" { self.text("keystore.type") } else { None };
        if format.is_some_and(|format| !format.eq_ignore_ascii_case("pkcs12")) {
            self.remark("keystore.type", ImportProblem::JavaKeystore);
        } else if value.to_lowercase().ends_with(".jks") {
            self.remark(key, ImportProblem::JavaKeystore);
        }
        if key == "certificate_thumbprint" && !self.is_true("use_current_user_store_location") {
            self.remark(key, ImportProblem::MachineStore);
        }
        self.copy_setting(key, vec![value]);
    }

    /// Names the place of a key that is in the file itself, which is not copied: the variable that the program reads.
    fn key_itself(&mut self) -> Option<String> {
        let Ok([ValuePart::Environment(variable)]) = self.group.values.get(KEY_ITSELF)?.value.as_deref() else {
            return None;
        };
        let variable = variable.clone();
        self.remark(KEY_ITSELF, ImportProblem::KeyInFile(variable.clone()));
        Some(format!("env:{variable}"))
    }

    /// Names the environment variable of a password. A password in the file itself is not copied.
    fn password(&mut self) {
        let Some(password) = self.group.values.get("keystore_password").filter(|_| !self.is_unset("keystore_password"))
        else {
            return;
        };
        if let Ok([ValuePart::Environment(name)]) = password.value.as_deref() {
            self.copy_setting("keystore_password", vec![name.clone()]);
        } else {
            self.remark("keystore_password", ImportProblem::Password);
            let note = "The keystore's password was not imported. Put it in a file that only you may read:\n\
                        keystore_password_file = \"…\"";
            self.draft.notes.push(note.to_owned());
        }
        let of_key = self.group.values.get("keystore.alias.password");
        if of_key.is_some_and(|of_key| of_key.value != password.value && of_key.value != Ok(Vec::new())) {
            self.remark("keystore.alias.password", ImportProblem::KeyPassword);
        }
    }

    fn person(&mut self) {
        let has_person = self.is_true("person_mode");
        if has_person {
            self.remark("person_mode", ImportProblem::PersonMode);
        }
        let Some(endpoint) = self.text("authorize_endpoint") else { return };
        if has_person {
            self.copy_setting("authorize_endpoint", vec![endpoint]);
        } else if !AUTHORIZE_ENDPOINTS.contains(&endpoint.as_str()) {
            self.remark("authorize_endpoint", ImportProblem::NoPersonMode);
        }
    }

    /// Returns a value that is plain text and not empty; otherwise adds a remark.
    fn text(&mut self, key: &str) -> Option<String> {
        let parts = self.group.values.get(key)?.value.clone();
        let text = parts.and_then(|parts| plain_text(&parts)).and_then(not_placeholder);
        self.or_remark(key, text).filter(|text| !text.is_empty())
    }

    /// Returns a path: relative to the folder of the profile if it is below that, or to the home folder, or absolute.
    fn path(&mut self, key: &str) -> Option<String> {
        let assignment = self.group.values.get(key)?;
        let path = assignment.value.clone().and_then(|parts| self.portable_path(assignment, &parts));
        let path = self.or_remark(key, path)?;
        if cfg!(not(windows)) && paths::is_windows_absolute(&path) {
            self.remark(key, ImportProblem::WindowsPath);
        }
        (!path.is_empty()).then_some(path)
    }

    fn portable_path(&self, assignment: &Assignment, parts: &[ValuePart]) -> Result<String, ImportProblem> {
        let (start, parts) = match parts {
            [start @ (ValuePart::Folder | ValuePart::Home), rest @ ..] => (Some(start), rest),
            parts => (None, parts),
        };
        let rest = plain_text(parts).and_then(not_placeholder)?;
        // Once it has a folder in front of it, it looks like a path.
        if may_be_key(&rest) {
            return Err(ImportProblem::PrivateKey);
        }
        let below = rest.replace('\\', "/");
        let relative_to = |base: &Path, path: &str| {
            let whole: PathBuf = paths::absolute(base).join(path).components().collect();
            whole.strip_prefix(self.folder).unwrap_or(&whole).display().to_string()
        };
        match start {
            Some(ValuePart::Home) => Ok(format!("~/{}", below.trim_start_matches('/'))),
            Some(_) => Ok(relative_to(&assignment.location.folder(), below.trim_start_matches('/'))),
            None if rest.is_empty() || rest.starts_with("~/") || paths::is_windows_absolute(&rest) => Ok(rest),
            // `C:certsa.p12`, which Java reads from `C:\certs\a.p12`.
            None if matches!(rest.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic()) => {
                Err(ImportProblem::LostBackslashes)
            }
            None => Ok(relative_to(&assignment.base, &below)),
        }
    }

    fn or_remark<T>(&mut self, key: &str, value: Result<T, ImportProblem>) -> Option<T> {
        value.map_err(|problem| self.remark(key, problem)).ok()
    }

    /// Adds a remark on a key, once.
    fn remark(&mut self, key: &str, problem: ImportProblem) {
        let Some(Assignment { location, name, .. }) = self.group.values.get(key) else { return };
        let remark = ImportRemark { location: location.clone(), name: Some(name.clone()), problem };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    fn is_unset(&self, key: &str) -> bool {
        self.group.values.get(key).is_none_or(|assignment| assignment.value == Ok(Vec::new()))
    }

    fn is_true(&self, key: &str) -> bool {
        let parts = self.group.values.get(key).and_then(|assignment| assignment.value.as_ref().ok());
        parts.and_then(|parts| plain_text(parts).ok()).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    fn put(&mut self, name: &str, values: Vec<String>) {
        let setting = setting::find(self.known, name);
        self.draft.values.extend(setting.map(|setting| (setting.name, values)));
    }

    /// Copies the value of a key to its setting, if that exists.
    fn copy_setting(&mut self, key: &str, values: Vec<String>) {
        let name = setting_name(key);
        match setting::find(self.known, name) {
            Some(setting) if values.iter().any(|value| setting.is_private_key(value)) => {
                self.remark(key, ImportProblem::PrivateKey);
            }
            Some(setting) => self.draft.values.push((setting.name, values)),
            None => self.remark(key, ImportProblem::NoSuchSetting(setting::key(name))),
        }
    }
}

fn setting_name(key: &str) -> &'static str {
    KEYS.iter().find(|(own, ..)| *own == key).map(|(.., setting)| *setting).unwrap_or_default()
}

/// Returns a value as text, without surrounding blanks and the invisible characters that Windows copies with a thumbprint.
fn plain_text(parts: &[ValuePart]) -> Result<String, ImportProblem> {
    match parts {
        [] => Ok(String::new()),
        [ValuePart::Text(text)] => {
            let is_mark = |mark: char| mark.is_whitespace() || "\u{200b}\u{200e}\u{200f}\u{feff}".contains(mark);
            Ok(text.trim_matches(is_mark).to_owned())
        }
        parts => Err(parts
            .iter()
            .find_map(|part| match part {
                ValuePart::Environment(name) => Some(ImportProblem::Environment(name.clone())),
                _ => None,
            })
            .unwrap_or(ImportProblem::Expression)),
    }
}

fn not_placeholder(text: String) -> Result<String, ImportProblem> {
    if text.starts_with('<') && text.ends_with('>') { Err(ImportProblem::Placeholder) } else { Ok(text) }
}
