//! `config import`: profiles from the files of the original tool and of Digdir's Java demonstration.

use std::path::{Path, PathBuf};

use maskinporten_token_generator::profile::{self, Draft, Imported};

use super::{Target, default_of, failure};
use crate::cli::{
    args::ImportArguments,
    report::{self, Exit, Failure, Report},
    settings,
};

pub(super) fn run(arguments: &ImportArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let target = Target::choose(config, arguments.project)?;
    let folder = target.file.parent().unwrap_or(Path::new("")).to_owned();
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let known = settings::known();
    let Imported { drafts, remarks } =
        profile::import(&arguments.files, &folder, &known).map_err(|error| failure(&error))?;
    for remark in &remarks {
        report.warning(&format!("{remark}; {}", remark.reason.hint()));
    }
    if drafts.is_empty() {
        let message = "no file has a client id, so there is no profile to write".to_owned();
        let hint = "give your own file too: maskinporten config import config.ps1 config.local.ps1".to_owned();
        return Err(Failure::plain(Exit::Configuration, "import", message, Some(hint)));
    }
    if arguments.print {
        let text = Draft::file(&drafts, default_of(&drafts), &known).map_err(|error| failure(&error))?;
        return report::print(text.as_bytes());
    }
    target.write(&drafts)
}
