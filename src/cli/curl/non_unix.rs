//! What curl gets on Windows, where a program inherits no descriptors by number.
//!
//! curl reads its config from stdin, so the token is in no file, argument or variable. Its dump of the response's headers,
//! in which there is no token, is a temporary file of this user.

use std::{
    io::{self, PipeReader},
    process::{Command, ExitStatus},
};

use tempfile::NamedTempFile;
use tokio::process::Child;

use crate::cli::report::Exit;

/// What the headers of the response are read from.
pub(super) type DumpReader = NamedTempFile;

/// The file to which curl writes the headers of the response.
pub(super) struct HeaderDump(NamedTempFile);

impl HeaderDump {
    pub(super) fn new() -> io::Result<Self> {
        NamedTempFile::new().map(Self)
    }

    /// Returns its path, as curl's config needs it between quotation marks.
    pub(super) fn path(&self) -> io::Result<String> {
        let path = self.0.path().to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        Ok(path.replace('\\', r"\\"))
    }

    /// Returns the file, which is removed on drop.
    pub(super) fn into_reader(self) -> DumpReader {
        self.0
    }
}

/// Adds stdin as curl's config to the arguments, and the pipe as its stdin. Nothing is left to be closed here.
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
pub(super) fn add_config(command: &mut Command, config: PipeReader) -> io::Result<Option<PipeReader>> {
    command.arg("-").stdin(config);
    Ok(None)
}

/// Returns the exit code of curl; that of a program which the system ended is larger than a byte.
pub(super) fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Other as u8)
}

/// Windows gives a Ctrl-C to every program of the console; this process ends when curl does.
pub(super) struct ForwardedSignals(());

impl ForwardedSignals {
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self(()))
    }

    #[expect(clippy::unused_self, reason = "the same signature as on Unix")]
    pub(super) async fn forward_until_exit(&mut self, mut child: Child) -> io::Result<ExitStatus> {
        child.wait().await
    }
}
