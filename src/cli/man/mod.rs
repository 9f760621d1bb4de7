//! `maskinporten man`: manual pages, generated from the texts of `--help`.
//!
//! The description and the options come from the command line itself (`clap_mangen`), the exit codes from the enum that the
//! program exits with, and the variables from the table of settings. Only the files are listed here.

mod page;
mod sections;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _};
use maskinporten::file;

use self::page::ManPage;
use super::{
    args::{Arguments, ManArguments},
    report::{self, Exit, Failure},
};

pub(crate) fn run(arguments: &ManArguments) -> Result<(), Failure> {
    let pages = pages();
    let Some(folder) = &arguments.dir else {
        let first = pages.first().map(ManPage::text).unwrap_or_default();
        return report::print(first.as_bytes());
    };
    let paths = pages.iter().map(|page| write(folder, page)).collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    report::print(format!("{}\n", lines.join("\n")).as_bytes())
}

fn write(folder: &Path, page: &ManPage) -> Result<PathBuf, Failure> {
    let path = folder.join(page.file_name());
    create_folder(folder).and_then(|()| file::write_public(&path, page.text())).map_err(|error| {
        let hint = "choose a folder that you may write to: maskinporten man --dir ~/.local/share/man/man1".to_owned();
        let about = format!("could not write the man page `{}`", path.display());
        Failure::plain(Exit::Other, "man", error.to_string(), Some(hint)).about(&about)
    })?;
    Ok(path)
}

/// Creates the folder and missing parents. Other users may read man pages, and never write them, whatever the umask.
fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.recursive(true).create(folder)
}

/// Returns the page of the program, then those of its commands, then those of their subcommands.
fn pages() -> Vec<ManPage> {
    // The pages have the texts of `help`, so it needs no page.
    let mut whole = Arguments::command().disable_help_subcommand(true);
    whole.build();
    let mut commands = vec![whole];
    let mut next = 0;
    while let Some(command) = commands.get(next) {
        let inner: Vec<Command> = command.get_subcommands().cloned().collect();
        commands.extend(inner);
        next += 1;
    }
    commands.into_iter().map(ManPage::new).collect()
}
