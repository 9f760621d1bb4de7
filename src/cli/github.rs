//! Appends the token to the outputs of a GitHub Actions step, in the file that `GITHUB_OUTPUT` names.

use std::{
    env,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::PathBuf,
};

use maskinporten::{client::AccessToken, printer::print_github_outputs};
use zeroize::Zeroizing;

use super::report::{Exit, Failure};

const VARIABLE: &str = "GITHUB_OUTPUT";

/// The open output file.
pub(crate) struct Outputs {
    file: File,
    path: PathBuf,
}

impl Outputs {
    /// Opens the file, or creates one that only its owner may read.
    pub(crate) fn open() -> Result<Self, Failure> {
        let path = env::var_os(VARIABLE).filter(|path| !path.is_empty()).ok_or_else(|| {
            let message =
                format!("the variable {VARIABLE} is not set, but --format github appends to the file that it names");
            let hint = "run this in a GitHub Actions step, or use another form: maskinporten token --format env";
            Failure::plain(Exit::Configuration, "github_output", message, Some(hint.to_owned()))
        })?;
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Not through a link, whose owner would decide where the token is written; not waiting for a pipe's reader.
            let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
            options.mode(0o600).custom_flags(flags.bits().cast_signed());
        }
        let file = options.append(true).create(true).open(&path);
        file.map(|file| Self { file, path: path.clone() }).map_err(|error| {
            let about = format!("could not open `{}`, which {VARIABLE} names", path.display());
            Self::failure(Exit::Configuration, &error).about(&about)
        })
    }

    /// Appends the token and its expiry in one write.
    pub(crate) fn append(mut self, token: &AccessToken) -> Result<(), Failure> {
        let mut lines = Zeroizing::new(Vec::new());
        let written = print_github_outputs(token, &mut *lines).and_then(|()| self.file.write_all(&lines));
        written.map_err(|error| {
            let about = format!("could not append to `{}`, which {VARIABLE} names", self.path.display());
            Self::failure(Exit::Other, &error).about(&about)
        })
    }

    fn failure(exit: Exit, error: &io::Error) -> Failure {
        Failure::plain(
            exit,
            "github_output",
            error.to_string(),
            Some(format!("check that {VARIABLE} names a file that you may write to")),
        )
    }
}
