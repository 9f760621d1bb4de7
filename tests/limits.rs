//! Little of everything: files that never end, few descriptors, threads and little memory, full files, and a wrong clock.
//! There is an error with a hint, and a command that has its token prints it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    server::{Server, TOKEN, answer, asking, token},
    support::{Outcome, maskinporten, program, testdata, wait},
};

/// Creates a named pipe without a writer.
fn pipe(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    program(Command::new("mkfifo").arg(&path), b"");
    path
}

/// Runs a command of a server's client after commands of a shell.
fn limited(limits: &str, server: &Server, arguments: &[&str]) -> Outcome {
    scripted(&format!("{limits} && exec \"$@\""), server, arguments)
}

/// Runs a script of bash with the binary and arguments, for a server's client.
fn scripted(script: &str, server: &Server, arguments: &[&str]) -> Outcome {
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", script, "bash", env!("CARGO_BIN_EXE_maskinporten")]).args(arguments);
    shell
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("MASKINPORTEN_CLIENT_ID", "our-client")
        .env("MASKINPORTEN_SCOPE", "difitest:test1")
        .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
        .env("MASKINPORTEN_TOKEN_ENDPOINT", server.url("/token"))
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");
    wait(shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn a_pipe_without_a_writer_in_place_of_a_file_ends_with_the_time_limit_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = pipe(folder.path());
    let shown = pipe.to_str().unwrap();
    let at_pipe = format!("@{shown}");
    let key = testdata("keys/enterprise-key.pem");
    let unused = Server::start([]);
    let no_keystore = "unset MASKINPORTEN_KEYSTORE MASKINPORTEN_KEYSTORE_PASSWORD";
    for (before, arguments, code) in [
        ("true", ["token", "-k", shown].as_slice(), 4),
        ("unset MASKINPORTEN_KEYSTORE_PASSWORD", &["token", "--keystore-password-file", shown], 4),
        ("true", &["token", "--ca-file", shown], 3),
        ("true", &["token", "--authorization-details", &at_pipe], 3),
        ("true", &["token", "--config", shown], 3),
        (no_keystore, &["grant", "-j", shown], 4),
        (no_keystore, &["grant", "--key", &key, "--certificate", shown], 4),
        ("exec <<< eyJhbGciOiJSUzI1NiJ9.e30.c2ln", &["inspect", "--jwks", shown], 4),
        ("true", &["check", "--scopes-file", shown], 2),
        ("true", &["serve", "--port", "0", "--secret-file", shown], 3),
        ("export MASKINPORTEN_TIMEOUT=1", &["keys", "list", shown], 4),
        ("export MASKINPORTEN_TIMEOUT=1", &["config", "import", shown], 3),
    ] {
        let started = Instant::now();
        let option: &[&str] = if before.contains("TIMEOUT") { &[] } else { &["--timeout", "1"] };

        let outcome = limited(before, &unused, &[arguments, option].concat());

        assert!(started.elapsed() < Duration::from_secs(20), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("`{shown}`")), "{arguments:?} {}", outcome.stderr);
        let why = "it could not be read to its end within 1 s\n";
        assert!(outcome.stderr.contains(why), "{arguments:?} {}", outcome.stderr);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{}", outcome.stderr);
    }
}

#[test]
fn the_names_of_profiles_are_completed_without_waiting_for_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("maskinporten")).unwrap();
    fs::rename(pipe(folder.path()), folder.path().join("maskinporten/config.toml")).unwrap();
    let unused = Server::start([]);
    let started = Instant::now();

    let outcome = limited(&format!("export XDG_CONFIG_HOME={}", folder.path().display()), &unused, &["__profiles"]);

    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_small_stack_is_enough() {
    for command in ["token", "grant", "config show", "man", "explain MP-120"] {
        let server = Server::start((command == "token").then(token));
        let arguments: Vec<_> = command.split(' ').collect();

        let outcome = limited("ulimit -s 64", &server, &arguments);

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn too_few_descriptors_or_too_little_memory_are_reported_with_the_limit_to_raise() {
    let unused = Server::start([]);
    for (limits, message, hint) in [
        (
            "ulimit -n 6",
            "could not start, because too few files may be open at the same time: Too many open files (os error 24)",
            "raise the limit with: ulimit -n 256",
        ),
        ("ulimit -v 60000", "could not start: too little memory", "raise the limit that `ulimit -v` shows"),
    ] {
        for command in ["token", "grant", "check", "explain"] {
            let outcome = limited(limits, &unused, &[command]);

            assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""), "{limits}: {}", outcome.stderr);
            assert_eq!(outcome.stderr, format!("error: {message}\nhint: {hint}\n"), "{command}");
        }
    }
}

#[test]
fn a_token_is_printed_although_no_file_may_be_written() {
    let server = Server::start([token(), token()]);

    let outcome = limited("ulimit -f 0", &server, &["token", "-v"]);

    assert_eq!((outcome.code, outcome.stdout), (0, format!("{TOKEN}\n")), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the token is not stored: "), "{}", outcome.stderr);

    let folder = tempfile::tempdir().unwrap();
    let redirected = format!("ulimit -f 0 && exec >{}/out", folder.path().display());
    limited(&redirected, &server, &["token"])
        .fails(1, "error: could not write the result: File too large (os error 27)\n");
}

#[test]
fn a_cached_token_that_cannot_be_written_is_an_error() {
    let server = Server::start([token()]);
    let folder = tempfile::tempdir().unwrap();
    let script = format!(r#""$@" >/dev/null && ulimit -f 0 && exec "$@" >{}/out"#, folder.path().display());

    let outcome = scripted(&script, &server, &["token"]);

    outcome.fails(1, "error: could not write the result: File too large (os error 27)\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_clock_before_1970_is_reported_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let [source, library] = ["clock.c", "clock.so"].map(|name| folder.path().join(name));
    let code = "#define _GNU_SOURCE\n#include <sys/syscall.h>\n#include <time.h>\n#include <unistd.h>\n\
        int clock_gettime(clockid_t clock, struct timespec *time) {\n\
        int result = syscall(SYS_clock_gettime, clock, time);\n\
        if (clock == CLOCK_REALTIME) time->tv_sec = -86400;\nreturn result; }\n";
    fs::write(&source, code).unwrap();
    program(Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]), b"");
    let unused = Server::start([]);
    for command in
        ["token", "grant", "check", "serve --port 0", "simulate --port 0", "demo", "cache list", "config show"]
    {
        let arguments: Vec<_> = command.split(' ').collect();
        let preload = format!("export LD_PRELOAD={}", library.display());

        limited(&preload, &unused, &arguments).fails(
            1,
            "error: the clock of this machine is before 1970, so no time can be checked or signed\n\
             hint: set the clock, and let it be synchronised\n",
        );
    }
}

#[test]
fn closed_streams_are_no_panic() {
    for closed in ["<&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"] {
        for (command, code) in [("token", 0), ("grant", 0), ("inspect", 1), ("explain MP-120", 0), ("token -k -", 4)] {
            let server = Server::start((command == "token").then(token));
            let arguments: Vec<_> = command.split(' ').collect();

            let outcome = limited(&format!("exec {closed}"), &server, &arguments);

            assert_eq!(outcome.code, code, "{command} {closed}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_lifetime_without_end_is_limited() {
    for lifetime in ["18446744073709551615", "9223372036854775807", "1e300", "-1", "253402300800"] {
        let body = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":{lifetime}}}"#);
        for format in ["token", "json", "env"] {
            let server = Server::start([answer("200 OK", &["Content-Type: application/json"], &body)]);

            let outcome = asking("token", &server).args(["--format", format]).run();

            assert!([0, 6].contains(&outcome.code), "{lifetime}: {}", outcome.stderr);
            assert!(!outcome.stderr.contains("internal error"), "{lifetime}: {}", outcome.stderr);
        }
    }
    let endless = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":18446744073709551615}}"#);
    let server = Server::start([answer("200 OK", &["Content-Type: application/json"], &endless)]);
    let script = r#"b=$1 && shift && "$b" "$@" && "$b" "$@" && "$b" cache list"#;
    let listed = scripted(script, &server, &["token"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let (before, _) = listed.stdout.split_once(" s left").unwrap_or_else(|| panic!("{}", listed.stdout));
    let left: u64 = before.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((365 * 86_400 - 600..=365 * 86_400).contains(&left), "{left}");
    for lifetime in ["18446744073709551615", "99999999999999999999999", "3601s", "307445734561825861m"] {
        let outcome = maskinporten(["grant", "--env", "test", "-c", "x", "-s", "a:b", "-k", "k.p12"])
            .args(["--ttl", lifetime])
            .run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{lifetime}: {}", outcome.stderr);
    }
}

#[test]
fn scripts_test_reports_ignored_signals_that_it_cannot_turn_on_before_it_does_anything() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join("env");
    fs::write(&env, "#!/bin/sh\nexit 125\n").unwrap();
    fs::set_permissions(&env, fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!("trap '' HUP INT && PATH={}:$PATH exec bash scripts/test", folder.path().display());
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).current_dir(env!("CARGO_MANIFEST_DIR"));

    wait(shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).fails(
        1,
        "error: the caller of scripts/test ignores signals that the tests need: HUP,INT\n\
         hint: run it in the foreground, without nohup; or install coreutils 8.31 or newer, whose env can turn them on\n",
    );
}
