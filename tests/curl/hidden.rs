//! While curl runs, no other process can see the token; and signals end curl together with this program.

use std::{
    fs,
    io::Read as _,
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::token_named;
use crate::{
    server::{Server, Step},
    support::testdata,
};

/// A token that occurs nowhere else on this machine.
const RARE: &str = "hidden-token-7Qm2x9";

/// Starts `curl` as a separate process, calling an API that does not respond.
fn start(tokens: &Server, api: &Server) -> Child {
    // Tests that run under `nohup` ignore SIGHUP, and so would their children.
    start_with(&["env", "--default-signal=HUP"], tokens, api)
}

/// Starts the same through a program that runs another, such as `nohup`.
fn start_with(starter: &[&str], tokens: &Server, api: &Server) -> Child {
    Command::new(starter[0])
        .args(&starter[1..])
        .arg(env!("CARGO_BIN_EXE_maskinporten"))
        .args(["curl", "--", "-sSN", &api.url("/slow")])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", "/nonexistent")
        .env("MASKINPORTEN_CLIENT_ID", "our-client")
        .env("MASKINPORTEN_SCOPE", "difitest:test1")
        .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
        .env("MASKINPORTEN_TOKEN_ENDPOINT", tokens.url("/token"))
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the API has received a request.
fn wait_for_request(api: &Server) {
    let started = Instant::now();
    while api.requests().is_empty() {
        assert!(started.elapsed() < Duration::from_mins(1), "no request came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the ids of the child processes of a process.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{parent}"))
    };
    processes.filter(is_child).collect()
}

/// Reads what other users, or the same user, can see of all running processes, as far as it is readable.
fn visible() -> Vec<(String, Vec<u8>)> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let files = processes.flat_map(|process| ["cmdline", "environ", "comm"].map(|name| process.join(name)));
    files.filter_map(|file| Some((file.display().to_string(), fs::read(&file).ok()?))).collect()
}

fn shows(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn neither_process_lists_nor_environments_show_the_token() {
    let tokens = Server::start([token_named(RARE)]);
    let api = Server::start([Step::Hang(Vec::new())]);

    let mut child = start(&tokens, &api);
    let mut looks = 0;
    let mut look = || {
        for (file, bytes) in visible() {
            assert!(!shows(&bytes, RARE), "{file} shows the token");
            looks += 1;
        }
    };
    while api.requests().is_empty() {
        look();
    }
    look();
    let [curl] = children(child.id())[..] else { panic!("one curl should run") };
    let arguments = fs::read(format!("/proc/{curl}/cmdline")).unwrap();
    let variables = fs::read(format!("/proc/{curl}/environ")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    Command::new("kill").arg(curl.to_string()).status().unwrap();

    assert!(looks > 10 && shows(&arguments, "curl\0-K\0/dev/fd/"), "{}", String::from_utf8_lossy(&arguments));
    assert!(shows(&variables, "MASKINPORTEN_CLIENT_ID=our-client"));
    assert!(!shows(&variables, "secret"), "curl has the keystore's password");
    assert_eq!(api.request().header("authorization"), Some(super::bearer(RARE).as_str()));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn signals_end_curl_and_set_the_exit_code_as_in_a_shell() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let tokens = Server::start([token_named(RARE)]);
        let api = Server::start([Step::Hang(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nfirst".to_vec())]);
        let mut child = start(&tokens, &api);
        let mut first = [0; 5];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        let [curl] = children(child.id())[..] else { panic!("one curl should run") };

        Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();

        assert_eq!((&first, status.code(), status.signal()), (b"first", Some(code), None), "{signal}");
        assert!(!fs::exists(format!("/proc/{curl}")).unwrap(), "curl still runs after SIG{signal}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[cfg(target_os = "linux")]
#[test]
fn a_call_under_nohup_survives_hangups() {
    let tokens = Server::start([token_named(RARE)]);
    let api = Server::start([Step::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun".to_vec())]);
    let mut child = start_with(&["nohup"], &tokens, &api);
    wait_for_request(&api);

    for _ in 0..3 {
        Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status().unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }

    assert_eq!(child.try_wait().unwrap(), None);
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_signal_to_curl_alone_sets_the_exit_code_too() {
    let tokens = Server::start([token_named(RARE)]);
    let api = Server::start([Step::Hang(Vec::new())]);
    let mut child = start(&tokens, &api);
    wait_for_request(&api);
    let [curl] = children(child.id())[..] else { panic!("one curl should run") };

    Command::new("kill").args(["-s", "KILL", &curl.to_string()]).status().unwrap();

    assert_eq!(child.wait().unwrap().code(), Some(137));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_closed_stdout_ends_curl_as_it_ends_plain_curl() {
    let tokens = Server::start([token_named(RARE)]);
    let api =
        Server::start([Step::Endless(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n".to_vec(), vec![b'x'; 65536])]);
    let mut child = start(&tokens, &api);
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();

    let code = child.wait().unwrap().code();

    let mut errors = String::new();
    child.stderr.unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(code, Some(23), "{errors}");
    assert!(errors.starts_with("curl: (23) "), "{errors}");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_ends_with_curls_own_exit_code() {
    for body in ["short".to_owned(), "long\n".repeat(100_000)] {
        let tokens = Server::start([token_named(RARE)]);
        let api = Server::start([super::fine(&body)]);

        let child = start_with(&["sh", "-c", r#"exec "$@" >/dev/full"#, "sh"], &tokens, &api);

        let outcome = child.wait_with_output().unwrap();
        let errors = String::from_utf8(outcome.stderr).unwrap();
        assert_eq!(outcome.status.code(), Some(23), "{} bytes: {errors}", body.len());
        // One of the two programs says so, and not both.
        let ours = "warning: the output of curl could not be written to stdout\n";
        assert!(errors == ours || errors.starts_with("curl: (23) ") && !errors.contains(ours), "{errors}");
    }
}
