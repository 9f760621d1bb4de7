//! Why the server cannot start, or not go on.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::explain::Explain;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Somebody else listens there.
    #[error("could not listen on {address}, where another program does")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Another server listens on the socket.
    #[error("could not listen on the socket `{}`, where another program does", .0.display())]
    SocketTaken(PathBuf),
    /// Something that is no socket has the name.
    #[error("`{}` is there already, and is no socket", .0.display())]
    NoSocket(PathBuf),
    /// The socket cannot be made.
    #[error("could not listen on the socket `{}`", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A socket that was passed on cannot be used.
    #[error("could not use the socket that was passed on")]
    InheritedSocket(#[source] io::Error),
    /// A socket that was passed on is open to everybody on this machine.
    #[error("everybody on this machine may write to `{}`, and no secret was given", .0.display())]
    OpenSocket(PathBuf),
    /// An address that others can reach wants a secret.
    #[error("{0} can be reached from other machines, and no secret was given")]
    NoSecret(SocketAddr),
    /// An address that others can reach wants TLS.
    #[error("{0} can be reached from other machines, and tokens would go there unencrypted")]
    NoTls(SocketAddr),
    /// A file for TLS cannot be used.
    #[error("could not use `{}` for TLS: {why}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An origin that is none.
    #[error("`{0}` is no origin")]
    Origin(String),
}

impl Explain for ServerError {
    fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "port_taken",
            Self::Listen { .. } => "listen",
            Self::SocketTaken(_) | Self::NoSocket(_) | Self::Socket { .. } => "unix_socket",
            Self::InheritedSocket(_) => "passed_socket",
            Self::NoSecret(_) | Self::OpenSocket(_) => "no_secret",
            Self::NoTls(_) => "no_tls",
            Self::Tls { .. } => "tls",
            Self::Origin(_) => "allow_origin",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Taken { .. } => "end it, or pass another --port; 0 picks a free one".to_owned(),
            Self::Listen { .. } => "use an address of this machine, and a port from 1024 up".to_owned(),
            Self::SocketTaken(_) => "end it, or pass another --unix-socket".to_owned(),
            Self::NoSocket(_) | Self::Socket { .. } => {
                "pass --unix-socket PATH in a folder that you may write to".to_owned()
            }
            Self::InheritedSocket(_) => {
                "it must be a TCP or Unix socket that listens; with systemd, `Accept=no`".to_owned()
            }
            Self::OpenSocket(_) => {
                "set SocketMode=0600 and SocketUser= in systemd's .socket unit, or pass --secret-file FILE".to_owned()
            }
            Self::NoSecret(_) => "pass --secret-file FILE; callers then send it as `Authorization: Bearer`".to_owned(),
            Self::NoTls(_) => {
                "pass --tls-cert FILE and --tls-key FILE, or --insecure-plain-http if something else encrypts"
                    .to_owned()
            }
            Self::Tls { .. } => {
                "pass --tls-cert FILE with the certificate chain and --tls-key FILE with its key, both in PEM"
                    .to_owned()
            }
            Self::Origin(_) => "write it as --allow-origin https://app.example.no, without a path".to_owned(),
        })
    }
}
