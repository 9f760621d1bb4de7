//! `maskinporten exec`: a command with an access token in its environment.
//!
//! On Unix the command takes this process's place, so that signals, the terminal and the exit code are its own. Rust
//! opens every descriptor to be closed then, and the command is given none of ours.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, ExitCode},
};

use chrono::SecondsFormat;
use maskinporten_token_generator::client::AccessToken;

use super::{
    args::ExecArguments,
    child,
    core_dumps::CoreDumps,
    fetch::{self, Freshness},
    layers::Layers,
    report::{Exit, Failure, Report},
};

/// The variable that holds the token.
const TOKEN: &str = "MASKINPORTEN_TOKEN";

/// Variables that the system's loader and shell act on before the command does.
const ACTED_ON: [&str; 6] = ["PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV"];

pub(crate) async fn run(
    arguments: ExecArguments,
    config: Option<PathBuf>,
    cores: &CoreDumps,
    report: &Report,
) -> Result<ExitCode, Failure> {
    let name = arguments.env_name.as_deref().unwrap_or(TOKEN);
    check_name(name)?;
    let Some((program, own)) = arguments.command.split_first() else { return Err(no_command()) };
    let layers = Layers::of(arguments.settings, config, report)?;
    let mut command = child::without(&child::secret_variables(&layers), program);
    let token = fetch::access_token(layers, report, Freshness::Usual).await?;
    hand_over(&mut command, name, &token);
    command.args(own);
    // It may be the last that is heard of this process.
    report.finish();
    become_it(&mut command, program, cores)
}

/// Puts the token into the command's environment. An earlier token's end must not be taken for this one's.
fn hand_over(command: &mut Command, name: &str, token: &AccessToken) {
    command.env(name, token.expose());
    let ends = format!("{name}_EXPIRES_AT");
    match token.expires_at() {
        Some(at) => command.env(ends, at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => command.env_remove(ends),
    };
}

#[cfg(unix)]
fn become_it(command: &mut Command, program: &OsStr, cores: &CoreDumps) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt as _;
    cores.restore();
    Err(child::not_run(program, &command.exec()))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command, program: &OsStr, _: &CoreDumps) -> Result<ExitCode, Failure> {
    let status = command.status().map_err(|error| child::not_run(program, &error))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A name that a shell can read (POSIX, Base Definitions 8.1), and that nobody acts on.
fn check_name(name: &str) -> Result<(), Failure> {
    let usage = |message: String| {
        let hint = Some("pass a name such as --env-name TOKEN".to_owned());
        Err(Failure::plain(Exit::Usage, "env_name", message, hint))
    };
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !letters || name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return usage("--env-name is no name of a variable: letters, digits and `_`, no digit first".to_owned());
    }
    if ACTED_ON.contains(&name) || name.starts_with("LD_") || name.starts_with("DYLD_") {
        return usage(format!("--env-name {name} would change how the system runs the command"));
    }
    Ok(())
}

fn no_command() -> Failure {
    let hint = Some("put the command behind --: maskinporten exec --env local -- env".to_owned());
    Failure::plain(Exit::Usage, "usage", "no command was given".to_owned(), hint)
}
