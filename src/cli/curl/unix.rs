//! What curl inherits on Unix, and the signals that it gets.
//!
//! curl reads its config from a pipe, which is empty once it has: the token is in no file, argument or variable.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::{
        fd::{AsFd, AsRawFd},
        unix::process::ExitStatusExt as _,
    },
    process::{Command, ExitStatus},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Child,
    signal::unix::{SignalKind, signal},
};

use crate::cli::{report::Exit, signals};

/// What the headers of the response are read from.
pub(super) type DumpReader = PipeReader;

/// The pipe to which curl writes the headers of the response.
pub(super) struct HeaderDump {
    reader: PipeReader,
    writer: PipeWriter,
}

impl HeaderDump {
    pub(super) fn new() -> io::Result<Self> {
        io::pipe().map(|(reader, writer)| Self { reader, writer })
    }

    /// Returns the path under which curl can open it.
    pub(super) fn path(&self) -> io::Result<String> {
        inherited(&self.writer)
    }

    /// Returns the end that is read, once curl has the other.
    pub(super) fn into_reader(self) -> DumpReader {
        self.reader
    }
}

/// Adds a pipe as curl's config to the arguments, and returns it, to be closed here once curl has inherited it.
pub(super) fn add_config(command: &mut Command, config: PipeReader) -> io::Result<Option<PipeReader>> {
    command.arg(inherited(&config)?);
    Ok(Some(config))
}

/// Lets the next program inherit a descriptor, and returns the path under which it can be opened there.
fn inherited(end: &(impl AsFd + AsRawFd)) -> io::Result<String> {
    rustix::io::fcntl_setfd(end, rustix::io::FdFlags::empty())?;
    Ok(format!("/dev/fd/{}", end.as_raw_fd()))
}

/// Returns the exit code of curl, or 128 and the signal that ended it, as in a shell.
pub(super) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Other as u8)
}

/// Waits for a signal; forever if it is ignored.
async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The signals that ask a program to end, which are forwarded to curl.
pub(super) struct ForwardedSignals([Option<tokio::signal::unix::Signal>; 3]);

impl ForwardedSignals {
    /// Listens from here on. On a terminal curl receives Ctrl-C too; this process ends when curl does.
    pub(super) fn listen() -> io::Result<Self> {
        // A signal that this process ignores is ignored by curl too.
        let listen = |number, kind| (!signals::is_ignored(number)).then(|| signal(kind)).transpose();
        Ok(Self([
            listen(signals::INTERRUPT, SignalKind::interrupt())?,
            listen(signals::TERMINATE, SignalKind::terminate())?,
            listen(signals::HANGUP, SignalKind::hangup())?,
        ]))
    }

    pub(super) async fn forward_until_exit(&mut self, mut child: Child) -> io::Result<ExitStatus> {
        let [interrupt, terminate, hangup] = &mut self.0;
        loop {
            let received = tokio::select! {
                status = child.wait() => return status,
                () = next(interrupt) => Signal::INT,
                () = next(terminate) => Signal::TERM,
                () = next(hangup) => Signal::HUP,
            };
            // It has not been waited for, so no other process can have its id.
            let process = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            if let Some(process) = process {
                let _ = kill_process(process, received);
            }
        }
    }
}
