//! Settings of the original to ours.

use std::path::{Path, PathBuf};

use super::{
    Imported, Reason, Remark,
    collect::{Collection, Group},
    line::{Part, Variables},
    making::{ProfileBuilder, absolute},
};
use crate::{
    environment::Environment,
    profile::{Draft, KnownSetting, section::is_private_key, setting},
};

/// The keys that say where the signing key is, and our settings for them.
const KEY_SOURCES: [(&str, &str); 3] =
    [("keystore_path", "keystore"), ("jwk_path", "jwk"), ("certificate_thumbprint", "certificate-thumbprint")];

/// Where the original's config files send a person to log in, by environment: of no interest without a person.
const AUTHORIZE_ENDPOINTS: [(Environment, &str); 3] = [
    (Environment::Prod, "https://login.idporten.no/authorize"),
    (Environment::Test, "https://login.test.idporten.no/authorize"),
    (Environment::Dev, "https://login.idporten.dev/authorize"),
];

/// What it takes to translate.
pub(super) struct Translator<'a> {
    /// Where the profiles will be written.
    folder: PathBuf,
    known: &'a [KnownSetting],
}

impl<'a> Translator<'a> {
    pub(super) fn new(folder: &Path, known: &'a [KnownSetting]) -> Self {
        Self { folder: absolute(folder), known }
    }

    pub(super) fn translate(&self, collection: Collection, variables: &Variables) -> Imported {
        let Collection { mut groups, mut remarks, helpers, .. } = collection;
        let unused = helpers.into_iter().filter(|(name, _)| !variables.used.contains(name));
        remarks.extend(unused.map(|(_, remark)| remark));
        groups.sort_by_key(|group| group.environment.map_or(usize::MAX, order));
        let mut drafts = Vec::new();
        for group in &groups {
            let (draft, own) = self.profile(group);
            drafts.extend(draft);
            remarks.extend(own);
        }
        remarks.sort_by(|one, other| one.place.cmp(&other.place));
        Imported { drafts, remarks }
    }

    /// A profile of what one environment has, if it has a client at all: the original's own `config.ps1` has the
    /// addresses of all three.
    fn profile(&self, group: &Group) -> (Option<Draft>, Vec<Remark>) {
        let mut making = ProfileBuilder::new(group);
        self.environment(&mut making);
        let addresses = making.draft.values.len();
        self.claims(&mut making);
        self.no_resource(&mut making);
        self.key(&mut making);
        self.person(&mut making);
        let filled = making.draft.values.len() > addresses;
        let comments = group.comments.iter().filter(|(key, _)| making.is_unset(key));
        let comments: Vec<Remark> = comments.map(|(_, remark)| remark.clone()).collect();
        making.remarks.extend(comments);
        (filled.then_some(making.draft), making.remarks)
    }

    /// `env`, and the addresses that are not its own.
    fn environment(&self, making: &mut ProfileBuilder<'_>) {
        let audience = making.text("audience");
        let endpoint = making.text("token_endpoint");
        let fits = |environment: &Environment| {
            environment.addresses().is_some_and(|addresses| {
                audience.as_ref().is_none_or(|audience| *audience == addresses.issuer)
                    && endpoint.as_ref().is_none_or(|endpoint| *endpoint == addresses.token_endpoint)
            })
        };
        // Older config files have the addresses of ver2 under test_.
        let own = making.group.environment;
        let environment = own.filter(fits).or_else(|| {
            let given = audience.is_some() || endpoint.is_some();
            Environment::ALL.into_iter().find(|environment| given && fits(environment))
        });
        let addresses = environment.or(own).and_then(Environment::addresses);
        if let Some(environment) = environment.or(own) {
            self.put(making, "env", environment.name());
        }
        let issuer = addresses.as_ref().map(|addresses| addresses.issuer.as_str());
        let token_endpoint = addresses.as_ref().map(|addresses| addresses.token_endpoint.as_str());
        for (key, name, value, default) in
            [("audience", "audience", audience, issuer), ("token_endpoint", "token-endpoint", endpoint, token_endpoint)]
        {
            if let Some(value) = value.filter(|value| Some(value.as_str()) != default) {
                self.put_from(making, key, name, vec![value]);
            }
        }
    }

    fn claims(&self, making: &mut ProfileBuilder<'_>) {
        for (key, name) in [("client_id", "client-id"), ("consumer_org", "consumer-org"), ("resource", "resource")] {
            if let Some(value) = making.text(key) {
                self.put_from(making, key, name, vec![value]);
            }
        }
        if let Some(value) = making.text("scopes") {
            let parts = value.split([',', ' ', '\t', '"']).filter(|part| !part.is_empty());
            let scopes: Vec<String> = parts.map(ToOwned::to_owned).collect();
            self.put_from(making, "scopes", "scope", scopes);
        }
    }

    /// The original sends no `resource` that is not given; here scopes of Altinn have one by default.
    fn no_resource(&self, making: &mut ProfileBuilder<'_>) {
        let value = |name: &str| making.draft.values.iter().find(|(own, _)| *own == name).map(|(_, values)| values);
        let altinn = value("scope").is_some_and(|scopes| scopes.iter().all(|scope| scope.starts_with("altinn:")));
        if altinn && value("resource").is_none() && making.is_unset("resource") {
            self.put(making, "no-resource", "true");
        }
    }

    /// The key to sign with: the one that is set last, if there are several.
    fn key(&self, making: &mut ProfileBuilder<'_>) {
        let mut sources: Vec<(&str, &str, String)> = KEY_SOURCES
            .iter()
            .filter_map(|(key, name)| {
                let path = setting::find(self.known, name).is_some_and(|setting| setting.is(setting::Role::Path));
                let value = if path || *key != "certificate_thumbprint" {
                    making.path(key, &self.folder)
                } else {
                    making.text(key)
                };
                Some((*key, *name, value?))
            })
            .collect();
        sources.sort_by_key(|(key, ..)| making.group.values.get(key).map(|assigned| assigned.sequence));
        if let Some((last, name, value)) = sources.pop() {
            for (key, ..) in sources {
                making.remark(key, Reason::AnotherKey(setting::key(name)));
            }
            if last == "keystore_path"
                && making.text("keystore_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("pkcs12"))
            {
                making.remark("keystore_type", Reason::JavaKeystore);
            } else if value.to_lowercase().ends_with(".jks") {
                making.remark(last, Reason::JavaKeystore);
            }
            if last == "certificate_thumbprint" && !making.is_true("use_current_user_store_location") {
                making.remark(last, Reason::MachineStore);
            }
            self.put_from(making, last, name, vec![value]);
        }
        self.password(making);
        for (key, name) in [("alias", "alias"), ("kid", "kid")] {
            if let Some(value) = making.text(key) {
                self.put_from(making, key, name, vec![value]);
            }
        }
    }

    /// A password that is in a variable stays there; one that is in the file is left there.
    fn password(&self, making: &mut ProfileBuilder<'_>) {
        let Some(password) = making.group.values.get("keystore_password") else { return };
        if password.value == Ok(Vec::new()) {
            return;
        }
        if let Ok([Part::Environment(name)]) = password.value.as_deref() {
            self.put_from(making, "keystore_password", "keystore-password-env", vec![name.clone()]);
        } else {
            making.remark("keystore_password", Reason::Password);
            let note = "The keystore's password was not taken over. Put it in a file that only you may read:\n\
                        keystore_password_file = \"…\"";
            making.draft.notes.push(note.to_owned());
        }
        let own = making.group.values.get("key_password");
        if own.is_some_and(|own| own.value != password.value && own.value != Ok(Vec::new())) {
            making.remark("key_password", Reason::KeyPassword);
        }
    }

    fn person(&self, making: &mut ProfileBuilder<'_>) {
        let person = making.is_true("person_mode");
        if person {
            making.remark("person_mode", Reason::PersonMode);
        }
        let Some(endpoint) = making.text("authorize_endpoint") else { return };
        let usual = AUTHORIZE_ENDPOINTS.iter().any(|(_, address)| *address == endpoint);
        match (person, usual) {
            (true, _) => self.put_from(making, "authorize_endpoint", "authorize-endpoint", vec![endpoint]),
            (false, true) => {}
            (false, false) => making.remark("authorize_endpoint", Reason::NoPersonMode),
        }
    }

    fn put(&self, making: &mut ProfileBuilder<'_>, name: &str, value: &str) {
        if let Some(setting) = setting::find(self.known, name) {
            making.draft.values.push((setting.name, vec![value.to_owned()]));
        }
    }

    /// Takes a value over, if there is a setting for it.
    fn put_from(&self, making: &mut ProfileBuilder<'_>, key: &str, name: &str, values: Vec<String>) {
        match setting::find(self.known, name) {
            Some(setting) if values.iter().any(|value| is_private_key(setting, value)) => {
                making.remark(key, Reason::PrivateKey);
            }
            Some(setting) => making.draft.values.push((setting.name, values)),
            None => making.remark(key, Reason::NoSuchSetting(setting::key(name))),
        }
    }
}

fn order(environment: Environment) -> usize {
    Environment::ALL.iter().position(|own| *own == environment).unwrap_or(usize::MAX)
}
