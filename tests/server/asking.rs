//! Commands with everything they need to request a token, and the programs that read their output.

use std::{ffi::OsStr, process::Command};

use super::Server;
use crate::support::{Maskinporten, maskinporten, program, testdata};

/// The token of the example in RFC 6750 §2.1.
pub const TOKEN: &str = "mF_9.B5f-4.1JqM";

/// Makes a command that requests a token from this server. Everything is in variables, so options win.
pub fn asking(command: &str, server: &Server) -> Maskinporten {
    asking_at(command, &server.url("/token"))
}

/// Makes a command that requests a token from this endpoint.
pub fn asking_at(command: &str, token_endpoint: &str) -> Maskinporten {
    maskinporten([command])
        .env("MASKINPORTEN_CLIENT_ID", "our-client")
        .env("MASKINPORTEN_SCOPE", "difitest:test1")
        .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
        .env("MASKINPORTEN_TOKEN_ENDPOINT", token_endpoint)
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

/// Runs curl with this input, without the user's settings.
#[track_caller]
pub fn curl<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, stdin: &str) -> String {
    program(plain("curl").args(["-q", "-sS", "--max-time", "20"]).args(arguments), stdin.as_bytes())
}

/// Runs a script in a POSIX shell.
#[track_caller]
pub fn shell(script: &str) -> String {
    program(&mut plain("sh"), script.as_bytes())
}

/// Makes a command without the environment of the tests.
fn plain(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", "/nonexistent");
    command
}
