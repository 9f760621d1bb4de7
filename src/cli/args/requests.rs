//! The options of the commands that sign a grant or request a token: `token`, `grant`, `headers` and `check`.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use maskinporten::printer::{GrantForm, HeadersForm, Shell, TokenForm};

use super::{ReportFormat, named};
use crate::cli::settings::SettingArguments;

/// `token`
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "token", help_heading = "Output",
          value_parser = named(TokenForm::NAMES, TokenForm::parse))]
    pub(crate) format: TokenForm,
    /// The shell that `--format env` prints assignments for [default: sh]
    #[arg(long, value_name = "SHELL", help_heading = "Output",
          value_parser = named(Shell::NAMES, Shell::parse))]
    pub(crate) shell: Option<Shell>,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// `grant`
#[derive(Debug, Args)]
pub(crate) struct GrantArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "jwt", help_heading = "Output",
          value_parser = named(GrantForm::NAMES, GrantForm::parse))]
    pub(crate) format: GrantForm,
    /// Print header and claims as JSON
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Output", conflicts_with = "format")]
    pub(crate) decode: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// `headers`
#[derive(Debug, Args)]
pub(crate) struct HeadersArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "lines", help_heading = "Output",
          value_parser = named(HeadersForm::NAMES, HeadersForm::parse))]
    pub(crate) format: HeadersForm,
    /// Extra header, such as Altinn's `ApiKey`; repeatable
    #[arg(long, value_name = "NAME: VALUE", action = ArgAction::Append, help_heading = "Output")]
    pub(crate) header: Vec<String>,
    #[command(flatten)]
    pub(crate) proof: ProofArguments,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// The call that a token is for, if it is bound to a key (`DPoP`, RFC 9449).
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "the options have these names")]
pub(crate) struct ProofArguments {
    /// The URL of the call, for a token that is bound to a key (`DPoP`)
    #[arg(long, value_name = "URL", help_heading = "Proof of possession", hide_short_help = true)]
    pub(crate) dpop_url: Option<String>,
    /// The method of the call
    #[arg(
        long,
        value_name = "METHOD",
        default_value = "GET",
        help_heading = "Proof of possession",
        hide_short_help = true,
        requires = "dpop_url"
    )]
    pub(crate) dpop_method: String,
    /// The nonce that the API has asked for
    #[arg(
        long,
        value_name = "TEXT",
        help_heading = "Proof of possession",
        hide_short_help = true,
        requires = "dpop_url"
    )]
    pub(crate) dpop_nonce: Option<String>,
}

/// `check`
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Run only the checks that need no network
    #[arg(long, help_heading = "Checks")]
    pub(crate) offline: bool,
    /// Request each scope separately, even if the request for all of them was granted
    #[arg(long, help_heading = "Checks", conflicts_with = "offline")]
    pub(crate) each_scope: bool,
    /// Read more scopes from a file, separated by spaces, commas or lines; # starts a comment
    #[arg(long, value_name = "FILE", help_heading = "Checks")]
    pub(crate) scopes_file: Option<PathBuf>,
    /// Look up the names of the organisations that the report has, in the register of business units
    #[arg(long, help_heading = "Output", conflicts_with = "offline")]
    pub(crate) names: bool,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}
