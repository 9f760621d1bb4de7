//! `maskinporten exec`: a command with an access token in its environment.
//!
//! On Unix the command replaces this process, so signals, the terminal and the exit code are its own. Rust opens every
//! descriptor close-on-exec, so the command inherits none of ours.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::Arc,
};

use chrono::SecondsFormat;
use maskinporten::client::AccessToken;

use super::{
    args::ExecArguments,
    child,
    core_dumps::CoreDumps,
    proof,
    report::{Exit, Failure, Report},
    settings::SettingSources,
    tokens::Tokens,
};

/// The variable that holds the token.
const TOKEN: &str = "MASKINPORTEN_TOKEN";

/// Variables that change what the system's loader and shell do before the command runs.
const RESERVED: [&str; 6] = ["PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV"];

pub(crate) async fn run(
    arguments: ExecArguments,
    config: Option<PathBuf>,
    cores: &CoreDumps,
    report: &Arc<Report>,
) -> Result<ExitCode, Failure> {
    let name = arguments.env_name.as_deref().unwrap_or(TOKEN);
    check_name(name)?;
    let Some((program, own)) = arguments.command.split_first() else { return Err(no_command()) };
    let mut sources = SettingSources::load(arguments.settings, config, report)?;
    let mut command = child::without(&sources.secret_variables(), program);
    let tokens = Tokens::from_sources(&mut sources, report)?;
    let keyed = tokens.token_with_key().await?;
    set_variables(&mut command, name, &keyed.token);
    // The proof of an earlier token must not be taken for this one's.
    let variable = format!("{name}_DPOP");
    match proof::of_options(&keyed, &arguments.proof, report)? {
        Some(proof) => command.env(variable, proof.expose_value()),
        None => command.env_remove(variable),
    };
    command.args(own);
    // The command may take this process's place.
    report.finish();
    exec(&mut command, program, cores)
}

/// Sets the variables of the token. The expiry of an earlier token must not be taken for this one's.
fn set_variables(command: &mut Command, name: &str, token: &AccessToken) {
    command.env(name, token.expose());
    let expiry = format!("{name}_EXPIRES_AT");
    match token.expires_at() {
        Some(at) => command.env(expiry, at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => command.env_remove(expiry),
    };
}

#[cfg(unix)]
fn exec(command: &mut Command, program: &OsStr, cores: &CoreDumps) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt as _;
    cores.restore();
    Err(child::not_run(program, &command.exec()))
}

#[cfg(not(unix))]
fn exec(command: &mut Command, program: &OsStr, _: &CoreDumps) -> Result<ExitCode, Failure> {
    let status = command.status().map_err(|error| child::not_run(program, &error))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Checks that a shell can read the name (POSIX, Base Definitions 8.1), and that the system gives it no meaning.
fn check_name(name: &str) -> Result<(), Failure> {
    let usage = |message: String| {
        let hint = Some("pass a name such as --env-name TOKEN".to_owned());
        Err(Failure::plain(Exit::Usage, "env_name", message, hint))
    };
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !letters || name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return usage(
            "--env-name must be a variable name: letters, digits and `_`, not starting with a digit".to_owned(),
        );
    }
    if RESERVED.contains(&name) || name.starts_with("LD_") || name.starts_with("DYLD_") {
        return usage(format!("--env-name {name} would change how the system runs the command"));
    }
    Ok(())
}

fn no_command() -> Failure {
    let hint = Some("put the command after --: maskinporten exec --env local -- env".to_owned());
    Failure::plain(Exit::Usage, "usage", "no command was given".to_owned(), hint)
}
