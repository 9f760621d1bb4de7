//! What can be typed to the commands that run another program.

use std::ffi::OsString;

use clap::{ArgAction, Args};

use super::Typed;

pub(super) const EXEC: &str = "The command has the token in MASKINPORTEN_TOKEN and, where the server says it, the time \
    at which it ends in MASKINPORTEN_TOKEN_EXPIRES_AT (RFC 3339). It does not have the variables that hold our \
    passwords and keys. On Unix it takes this process's place: signals and exit code are its own.\n\n\
    Exit code: the command's; 125 when we failed before it, 126 when it cannot be run, 127 when it is not there.";

pub(super) const CURL: &str = "curl reads the headers from an inherited descriptor: the token is in no argument, \
    variable or file, and stdin is yours (-d @-). A header that you give (-H) replaces ours of that name. The token \
    goes to https and this machine alone, to one host a call, and curl does not send it on to another host. Your own \
    curl configuration (.curlrc, -K) is not looked at: it must not set location-trusted.\n\n\
    When the first answer is 401, the call is made once more with a new token; not when it reads stdin, may be more \
    than one request, or has a -D of its own. On a terminal both answers are shown.\n\n\
    Exit code: curl's; 125 when we failed before it ran, 126 when it cannot be run, 127 when it is not there.";

/// `exec`
#[derive(Debug, Args)]
pub(crate) struct ExecArguments {
    /// The variable that holds the token [default: `MASKINPORTEN_TOKEN`]
    #[arg(long, value_name = "NAME", help_heading = "Command")]
    pub(crate) env_name: Option<String>,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND", help_heading = "Command")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) settings: Typed,
}

/// `curl`
#[derive(Debug, Args)]
pub(crate) struct CurlArguments {
    /// A header more, such as Altinn's `ApiKey`; repeatable
    #[arg(long, value_name = "NAME: VALUE", action = ArgAction::Append, help_heading = "Call")]
    pub(crate) header: Vec<String>,
    /// curl's own arguments, behind --
    #[arg(required = true, last = true, value_name = "ARGUMENT", help_heading = "Call")]
    pub(crate) arguments: Vec<OsString>,
    #[command(flatten)]
    pub(crate) settings: Typed,
}
