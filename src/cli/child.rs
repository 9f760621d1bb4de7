//! Another program that is run with a token: without our secrets in its environment, and with our own failures kept
//! apart from its, as env(1) and timeout(1) do: 125 when it was not run, 126 when it cannot be, 127 when it is not there.

use std::{collections::BTreeSet, ffi::OsStr, io, process::Command};

use super::{
    layers::Layers,
    report::{Exit, Failure},
    settings::{self, SETTINGS},
};

/// The settings that name the variable a secret stands in.
const NAMING: [&str; 2] = ["keystore-password-env", "pkcs11-pin-env"];

/// The variables that hold secrets for us alone: those that are secrets by name, and those that the settings name.
pub(crate) fn secret_variables(layers: &Layers) -> BTreeSet<String> {
    let own = SETTINGS.iter().filter(|setting| settings::is_secret(setting.name)).map(settings::Setting::variable);
    let named = NAMING.iter().flat_map(|name| layers.find_all(name)).filter(|name| !name.contains(['=', '\0']));
    own.chain(named.filter(|name| !name.is_empty())).collect()
}

/// The program, with an environment that holds none of these variables.
pub(crate) fn without(secrets: &BTreeSet<String>, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for variable in secrets {
        command.env_remove(variable);
    }
    command
}

/// Why a program could not be run.
pub(crate) fn not_run(program: &OsStr, error: &io::Error) -> Failure {
    let program = program.to_string_lossy();
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
