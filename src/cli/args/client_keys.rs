//! The options of `maskinporten client keys` and `keys status`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{AdminArguments, ChangeArguments, TEMPLATE};

/// `client keys`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientKeysCommand {
    /// List the keys of a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client keys list ID --profile admin\n  \
        maskinporten client keys list test --profile admin --format json\n")]
    List(ClientArguments),
    /// Add keys to a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client keys add ID my-key.jwk.json --profile admin\n  \
        maskinporten keys public | maskinporten client keys add ID - --profile admin\n")]
    Add(ClientKeysAddArguments),
    /// Replace the key of a profile by a new one, without a moment when neither works
    #[command(help_template = TEMPLATE, after_help = ROTATION, before_help = "Examples:\n  \
        maskinporten client keys rotate test --profile admin\n  \
        maskinporten client keys rotate test --new-key key.jwk.json --profile admin\n")]
    Rotate(ClientKeysRotateArguments),
    /// Remove keys from a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client keys remove ID KID --profile admin\n  \
        maskinporten client keys remove test KID OTHER --yes --profile admin\n")]
    Remove(ClientKeysRemoveArguments),
    /// List the keys that expire soon, of one client or all; exits with 7 if there are any
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client keys expiry --days 30 --profile admin\n  \
        maskinporten client keys expiry ID --days 60 --format csv --profile admin\n")]
    Expiry(ClientKeysExpiryArguments),
}

const ROTATION: &str = "A key is made (or the one of --new-key taken) and written to a file, registered beside the old \
    one, and used for grants until one is accepted. Then the profile gets the new key, and the old one is removed from \
    the client after --overlap. If anything fails, the old key still works, and the same command with --new-key goes on. The file of the \
    old key is kept.";

/// A client.
#[derive(Debug, Args)]
pub(crate) struct NamedClient {
    /// The id of the client, or a profile that has it
    #[arg(value_name = "CLIENT")]
    pub(crate) client: String,
}

/// `client show`, `client keys list`
#[derive(Debug, Args)]
pub(crate) struct ClientArguments {
    #[command(flatten)]
    pub(crate) named: NamedClient,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `client delete`, and what every change of an existing client needs
#[derive(Debug, Args)]
pub(crate) struct ClientChangeArguments {
    #[command(flatten)]
    pub(crate) named: NamedClient,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `client keys add`
#[derive(Debug, Args)]
pub(crate) struct ClientKeysAddArguments {
    #[command(flatten)]
    pub(crate) client: ClientChangeArguments,
    /// A file with a JWK or JWK set, of which only what is public is sent; `-` reads stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// `client keys rotate`
#[derive(Debug, Args)]
pub(crate) struct ClientKeysRotateArguments {
    /// The profile whose key is replaced
    #[arg(value_name = "PROFILE")]
    pub(crate) rotated: String,
    /// Where to write the new private key [default: PROFILE-KID.jwk.json beside the config file]
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    pub(crate) out: Option<PathBuf>,
    /// Take the private JWK in this file, registered already or not, in place of a new one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "public_key"], help_heading = "Key")]
    pub(crate) new_key: Option<PathBuf>,
    /// Only add this public JWK beside the old key, for a private key that is elsewhere
    #[arg(long, value_name = "FILE|-", conflicts_with = "out", help_heading = "Key")]
    pub(crate) public_key: Option<PathBuf>,
    /// How long to wait until a grant with the new key is accepted
    #[arg(long, value_name = "TIME", default_value = "2m", help_heading = "Key")]
    pub(crate) wait: String,
    /// How long both keys stay registered after that, for programs that have read the profile before
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Key")]
    pub(crate) overlap: String,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `client keys remove`
#[derive(Debug, Args)]
pub(crate) struct ClientKeysRemoveArguments {
    #[command(flatten)]
    pub(crate) client: ClientChangeArguments,
    /// The ids of the keys
    #[arg(required = true, value_name = "KID")]
    pub(crate) kids: Vec<String>,
}

/// `client keys expiry`
#[derive(Debug, Args)]
pub(crate) struct ClientKeysExpiryArguments {
    /// The id of the client, or a profile that has it [default: all clients of the organisation]
    #[arg(value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// The number of days
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(..=3650),
          help_heading = "Client")]
    pub(crate) days: u16,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `keys status`
#[derive(Debug, Args)]
pub(crate) struct KeysStatusArguments {
    /// Exit with 7 if a key expires within this number of days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(..=3650), help_heading = "Keys")]
    pub(crate) days: Option<u16>,
    /// Ask the self-service API how long registered keys are valid, with the admin client of --profile
    #[arg(long, help_heading = "Keys")]
    pub(crate) registered: bool,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}
