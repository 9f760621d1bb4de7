//! The scripts that `serve` prints for API clients, each with a server that runs.

mod bruno;
mod k6;
mod postman;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use snapbox::str;

use crate::{
    documentation::page,
    local::Local,
    serve::Serve,
    support::{Outcome, bin, maskinporten, program, search_path, wait},
};

const SECRET: &str = "correct-horse-battery";

/// Returns the script as the command in the guide of a client prints it, for a running server.
fn script(client: &str, served: &Serve) -> String {
    let guide = page(&format!("docs/{client}.md"));
    let option = format!("serve --print-{client}");
    let line = guide.lines().find(|line| line.contains(&option)).unwrap();
    let (command, _) = line.split_once(" >").unwrap_or((line, ""));
    let line = format!("{command} --port {}", served.port());
    program(Command::new("sh").args(["-c", &line]).env("PATH", search_path(&[bin()])), b"")
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
    command.args(arguments).env("PATH", search_path(&[&binaries])).env("HOME", folder).current_dir(folder);
    wait(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// The beginning of the message of a script that did not send the server's secret.
const NO_SECRET: &str = "no access token: unauthorized; the request does not contain this server's secret; ";

/// Starts a server that requires the secret and allows other scopes.
fn server_with_secret(local: &Local) -> Serve {
    Serve::local(local, &["--secret", SECRET, "--allow-scopes", "difitest:*"])
}

/// Runs a client's scripts for a server that refuses and for one that has stopped. `check` runs a script, and gets the
/// beginning of the message that the client must show; no request may reach the API.
fn without_a_token(client: &str, check: impl Fn(&Local, &str, &str)) {
    let local = Local::start(&[]);
    let refusing = Serve::local(&local, &["--scope", "simulator:ungranted"]);
    let reason = "no access token: forbidden; MP-250; Consumer has not been granted access to the scope";
    check(&local, &script(client, &refusing), reason);

    let stopped = Serve::local(&local, &[]);
    let (script, port) = (script(client, &stopped), stopped.port());
    drop(stopped);
    let reason =
        format!("no access token: http://localhost:{port}/ does not respond; start it with: maskinporten serve");
    check(&local, &script, &reason);

    assert_no_request(&local);
}

/// Checks that the simulator's API has not received a request.
#[track_caller]
fn assert_no_request(local: &Local) {
    assert!(!local.log().contains("api/hello"), "a request was sent without a token: {}", local.log());
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
