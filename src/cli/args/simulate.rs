//! The options of `maskinporten simulate`.

use std::path::PathBuf;

use clap::{ArgAction, Args, builder::PossibleValuesParser};

pub(super) const SWITCHES: &str = "Clients, scopes, delegations and the switches for undocumented behaviour of Maskinporten are in \
    clients.json in its folder, which is read again when it changes. Ctrl-C stops it.";

/// `simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// The folder for its files [default: the user's data folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 17824)]
    pub(crate) port: u16,
    /// Serve https, with a certificate of its own authority
    #[arg(long)]
    pub(crate) tls: bool,
    /// Also accept certificates issued under these roots, in PEM; repeatable
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(crate) trust: Vec<PathBuf>,
    /// Also accept this signature algorithm, such as ES256; repeatable
    #[arg(long, value_name = "NAME", action = ArgAction::Append, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(["PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]))]
    pub(crate) allow_alg: Vec<String>,
    /// Accept this undocumented claim, such as acr; repeatable
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    pub(crate) allow_claim: Vec<String>,
}
