//! What is left of private keys and passwords in the memory of the process while it waits for the server.
//!
//! The process is undumpable, so only root can read its memory; for other users these tests do nothing.

use std::{fs, io::Read as _, net::TcpListener, ops::Range, path::Path, process::Command};

use super::support::{Maskinporten, maskinporten, program, testdata, wait_until};

/// A password that occurs nowhere else.
const PASSWORD: &str = "Kjempehemmelig-8711";

/// Makes a key in a form that OpenSSL writes, and returns its file and one line of its base64.
fn key(folder: &Path, name: &str, arguments: &str) -> (String, String) {
    let file = folder.join(name).display().to_string();
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).args(["-in", &testdata("modern.p12"), "-out", &file]);
    program(&mut command, b"");
    let text = fs::read(&file).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    (file, text.lines().filter(|line| line.len() == 64).nth(5).unwrap_or_default().to_owned())
}

/// Returns how often a text is in the memory of a process; `None` if it may not be read.
fn count(process: u32, text: &str) -> Option<usize> {
    let memory = fs::File::open(format!("/proc/{process}/mem")).ok()?;
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let finder = regex::bytes::Regex::new(&regex::escape(text)).unwrap();
    let ranges = maps.lines().filter_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let address = |hexadecimal| u64::from_str_radix(hexadecimal, 16).unwrap();
        rest.starts_with("rw").then(|| address(start)..address(end))
    });
    Some(ranges.map(|range| finder.find_iter(&read(&memory, range)).count()).sum())
}

/// Reads a part of memory; a part that has just been unmapped has nothing.
fn read(memory: &fs::File, range: Range<u64>) -> Vec<u8> {
    use std::os::unix::fs::FileExt as _;

    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
    memory.read_exact_at(&mut bytes, range.start).map_or(Vec::new(), |()| bytes)
}

/// Runs `token` until it waits for the server, and checks how often a secret is in its memory then.
#[track_caller]
fn leaves(case: &str, secret: &str, copies: usize, command: impl FnOnce(Maskinporten) -> Maskinporten) {
    leaves_in("token", case, secret, copies, command);
}

/// As [`leaves`], for any command that requests a token.
#[track_caller]
fn leaves_in(name: &str, case: &str, secret: &str, copies: usize, command: impl FnOnce(Maskinporten) -> Maskinporten) {
    assert!(secret.len() > 16, "{case}");
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", server.local_addr().unwrap());
    let arguments = [name, "-c", "client", "-s", "a:b", "-e", &url, "-a", &url, "--kid", "k"];
    let (mut child, _home) = command(maskinporten(arguments)).start();

    server.set_nonblocking(true).unwrap();
    let (mut connection, _) = wait_until("it sends a request", || {
        assert_eq!(child.try_wait().unwrap(), None, "{case}");
        server.accept().ok()
    });
    connection.set_nonblocking(false).unwrap();
    connection.read_exact(&mut [0]).unwrap();
    let found = count(child.id(), secret);

    child.kill().unwrap();
    child.wait().unwrap();
    assert!(found.is_none_or(|found| found == copies), "{case}: {found:?} copies, {copies} expected");
}

#[test]
fn no_key_is_in_memory_once_it_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let jwk = fs::read_to_string(testdata("jwk/rsa.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let number = json["d"].as_str().unwrap();
    let (pkcs8, line) = key(folder.path(), "pkcs8.pem", "pkcs12 -passin pass:secret -nodes -nocerts");
    let traditional = folder.path().join("pkcs1.pem").display().to_string();
    program(Command::new("openssl").args(["rsa", "-traditional", "-in", &pkcs8, "-out", &traditional]), b"");
    let text = fs::read_to_string(&traditional).unwrap();
    let other = text.lines().nth(5).unwrap();

    leaves("JWK in a file", number, 0, |command| command.args(["-j", &testdata("jwk/rsa.json")]));
    leaves("PKCS#8 in PEM", &line, 0, |command| command.args(["--key", &pkcs8]));
    leaves("PKCS#1 in PEM", other, 0, |command| command.args(["--key", &traditional]));
    // The environment that the process was started with cannot be erased.
    leaves("JWK in a variable", number, 1, |command| command.env("MASKINPORTEN_CLIENT_JWK", &jwk));
}

#[test]
fn no_command_that_requests_a_token_keeps_the_key_or_the_password_of_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    let jwk = fs::read_to_string(testdata("jwk/rsa.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let (pem, _) = key(folder.path(), "key.pem", "pkcs12 -passin pass:secret -nodes -nocerts");
    let keystore = folder.path().join("keystore.p12").display().to_string();
    let out = format!("pass:{PASSWORD}");
    let made = ["pkcs12", "-export", "-inkey", &pem, "-nocerts", "-passout", &out, "-out", &keystore];
    program(Command::new("openssl").args(made), b"");
    for (name, rest) in [
        ("token", &[][..]),
        ("headers", &[]),
        ("check", &[]),
        ("exec", &["--", "true"]),
        ("curl", &["--", "http://127.0.0.1:1/"]),
    ] {
        leaves_in(name, name, json["d"].as_str().unwrap(), 1, |command| {
            command.env("MASKINPORTEN_CLIENT_JWK", &jwk).args(rest)
        });
        leaves_in(name, name, PASSWORD, 1, |command| {
            command.args(["-k", &keystore]).env("MASKINPORTEN_KEYSTORE_PASSWORD", PASSWORD).args(rest)
        });
    }
}

#[test]
fn no_password_is_in_memory_once_it_has_opened_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password").display().to_string();
    fs::write(&password, PASSWORD).unwrap();
    let config = folder.path().join("config.toml");
    fs::write(&config, format!("default_profile = \"a\"\n[profiles.a]\nkeystore_password = \"{PASSWORD}\"\n")).unwrap();
    let (pem, _) = key(folder.path(), "key.pem", "pkcs12 -passin pass:secret -nodes -nocerts");
    let out = format!("pass:{PASSWORD}");
    let made = |name: &str, arguments: &str| {
        let file = folder.path().join(name).display().to_string();
        let arguments = arguments.replace("PEM", &pem).replace("PASSWORD", &out);
        program(Command::new("openssl").args(arguments.split(' ')).args(["-out", &file]), b"");
        file
    };
    for (option, file) in [
        ("-k", made("modern.p12", "pkcs12 -export -inkey PEM -nocerts -passout PASSWORD")),
        ("-k", made("legacy.p12", "pkcs12 -export -legacy -inkey PEM -nocerts -passout PASSWORD")),
        ("--key", made("pkcs8.pem", "pkey -in PEM -aes256 -passout PASSWORD")),
        ("--key", made("pkcs1.pem", "rsa -traditional -in PEM -aes256 -passout PASSWORD")),
    ] {
        let with = |command: Maskinporten| command.args([option, &file]);
        let from_file = ["--keystore-password-file", &password];
        let from_command = ["--keystore-password-command", &format!("cat '{password}'")];
        let from_variable = ["--keystore-password-env", "THE_PASSWORD"];

        leaves(&file, PASSWORD, 0, |command| with(command).args(from_file));
        leaves(&file, PASSWORD, 0, |command| with(command).args(from_command));
        leaves(&file, PASSWORD, 0, |command| with(command).args(["--config".as_ref(), config.as_os_str()]));
        // The environment that the process was started with cannot be erased.
        leaves(&file, PASSWORD, 1, |command| with(command).args(from_variable).env("THE_PASSWORD", PASSWORD));
        leaves(&file, PASSWORD, 1, |command| with(command).env("MASKINPORTEN_KEYSTORE_PASSWORD", PASSWORD));
    }
}
