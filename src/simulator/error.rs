//! Why the simulator could not start or continue: its folder, its files, its port.

use std::{io, path::PathBuf};

use openssl::error::ErrorStack;

use crate::{environment::LocalError, explain::Explain};

/// Why the simulator could not start or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// Another program listens on the port.
    #[error("port {port} on 127.0.0.1 is already in use")]
    PortTaken {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The port cannot be opened for another reason.
    #[error("could not listen on 127.0.0.1:{port}")]
    Listen {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The data folder, or a file in it, could not be written.
    #[error("could not write `{}`", path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The folder is not empty and has no `simulator.json`.
    #[error("the folder `{}` contains other files and was not created by the simulator", .0.display())]
    NotOurs(PathBuf),
    /// A file of the data folder is missing.
    #[error("`{}` is missing from the simulator's folder", .0.display())]
    Incomplete(PathBuf),
    /// A file of the data folder is not valid.
    #[error("`{}` is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never its content.
        problem: String,
    },
    /// `clients.json` cannot be parsed.
    #[error("`{}` is not valid on line {line}", path.display())]
    Clients {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        source: serde_json::Error,
    },
    /// The entries of `clients.json` contradict each other or exceed a limit.
    #[error("`{}` is not valid: {problem}", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of additional roots contains no certificate.
    #[error("`{}` contains no PEM certificate", .0.display())]
    Trust(PathBuf),
    /// A key or a certificate could not be created.
    #[error("could not create the simulator's keys and certificates")]
    Crypto(#[from] ErrorStack),
    /// A keystore could not be created.
    #[error("could not create a keystore")]
    Keystore,
    /// The TLS certificate cannot be used.
    #[error("could not set up TLS")]
    Tls(#[source] Box<rustls::Error>),
    /// The address file for `--env local` could not be written.
    #[error(transparent)]
    AddressFile(LocalError),
}

impl Explain for SimulatorError {
    fn code(&self) -> &'static str {
        match self {
            Self::PortTaken { .. } | Self::Listen { .. } => "simulator_port",
            Self::Unwritable { .. } | Self::Unreadable { .. } | Self::NotOurs(_) => "simulator_folder",
            Self::Incomplete(_) | Self::Damaged { .. } => "simulator_files",
            Self::Clients { .. } | Self::Contradiction { .. } => "simulator_clients",
            Self::Trust(_) => "simulator_trust",
            Self::Crypto(_) | Self::Keystore | Self::Tls(_) => "simulator_keys",
            Self::AddressFile(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::PortTaken { .. } => "choose another port, or --port 0 for any free port".to_owned(),
            Self::Listen { .. } => {
                "ports below 1024 need privileges; choose another port, or --port 0 for any free port".to_owned()
            }
            Self::Unreadable { .. } => "check that the file exists and that you may read it".to_owned(),
            Self::Unwritable { .. } | Self::NotOurs(_) => "pass another folder: --dir FOLDER".to_owned(),
            Self::Incomplete(path) | Self::Damaged { path, .. } => format!(
                "remove the folder `{}` and start again: everything in it is created again",
                path.parent().unwrap_or(path).display()
            ),
            Self::Clients { path, .. } | Self::Contradiction { path, .. } => {
                format!("correct `{}`, or pass another folder: --dir FOLDER", path.display())
            }
            Self::Trust(_) => "pass a file that contains `-----BEGIN CERTIFICATE-----`".to_owned(),
            Self::Crypto(_) | Self::Keystore | Self::Tls(_) => return None,
            Self::AddressFile(error) => return error.hint(),
        };
        Some(hint)
    }
}
