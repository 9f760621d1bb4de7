//! The options of `maskinporten scope` and `maskinporten org`.

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};

use super::{ListFormat, TEMPLATE};
use crate::cli::settings::RegisterSettingArguments;

/// `org`
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Show organisations by their numbers
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten org show 991825827\n  \
        maskinporten org show 310700010 310700088 --env local --format json\n")]
    Show(OrgShowArguments),
    /// Search organisations by the words of their names
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten org search digitaliseringsdirektoratet\n  \
        maskinporten org search simulert kommune --env local --format csv\n")]
    Search(OrgSearchArguments),
}

/// The options of every question to the register of business units.
#[derive(Debug, Args)]
pub(crate) struct RegisterArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) settings: RegisterSettingArguments,
}

/// `org show`
#[derive(Debug, Args)]
pub(crate) struct OrgShowArguments {
    /// Organisation numbers
    #[arg(value_name = "ORGNO", required = true)]
    pub(crate) number: Vec<String>,
    #[command(flatten)]
    pub(crate) register: RegisterArguments,
}

/// `org search`
#[derive(Debug, Args)]
pub(crate) struct OrgSearchArguments {
    /// Words of the name
    #[arg(value_name = "TEXT", required = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) text: Vec<String>,
    /// The most main units, and the most sub-units, to print
    #[arg(long, value_name = "NUMBER", default_value = "20", value_parser = clap::value_parser!(u16).range(1..=100),
          help_heading = "Output")]
    pub(crate) limit: u16,
    #[command(flatten)]
    pub(crate) register: RegisterArguments,
}
