//! Programs that are run with a token. They do not inherit this program's secrets, and this program's own failures have
//! separate exit codes, as with env(1) and timeout(1): 125 failed before it ran, 126 cannot be run, 127 not found.

use std::{collections::BTreeSet, ffi::OsStr, io, path::Path, process::Command};

use super::report::{Exit, Failure};

/// Returns the program with these variables removed from its environment.
pub(crate) fn without(secrets: &BTreeSet<String>, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for variable in secrets {
        command.env_remove(variable);
    }
    command
}

/// Returns whether the program is given as a path, and not searched for in `PATH`.
fn is_path(program: &OsStr) -> bool {
    program.as_encoded_bytes().contains(&b'/')
}

/// Creates the error for a program that could not be run.
pub(crate) fn not_run(program: &OsStr, error: &io::Error) -> Failure {
    // The system reports the same error when the program's interpreter does not exist (execve(2)).
    let exists = error.kind() == io::ErrorKind::NotFound && is_path(program) && Path::new(program).exists();
    let program = program.to_string_lossy();
    if exists {
        let hint = "check the interpreter in its first line, after #!".to_owned();
        let message = format!("could not run the command `{program}`: its interpreter was not found");
        return Failure::plain(Exit::NotRun, "command", message, Some(hint));
    }
    if error.kind() == io::ErrorKind::NotFound {
        let hint = "install it, or check the spelling and the variable PATH".to_owned();
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
