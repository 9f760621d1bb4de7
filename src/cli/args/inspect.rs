//! What can be typed after `maskinporten inspect`.

use clap::{Args, builder::PossibleValuesParser};

use crate::cli::settings::Typed;

pub(super) const EXPECTATIONS: &str = "Without --grant, --audience and --scope are what the token should say, and \
    --env is whose it should be: what is typed, never a variable or a profile. With --grant they shape the grant, as \
    for any other command. Keys: Maskinporten's, ID-porten's, Altinn's or the simulator's own, by the token's issuer, \
    or those of --jwks.";

/// `inspect`
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The token; everyone on this machine can see it. Without it, or with `-`, stdin is read
    #[arg(value_name = "JWT", conflicts_with = "grant")]
    pub(crate) jwt: Option<String>,
    /// Inspect the grant that would be sent; nothing is sent
    #[arg(long)]
    pub(crate) grant: bool,
    /// Show the numbers of persons
    #[arg(long, help_heading = "Output")]
    pub(crate) show_pid: bool,
    /// What to print
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output",
          value_parser = PossibleValuesParser::new(["text", "json"]))]
    pub(crate) format: String,
    /// Verify signature, issuer and times; exit code 7 when something does not hold
    #[arg(long, help_heading = "Verification")]
    pub(crate) verify: bool,
    /// The organisation that should have the access; implies --verify
    #[arg(long, value_name = "ORGNO", help_heading = "Verification", conflicts_with = "grant")]
    pub(crate) consumer: Option<String>,
    /// Verify with these public keys; implies --verify
    #[arg(long, value_name = "FILE|URL", help_heading = "Verification")]
    pub(crate) jwks: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Typed,
}
