//! Keys in Azure and Google, fetched and used by the built program from strict doubles of both.

mod azure;
mod azure_credentials;
mod azure_keys;
mod double;
mod google;
mod google_keys;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::LazyLock};

use crate::{
    local::Local,
    registered::{public_set, simulator},
    support::{Maskinporten, testdata},
};

/// A simulator that knows testdata's RSA and EC keys, by certificate and by key id.
static SIMULATOR: LazyLock<Local> = LazyLock::new(|| {
    let sets = ["jwk/rsa.json", "jwk/ec.json", "jwk/ec384.json", "jwk/ed25519.json"];
    simulator(&sets.map(|file| public_set(&["--jwk", &testdata(file)])))
});

/// Returns `token` for a client, with a key from this place.
fn token(client: &str, place: &str) -> Maskinporten {
    crate::registered::token(&SIMULATOR, client).args(["--key-from", place])
}

/// The enterprise key in PEM, with its certificate and chain.
fn pem_with_chain() -> String {
    ["keys/enterprise-key.pem", "keys/enterprise.pem", "keys/chain.pem"]
        .map(|file| fs::read_to_string(testdata(file)).unwrap())
        .concat()
}

/// Writes a program for a POSIX shell.
fn write_program(folder: &Path, name: &str, script: &str) {
    fs::create_dir_all(folder).unwrap();
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
}
