//! The options of `maskinporten explain`.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use maskinporten::printer::ExplanationForm;

use super::named;

pub(super) const PASTED: &str = "Text can be pasted as it is, in quotes or after `--`: the server's response, a line of a \
    log, an error message of this program. A prefix of codes (MP, AUTH, AM, RR, CORR, BRO) lists them. Without text, stdin is \
    read; if it is a terminal or empty, all known refusals are listed. Nothing is sent.";

/// `explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// A code, a URL that ends with one, an OAuth error, or any text that contains one; `-` reads stdin
    #[arg(value_name = "CODE|TEXT|URL")]
    pub(crate) words: Vec<OsString>,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output",
          value_parser = named(ExplanationForm::NAMES, ExplanationForm::parse))]
    pub(crate) format: ExplanationForm,
    /// Write a website of all known refusals into this folder, in both languages
    #[arg(long, value_name = "FOLDER", help_heading = "Output", conflicts_with_all = ["words", "format"])]
    pub(crate) html: Option<PathBuf>,
}
