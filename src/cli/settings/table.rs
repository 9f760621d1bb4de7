//! The table of settings, in the order of `--help`.

use maskinporten_token_generator::profile::SettingRole as Role;

use super::{CLIENT_JWK, PROFILE, Setting, Takes};

const SERVER: &str = "Where";
const CLAIMS: &str = "What is asked for";
const KEY: &str = "Key";
const HARDWARE: &str = "Key in a hardware token";
pub(super) const NETWORK: &str = "Network";
const CACHE: &str = "Token cache";

const fn one(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> Setting {
    Setting { name, short: None, also: None, takes: Takes::One(value), heading, help, roles: &[] }
}

const fn many(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> Setting {
    Setting { takes: Takes::Many(value), ..one(name, value, heading, help) }
}

const fn flag(name: &'static str, heading: &'static str, help: &'static str) -> Setting {
    Setting { takes: Takes::Nothing, ..one(name, "", heading, help) }
}

const fn number(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> Setting {
    Setting { takes: Takes::Number(value), ..one(name, value, heading, help) }
}

const PATH: &[Role] = &[Role::Path];
const KEY_FILE: &[Role] = &[Role::Path, Role::KeySource];
const ADDRESS: &[Role] = &[Role::Address];

/// Every setting.
pub(crate) const SETTINGS: &[Setting] = &[
    one(PROFILE, "NAME", SERVER, "Take settings from this profile of the config file [default: default_profile]"),
    one("env", "NAME", SERVER, "The installation of Maskinporten"),
    one("audience", "URL", SERVER, "The issuer identifier, in place of the environment's").short('a').roles(ADDRESS),
    one("token-endpoint", "URL", SERVER, "The token endpoint, in place of the environment's").short('e').roles(ADDRESS),
    one("discover", "URL", SERVER, "Take audience and token endpoint from the metadata of this issuer").roles(ADDRESS),
    one("client-id", "ID", CLAIMS, "The client id (`iss`)").short('c'),
    many("scope", "SCOPE", CLAIMS, "Scopes, parted by spaces or commas; repeatable").short('s').also("scopes"),
    many(
        "resource",
        "URI",
        CLAIMS,
        "Restrict the token to this resource; repeatable [default: Altinn's, for altinn: scopes]",
    )
    .short('r'),
    flag("no-resource", CLAIMS, "Leave `resource` out, also where it has a default"),
    one("consumer-org", "ORGNO", CLAIMS, "The organisation that has delegated the scope to us").short('C'),
    number("ttl", "TIME", CLAIMS, "How long the grant is good: seconds, or `2m` [default: 120]")
        .short('l')
        .also("token-ttl"),
    one("pid", "DIGITS", CLAIMS, "The person that the token is restricted to"),
    one("system-user", "ORGNO", CLAIMS, "Ask for a token for this organisation's system user in Altinn"),
    one("external-ref", "TEXT", CLAIMS, "The reference of that system user, when it has one"),
    one("authorization-details", "JSON|@FILE", CLAIMS, "Rich authorization requests, as a JSON array")
        .roles(&[Role::PathAfterAt]),
    many("claim", "NAME=VALUE", CLAIMS, "A claim more, as text; repeatable"),
    many("claim-json", "NAME=JSON", CLAIMS, "A claim more, as JSON; repeatable"),
    one("keystore", "FILE|-", KEY, "The PKCS#12 keystore (.p12, .pfx); `-` reads stdin").short('k').roles(KEY_FILE),
    one("jwk", "FILE|-", KEY, "A private JWK, or a set of which --kid chooses one").short('j').roles(KEY_FILE),
    Setting { takes: Takes::Variable, ..one(CLIENT_JWK, "", KEY, "A private JWK itself") },
    one("key", "FILE|-", KEY, "A private key in PEM, with its --certificate or --kid").roles(KEY_FILE),
    one("certificate", "FILE", KEY, "The certificates of --key or of the hardware token, in PEM, in any order")
        .roles(PATH),
    one("certificate-thumbprint", "HEX", KEY, "A certificate in .NET's store of this user, by SHA-1 or SHA-256")
        .short('t')
        .roles(&[Role::KeySource]),
    one("alias", "ALIAS", KEY, "The key to use, when the keystore has several"),
    one("keystore-password-file", "FILE|-", KEY, "Read the password of the keystore or key from a file").roles(PATH),
    one("keystore-password-env", "NAME", KEY, "Read the password from this variable"),
    one("keystore-password-command", "COMMAND", KEY, "Read the password from what a command prints")
        .roles(&[Role::Command]),
    one("keystore-password", "PASSWORD", KEY, "The password; everyone on this machine can see it")
        .short('p')
        .roles(&[Role::Secret("keystore_password_file, or keystore_password_command in your own config file")]),
    number("max-iterations", "NUMBER", KEY, "How much work opening the keystore may take [default: 10000000]"),
    one("kid", "ID", KEY, "The id under which the key is registered; `thumbprint` for the certificate's").short('K'),
    one("x5c", "WHAT", KEY, "The certificates sent along: `chain` or `leaf` [default: chain]"),
    one("alg", "NAME", KEY, "The signature algorithm [default: RS256]"),
    // A module is code that runs as soon as it is loaded.
    one("pkcs11-module", "FILE", HARDWARE, "The PKCS#11 module of the hardware token").roles(&[
        Role::Path,
        Role::KeySource,
        Role::Command,
    ]),
    one("pkcs11-token", "LABEL", HARDWARE, "The token, by its label"),
    one("pkcs11-key", "LABEL", HARDWARE, "The key in the token, by its label"),
    one("pkcs11-pin-file", "FILE|-", HARDWARE, "Read the PIN from a file").roles(PATH),
    one("pkcs11-pin-env", "NAME", HARDWARE, "Read the PIN from this variable"),
    one("pkcs11-pin-command", "COMMAND", HARDWARE, "Read the PIN from what a command prints").roles(&[Role::Command]),
    one("pkcs11-pin", "PIN", HARDWARE, "The PIN; everyone on this machine can see it")
        .roles(&[Role::Secret("pkcs11_pin_file, or pkcs11_pin_command in your own config file")]),
    number("timeout", "TIME", NETWORK, "How long the whole exchange may take [default: 30s]"),
    number("connect-timeout", "TIME", NETWORK, "How long connecting may take [default: 5s]"),
    number(
        "retries",
        "NUMBER",
        NETWORK,
        "How many attempts follow the first, after network errors, 429 and 5xx [default: 2]",
    ),
    one("ca-file", "FILE", NETWORK, "Certificate authorities to trust beside the machine's own, in PEM")
        .roles(&[Role::Path, Role::Address]),
    flag("no-cache", CACHE, "Neither look for a stored token nor store one"),
    flag("refresh", CACHE, "Ask for a new token, whatever is stored, and store it"),
    number(
        "min-ttl",
        "TIME",
        CACHE,
        "How long a stored token must still be good [default: 30s, or a quarter of a short lifetime]",
    ),
];
