//! What can be typed after `maskinporten cache`.

use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::TEMPLATE;

/// `cache`
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show which tokens are stored: what, for whom, until when; never the tokens
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten cache list\n  \
        maskinporten cache list --format json\n")]
    List(CacheListArguments),
    /// Remove the stored tokens
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten cache clear\n  \
        maskinporten cache clear --expired\n")]
    Clear(CacheClearArguments),
}

/// `cache list`
#[derive(Debug, Args)]
pub(crate) struct CacheListArguments {
    /// What to print
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output",
          value_parser = PossibleValuesParser::new(["text", "json"]))]
    pub(crate) format: String,
}

/// `cache clear`
#[derive(Debug, Args)]
pub(crate) struct CacheClearArguments {
    /// Remove those that have ended, and leave the others
    #[arg(long, help_heading = "Output")]
    pub(crate) expired: bool,
}
