//! The options of `maskinporten cache`.

use clap::{Args, Subcommand};

use super::{ReportFormat, TEMPLATE};

/// `cache`
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List the cached tokens: scopes, client, expiry; never the tokens themselves
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten cache list\n  \
        maskinporten cache list --format json\n")]
    List(CacheListArguments),
    /// Remove the cached tokens
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten cache clear\n  \
        maskinporten cache clear --expired\n")]
    Clear(CacheClearArguments),
}

/// `cache list`
#[derive(Debug, Args)]
pub(crate) struct CacheListArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
}

/// `cache clear`
#[derive(Debug, Args)]
pub(crate) struct CacheClearArguments {
    /// Remove only expired tokens
    #[arg(long, help_heading = "Output")]
    pub(crate) expired: bool,
}
