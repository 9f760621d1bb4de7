//! What is known about a setting: its names, what it takes, its help, its default, and its roles.

use std::ffi::OsStr;

use clap::{
    Arg, ArgAction, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use maskinporten::{
    environment::{AltinnEnvironment, Environment},
    profile::{KnownSetting, SettingKind, SettingRole},
};
use secrecy::SecretString;

/// The profile, which no profile can name.
pub(crate) const PROFILE: &str = "profile";

/// The JSON of a JWK, which only a variable may hold: on the command line everyone on the machine could see it.
pub(super) const CLIENT_JWK: &str = "client-jwk";

/// The secret of the client, which only a variable may hold, for the same reason.
pub(super) const CLIENT_SECRET: &str = "client-secret";

/// The keys of Altinn's APIs, which only a variable may hold, for the same reason.
pub(super) const API_KEY: &str = "api-key";
pub(super) const SUBSCRIPTION_KEY: &str = "subscription-key";
/// The password of a user at Altinn, which only a variable may hold, for the same reason.
pub(super) const ALTINN_PASSWORD: &str = "altinn-password";

/// The settings that `-h` lists; `--help` lists all of them.
const USUAL: [&str; 10] = [
    "altinn",
    PROFILE,
    "env",
    "client-id",
    "scope",
    "resource",
    "consumer-org",
    "keystore",
    "jwk",
    "keystore-password-file",
];

/// What [`SettingDefinition::matters_to`] calls the commands of a system's vendor, some of which have names of others.
pub(super) const VENDOR: &str = "vendor";
/// What it calls the commands of an administrator, for the same reason.
pub(super) const ADMINISTRATION: &str = "administration";
/// What it calls the commands that ask the register of business units alone.
pub(super) const REGISTER: &str = "register";
/// What it calls `login`, because `altinn login` has the same name.
pub(super) const PERSON_LOGIN: &str = "person-login";

/// The headings of settings in help texts.
pub(super) const SERVER: &str = "Authorization server";
pub(super) const GRANT: &str = "Grant";
pub(super) const KEY: &str = "Key";
pub(super) const HARDWARE: &str = "Key in a hardware token";
pub(super) const ALTINN: &str = "Altinn";
pub(super) const LOGIN: &str = "Login of a person";
pub(super) const NETWORK: &str = "Network";
pub(super) const CACHE: &str = "Token cache";

/// A setting, as the command line, the variables and the config files know it.
pub(crate) struct SettingDefinition {
    /// The word: `client-id` is `--client-id`, `MASKINPORTEN_CLIENT_ID` and `client_id`.
    pub(crate) name: &'static str,
    pub(super) short: Option<char>,
    pub(super) alias: Option<&'static str>,
    pub(super) form: ValueForm,
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    /// The value that is used when no source has one, as text.
    pub(super) default: Option<&'static str>,
    pub(super) roles: &'static [SettingRole],
}

/// What a setting takes on the command line; the text is the placeholder in `--help`.
#[derive(Clone, Copy)]
pub(super) enum ValueForm {
    Flag,
    One(&'static str),
    /// A number, or a time such as `2m`.
    Number(&'static str),
    Many(&'static str),
    /// A password or PIN, which is a secret from the moment it is parsed.
    Secret(&'static str),
    /// A secret that only a variable may hold.
    SecretVariable,
}

impl SettingDefinition {
    pub(super) const fn roles(self, roles: &'static [SettingRole]) -> Self {
        Self { roles, ..self }
    }

    pub(super) const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    pub(super) const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    /// Returns the setting as config files know it; `None` when they may not hold it.
    pub(super) fn known(&self) -> Option<KnownSetting> {
        let kind = match self.form {
            ValueForm::Flag => SettingKind::Flag,
            ValueForm::One(_) | ValueForm::Secret(_) => SettingKind::Text,
            ValueForm::Number(_) => SettingKind::Number,
            ValueForm::Many(_) => SettingKind::List,
            ValueForm::SecretVariable => return None,
        };
        (self.name != PROFILE).then(|| KnownSetting::new(self.name, kind, self.help).with(self.roles))
    }

    /// Whether the command line has an option for it.
    pub(super) fn is_option(&self) -> bool {
        !matches!(self.form, ValueForm::SecretVariable)
    }

    /// Whether its value is a secret.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.form, ValueForm::Secret(_) | ValueForm::SecretVariable)
    }

    /// Returns the variable, such as `MASKINPORTEN_CLIENT_ID`.
    pub(crate) fn variable(&self) -> String {
        variable(self.name)
    }

    /// Describes the variable in one sentence.
    pub(crate) fn as_variable(&self) -> String {
        if self.is_option() { format!("In place of {}", option(self.name)) } else { self.help.to_owned() }
    }

    /// Whether the setting has an effect in a command; otherwise the help of that does not list it.
    pub(super) fn matters_to(&self, command: &str) -> bool {
        match command {
            PERSON_LOGIN => self.is_of_person_login(),
            _ if self.name == "person" => ["token", "headers", "exec", "curl", "serve", "agent"].contains(&command),
            _ if self.heading == LOGIN => false,
            _ if self.name == "admin-url" => command == ADMINISTRATION,
            // They look up the names of organisations.
            _ if self.name == "register-url" => [ADMINISTRATION, REGISTER, "check", "inspect"].contains(&command),
            REGISTER => self.heading == NETWORK || [PROFILE, "env"].contains(&self.name),
            "inspect" if self.name == "altinn-url" => true,
            "grant" | "inspect" => self.heading != CACHE && self.heading != ALTINN,
            "check" => self.heading != CACHE,
            // Tokens are kept in memory.
            "serve" | "agent" => !["no-cache", "refresh"].contains(&self.name),
            "public" => self.heading == KEY || self.heading == HARDWARE || [PROFILE, "env"].contains(&self.name),
            "login" => self.is_of_login(),
            "whoami" => self.heading == NETWORK || [PROFILE, "env", "altinn-env", "altinn-url"].contains(&self.name),
            "person" if self.name == "pid" => true,
            "enterprise" | "person" | "system-user" => self.is_of_test_token(),
            "token" | "headers" | "exec" | "curl" => true,
            _ if self.is_of_altinn_user() || self.name.starts_with("test-token") => false,
            ADMINISTRATION if self.heading == ALTINN => false,
            VENDOR | ADMINISTRATION => self.heading != GRANT || self.name == "client-id" || self.name == "ttl",
            "list" => {
                self.name.starts_with("keystore-password")
                    || [PROFILE, "max-iterations", "certificate"].contains(&self.name)
            }
            _ => true,
        }
    }

    /// Whether the setting has an effect in the login of a person.
    fn is_of_person_login(&self) -> bool {
        let of_grant = ["client-id", "scope", "resource", "authorization-details"];
        let of_server = [PROFILE, "env", "client-auth", "client-secret-file", "token-request-param"];
        let of_altinn = ["altinn", "altinn-env", "altinn-url"];
        let headings = [LOGIN, KEY, HARDWARE, NETWORK];
        let is_listed = |names: &[&str]| names.contains(&self.name);
        self.name != "person" && headings.contains(&self.heading)
            || is_listed(&of_grant)
            || is_listed(&of_server)
            || is_listed(&of_altinn)
    }

    fn is_of_altinn_user(&self) -> bool {
        self.name == "altinn-user" || self.name.starts_with("altinn-password")
    }

    /// Whether the setting has an effect in a request for a test token.
    fn is_of_test_token(&self) -> bool {
        let others = [PROFILE, "env", "scope", "altinn-env", "test-token-param", "test-token-url"];
        self.is_of_altinn_user() || self.heading == NETWORK || others.contains(&self.name)
    }

    /// Whether the setting has an effect in a login at Altinn 2: its key is that of the client certificate.
    fn is_of_login(&self) -> bool {
        let is_grants = ["kid", "x5c", "alg"].contains(&self.name);
        let others = [PROFILE, "env", "altinn-url", "api-key-file", "subscription-key-file"];
        [KEY, HARDWARE, NETWORK].contains(&self.heading) && !is_grants && self.name != "retries"
            || self.is_of_altinn_user()
            || others.contains(&self.name)
    }

    /// Whether the setting decides how a key is opened or a server is reached, and not what the grant says.
    pub(super) fn leaves_grant_unchanged(&self) -> bool {
        let opens = ["alias", "max-iterations"].contains(&self.name) || self.name.contains("password");
        opens || self.name.starts_with("pkcs11-pin") || self.heading == NETWORK
    }

    pub(super) fn is(&self, role: SettingRole) -> bool {
        self.roles.contains(&role)
    }

    /// Makes the option.
    pub(super) fn argument(&self) -> Arg {
        let argument = Arg::new(self.name).long(self.name).help(self.help).help_heading(self.heading);
        let argument = argument.hide_short_help(!USUAL.contains(&self.name));
        let argument = match self.form {
            ValueForm::Flag | ValueForm::SecretVariable => argument.action(ArgAction::SetTrue),
            ValueForm::One(value) | ValueForm::Number(value) | ValueForm::Secret(value) => {
                argument.action(ArgAction::Set).value_name(value).allow_hyphen_values(true)
            }
            ValueForm::Many(value) => argument.action(ArgAction::Append).value_name(value).allow_hyphen_values(true),
        };
        let argument = if self.name == "env" {
            let names = Environment::ALL.map(Environment::name);
            argument.value_parser(lenient_names(names, |text| Environment::parse(text).map(Environment::name)))
        } else if self.name == "altinn-env" {
            let names = AltinnEnvironment::ALL.map(AltinnEnvironment::name);
            argument
                .value_parser(lenient_names(names, |text| AltinnEnvironment::parse(text).map(AltinnEnvironment::name)))
        } else if self.is_secret() {
            argument.value_parser(|text: &str| Ok::<_, std::convert::Infallible>(SecretString::from(text)))
        } else {
            argument
        };
        argument.short(self.short).visible_alias(self.alias)
    }
}

/// Makes a parser of names that accepts every spelling for which `find` knows the name.
pub(crate) fn lenient_names(
    names: impl IntoIterator<Item = &'static str>,
    find: fn(&str) -> Option<&'static str>,
) -> LenientNames {
    LenientNames { names: PossibleValuesParser::new(names), find }
}

/// A parser of names; help texts and completions list the names alone.
#[derive(Clone)]
pub(crate) struct LenientNames {
    names: PossibleValuesParser,
    find: fn(&str) -> Option<&'static str>,
}

impl TypedValueParser for LenientNames {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        let name = value.to_str().and_then(self.find);
        self.names.parse_ref(command, argument, name.map_or(value, OsStr::new))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.names.possible_values()
    }
}

/// Returns the option of a setting: `--client-id`.
pub(crate) fn option(name: &str) -> String {
    format!("--{name}")
}

/// Returns the variable of a setting: `MASKINPORTEN_CLIENT_ID`.
pub(crate) fn variable(name: &str) -> String {
    ["MASKINPORTEN_", name].concat().to_ascii_uppercase().replace('-', "_")
}
