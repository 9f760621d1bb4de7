//! The options of `maskinporten serve`.

use std::{convert::Infallible, path::PathBuf};

use clap::{ArgAction, Args, ValueEnum};
use secrecy::SecretString;

use crate::cli::settings::ServeSettingArguments;

pub(super) const ANSWERS: &str = "GET / requests a token and returns the token endpoint's JSON; GET /?cache=true \
    returns a token from memory. ?profile=NAME and ?scope=SCOPE choose another. GET /headers, /healthz and /metrics; POST \
    /api/v1/token and /api/v1/introspect as on NAIS. A browser gets a page. You are asked for the keystore's password once. \
    Config file, keys, secret and certificate are read again when they change, or on SIGHUP. Ctrl-C stops it.";

/// `serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The port on 127.0.0.1 and `::1`; 0 picks a free one [default: 17823]
    #[arg(long, value_name = "PORT", help_heading = "Server")]
    pub(crate) port: Option<u16>,
    /// Listen on this address in place of 127.0.0.1 and `::1`; repeatable. One that other machines can reach needs a secret and TLS
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append, help_heading = "Server")]
    pub(crate) listen: Vec<String>,
    /// Listen on a Unix socket that only you may use; on a port too if --port is given
    #[arg(long, value_name = "PATH", help_heading = "Server")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Let callers request these scopes too, separated by spaces or commas; `prefix*` for all that begin with it; repeatable
    #[arg(long, value_name = "SCOPE", action = ArgAction::Append, help_heading = "Server")]
    pub(crate) allow_scopes: Vec<String>,
    /// Require this secret as `Authorization: Bearer`; read from a file
    #[arg(long, value_name = "FILE", help_heading = "Server", conflicts_with = "secret")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The secret itself; every user of this machine can see it in the process list
    #[arg(long, value_name = "SECRET", help_heading = "Server", value_parser = |text: &str| Ok::<_, Infallible>(SecretString::from(text)))]
    pub(crate) secret: Option<SecretString>,
    /// Serve https with this certificate chain, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Server", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Server", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Allow unencrypted connections from other machines
    #[arg(long, help_heading = "Server", conflicts_with = "tls_cert")]
    pub(crate) insecure_plain_http: bool,
    /// Allow requests from web pages of this origin, such as `https://app.example.no`; repeatable
    #[arg(long, value_name = "ORIGIN", action = ArgAction::Append, help_heading = "Server")]
    pub(crate) allow_origin: Vec<String>,
    /// The format of the log on stderr
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Server")]
    pub(crate) log_format: LogFormat,
    /// Print the variables that make an application use this server as it uses NAIS' own, and exit
    #[arg(long, help_heading = "Server")]
    pub(crate) print_env: bool,
    #[command(flatten)]
    pub(crate) scripts: ScriptArguments,
    #[command(flatten)]
    pub(crate) settings: ServeSettingArguments,
}

/// The options that print a script and exit.
#[derive(Debug, Args)]
#[group(multiple = false, conflicts_with = "print_env")]
pub(crate) struct ScriptArguments {
    /// Print the pre-request script that makes Postman use tokens from this server, and exit
    #[arg(long, help_heading = "Server")]
    pub(crate) print_postman: bool,
    /// The same for Bruno
    #[arg(long, help_heading = "Server")]
    pub(crate) print_bruno: bool,
    /// Print the module that makes k6 use tokens from this server, and exit
    #[arg(long, help_heading = "Server")]
    pub(crate) print_k6: bool,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}
