//! Keys in `OpenBao` and AWS, fetched and used by the built program.
//!
//! The Vault is the real `OpenBao`. AWS is a KMS in Go whose keys sign, and `moto`, which checks signatures and policies.
//! None of it was run against the real AWS.

mod aws;
mod vault;
mod vault_logins;

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{Running, wait_until};

/// A service in its own process, which is killed when it is dropped.
struct ServiceProcess {
    _process: Running,
    address: String,
    folder: TempDir,
}

impl ServiceProcess {
    /// Starts a program on a free port, and waits until it accepts connections.
    fn start(build: impl FnOnce(&Path, u16) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = build(folder.path(), port);
        command.env("HOME", folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Running(command.spawn().unwrap());
        let address = format!("127.0.0.1:{port}");
        wait_until("the service listens", || TcpStream::connect(&address).ok());
        Self { _process: process, address, folder }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a file for the service.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file.display().to_string()
    }
}

/// Returns a program that `scripts/setup test` installed.
fn installed(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join(path);
    assert!(file.exists(), "{} is missing: run scripts/setup test", file.display());
    file
}

/// Returns the lines of `check` about the place of the key.
fn place_lines(report: &str) -> String {
    let parts = ["/transit/keys/", " in eu-north-1, ", "authenticated as", "permission:"];
    let is_about_place = |line: &&str| parts.iter().any(|part| line.contains(part));
    report.lines().filter(is_about_place).map(|line| format!("{}\n", line.trim())).collect::<Vec<_>>().concat()
}
