//! Profiles from the files of other tools: the original's `config.ps1` and `config.cmd`, and the `.properties` of
//! Digdir's Java demonstration.
//!
//! Nothing is run: what would need a shell is told by its line. Passwords are not taken over, and not shown.

mod batch;
mod collect;
mod decode;
mod line;
mod making;
mod powershell;
mod properties;
mod remark;
mod translate;

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

pub use self::remark::{Reason, Remark};
use self::{collect::Collection, line::Variables, translate::Translator};
use super::{Draft, KnownSetting, source::MAXIMUM_BYTES};
use crate::explain::Explain;

/// What was taken over, and what was not.
#[derive(Debug)]
pub struct Imported {
    /// A profile for each environment that has a client, named by it. Empty when no file has one.
    pub drafts: Vec<Draft>,
    /// What needs its reader, in the order of the files.
    pub remarks: Vec<Remark>,
}

/// Why a file of another tool could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not there or may not be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large for a config file.
    #[error("`{}` is larger than 1 MiB", .0.display())]
    TooLarge(PathBuf),
    /// The file is no text.
    #[error("`{}` is no text", .0.display())]
    NotText(PathBuf),
    /// The file is none of the kinds that can be imported.
    #[error("`{}` is neither config.ps1 nor config.cmd nor a .properties file", .0.display())]
    UnknownKind(PathBuf),
}

impl Explain for ImportError {
    fn code(&self) -> &'static str {
        "import"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { .. } => "check the path and its permissions".to_owned(),
            Self::NotText(_) => "save it as UTF-8".to_owned(),
            Self::TooLarge(_) | Self::UnknownKind(_) => {
                "give a file of assignments: maskinporten config import config.ps1 config.local.ps1".to_owned()
            }
        })
    }
}

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    PowerShell,
    Batch,
    Properties,
}

/// Reads files of other tools, later ones over earlier ones, as `config.local.ps1` is over `config.ps1`.
///
/// Relative paths in them belong to the folder of the first, where the original's scripts are; they come out relative
/// to `folder`, where the profiles will be written, or whole when they are not below it.
///
/// # Errors
/// [`ImportError`] when a file cannot be read or is none of the three kinds.
pub fn import(files: &[PathBuf], folder: &Path, known: &[KnownSetting]) -> Result<Imported, ImportError> {
    let mut collection = Collection::default();
    let mut variables = Variables::default();
    for path in files {
        let text = read_text(path)?;
        let format = format_of(path, &text).ok_or_else(|| ImportError::UnknownKind(path.clone()))?;
        let lines = match format {
            Format::PowerShell => powershell::read(&text, &mut variables),
            Format::Batch => batch::read(&text, &mut variables),
            Format::Properties => properties::read(&text),
        };
        let base = if format == Format::Properties { path } else { files.first().unwrap_or(path) };
        collection.add(path, base, format, lines);
    }
    Ok(Translator::new(folder, known).translate(collection, &variables))
}

fn read_text(path: &Path) -> Result<String, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(ImportError::TooLarge(path.to_owned()));
    }
    decode::decode(&bytes).ok_or_else(|| ImportError::NotText(path.to_owned()))
}

/// The kind of a file, by its name; else by its first line that sets something.
fn format_of(path: &Path, text: &str) -> Option<Format> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("ps1") => return Some(Format::PowerShell),
        Some("cmd" | "bat") => return Some(Format::Batch),
        Some("properties") => return Some(Format::Properties),
        _ => {}
    }
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let command = line.trim_start_matches('@').get(..4).unwrap_or_default();
        if line.starts_with('$') && line.contains('=') {
            Some(Format::PowerShell)
        } else if command.eq_ignore_ascii_case("set ") {
            Some(Format::Batch)
        } else {
            let name = line.split_once('=')?.0.trim();
            collect::is_property(name).then_some(Format::Properties)
        }
    })
}
