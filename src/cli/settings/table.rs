//! The table of settings, in the order of `--help`.
//!
//! Options, variables, config keys, `--help`, the man page and the defaults are all made from it, so a setting cannot
//! exist in one of them alone.

use maskinporten::profile::{KnownSetting, SettingRole as Role};

use super::definition::{
    ALTINN, ALTINN_PASSWORD, API_KEY, CACHE, CLIENT_JWK, CLIENT_SECRET, GRANT, HARDWARE, KEY, LOGIN, NETWORK, PROFILE,
    SERVER, SUBSCRIPTION_KEY, SettingDefinition, ValueForm,
};

const fn row(name: &'static str, form: ValueForm, heading: &'static str, help: &'static str) -> SettingDefinition {
    SettingDefinition { name, short: None, alias: None, form, heading, help, default: None, roles: &[] }
}

const fn one(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> SettingDefinition {
    row(name, ValueForm::One(value), heading, help)
}

const fn many(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> SettingDefinition {
    row(name, ValueForm::Many(value), heading, help)
}

const fn flag(name: &'static str, heading: &'static str, help: &'static str) -> SettingDefinition {
    row(name, ValueForm::Flag, heading, help)
}

/// A setting with a default, which its help states.
macro_rules! with_default {
    ($name:literal, $form:expr, $heading:expr, $help:literal, $default:literal) => {
        SettingDefinition {
            default: Some($default),
            ..row($name, $form, $heading, concat!($help, " [default: ", $default, "]"))
        }
    };
}

const NUMBER: ValueForm = ValueForm::Number("NUMBER");
const TIME: ValueForm = ValueForm::Number("TIME");

const PATH: &[Role] = &[Role::Path];
const KEY_FILE: &[Role] = &[Role::Path, Role::KeySource];
const ADDRESS: &[Role] = &[Role::Address];

/// Every setting. A `const` would be copied to each of its users, and each copy relocated at start.
pub(crate) static SETTINGS: &[SettingDefinition] = &[
    one(PROFILE, "NAME", SERVER, "Use the settings of this profile of the config file [default: default_profile]"),
    one("env", "NAME", SERVER, "The Maskinporten environment"),
    one("audience", "URL", SERVER, "The issuer identifier, in place of the environment's").short('a').roles(ADDRESS),
    one("token-endpoint", "URL", SERVER, "The token endpoint, in place of the environment's").short('e').roles(ADDRESS),
    one("discover", "URL", SERVER, "Read audience and token endpoint from the metadata of this issuer").roles(ADDRESS),
    one("admin-url", "URL", SERVER, "The base URL of the self-service API, in place of the environment's").roles(ADDRESS),
    many(
        "token-request-param",
        "NAME=VALUE",
        SERVER,
        "Extra parameter of the token request, for servers other than Maskinporten; repeatable",
    ),
    one(
        "client-auth",
        "METHOD",
        SERVER,
        "How such a server authenticates the client, whose id is that of the grant unless --token-request-param sets \
         client_id: `none`, `client_secret_basic`, `client_secret_post` or `private_key_jwt`",
    ),
    one("client-secret-file", "FILE", SERVER, "Read the secret for --client-auth from a file").roles(PATH),
    row(CLIENT_SECRET, ValueForm::SecretVariable, SERVER, "The secret for --client-auth"),
    one("client-id", "ID", GRANT, "The client id (`iss`)").short('c'),
    many("scope", "SCOPE", GRANT, "Scopes, separated by spaces or commas; repeatable").short('s').alias("scopes"),
    many(
        "resource",
        "URI",
        GRANT,
        "Restrict the token to this resource; repeatable [default: Altinn's, for altinn: scopes]",
    )
    .short('r'),
    flag("no-resource", GRANT, "Omit `resource`, even where it has a default"),
    one("consumer-org", "ORGNO", GRANT, "The organisation that has delegated the scope to us").short('C'),
    with_default!("ttl", TIME, GRANT, "Lifetime of the grant: seconds, or `2m`", "120").short('l').alias("token-ttl"),
    one("pid", "DIGITS", GRANT, "The person that the token is restricted to"),
    one("system-user", "ORGNO", GRANT, "Request a token for this organisation's system user in Altinn"),
    one("external-ref", "TEXT", GRANT, "The external reference of that system user, if it has one"),
    one("consent", "ID", GRANT, "Request a token for this consent in Altinn"),
    one("consent-from", "NUMBER|URN", GRANT, "The person or organisation that gave that consent"),
    one("authorization-details", "JSON|@FILE", GRANT, "Rich authorization requests, as a JSON array")
        .roles(&[Role::PathAfterAt]),
    many("claim", "NAME=VALUE", GRANT, "Extra claim, as text; repeatable"),
    many("claim-json", "NAME=JSON", GRANT, "Extra claim, as JSON; repeatable"),
    one("keystore", "FILE|-", KEY, "The PKCS#12 keystore (.p12, .pfx); `-` reads stdin").short('k').roles(KEY_FILE),
    one("jwk", "FILE|-", KEY, "A private JWK, or a JWK set from which --kid chooses").short('j').roles(KEY_FILE),
    row(CLIENT_JWK, ValueForm::SecretVariable, KEY, "The JSON of a private JWK"),
    one("key", "FILE|-", KEY, "A private key in PEM, with its --certificate or --kid").roles(KEY_FILE),
    row("keystore-base64", ValueForm::SecretVariable, KEY, "The content of a keystore, or of another key, in base64"),
    row("key-pem", ValueForm::SecretVariable, KEY, "The text of a private key in PEM"),
    one(
        "key-from",
        "URI",
        KEY,
        "A key that is not in a file: env:NAME, command:LINE, keyring:NAME, ssh-agent:COMMENT, pkcs11:URI, or in a service: \
         azure-kv://, vault://, vault-transit://, aws-sm://, aws-ssm://, aws-kms://, gcp-sm:// or gcp-kms://",
    )
    .roles(&[Role::Place, Role::KeySource]),
    one(
        "certificate",
        "FILE",
        KEY,
        "The certificates of --key, --key-from or the hardware token, in PEM, in any order",
    )
    .roles(PATH),
    one(
        "certificate-thumbprint",
        "HEX",
        KEY,
        "A certificate in the keystore or in this user's .NET store, by SHA-1 or SHA-256",
    )
    .short('t')
    .roles(&[Role::KeySource]),
    one("alias", "ALIAS", KEY, "The key to use, when the keystore has several"),
    one("keystore-password-file", "FILE|-", KEY, "Read the password of the keystore or key from a file").roles(PATH),
    one("keystore-password-env", "NAME", KEY, "Read the password from this variable"),
    one("keystore-password-command", "COMMAND", KEY, "Read the password from the output of a command")
        .roles(&[Role::Command]),
    one(
        "keystore-password-from",
        "URI",
        KEY,
        "Read the password from this place; the URIs are those of --key-from, except for keys that sign elsewhere",
    )
    .roles(&[Role::Place]),
    row(
        "keystore-password",
        ValueForm::Secret("PASSWORD"),
        KEY,
        "The password; every user of this machine can see it in the process list",
    )
    .short('p')
    .roles(&[Role::Secret("keystore_password_file, or keystore_password_command in your own config file")]),
    with_default!(
        "max-iterations",
        NUMBER,
        KEY,
        "The most key derivation iterations that opening the keystore may take",
        "10000000"
    ),
    one("kid", "ID", KEY, "The registered id of the key; `thumbprint` for the certificate's").short('K'),
    with_default!("x5c", ValueForm::One("WHAT"), KEY, "The certificates to send: `chain` or `leaf`", "chain"),
    one("alg", "NAME", KEY, "The signature algorithm [default: RS256]"),
    // A module is code that runs as soon as it is loaded.
    one("pkcs11-module", "FILE", HARDWARE, "The PKCS#11 module of the hardware token").roles(&[
        Role::Path,
        Role::KeySource,
        Role::Command,
    ]),
    one("pkcs11-token", "LABEL", HARDWARE, "The label of the token"),
    one("pkcs11-key", "LABEL", HARDWARE, "The label of the key in the token"),
    one("pkcs11-pin-file", "FILE|-", HARDWARE, "Read the PIN from a file").roles(PATH),
    one("pkcs11-pin-env", "NAME", HARDWARE, "Read the PIN from this variable"),
    one("pkcs11-pin-command", "COMMAND", HARDWARE, "Read the PIN from the output of a command").roles(&[Role::Command]),
    row(
        "pkcs11-pin",
        ValueForm::Secret("PIN"),
        HARDWARE,
        "The PIN; every user of this machine can see it in the process list",
    )
    .roles(&[Role::Secret("pkcs11_pin_file, or pkcs11_pin_command in your own config file")]),
    flag(
        "altinn",
        ALTINN,
        "Exchange the token for one of Altinn's; the options --altinn-env, --altinn-url and --altinn-test imply it",
    ),
    one("altinn-env", "NAME", ALTINN, "The environment of Altinn [default: the one that belongs to --env]"),
    one("altinn-url", "URL", ALTINN, "The base URL of Altinn's platform, in place of the environment's").roles(ADDRESS),
    flag("altinn-test", ALTINN, "Make Digdir's own organisation the test organisation `ttd` in the token"),
    one("api-key-file", "FILE", ALTINN, "Read the key for the header ApiKey from a file").roles(PATH),
    row(API_KEY, ValueForm::SecretVariable, ALTINN, "The key for the header ApiKey, with --altinn"),
    one("subscription-key-file", "FILE", ALTINN, "Read the key for the header Ocp-Apim-Subscription-Key from a file")
        .roles(PATH),
    row(
        SUBSCRIPTION_KEY,
        ValueForm::SecretVariable,
        ALTINN,
        "The key for the header Ocp-Apim-Subscription-Key, with --altinn",
    ),
    one(
        "test-token",
        "KIND",
        ALTINN,
        "Use a test token of Altinn's generator in place of one of Maskinporten's: `enterprise`, `person` or `system-user`",
    ),
    many(
        "test-token-param",
        "NAME=VALUE",
        ALTINN,
        "Parameter of the test token, such as `orgNo=991825827`; repeatable",
    ),
    one("test-token-url", "URL", ALTINN, "The test token generator, in place of Altinn's own").roles(ADDRESS),
    one("altinn-user", "NAME", ALTINN, "The user name for test tokens, or for a login at Altinn 2").alias("user"),
    one("altinn-password-file", "FILE|-", ALTINN, "Read the password of that user from a file").roles(PATH),
    one("altinn-password-env", "NAME", ALTINN, "Read the password from this variable"),
    one("altinn-password-command", "COMMAND", ALTINN, "Read the password from the output of a command")
        .roles(&[Role::Command]),
    row(ALTINN_PASSWORD, ValueForm::SecretVariable, ALTINN, "The password of that user"),
    flag("person", LOGIN, "Use the token of a kept login (`maskinporten login --keep`), not one of Maskinporten's"),
    // Without a default in the table, reports on machine tokens do not list them.
    one("idp", "NAME", LOGIN, "Where the person logs in: `idporten` or `ansattporten` [default: idporten]"),
    one("idp-issuer", "URL", LOGIN, "Another server where the person logs in, by its issuer identifier").roles(ADDRESS),
    one(
        "redirect-uri",
        "URL",
        LOGIN,
        "The registered address that the browser comes back to; port 0 stands for any [default: http://127.0.0.1:0/response]",
    ),
    one("acr", "LEVEL", LOGIN, "The lowest level of the login: `substantial`, `high`, or the server's name of one"),
    one("ui-locale", "LANGUAGE", LOGIN, "The language of the server's pages: `nb`, `nn`, `en` or `se`"),
    with_default!("timeout", TIME, NETWORK, "Time limit for the whole exchange, and for reading a file", "30s"),
    with_default!("connect-timeout", TIME, NETWORK, "Time limit for connecting", "5s"),
    with_default!("retries", NUMBER, NETWORK, "Retries after network errors, HTTP 429 and 5xx", "2"),
    one("ca-file", "FILE", NETWORK, "Certificate authorities to trust in addition to the system's, in PEM")
        .roles(&[Role::Path, Role::Address]),
    flag("no-cache", CACHE, "Neither use nor store cached tokens"),
    flag("refresh", CACHE, "Request a new token even if one is cached, and store it"),
    row(
        "min-ttl",
        TIME,
        CACHE,
        "The shortest remaining lifetime of a cached token [default: 30s, or a quarter of a short lifetime]",
    ),
];

/// Returns the settings that a config file may hold.
pub(crate) fn known() -> Vec<KnownSetting> {
    SETTINGS.iter().filter_map(SettingDefinition::known).collect()
}

/// Finds a setting by its name.
pub(super) fn find(name: &str) -> Option<&'static SettingDefinition> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Returns the names of the settings that name a file.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter(|setting| setting.is(Role::Path)).map(|setting| setting.name)
}

/// Whether a setting names a file.
pub(crate) fn is_path(name: &str) -> bool {
    find(name).is_some_and(|setting| setting.is(Role::Path))
}

/// Whether a setting is the URI of a place.
pub(super) fn is_place(name: &str) -> bool {
    find(name).is_some_and(|setting| setting.is(Role::Place))
}

/// Whether the command line has an option for the setting of this name.
pub(crate) fn is_option(name: &str) -> bool {
    find(name).is_some_and(SettingDefinition::is_option)
}

/// Whether a setting decides how a key is opened or a server is reached, and not what the grant says.
pub(crate) fn leaves_grant_unchanged(name: &str) -> bool {
    find(name).is_some_and(SettingDefinition::leaves_grant_unchanged)
}

/// Whether a setting names a command, or code that is run.
pub(crate) fn is_command(name: &str) -> bool {
    find(name).is_some_and(|setting| setting.is(Role::Command))
}

/// The variables that NAIS sets, with the settings that they stand for
/// (<https://docs.nais.io/auth/maskinporten/reference/>).
pub(crate) const NAIS_VARIABLES: [(&str, &str); 4] = [
    ("MASKINPORTEN_CLIENT_JWK", CLIENT_JWK),
    ("MASKINPORTEN_SCOPES", "scope"),
    ("MASKINPORTEN_WELL_KNOWN_URL", "discover"),
    ("MASKINPORTEN_ISSUER", "audience"),
];

/// The variables of Altinn's client libraries and of other programs, which are used where no other source has a value:
/// pymaskinporten and Wenche, and `MaskinportenSettings` of Altinn.ApiClients.Maskinporten as .NET spells it in variables.
pub(crate) const FOREIGN_VARIABLES: [(&str, &str); 15] = [
    ("MP_ENCODEDJWK", CLIENT_JWK),
    ("MP_CLIENT_ID", "client-id"),
    ("MP_KID", "kid"),
    ("MP_SCOPE", "scope"),
    ("MaskinportenSettings__EncodedJwk", CLIENT_JWK),
    ("MaskinportenSettings__JwkBase64", CLIENT_JWK),
    ("MaskinportenSettings__EncodedX509", "keystore-base64"),
    ("MaskinportenSettings__CertificatePkcs12Path", "keystore"),
    ("MaskinportenSettings__CertificatePkcs12Password", "keystore-password"),
    ("MaskinportenSettings__CertificateStoreThumbprint", "certificate-thumbprint"),
    ("MaskinportenSettings__ClientId", "client-id"),
    ("MaskinportenSettings__Scope", "scope"),
    ("MaskinportenSettings__Environment", "env"),
    ("MaskinportenSettings__Resource", "resource"),
    ("MaskinportenSettings__ConsumerOrgNo", "consumer-org"),
];

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, path::Path};

    use snapbox::{Assert, Data, assert::DEFAULT_ACTION_ENV, data::DataFormat};

    use super::*;
    use crate::cli::settings::variable;

    const INTRODUCTION: &str = "# Settings

Each setting is an option, a variable, and a key of a [config file](../profiles.md) with underscores: `--client-id` is `client_id` there.
`--profile` and what is a variable alone cannot be in a config file. A test makes this page from the program's own table.
";

    const OTHERS: &str = "
## Variables of other programs

NAIS sets the first four for an application. The others are used where no option, variable or config file of ours has a value.

| variable | the same as |
|---|---|
";

    /// Returns a text for a cell of a table, in which a bar would end the cell.
    fn cell(text: &str) -> String {
        text.replace('|', "\\|")
    }

    fn row(setting: &SettingDefinition) -> String {
        let value = match setting.form {
            ValueForm::Flag | ValueForm::SecretVariable => String::new(),
            ValueForm::One(value) | ValueForm::Number(value) | ValueForm::Many(value) | ValueForm::Secret(value) => {
                format!(" {value}")
            }
        };
        let short = setting.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
        let option =
            if setting.is_option() { format!("{short}`--{}{value}`<br>", setting.name) } else { String::new() };
        format!("| {}`{}` | {} |\n", cell(&option), setting.variable(), cell(setting.help))
    }

    #[test]
    fn the_reference_lists_every_setting() {
        let mut page = INTRODUCTION.to_owned();
        let mut heading = "";
        for setting in SETTINGS {
            if setting.heading != heading {
                heading = setting.heading;
                let _ = write!(page, "\n## {heading}\n\n| option and variable | meaning |\n|---|---|\n");
            }
            page += &row(setting);
        }
        page += OTHERS;
        for (foreign, name) in NAIS_VARIABLES.iter().chain(&FOREIGN_VARIABLES) {
            let _ = writeln!(page, "| `{foreign}` | `{}` |", variable(name));
        }

        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/settings.md");
        let kept = Data::read_from(&path, Some(DataFormat::Text));
        Assert::new().action_env(DEFAULT_ACTION_ENV).eq(page, kept.raw());
    }
}
