//! Why the simulator could not be started: its folder, its files, its port.

use std::{io, path::PathBuf};

use openssl::error::ErrorStack;

use crate::{environment::LocalError, explain::Explain};

/// Why the simulator could not be made ready or could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program listens on the port.
    #[error("port {port} on 127.0.0.1 is taken")]
    PortTaken {
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The port cannot be listened on for another reason.
    #[error("could not listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The data folder, or a file in it, cannot be made.
    #[error("could not write `{}`", path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is there but cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The data folder was made by somebody else and is not empty.
    #[error("the folder `{}` holds other files and was not made by the simulator", .0.display())]
    NotOurs(PathBuf),
    /// A file that the simulator made is gone.
    #[error("the simulator's folder lacks `{}`", .0.display())]
    Incomplete(PathBuf),
    /// A file that the simulator made is no longer what it was.
    #[error("`{}` is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never its content.
        problem: String,
    },
    /// The clients file breaks its own rules on a line that is known.
    #[error("`{}` is not valid on line {line}", path.display())]
    Clients {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        source: serde_json::Error,
    },
    /// The clients file contradicts itself.
    #[error("`{}` is not valid: {problem}", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of extra roots holds no certificate.
    #[error("`{}` holds no certificate in PEM form", .0.display())]
    Trust(PathBuf),
    /// A key or a certificate could not be made.
    #[error("could not make the simulator's keys and certificates")]
    Crypto(#[from] ErrorStack),
    /// A keystore of the legacy kind could not be made.
    #[error("could not make a keystore")]
    Keystore,
    /// The TLS certificate cannot be served.
    #[error("could not set up TLS")]
    Tls(#[source] Box<rustls::Error>),
    /// The note for `--env local` could not be left.
    #[error(transparent)]
    Note(LocalError),
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::PortTaken { .. } | Self::Listen { .. } => "simulator_port",
            Self::Unwritable { .. } | Self::Unreadable { .. } | Self::NotOurs(_) => "simulator_folder",
            Self::Incomplete(_) | Self::Damaged { .. } => "simulator_files",
            Self::Clients { .. } | Self::Contradiction { .. } => "simulator_clients",
            Self::Trust(_) => "simulator_trust",
            Self::Crypto(_) | Self::Keystore | Self::Tls(_) => "simulator_keys",
            Self::Note(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PortTaken { .. } => Some("choose another port, or let the simulator pick one: --port 0".to_owned()),
            Self::Listen { .. } => {
                Some("ports below 1024 need privileges; let the simulator pick: --port 0".to_owned())
            }
            Self::Unreadable { .. } => Some("check that the file is there and that you may read it".to_owned()),
            Self::Unwritable { .. } | Self::NotOurs(_) => Some("name a folder of your own: --dir FOLDER".to_owned()),
            Self::Incomplete(path) | Self::Damaged { path, .. } => Some(format!(
                "remove the folder `{}` and start again: everything in it is made anew",
                path.parent().unwrap_or(path).display()
            )),
            Self::Clients { path, .. } | Self::Contradiction { path, .. } => {
                Some(format!("correct `{}`, or start with another folder: --dir FOLDER", path.display()))
            }
            Self::Trust(_) => Some("name a file with `-----BEGIN CERTIFICATE-----` in it".to_owned()),
            Self::Crypto(_) | Self::Keystore | Self::Tls(_) => None,
            Self::Note(error) => error.hint(),
        }
    }
}
