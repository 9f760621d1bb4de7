//! `serve`: what can be typed.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::cli::settings::TypedWithProfiles;

pub(super) const ANSWERS: &str = "GET / fetches a token and answers with the token endpoint's JSON; GET /?cache=true \
    answers from memory. ?profile=NAME and ?scope=SCOPE choose another. GET /headers, /healthz and /metrics; POST \
    /api/v1/token and /api/v1/introspect as on NAIS. A browser gets a page. The keystore's password is asked for once. \
    Config file, keys, secret and certificate are read again when they change, or on SIGHUP. Ctrl-C ends it.";

/// `serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The port on 127.0.0.1 and `::1`; 0 picks a free one [default: 17823]
    #[arg(long, value_name = "PORT", help_heading = "Server")]
    pub(crate) port: Option<u16>,
    /// Listen on this address in place of 127.0.0.1 and `::1`; repeatable. One that others can reach wants a secret and TLS
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append, help_heading = "Server")]
    pub(crate) listen: Vec<String>,
    /// Listen on a Unix socket that you alone may use, in place of a port that is not named
    #[arg(long, value_name = "PATH", help_heading = "Server")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Let callers ask for these scopes too, parted by blanks or commas; `prefix*` for all that begin so; repeatable
    #[arg(long, value_name = "SCOPE", action = ArgAction::Append, help_heading = "Server")]
    pub(crate) allow_scopes: Vec<String>,
    /// Callers must send this secret as `Authorization: Bearer`, read from a file
    #[arg(long, value_name = "FILE", help_heading = "Server", conflicts_with = "secret")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The secret itself; everyone on this machine can see it
    #[arg(long, value_name = "SECRET", help_heading = "Server")]
    pub(crate) secret: Option<String>,
    /// Serve https with this certificate chain, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Server", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Server", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Let tokens go unencrypted to other machines
    #[arg(long, help_heading = "Server", conflicts_with = "tls_cert")]
    pub(crate) insecure_plain_http: bool,
    /// Let pages of this origin ask, such as `https://app.example.no`; repeatable
    #[arg(long, value_name = "ORIGIN", action = ArgAction::Append, help_heading = "Server")]
    pub(crate) allow_origin: Vec<String>,
    /// How the log is written on stderr
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Server")]
    pub(crate) log_format: LogFormat,
    /// Print the variables with which an application finds this server as it finds NAIS' own, and start nothing
    #[arg(long, help_heading = "Server")]
    pub(crate) print_env: bool,
    /// Print the pre-request script with which Postman takes its tokens from this server, and start nothing
    #[arg(long, help_heading = "Server", conflicts_with = "print_env")]
    pub(crate) print_postman: bool,
    #[command(flatten)]
    pub(crate) settings: TypedWithProfiles,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}
