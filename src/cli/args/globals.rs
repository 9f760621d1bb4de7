//! The options of every command, and the version.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use maskinporten::language::Language;

use crate::cli::{
    report::{Color, ErrorFormat},
    settings,
};

/// The version for `--version`, with what differs between the builds of it.
pub(crate) const LONG_VERSION: &str = if cfg!(feature = "pkcs11") {
    concat!(env!("CARGO_PKG_VERSION"), "\nwith support for hardware tokens (PKCS#11)")
} else {
    concat!(env!("CARGO_PKG_VERSION"), "\nwithout support for hardware tokens (PKCS#11)")
};

/// The options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Globals {
    /// Print each step; repeatable
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only errors
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to use colour
    #[arg(long, global = true, hide_short_help = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// Read only this config file
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The format of errors on stderr
    #[arg(long, global = true, hide_short_help = true, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) error_format: ErrorFormat,
    /// The language in which refusals are explained [default: the locale's]
    #[arg(long, global = true, hide_short_help = true, value_name = "LANGUAGE",
          value_parser = settings::lenient_names(Language::NAMES, |tag| Language::from_tag(tag).map(Language::name)))]
    pub(crate) lang: Option<String>,
}
