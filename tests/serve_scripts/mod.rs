//! The scripts that `serve` prints for API clients, each with a server that runs.

mod bruno;
mod k6;
mod postman;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use snapbox::str;

use crate::{
    documentation::page,
    serve::Serve,
    support::{Outcome, maskinporten, program, wait},
};

const SECRET: &str = "correct-horse-battery";

/// Returns the script as the command in the guide of a client prints it, for a running server.
fn script(client: &str, served: &Serve) -> String {
    let guide = page(&format!("docs/{client}.md"));
    let option = format!("serve --print-{client}");
    let line = guide.lines().find(|line| line.contains(&option)).unwrap();
    let (command, _) = line.split_once(" >").unwrap_or((line, ""));
    let line = format!("{command} --port {}", served.port());
    let binary = Path::new(env!("CARGO_BIN_EXE_maskinporten")).parent().unwrap();
    program(Command::new("sh").args(["-c", &line]).env("PATH", prepended(binary)), b"")
}

fn prepended(folder: &Path) -> OsString {
    let machine = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&machine))).unwrap()
}

/// Returns the folder in which npm has installed the clients.
fn node_modules() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients/node_modules");
    assert!(folder.exists(), "{} is missing: run scripts/setup test", folder.display());
    folder
}

/// Runs a client of npm's in a folder that is its home, too.
fn client(name: &str, folder: &Path, arguments: &[&str]) -> Outcome {
    let binaries = node_modules().join(".bin");
    let mut command = Command::new(binaries.join(name));
    // The folder may have a newer Node.js than the machine.
    command.args(arguments).env("PATH", prepended(&binaries)).env("HOME", folder).current_dir(folder);
    wait(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// The messages of all scripts about a server that refuses, and about one that is gone.
fn failures(port: u16) -> [String; 2] {
    [
        "no access token: forbidden; MP-250; Consumer has not been granted access to the scope".to_owned(),
        format!("no access token: http://localhost:{port}/ does not respond; start it with: maskinporten serve"),
    ]
}

#[test]
fn each_script_contains_the_servers_address_and_never_the_secret() {
    for option in ["--print-postman", "--print-bruno", "--print-k6"] {
        for (arguments, address) in [
            (["--port", "17823"].as_slice(), "http://localhost:17823/"),
            (&["--port", "8080", "--secret", SECRET], "http://localhost:8080/"),
            (&["--listen", "0.0.0.0", "--secret", SECRET, "--insecure-plain-http"], "http://localhost:17823/"),
            (&["--listen", "192.0.2.7:8443", "--tls-cert", "a.pem", "--tls-key", "b.pem"], "https://192.0.2.7:8443/"),
        ] {
            let printed = maskinporten(["serve", option]).args(arguments).run().artefact();

            assert!(printed.contains(&format!("\nconst server = \"{address}\";\n")), "{printed}");
            assert!(!printed.contains(SECRET) && !printed.contains("SERVER"), "{printed}");
            assert!(printed.ends_with(";\n") || printed.ends_with("}\n"), "{printed}");
        }
    }
}

#[test]
fn a_script_needs_a_port_that_is_known_before_the_server_runs() {
    for arguments in [["--port", "0"], ["--unix-socket", "/tmp/socket"]] {
        maskinporten(["serve", "--print-bruno"]).args(arguments).run().fails(
            2,
            str![[r#"
error: --print-bruno needs a fixed port
hint: pass --port 17823

"#]],
        );
    }
}
