//! The options of `maskinporten client` and `init`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    AdminArguments, ChangeArguments, ClientArguments, ClientChangeArguments, ClientKeysCommand, NamedClient, TEMPLATE,
};

/// `client`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// List the organisation's clients
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client list --profile admin\n  \
        maskinporten client list --profile admin --inactive --format csv\n")]
    List(ClientListArguments),
    /// Show a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client show ID --profile admin\n  \
        maskinporten client show test --profile admin --format json\n")]
    Show(ClientArguments),
    /// Create a client, from options or a JSON file
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client create --name App --client-scope a:b --profile admin\n  \
        maskinporten client create --file client.json --yes --profile admin\n")]
    Create(ClientCreateArguments),
    /// Change the members of a client that options or a JSON file name
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client update ID --name App --profile admin\n  \
        maskinporten client update ID --file change.json --dry-run --profile admin\n")]
    Update(ClientUpdateArguments),
    /// Deactivate a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client delete ID --profile admin\n  \
        maskinporten client delete ID --yes --profile admin\n")]
    Delete(ClientChangeArguments),
    /// Add and remove the scopes that a client may request
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client scopes add ID altinn:serviceowner --profile admin\n  \
        maskinporten client scopes remove ID a:b c:d --profile admin\n")]
    Scopes {
        #[command(subcommand)]
        command: ClientScopesCommand,
    },
    /// List, add, remove and replace the keys of a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client keys list ID --profile admin\n  \
        maskinporten client keys rotate test --profile admin\n  \
        maskinporten client keys expiry --days 30 --profile admin\n")]
    Keys {
        #[command(subcommand)]
        command: ClientKeysCommand,
    },
}

/// `client scopes`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientScopesCommand {
    /// Add scopes to a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client scopes add ID altinn:serviceowner --profile admin\n  \
        maskinporten client scopes add test a:b c:d --yes --profile admin\n")]
    Add(ClientScopesArguments),
    /// Remove scopes from a client
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client scopes remove ID altinn:serviceowner --profile admin\n  \
        maskinporten client scopes remove test a:b c:d --yes --profile admin\n")]
    Remove(ClientScopesArguments),
}

pub(super) const REGISTRATION: &str = "The options of the settings, such as --profile and --keystore, are those of the \
    administrator's client, which needs the scopes idporten:dcr.read and idporten:dcr.write. On a terminal, it asks for \
    missing values.";

/// `client list`
#[derive(Debug, Args)]
pub(crate) struct ClientListArguments {
    /// List those that were deactivated too
    #[arg(long, help_heading = "Client")]
    pub(crate) inactive: bool,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// What a client consists of.
#[derive(Debug, Args)]
#[command(next_help_heading = "Client")]
pub(crate) struct ClientMembers {
    /// Its name
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Its description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A scope that it may request; repeatable
    #[arg(long, value_name = "SCOPE")]
    pub(crate) client_scope: Vec<String>,
    /// How long its tokens are valid
    #[arg(long, value_name = "TIME")]
    pub(crate) token_lifetime: Option<String>,
    /// Read a JSON object as the API takes it; options replace its members
    #[arg(long, value_name = "FILE|-")]
    pub(crate) file: Option<PathBuf>,
}

/// `client create`
#[derive(Debug, Args)]
pub(crate) struct ClientCreateArguments {
    #[command(flatten)]
    pub(crate) members: ClientMembers,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `client update`
#[derive(Debug, Args)]
pub(crate) struct ClientUpdateArguments {
    #[command(flatten)]
    pub(crate) named: NamedClient,
    #[command(flatten)]
    pub(crate) new: ClientCreateArguments,
}

/// `client scopes add`, `client scopes remove`
#[derive(Debug, Args)]
pub(crate) struct ClientScopesArguments {
    #[command(flatten)]
    pub(crate) client: ClientChangeArguments,
    /// The scopes
    #[arg(required = true, value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
}

/// `init`
#[derive(Debug, Args)]
pub(crate) struct RegisterArguments {
    /// The profile that is written [default: the environment's name]
    #[arg(long, value_name = "NAME", help_heading = "Client")]
    pub(crate) new_profile: Option<String>,
    #[command(flatten)]
    pub(crate) members: ClientMembers,
    /// Where to write the private key [default: PROFILE-KID.jwk.json beside the config file]
    #[arg(long, value_name = "FILE", help_heading = "Client")]
    pub(crate) out: Option<PathBuf>,
    /// Write the profile to maskinporten.toml in this folder, not to the user's config file
    #[arg(long, conflicts_with = "config", help_heading = "Output")]
    pub(crate) project: bool,
    /// How long to wait for the first token
    #[arg(long, value_name = "TIME", default_value = "2m", help_heading = "Client")]
    pub(crate) wait: String,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}
