//! Profiles from other tools' files: the original's `config.ps1` and `config.cmd`, the `.properties` file of Digdir's Java
//! demonstration, `MaskinportenSettings` of .NET in JSON, and `.env` files.
//!
//! Nothing is run: a value that needs a shell is reported by its line. Passwords are neither copied nor shown.

mod batch;
mod builder;
mod code_page;
mod keys;
mod powershell;
mod program_settings;
mod properties;
mod remark;
mod statement;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use self::remark::{ImportProblem, ImportRemark};
use self::{
    builder::ProfileBuilder,
    keys::{CollectedKeys, property},
    statement::Variables,
};
use super::{KnownSetting, ProfileDraft, paths, source::MAXIMUM_BYTES};
use crate::{
    environment::Environment,
    explain::Explain,
    file::{self, FileError},
    text::shown_path,
};

/// The result of an import.
#[derive(Debug)]
pub struct Imported {
    /// A profile for each environment that has a client, under its name. Empty when no file has a client.
    pub drafts: Vec<ProfileDraft>,
    /// What needs the user's attention, in the order of the files.
    pub remarks: Vec<ImportRemark>,
}

/// Why another tool's file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file does not exist or may not be read.
    #[error("could not read `{}`", shown_path(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is too large for a config file.
    #[error("`{}` is larger than 1 MiB", .0.display())]
    TooLarge(PathBuf),
    /// The file is not text.
    #[error("`{}` is not a text file", .0.display())]
    NotText(PathBuf),
    /// The file has a format that cannot be imported.
    #[error("`{}` is not a config.ps1, config.cmd, .properties, .json or .env file with settings", shown_path(.0))]
    UnknownKind(PathBuf),
    /// A JSON file without settings of Maskinporten.
    #[error("`{}` is not JSON with a section MaskinportenSettings or Maskinporten", shown_path(.0))]
    NoSettings(PathBuf),
}

impl Explain for ImportError {
    fn code(&self) -> &'static str {
        "import"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { .. } => "check the path and its permissions".to_owned(),
            Self::NotText(_) => "save it as UTF-8".to_owned(),
            Self::NoSettings(_) => {
                "remove comments and trailing commas, and name the file that has the section".to_owned()
            }
            Self::TooLarge(_) | Self::UnknownKind(_) => {
                "pass a file of assignments: maskinporten config import config.ps1 config.local.ps1".to_owned()
            }
        })
    }
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ImportFormat {
    PowerShell,
    Batch,
    Properties,
    Json,
    Env,
}

/// Imports other tools' files. Later ones take precedence, as `config.local.ps1` does over `config.ps1`.
///
/// Relative paths in them start from the folder of the first, where the original's scripts are. The result has them
/// relative to `folder`, where the profiles will be written, or absolute when they are not below it.
///
/// # Errors
/// [`ImportError`] when a file cannot be read, or has an unknown format.
pub fn import(files: &[PathBuf], folder: &Path, known: &[KnownSetting]) -> Result<Imported, ImportError> {
    let mut keys = CollectedKeys::default();
    let mut variables = Variables::default();
    for path in files {
        let (text, format) = read(path)?;
        let (base, statements) = match format {
            ImportFormat::PowerShell => (files.first(), powershell::parse(&text, &mut variables)),
            ImportFormat::Batch => (files.first(), batch::parse(&text, &mut variables)),
            ImportFormat::Properties => (None, properties::parse(&text)),
            ImportFormat::Json => {
                let statements = program_settings::parse_json(&text);
                (None, statements.ok_or_else(|| ImportError::NoSettings(path.clone()))?)
            }
            ImportFormat::Env => (None, program_settings::parse_env(&text)),
        };
        keys.add(path, base.unwrap_or(path), format, statements);
    }
    let CollectedKeys { mut groups, mut remarks, helpers, .. } = keys;
    let unused = helpers.into_iter().filter(|(name, _)| !variables.used.contains(name));
    remarks.extend(unused.map(|(_, remark)| remark));
    let order = |own: Environment| Environment::ALL.iter().position(|environment| *environment == own);
    groups.sort_by_key(|group| group.environment.and_then(order).unwrap_or(usize::MAX));
    let mut drafts = Vec::new();
    let folder = paths::absolute(folder);
    for group in &groups {
        let (draft, own) = ProfileBuilder::new(group, &folder, known).build();
        drafts.extend(draft);
        remarks.extend(own);
    }
    remarks.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(Imported { drafts, remarks })
}

/// Reads a file, and finds its format.
fn read(path: &Path) -> Result<(String, ImportFormat), ImportError> {
    let bytes = file::read(path, MAXIMUM_BYTES).map_err(|error| match error {
        FileError::TooLarge { .. } => ImportError::TooLarge(path.to_owned()),
        error => ImportError::Unreadable { path: path.to_owned(), source: error.into() },
    })?;
    let unicode = decode_unicode(&bytes);
    let text = unicode.clone().unwrap_or_else(|| code_page::decode(&bytes, false));
    if text.contains('\0') {
        return Err(ImportError::NotText(path.to_owned()));
    }
    let format = detect_format(path, &text).ok_or_else(|| ImportError::UnknownKind(path.to_owned()))?;
    let is_script = unicode.is_none() && format == ImportFormat::Batch;
    Ok((if is_script { code_page::decode(&bytes, true) } else { text }, format))
}

/// Decodes UTF-8 with or without a byte order mark, and UTF-16 with one. `None`: it is neither.
fn decode_unicode(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some(utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => str::from_utf8(rest).ok().map(str::to_owned),
    }
}

/// Returns the format of a file, by its extension, or by its first line that sets something.
fn detect_format(path: &Path, text: &str) -> Option<ImportFormat> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("ps1") => return Some(ImportFormat::PowerShell),
        Some("cmd" | "bat") => return Some(ImportFormat::Batch),
        Some("properties") => return Some(ImportFormat::Properties),
        Some("json") => return Some(ImportFormat::Json),
        _ if program_settings::is_env(text) => return Some(ImportFormat::Env),
        _ => {}
    }
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let command = line.trim_start_matches('@').get(..4).unwrap_or_default();
        if line.starts_with('$') && line.contains('=') {
            Some(ImportFormat::PowerShell)
        } else if command.eq_ignore_ascii_case("set ") {
            Some(ImportFormat::Batch)
        } else {
            property(line.split_once('=')?.0.trim()).map(|_| ImportFormat::Properties)
        }
    })
}
