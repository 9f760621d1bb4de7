//! The options of `maskinporten keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::{KeysStatusArguments, ReportFormat, TEMPLATE};
use crate::cli::settings::SettingArguments;

/// `keys`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Create a private JWK, and print the public JWK set to register
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten keys new\n  \
        maskinporten keys new --rsa 4096 --kid my-key-2027 --out my-key.jwk.json\n")]
    New(NewArguments),
    /// Print the public JWK set of any key
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten keys public --env local\n  \
        maskinporten keys public --jwk my-key.jwk.json\n")]
    Public(PublicArguments),
    /// List the keys in a keystore, a JWK set or a PEM file
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten keys list enterprise.p12\n  \
        maskinporten keys list --format json my-keys.jwk.json\n")]
    List(ListArguments),
    /// List the key of every profile: where it is, when it expires, and when it last got a token
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten keys status\n  \
        maskinporten keys status --days 30 --format json\n  \
        maskinporten keys status --registered --profile admin\n")]
    Status(Box<KeysStatusArguments>),
}

/// `keys new`
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The size of the RSA key in bits
    #[arg(long, value_name = "BITS", default_value = "3072",
          value_parser = PossibleValuesParser::new(["3072", "4096"]))]
    pub(crate) rsa: String,
    /// The key id [default: the key's thumbprint (RFC 7638)]
    #[arg(long, value_name = "ID")]
    pub(crate) kid: Option<String>,
    /// Where to write the private key; an existing file is never overwritten
    #[arg(long, value_name = "FILE", default_value = "maskinporten-key.jwk.json")]
    pub(crate) out: PathBuf,
}

/// `keys public`
#[derive(Debug, Args)]
pub(crate) struct PublicArguments {
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// `keys list`
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// The file; `-` reads stdin
    pub(crate) file: PathBuf,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}
