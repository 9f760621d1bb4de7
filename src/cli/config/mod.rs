//! `maskinporten config`: writes profiles, shows the settings in effect and their origins, and imports other tools' files.

mod init;
mod show;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    explain::Explain,
    file::create_private_folder,
    profile::{self, ConfigFileKind, ConfigSearch, Imported, PROJECT_FILE, ProfileDraft, ProfileEdit, WriteError},
};

use super::{
    args::{ConfigCommand, ImportArguments},
    report::{self, Exit, Failure, Report},
    settings,
};

pub(crate) use self::init::write_profile;

/// The usual name of the profile of the administrator's client.
pub(crate) const ADMIN: &str = "admin";

pub(crate) fn run(command: ConfigCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        ConfigCommand::Init(arguments) => init::run(arguments, config, report),
        ConfigCommand::Show(arguments) => show::run(arguments, config, report),
        ConfigCommand::Path => print_path(config),
        ConfigCommand::Import(arguments) => import(&arguments, config, report),
    }
}

/// Prints the files that are read, in order of precedence; if there are none, the one that `config init` would write.
fn print_path(config: Option<PathBuf>) -> Result<(), Failure> {
    let user = profile::user_file();
    let files: Vec<PathBuf> = if let Some(named) = config {
        vec![named]
    } else {
        let project = ConfigSearch::usual(None).project_file()?;
        project.into_iter().chain(user.clone().filter(|file| file.exists())).collect()
    };
    let files = if files.is_empty() { user.into_iter().collect() } else { files };
    let lines: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    report::print(format!("{}\n", lines.join("\n")).as_bytes())
}

/// Writes the profiles of other tools' files, or prints them.
fn import(arguments: &ImportArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let target = ConfigTarget::choose(config, arguments.project)?;
    let folder = target.file.parent().unwrap_or(Path::new("")).to_owned();
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let known = settings::known();
    let imported = profile::import(&arguments.files, &folder, &known).map_err(|error| failure(&error))?;
    let Imported { drafts, remarks } = imported;
    for remark in &remarks {
        report.warning(&format!("{remark}; {}", remark.problem.hint()));
    }
    if drafts.is_empty() {
        let message = "no file has a client id, so there is no profile to write".to_owned();
        let hint = "pass your own file too: maskinporten config import config.ps1 config.local.ps1".to_owned();
        return Err(Failure::plain(Exit::Configuration, "import", message, Some(hint)));
    }
    if arguments.print {
        let text =
            ProfileDraft::file(&drafts, default_profile_name(&drafts), &known).map_err(|error| failure(&error))?;
        return report::print(text.as_bytes());
    }
    target.write(&drafts)
}

/// Returns the profile to use without `--profile`: test before all others, so that production is never the default by
/// accident; nor is the administrator.
fn default_profile_name(drafts: &[ProfileDraft]) -> Option<&str> {
    let test = drafts.iter().find(|draft| draft.name == "test");
    test.or(drafts.iter().find(|draft| draft.name != ADMIN)).map(|draft| draft.name.as_str())
}

/// The file that profiles are written to.
pub(crate) struct ConfigTarget {
    pub(crate) file: PathBuf,
    kind: ConfigFileKind,
}

impl ConfigTarget {
    pub(crate) fn choose(config: Option<PathBuf>, project: bool) -> Result<Self, Failure> {
        if let Some(file) = config {
            return Ok(Self { file, kind: ConfigFileKind::User });
        }
        if project {
            return Ok(Self { file: PathBuf::from(PROJECT_FILE), kind: ConfigFileKind::Project });
        }
        let file = profile::user_file().ok_or_else(|| {
            let hint = "set HOME or XDG_CONFIG_HOME, or name the file with --config".to_owned();
            let message = "this system has no folder for config files".to_owned();
            Failure::plain(Exit::Configuration, "config_file", message, Some(hint))
        })?;
        Ok(Self { file, kind: ConfigFileKind::User })
    }

    /// Locks the folder against other processes that write to it, for as long as the result is held. Where a folder
    /// cannot be locked, the last writer wins.
    fn lock(&self) -> Option<File> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        create_private_folder(folder).ok()?;
        let folder = File::open(folder).ok()?;
        folder.lock().ok()?;
        Some(folder)
    }

    /// Whether it is the file of a project, which others share.
    pub(crate) fn is_of_project(&self) -> bool {
        self.kind == ConfigFileKind::Project
    }

    /// Fails if the file has a profile with this name.
    pub(crate) fn refuse_existing(&self, name: &str) -> Result<(), Failure> {
        if !self.file.exists() {
            return Ok(());
        }
        let profiles = ConfigSearch::usual(Some(self.file.clone())).read(&settings::known())?;
        if !profiles.names().contains(name) {
            return Ok(());
        }
        let message = format!("the profile `{name}` exists already in `{}`", self.file.display());
        Err(Failure::plain(Exit::Configuration, "profile", message, Some("give the profile another name".to_owned())))
    }

    /// Replaces settings of profiles in an existing file.
    pub(crate) fn replace(file: PathBuf, kind: ConfigFileKind, edits: &[ProfileEdit]) -> Result<(), Failure> {
        let target = Self { file, kind };
        let _lock = target.lock();
        let replaced = profile::replace(&target.file, edits, kind, &settings::known());
        replaced.map_err(|error: WriteError| failure(&error))
    }

    /// Writes a new file, or appends to an existing one, and prints its path.
    fn write(&self, drafts: &[ProfileDraft]) -> Result<(), Failure> {
        self.add(drafts)?;
        report::print(format!("{}\n", self.file.display()).as_bytes())
    }

    /// Writes a new file, or appends to an existing one.
    pub(crate) fn add(&self, drafts: &[ProfileDraft]) -> Result<(), Failure> {
        let known = settings::known();
        let _lock = self.lock();
        let written = if self.file.exists() {
            profile::append(&self.file, drafts, self.kind, &known)
        } else {
            let text = ProfileDraft::file(drafts, default_profile_name(drafts), &known);
            text.and_then(|text| profile::create(&self.file, &text))
        };
        written.map_err(|error: WriteError| failure(&error))
    }
}

fn failure(error: &dyn Explain) -> Failure {
    Failure::new(Exit::Configuration, error)
}
