//! Keys in `OpenBao` and AWS, fetched and used by the built program.
//!
//! The Vault is the real `OpenBao`. AWS is a KMS in Go whose keys sign, and `moto`, which checks signatures and policies.
//! None of it was run against the real AWS.

mod aws;
mod vault;

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use tempfile::TempDir;

use crate::{
    local::Local,
    registered::{public_set, simulator},
    support::{Maskinporten, testdata, wait_until},
};

/// A simulator that knows testdata's keys, by certificate and by key id.
static SIMULATOR: LazyLock<Local> = LazyLock::new(|| {
    let keys = ["ec", "ec384", "ed25519"]
        .map(|name| public_set(&["--key", &testdata(&format!("keys/{name}-key.pem")), "--kid", name]));
    let jwk = public_set(&["--jwk", &testdata("jwk/rsa.json")]);
    simulator(&[&keys[..], &[jwk]].concat())
});

/// Returns `token` for a client, with a key from this place.
fn token(client: &str, place: &str) -> Maskinporten {
    crate::registered::token(&SIMULATOR, client).args(["--key-from", place])
}

/// A service in its own process, which is killed when it is dropped.
struct ServiceProcess {
    child: Child,
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
        let child = command.spawn().unwrap();
        let address = format!("127.0.0.1:{port}");
        wait_until("the service listens", || TcpStream::connect(&address).ok());
        Self { child, address, folder }
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

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a program that `scripts/setup test` installed.
fn installed(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join(path);
    assert!(file.exists(), "{} is missing: run scripts/setup test", file.display());
    file
}

/// The enterprise key's certificate and its chain in PEM.
fn chain() -> String {
    ["keys/enterprise.pem", "keys/chain.pem"].map(|file| std::fs::read_to_string(testdata(file)).unwrap()).concat()
}

/// The enterprise key in PEM, with its certificate and chain.
fn pem_with_chain() -> String {
    std::fs::read_to_string(testdata("keys/enterprise-key.pem")).unwrap() + &chain()
}

/// Returns the lines of `check` about the place of the key.
fn place_lines(report: &str) -> String {
    let parts = ["/transit/keys/", " in eu-north-1, ", "authenticated as", "permission:"];
    let is_about_place = |line: &&str| parts.iter().any(|part| line.contains(part));
    report.lines().filter(is_about_place).map(|line| format!("{}\n", line.trim())).collect::<Vec<_>>().concat()
}
