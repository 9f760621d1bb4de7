//! The options of `maskinporten config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ReportFormat, TEMPLATE};
use crate::cli::settings::SettingArguments;

/// `config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a profile, from options or answers
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config init\n  \
        maskinporten config init --profile kunde --env test -c ID -s difitest:test1\n  \
        maskinporten config init --project --env prod\n")]
    Init(InitArguments),
    /// Show every setting in effect, and where it came from
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config show\n  \
        maskinporten config show --profile kunde --format json\n")]
    Show(ShowArguments),
    /// Print the config files that are read, highest precedence first
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
    /// Write maskinporten.toml in this folder, not the user's config file
    #[arg(long, help_heading = "Output", conflicts_with = "config")]
    pub(crate) project: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// `config show`
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// `config import`
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The files; later ones override earlier ones
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print the profiles instead of writing them
    #[arg(long, help_heading = "Output")]
    pub(crate) print: bool,
    /// Write maskinporten.toml in this folder, not the user's config file
    #[arg(long, help_heading = "Output", conflicts_with = "config")]
    pub(crate) project: bool,
}
