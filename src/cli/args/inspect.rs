//! The options of `maskinporten inspect`.

use clap::Args;

use super::ReportFormat;
use crate::cli::settings::SettingArguments;

pub(super) const EXPECTATIONS: &str = "Without --grant, --audience, --scope and --env are what the token is expected to \
    contain; only options count, not variables or profiles. With --grant they are settings of the grant, as for any other \
    command. The keys are those of --jwks, or else those that the token's issuer publishes: Maskinporten, ID-porten, \
    Altinn, the simulator, or the server that --discover, --audience or --altinn-url names, here or in a variable or profile.";

/// `inspect`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub(crate) struct InspectArguments {
    /// The token, alone or in other text such as a curl command; or a file with it. Without it, or with `-`, stdin is read.
    /// Every user of this machine can see a token that is typed here
    #[arg(value_name = "JWT", conflicts_with = "grant")]
    pub(crate) jwt: Vec<String>,
    /// Inspect the grant that would be sent, without sending it
    #[arg(long)]
    pub(crate) grant: bool,
    /// Show national identity numbers
    #[arg(long, help_heading = "Output")]
    pub(crate) show_pid: bool,
    /// Look up the names of organisations in the register of business units
    #[arg(long, help_heading = "Output")]
    pub(crate) names: bool,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
    /// Verify signature, issuer and times; exit code 7 if verification fails
    #[arg(long, help_heading = "Verification")]
    pub(crate) verify: bool,
    /// The expected consumer organisation; implies --verify
    #[arg(long, value_name = "ORGNO", help_heading = "Verification", conflicts_with = "grant")]
    pub(crate) consumer: Option<String>,
    /// Verify with these public keys; implies --verify. The grant of another client needs them, unless a root of enterprise
    /// certificates that this machine trusts vouches for its certificate
    #[arg(long, value_name = "FILE|URL", help_heading = "Verification")]
    pub(crate) jwks: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}
