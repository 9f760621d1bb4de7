//! The options of the commands that run another program.

use std::ffi::OsString;

use clap::{ArgAction, Args};

use super::requests::ProofArguments;
use crate::cli::settings::SettingArguments;

pub(super) const EXEC: &str = "The command gets the token in MASKINPORTEN_TOKEN and, if the server gives a lifetime, its \
    expiry in MASKINPORTEN_TOKEN_EXPIRES_AT (RFC 3339). With --dpop-url, the proof for that URL is in \
    MASKINPORTEN_TOKEN_DPOP. It does not get the variables that hold our passwords and \
    keys. On Unix it replaces this process: signals and exit code are its own.\n\n\
    Exit code: the command's; 125 if this program failed before it ran, 126 if it cannot be run, 127 if it was not found.";

pub(super) const CURL: &str = "curl reads the headers from an inherited descriptor: the token is not in any argument, \
    variable or file, and stdin is free for data (-d @-). A header given with -H replaces the one of that name. The \
    token is only sent over https or to this machine, to one host per call, and curl does not forward it to another \
    host. The files that curl takes options and headers from (.curlrc, -K, -H @FILE) are checked too.\n\n\
    If the first response is 401, the call is repeated once with a new token, unless it reads stdin, may be more than one \
    request, or has a -D of its own. On a terminal both responses are shown.\n\n\
    Exit code: curl's; 125 if this program failed before it ran, 126 if it cannot be run, 127 if it was not found.";

/// `exec`
#[derive(Debug, Args)]
pub(crate) struct ExecArguments {
    /// The variable for the token [default: `MASKINPORTEN_TOKEN`]
    #[arg(long, value_name = "NAME", help_heading = "Command")]
    pub(crate) env_name: Option<String>,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND", help_heading = "Command")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) proof: ProofArguments,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

/// `curl`
#[derive(Debug, Args)]
pub(crate) struct CurlArguments {
    /// Extra header, such as Altinn's `ApiKey`; repeatable
    #[arg(long, value_name = "NAME: VALUE", action = ArgAction::Append, help_heading = "Call")]
    pub(crate) header: Vec<String>,
    /// The arguments of curl, after --
    #[arg(required = true, last = true, value_name = "ARGUMENT", help_heading = "Call")]
    pub(crate) arguments: Vec<OsString>,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}
