//! `maskinporten config`: writes profiles, shows what counts and where it came from, and takes over other tools' files.

mod import;
mod init;
mod show;

use std::{
    fs::{DirBuilder, File},
    path::{Path, PathBuf},
};

use maskinporten_token_generator::{
    explain::Explain,
    profile::{self, Draft, FileKind, PROJECT_FILE, Search, WriteError},
};

use super::{
    args::ConfigCommand,
    report::{self, Exit, Failure, Report},
    settings,
};

pub(crate) fn run(command: ConfigCommand, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    match command {
        ConfigCommand::Init(arguments) => init::run(arguments, config, report),
        ConfigCommand::Show(arguments) => show::run(arguments, config, report),
        ConfigCommand::Path => path(config),
        ConfigCommand::Import(arguments) => import::run(&arguments, config, report),
    }
}

/// The files that count, the strongest first; when there are none, the one that `config init` would write.
fn path(config: Option<PathBuf>) -> Result<(), Failure> {
    let user = profile::user_file();
    let files: Vec<PathBuf> = if let Some(named) = config {
        vec![named]
    } else {
        let project = Search::usual(None).project_file()?;
        project.into_iter().chain(user.clone().filter(|file| file.exists())).collect()
    };
    let files = if files.is_empty() { user.into_iter().collect() } else { files };
    let lines: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    report::print(format!("{}\n", lines.join("\n")).as_bytes())
}

/// The profile that counts when none is asked for: test before all others, so that nobody asks production unawares.
fn default_of(drafts: &[Draft]) -> Option<&str> {
    let test = drafts.iter().find(|draft| draft.name == "test");
    test.or(drafts.first()).map(|draft| draft.name.as_str())
}

/// Where new profiles are written.
struct Target {
    file: PathBuf,
    kind: FileKind,
}

impl Target {
    fn choose(config: Option<PathBuf>, project: bool) -> Result<Self, Failure> {
        if let Some(file) = config {
            return Ok(Self { file, kind: FileKind::User });
        }
        if project {
            return Ok(Self { file: PathBuf::from(PROJECT_FILE), kind: FileKind::Project });
        }
        let file = profile::user_file().ok_or_else(|| {
            let hint = "set HOME or XDG_CONFIG_HOME, or name the file with --config".to_owned();
            let message = "this system names no folder for config files".to_owned();
            Failure::plain(Exit::Configuration, "config_file", message, Some(hint))
        })?;
        Ok(Self { file, kind: FileKind::User })
    }

    /// Waits for others that write to the same folder, for as long as what is returned is held. Where a folder cannot be
    /// locked, the last writer wins.
    fn lock(&self) -> Option<File> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder).ok()?;
        let folder = File::open(folder).ok()?;
        folder.lock().ok()?;
        Some(folder)
    }

    /// Writes a new file, or adds to the one that is there.
    fn write(&self, drafts: &[Draft]) -> Result<(), Failure> {
        let known = settings::known();
        let _alone = self.lock();
        let written = if self.file.exists() {
            profile::append(&self.file, drafts, self.kind, &known)
        } else {
            Draft::file(drafts, default_of(drafts), &known).and_then(|text| profile::create(&self.file, &text, false))
        };
        written.map_err(|error: WriteError| failure(&error))?;
        report::print(format!("{}\n", self.file.display()).as_bytes())
    }
}

fn failure(error: &dyn Explain) -> Failure {
    Failure::new(Exit::Configuration, error)
}
