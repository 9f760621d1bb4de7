//! The options that the commands of an administrator share.

use clap::{Args, ValueEnum};

use crate::cli::settings::AdminSettingArguments;

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
    Csv,
}

/// The options of every command of an administrator.
#[derive(Debug, Args)]
pub(crate) struct AdminArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) settings: AdminSettingArguments,
}

/// How a change is made.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ChangeArguments {
    /// Print what would change, and change nothing
    #[arg(long, help_heading = "Change")]
    pub(crate) dry_run: bool,
    /// Change without asking
    #[arg(long, conflicts_with = "dry_run", help_heading = "Change")]
    pub(crate) yes: bool,
}
