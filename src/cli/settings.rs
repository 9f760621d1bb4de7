//! Every setting that shapes a grant, in one table: option, variable and (one day) config key are one word.
//!
//! The command line, the variables and `--help` are all made from this table, so a setting cannot exist in one of
//! them alone. What a value means is decided in `resolve`; here it is text.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, builder::PossibleValuesParser};

use maskinporten_token_generator::environment::Environment;

/// One setting.
pub(crate) struct Setting {
    /// The word: `client-id` is `--client-id` and `MASKINPORTEN_CLIENT_ID`.
    pub(crate) name: &'static str,
    short: Option<char>,
    also: Option<&'static str>,
    takes: Takes,
    heading: &'static str,
    help: &'static str,
}

/// What a setting takes on the command line.
#[derive(Clone, Copy)]
enum Takes {
    /// Nothing: it is there or not.
    Nothing,
    /// One value, shown by this name.
    One(&'static str),
    /// Any number of values, shown by this name.
    Many(&'static str),
}

/// A JWK's JSON itself, which only a variable may hold: everyone could see it on the command line.
pub(crate) const CLIENT_JWK: &str = "client-jwk";

const SERVER: &str = "Where";
const CLAIMS: &str = "What is asked for";
const KEY: &str = "Key";
const NETWORK: &str = "Network";

const fn one(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> Setting {
    Setting { name, short: None, also: None, takes: Takes::One(value), heading, help }
}

const fn many(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> Setting {
    Setting { takes: Takes::Many(value), ..one(name, value, heading, help) }
}

impl Setting {
    const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    const fn also(self, also: &'static str) -> Self {
        Self { also: Some(also), ..self }
    }

    /// The variable, `MASKINPORTEN_CLIENT_ID`.
    pub(crate) fn variable(&self) -> String {
        variable(self.name)
    }

    /// Whether the setting says how to open a key or reach a server, and not what is asked for.
    pub(crate) fn shapes_no_grant(&self) -> bool {
        let opens = ["alias", "max-iterations"].contains(&self.name) || self.name.contains("password");
        opens || self.heading == NETWORK
    }

    fn argument(&self) -> Arg {
        let argument = Arg::new(self.name).long(self.name).help(self.help).help_heading(self.heading);
        let argument = match self.takes {
            Takes::Nothing => argument.action(ArgAction::SetTrue),
            Takes::One(value) => argument.action(ArgAction::Set).value_name(value).allow_hyphen_values(true),
            Takes::Many(value) => argument.action(ArgAction::Append).value_name(value).allow_hyphen_values(true),
        };
        let argument = if self.name == "env" {
            argument.value_parser(PossibleValuesParser::new(Environment::ALL.map(Environment::name)))
        } else {
            argument
        };
        let argument = self.short.map_or(argument.clone(), |short| argument.short(short));
        self.also.map_or(argument.clone(), |also| argument.visible_alias(also))
    }
}

/// The option that a setting is typed as.
pub(crate) fn option(name: &str) -> String {
    format!("--{name}")
}

/// The variable that a setting is read from.
pub(crate) fn variable(name: &str) -> String {
    format!("MASKINPORTEN_{}", name.to_uppercase().replace('-', "_"))
}

/// Every setting, in the order of `--help`.
pub(crate) const SETTINGS: &[Setting] = &[
    one("env", "NAME", SERVER, "The installation of Maskinporten"),
    one("audience", "URL", SERVER, "The issuer identifier, in place of the environment's").short('a'),
    one("token-endpoint", "URL", SERVER, "The token endpoint, in place of the environment's").short('e'),
    one("discover", "URL", SERVER, "Take audience and token endpoint from the metadata of this issuer"),
    one("client-id", "ID", CLAIMS, "The client id (`iss`)").short('c'),
    many("scope", "SCOPE", CLAIMS, "Scopes, parted by spaces or commas; repeatable").short('s').also("scopes"),
    many(
        "resource",
        "URI",
        CLAIMS,
        "Restrict the token to this resource; repeatable [default: Altinn's, for altinn: scopes]",
    )
    .short('r'),
    Setting {
        takes: Takes::Nothing,
        ..one("no-resource", "", CLAIMS, "Leave `resource` out, also where it has a default")
    },
    one("consumer-org", "ORGNO", CLAIMS, "The organisation that has delegated the scope to us").short('C'),
    one("ttl", "TIME", CLAIMS, "How long the grant is good: seconds, or `2m` [default: 120]")
        .short('l')
        .also("token-ttl"),
    one("pid", "DIGITS", CLAIMS, "The person that the token is restricted to"),
    one("system-user", "ORGNO", CLAIMS, "Ask for a token for this organisation's system user in Altinn"),
    one("external-ref", "TEXT", CLAIMS, "The reference of that system user, when it has one"),
    one("authorization-details", "JSON|@FILE", CLAIMS, "Rich authorization requests, as a JSON array"),
    many("claim", "NAME=VALUE", CLAIMS, "A claim more, as text; repeatable"),
    many("claim-json", "NAME=JSON", CLAIMS, "A claim more, as JSON; repeatable"),
    one("keystore", "FILE|-", KEY, "The PKCS#12 keystore (.p12, .pfx); `-` reads stdin").short('k'),
    one("alias", "ALIAS", KEY, "The key to use, when the keystore has several"),
    one("keystore-password-file", "FILE|-", KEY, "Read the keystore's password from a file"),
    one("keystore-password-env", "NAME", KEY, "Read the keystore's password from this variable"),
    one("keystore-password-command", "COMMAND", KEY, "Read the keystore's password from what a command prints"),
    one("keystore-password", "PASSWORD", KEY, "The keystore's password; everyone on this machine can see it")
        .short('p'),
    one("max-iterations", "NUMBER", KEY, "How much work opening the keystore may take [default: 10000000]"),
    one("kid", "ID", KEY, "The id under which the key is registered; `thumbprint` for the certificate's").short('K'),
    one("x5c", "WHAT", KEY, "The certificates sent along: `chain` or `leaf` [default: chain]"),
    one("alg", "NAME", KEY, "The signature algorithm [default: RS256]"),
    one("timeout", "TIME", NETWORK, "How long the whole exchange may take [default: 30s]"),
    one("connect-timeout", "TIME", NETWORK, "How long connecting may take [default: 5s]"),
    one(
        "retries",
        "NUMBER",
        NETWORK,
        "How many attempts follow the first, after network errors, 429 and 5xx [default: 2]",
    ),
    one("ca-file", "FILE", NETWORK, "Certificate authorities to trust beside the machine's own, in PEM"),
];

/// What was typed of the settings: names and values, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed(pub(crate) Vec<(&'static str, Vec<String>)>);

impl Args for Typed {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(Setting::argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Typed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = SETTINGS.iter().filter_map(|setting| {
            let values: Vec<String> = match setting.takes {
                Takes::Nothing => matches.get_flag(setting.name).then(|| "true".to_owned()).into_iter().collect(),
                _ => matches.get_many::<String>(setting.name).unwrap_or_default().cloned().collect(),
            };
            (!values.is_empty()).then_some((setting.name, values))
        });
        Ok(Self(typed.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
