//! What can be typed after `maskinporten explain`.

use std::ffi::OsString;

use clap::{Args, builder::PossibleValuesParser};
use maskinporten_token_generator::printer::ExplanationForm;

/// `explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// A code, an address that ends with one, an OAuth error, or a text pasted whole; `-` reads stdin
    #[arg(value_name = "CODE|TEXT|URL")]
    pub(crate) words: Vec<OsString>,
    /// What to print
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output",
          value_parser = PossibleValuesParser::new(ExplanationForm::NAMES))]
    pub(crate) format: String,
}
