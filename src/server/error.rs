//! Why the server cannot start, or cannot renew its credentials.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::explain::Explain;

/// Why the server cannot start, or cannot renew its credentials.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another program listens on the address.
    #[error("could not listen on {address}: the port is already in use")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The address cannot be used.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// Another program listens on the Unix socket.
    #[error("could not listen on the socket `{}`: another program uses it", .0.display())]
    SocketTaken(PathBuf),
    /// The path of the Unix socket is another kind of file.
    #[error("`{}` exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The Unix socket cannot be created.
    #[error("could not listen on the socket `{}`", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A socket that the process was started with cannot be used.
    #[error("could not use the inherited socket")]
    InheritedSocket(#[source] io::Error),
    /// Every user of this machine may write to an inherited socket, and there is no secret.
    #[error("every user of this machine may write to `{}`, and no secret is set", .0.display())]
    OpenSocket(PathBuf),
    /// The address can be reached from other machines, and there is no secret.
    #[error("{0} can be reached from other machines, and no secret is set")]
    NoSecret(SocketAddr),
    /// The address can be reached from other machines, and there is no TLS.
    #[error("{0} can be reached from other machines, and tokens would be sent unencrypted")]
    NoTls(SocketAddr),
    /// A file for TLS cannot be used.
    #[error("could not use `{}` for TLS: {why}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// An allowed origin is not an origin.
    #[error("`{0}` is not a valid origin")]
    Origin(String),
}

impl Explain for ServerError {
    fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "port_taken",
            Self::Listen { .. } => "listen",
            Self::SocketTaken(_) | Self::NotASocket(_) | Self::Socket { .. } => "unix_socket",
            Self::InheritedSocket(_) => "passed_socket",
            Self::NoSecret(_) | Self::OpenSocket(_) => "no_secret",
            Self::NoTls(_) => "no_tls",
            Self::Tls { .. } => "tls",
            Self::Origin(_) => "allow_origin",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Taken { .. } => "stop the other program, or pass another --port; 0 picks a free one",
            Self::Listen { .. } => "use an address of this machine, and a port from 1024 up",
            Self::SocketTaken(_) => "stop the other program, or pass another --unix-socket",
            Self::NotASocket(_) | Self::Socket { .. } => "pass --unix-socket PATH in a folder that you may write to",
            Self::InheritedSocket(_) => "it must be a listening TCP or Unix socket; with systemd, `Accept=no`",
            Self::OpenSocket(_) => {
                "set SocketMode=0600 and SocketUser= in systemd's .socket unit, or pass --secret-file FILE"
            }
            Self::NoSecret(_) => "pass --secret-file FILE; callers then send it as `Authorization: Bearer`",
            Self::NoTls(_) => {
                "pass --tls-cert FILE and --tls-key FILE, or --insecure-plain-http if the connection is encrypted by \
                 other means"
            }
            Self::Tls { .. } => {
                "pass --tls-cert FILE with the certificate chain and --tls-key FILE with its key, both in PEM"
            }
            Self::Origin(_) => "write it as --allow-origin https://app.example.no, without a path",
        };
        Some(hint.to_owned())
    }
}
