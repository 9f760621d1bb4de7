//! Another program that is run with a token: without our secrets in its environment, and with our own failures kept
//! apart from its, as env(1) and timeout(1) do: 125 when it was not run, 126 when it cannot be, 127 when it is not there.

use std::{collections::BTreeSet, ffi::OsStr, io, path::Path, process::Command};

use super::report::{Exit, Failure};

/// The program, with an environment that holds none of these variables.
pub(crate) fn without(secrets: &BTreeSet<String>, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for variable in secrets {
        command.env_remove(variable);
    }
    command
}

/// Whether the program is named by its path, and not looked for in `PATH`.
fn is_path(program: &OsStr) -> bool {
    program.as_encoded_bytes().contains(&b'/')
}

/// Why a program could not be run.
pub(crate) fn not_run(program: &OsStr, error: &io::Error) -> Failure {
    // The system's answer is the same when it is the program's own interpreter that is not there (execve(2)).
    let is_there = error.kind() == io::ErrorKind::NotFound && is_path(program) && Path::new(program).exists();
    let program = program.to_string_lossy();
    if is_there {
        let hint = "check the interpreter in its first line, behind #!".to_owned();
        let message = format!("could not run the command `{program}`: what it is to be run with is not there");
        return Failure::plain(Exit::NotRun, "command", message, Some(hint));
    }
    if error.kind() == io::ErrorKind::NotFound {
        let hint = "check the spelling and the variable PATH".to_owned();
        return Failure::plain(
            Exit::NotFound,
            "command",
            format!("could not find the command `{program}`"),
            Some(hint),
        );
    }
    let hint = "check that it is a program, and that you may run it".to_owned();
    let message = format!("could not run the command `{program}`: {error}");
    Failure::plain(Exit::NotRun, "command", message, Some(hint))
}
