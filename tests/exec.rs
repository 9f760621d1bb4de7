//! `exec`: the command gets the token and nothing else of ours, and replaces the process that the caller waits for.

use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use serde_json::Value;
use snapbox::str;

use crate::{
    local::Local,
    server::{Server, TOKEN, asking, json, token, unused_address},
    support::{Outcome, maskinporten, program, testdata, wait},
    watch,
};

/// Runs a line of shell in which `"$@"` is `exec` with everything it needs.
fn in_a_shell(server: &Server, line: &str, command: &[&str]) -> Outcome {
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line, "sh", env!("CARGO_BIN_EXE_maskinporten"), "exec", "--"])
        .args(command)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("MASKINPORTEN_CLIENT_ID", "our-client")
        .env("MASKINPORTEN_SCOPE", "difitest:test1")
        .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
        .env("MASKINPORTEN_TOKEN_ENDPOINT", server.url("/token"))
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let outcome = wait(shell.spawn().unwrap());
    watch::search_files(home.path());
    outcome
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn the_command_has_a_token_that_an_api_accepts() {
    let local = Local::start(&[]);
    let script = format!("curl -sS -H \"Authorization: Bearer $MASKINPORTEN_TOKEN\" {}api/hello", local.issuer());

    let said = local.maskinporten(&["exec", "--env", "local", "--", "sh", "-c", &script]).run().artefact();

    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["hello"], "310700010");
}

#[test]
fn the_command_has_token_and_time_under_the_usual_names_or_another() {
    let before = Utc::now();
    for (options, name) in [([].as_slice(), "MASKINPORTEN_TOKEN"), (&["--env-name", "API_TOKEN_2"], "API_TOKEN_2")] {
        let server = Server::start([token()]);
        let script = format!("echo \"${name}\"; echo \"${name}_EXPIRES_AT\"");

        let said = asking("exec", &server).args(options).args(["--", "sh", "-c", &script]).run().artefact();

        let [printed, ends] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
        assert_eq!(printed, TOKEN);
        assert!(ends.ends_with('Z') && ends.len() == "2026-01-01T00:00:00Z".len(), "{ends}");
        let left = ends.parse::<DateTime<Utc>>().unwrap() - before;
        assert!((598..=720).contains(&left.num_seconds()), "{left}");
    }
}

#[test]
fn an_unknown_expiry_is_not_taken_from_an_earlier_token() {
    let server = Server::start([json("200 OK", format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer"}}"#))]);

    let said = asking("exec", &server)
        .env("MASKINPORTEN_TOKEN", "old")
        .env("MASKINPORTEN_TOKEN_EXPIRES_AT", "2020-01-01T00:00:00Z")
        .args(["sh", "-c", "echo \"$MASKINPORTEN_TOKEN ${MASKINPORTEN_TOKEN_EXPIRES_AT-none}\""])
        .run()
        .artefact();

    assert_eq!(said, format!("{TOKEN} none\n"));
}

#[test]
fn the_command_does_not_have_our_secrets_and_has_everything_else() {
    let server = Server::start([token()]);

    let said = asking("exec", &server)
        .args(["--keystore", &testdata("iterations-one.p12"), "--keystore-password-env", "NAMED", "--", "env"])
        .env("NAMED", "secret")
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret-by-name")
        .env("MASKINPORTEN_PKCS11_PIN", "secret-by-name")
        .env("MASKINPORTEN_CLIENT_JWK", "secret-by-name")
        .env("MASKINPORTEN_CLIENT_SECRET", "secret-by-name")
        .env("MASKINPORTEN_PKCS11_PIN_ENV", "PIN")
        .env("PIN", "secret-by-name")
        .env("KEPT", "kept")
        .run()
        .artefact();

    assert!(!said.contains("secret"), "{said}");
    for kept in ["KEPT=kept\n", "MASKINPORTEN_CLIENT_ID=our-client\n", &format!("MASKINPORTEN_TOKEN={TOKEN}\n")] {
        assert!(said.contains(kept), "{said}");
    }
}

#[test]
fn the_command_replaces_this_process_with_its_own_exit_code_and_signals() {
    let server = Server::start([token(), token(), token()]);

    let same = in_a_shell(&server, r#""$@" & child=$!; wait $child; echo $child"#, &["sh", "-c", "echo $$"]).artefact();
    let code = in_a_shell(&server, r#""$@"; echo $?"#, &["sh", "-c", "exit 42"]).artefact();
    let killed = in_a_shell(&server, r#""$@"; echo $?"#, &["sh", "-c", "kill -KILL $$"]);

    let [own, ours] = same.lines().collect::<Vec<_>>()[..] else { panic!("{same}") };
    assert_eq!(own, ours);
    assert_eq!(code, "42\n");
    assert_eq!(killed.stdout, "137\n");
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_ignores_the_signals_that_its_caller_ignores_and_no_others() {
    let server = Server::start([token(), token()]);
    let ignored = &["sed", "-n", "s/^SigIgn:\t//p", "/proc/self/status"];

    let usual = in_a_shell(&server, r#""$@""#, ignored).artefact();
    // SIGHUP is 1 and SIGINT is 2; the process that runs the tests may ignore more.
    let deaf = in_a_shell(&server, r#"trap "" HUP INT; "$@""#, ignored).artefact();

    let bits = |digits: &str| u64::from_str_radix(digits.trim(), 16).unwrap();
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    assert_eq!((bits(&usual) & 0b11, bits(&deaf) & 0b11), (bits(own) & 0b11, 0b11));
}

const OPEN: [&str; 3] = ["sh", "-c", "ls /proc/$$/fd"];

#[test]
fn the_command_has_stdin_and_no_descriptor_of_ours() {
    let server = Server::start([token(), token()]);

    let echoed = asking("exec", &server).args(["--", "cat"]).stdin("through").run().artefact();
    let open = asking("exec", &server).args(["--"]).args(OPEN).run().artefact();

    assert_eq!(echoed, "through");
    // The process that runs the tests may leave some open.
    assert_eq!(open, program(Command::new(OPEN[0]).args(&OPEN[1..]), b""));
}

#[test]
fn the_command_keeps_its_users_limits_on_core_dumps() {
    let server = Server::start([token(), token()]);
    let limits = &["sh", "-c", "ulimit -Sc; ulimit -Hc"];

    let usual = in_a_shell(&server, r#"ulimit -Hc 2000; ulimit -Sc 1000; "$@""#, limits).artefact();
    let none = in_a_shell(&server, r#"ulimit -Sc 0; ulimit -Hc 2000; "$@""#, limits).artefact();

    assert_eq!((usual.as_str(), none.as_str()), ("1000\n2000\n", "0\n2000\n"));
}

#[test]
fn arguments_reach_the_command_as_they_are() {
    let server = Server::start([token(), token()]);

    let behind = asking("exec", &server).args(["--", "printf", "%s|", "--env", "x y", "-k", "--", ""]).run().artefact();
    let bare = asking("exec", &server).args(["printf", "%s|", "--env", "-v"]).run().artefact();

    assert_eq!((behind.as_str(), bare.as_str()), ("--env|x y|-k|--||", "--env|-v|"));
}

#[test]
fn a_missing_command_is_127_and_one_that_cannot_be_run_126() {
    let server = Server::start([token(), token()]);

    asking("exec", &server).args(["--", "no-such-command"]).run().fails(
        127,
        str![[r#"
error: could not find the command `no-such-command`
hint: install it, or check the spelling and the variable PATH

"#]],
    );
    asking("exec", &server).args(["--", "/etc/passwd"]).run().fails(
        126,
        str![[r#"
error: could not run the command `/etc/passwd`: Permission denied (os error 13)
hint: check that it is a program, and that you may run it

"#]],
    );
}

#[cfg(unix)]
#[test]
fn a_script_without_its_interpreter_is_not_reported_as_missing() {
    let (server, folder) = (Server::start([token()]), tempfile::tempdir().unwrap());
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let script = script.display().to_string();

    asking("exec", &server).args(["--", &script]).run().replacing(&script, "[SCRIPT]").fails(
        126,
        str![[r#"
error: could not run the command `[SCRIPT]`: its interpreter was not found
hint: check the interpreter in its first line, after #!

"#]],
    );
}

#[test]
fn every_failure_before_the_command_has_exit_code_125_and_its_own_message() {
    let refusing = Server::start([json("400 Bad Request", r#"{"error":"invalid_scope"}"#)]);
    let refused = asking("exec", &refusing).args(["--error-format", "json", "--", "echo", "ran"]).run();
    let error: Value = serde_json::from_str(&refused.stderr).unwrap();
    assert_eq!((refused.code, refused.stdout.as_str()), (125, ""));
    assert_eq!((&error["error"]["code"], &error["error"]["exit_code"]), (&"refused".into(), &125.into()));

    let unreachable = format!("http://{}/token", unused_address());
    let cases = [
        (vec!["exec", "--env", "test", "echo"], "error: 3 settings are missing\n"),
        (vec!["exec", "--no-such-option", "echo"], "error: unexpected argument '--no-such-option' found\n"),
        (vec!["exec", "--env", "test"], "error: the following required arguments were not provided:\n"),
        (vec!["--lang", "xx", "exec", "echo"], "error: "),
        (vec!["exec", "--ttl", "x", "--env", "test", "-c", "i", "-s", "s", "echo"], "error: --ttl cannot be used\n"),
        (vec!["exec", "--env-name", "1A", "echo"], "error: --env-name must be a variable name: "),
        (vec!["exec", "--env-name", "A B", "echo"], "error: --env-name must be a variable name: "),
        (vec!["exec", "--env-name", "", "echo"], "error: --env-name must be a variable name: "),
        (
            vec!["exec", "--env-name", "PATH", "echo"],
            "error: --env-name PATH would change how the system runs the command\n",
        ),
        (vec!["exec", "--env-name", "LD_PRELOAD", "echo"], "error: --env-name LD_PRELOAD would change how "),
        (vec!["exec", "--env", "local", "-e", &unreachable, "echo"], "error: no simulator is running: `"),
    ];
    for (arguments, said) in cases {
        let outcome = maskinporten(&arguments).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (125, ""), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with(said), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn warnings_for_programs_come_before_the_command_and_once() {
    let server = Server::start([token(), token()]);
    let warning = "{\"warnings\":[\"--keystore-password shows in the process list; set MASKINPORTEN_KEYSTORE_PASSWORD \
                   instead\"]}\n";
    let warned = || asking("exec", &server).args(["--error-format", "json", "--keystore-password", "secret", "--"]);

    let ran = warned().args(["sh", "-c", "echo own >&2"]).run();
    let absent = warned().args(["no-such-command"]).run();

    assert_eq!((ran.code, ran.stderr), (0, format!("{warning}own\n")));
    assert!(
        absent.stderr.starts_with(warning) && absent.stderr.matches("warnings\":[]").count() == 1,
        "{}",
        absent.stderr
    );
}
