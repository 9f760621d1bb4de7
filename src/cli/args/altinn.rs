//! The options of `maskinporten altinn`.

use clap::{Args, Subcommand};

use super::{ReportFormat, TEMPLATE};

/// `altinn`
#[derive(Debug, Subcommand)]
pub(crate) enum AltinnCommand {
    /// Show which organisation, person or system user an Altinn token is for
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten altinn whoami < altinn-token.txt\n  \
        maskinporten altinn whoami --format json < altinn-token.txt\n")]
    Whoami(WhoamiArguments),
}

/// `altinn whoami`
#[derive(Debug, Args)]
pub(crate) struct WhoamiArguments {
    /// The token, alone or in other text such as a curl command; or a file with it. Without it, or with `-`, stdin is read.
    /// Every user of this machine can see a token that is typed here
    #[arg(value_name = "TOKEN")]
    pub(crate) token: Vec<String>,
    /// Show national identity numbers
    #[arg(long, help_heading = "Output")]
    pub(crate) show_pid: bool,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
}
