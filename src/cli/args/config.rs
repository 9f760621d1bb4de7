//! What can be typed after `maskinporten config`.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::TEMPLATE;
use crate::cli::settings::Typed;

/// `config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a profile, from options or from answers
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config init\n  \
        maskinporten config init --profile kunde --env test -c ID -s difitest:test1\n  \
        maskinporten config init --project --env prod\n")]
    Init(InitArguments),
    /// Show every value that counts, and where it came from
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config show\n  \
        maskinporten config show --profile kunde --format json\n")]
    Show(ShowArguments),
    /// Print the config files that are read, the strongest first
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config path\n  \
        less \"$(maskinporten config path | head -n 1)\"\n")]
    Path,
    /// Write profiles from config.ps1, config.cmd or a .properties file
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config import config.ps1 config.local.ps1\n  \
        maskinporten config import --print demo.properties\n")]
    Import(ImportArguments),
}

/// `config init`
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Write maskinporten.toml in this folder, in place of the user's own file
    #[arg(long, help_heading = "Output", conflicts_with = "config")]
    pub(crate) project: bool,
    #[command(flatten)]
    pub(crate) settings: Typed,
}

/// `config show`
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// What to print
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output",
          value_parser = PossibleValuesParser::new(["text", "json"]))]
    pub(crate) format: String,
    #[command(flatten)]
    pub(crate) settings: Typed,
}

/// `config import`
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The files, later ones over earlier ones
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print the profiles and write nothing
    #[arg(long, help_heading = "Output")]
    pub(crate) print: bool,
    /// Write maskinporten.toml in this folder, in place of the user's own file
    #[arg(long, help_heading = "Output", conflicts_with = "config")]
    pub(crate) project: bool,
}
