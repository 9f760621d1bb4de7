//! The token for a shell, a `.env` file, and the steps of GitHub Actions, each read back by the real program.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use maskinporten::printer::TokenForm;
use snapbox::str;

use crate::{
    local::Local,
    server::{Server, TOKEN, asking, curl, json, token},
    support::{Outcome, bin, maskinporten, program, search_path, wait},
};

/// Runs a script in a shell, with the binary on its path and this simulator for `--env local`.
fn in_shell(local: &Local, command: &[&str], script: &str) -> Outcome {
    let mut shell = Command::new(command[0]);
    // fish creates folders in its home.
    let home = tempfile::tempdir().unwrap();
    shell.args(&command[1..]).arg(script).env_clear().env("PATH", search_path(&[bin()])).env("HOME", home.path());
    let shell = shell.env("XDG_DATA_HOME", local.home());
    wait(shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// Whether an API accepts the token, and the other value is a time in the future.
#[track_caller]
fn is_good(local: &Local, printed: &str) {
    let (token, expires_at) = printed.trim_end().split_once('\n').unwrap_or_else(|| panic!("{printed}"));
    let hello = curl(["-H", "@-", &format!("{}api/hello", local.issuer())], &format!("Authorization: Bearer {token}"));
    assert!(hello.contains(r#""hello":"310700010""#), "{hello}");
    let expires_at = chrono::DateTime::parse_from_rfc3339(expires_at).unwrap();
    assert!(expires_at > chrono::Utc::now() && expires_at.to_rfc3339().ends_with("+00:00"), "{expires_at}");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash, zsh and fish")]
#[test]
fn each_shell_sets_the_token_and_its_expiry() {
    let local = Local::start(&[]);
    let show = r#"sh -c 'echo "$MASKINPORTEN_TOKEN"; echo "$MASKINPORTEN_TOKEN_EXPIRES_AT"'"#;
    for (shell, line) in [
        (["sh", "-ec"].as_slice(), r#"eval "$(maskinporten token --env local --format env)""#),
        (&["bash", "-ec"], r#"eval "$(maskinporten token --env local --format env --shell sh)""#),
        (&["zsh", "-f", "-ec"], r#"eval "$(maskinporten token --env local --format env)""#),
        (&["fish", "--no-config", "-c"], "maskinporten token --env local --format env --shell fish | source"),
        (&["fish", "--no-config", "-c"], "eval (maskinporten token --env local --format env --shell fish)"),
        (&["sh", "-ec"], "maskinporten token --env local --format dotenv >.env.$$\nset -a; . ./.env.$$; rm .env.$$"),
    ] {
        let outcome = in_shell(&local, shell, &format!("cd {}\n{line}\n{show}", local.home().display()));

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{shell:?} {line}");
        is_good(&local, &outcome.stdout);
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs fish")]
#[test]
fn a_token_without_an_expiry_unsets_that_of_an_earlier_one() {
    let success = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer"}}"#);
    for (arguments, wanted) in [
        (
            ["--format", "env"].as_slice(),
            format!("export MASKINPORTEN_TOKEN={TOKEN}\nunset MASKINPORTEN_TOKEN_EXPIRES_AT\n"),
        ),
        (
            &["--format", "env", "--shell", "fish"],
            format!("set -gx MASKINPORTEN_TOKEN '{TOKEN}';\nset -e MASKINPORTEN_TOKEN_EXPIRES_AT;\n"),
        ),
        (
            &["--format", "env", "--shell", "powershell"],
            format!("$env:MASKINPORTEN_TOKEN = '{TOKEN}'\n$env:MASKINPORTEN_TOKEN_EXPIRES_AT = $null\n"),
        ),
        (&["--format", "dotenv"], format!("MASKINPORTEN_TOKEN={TOKEN}\n")),
    ] {
        let server = Server::start([json("200 OK", &success)]);

        assert_eq!(asking("token", &server).args(arguments).run().artefact(), wanted);
    }

    let fish = format!(
        "set -gx MASKINPORTEN_TOKEN_EXPIRES_AT old\nset -gx MASKINPORTEN_TOKEN '{TOKEN}';\n\
         set -e MASKINPORTEN_TOKEN_EXPIRES_AT;\nset -q MASKINPORTEN_TOKEN_EXPIRES_AT; or echo gone"
    );
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("fish");
    assert_eq!(program(shell.args(["--no-config", "-c", &fish]).env("HOME", home.path()), b""), "gone\n");
}

#[test]
fn powershell_gets_assignments_in_its_own_syntax() {
    let server = Server::start([token()]);

    let printed = asking("token", &server).args(["--format", "env", "--shell", "powershell"]).run().artefact();

    let (first, second) = printed.split_once('\n').unwrap();
    assert_eq!(first, format!("$env:MASKINPORTEN_TOKEN = '{TOKEN}'"));
    let time = second.strip_prefix("$env:MASKINPORTEN_TOKEN_EXPIRES_AT = '").unwrap().strip_suffix("'\n").unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
}

#[test]
fn a_shell_is_accepted_only_with_the_form_env() {
    for form in TokenForm::NAMES.into_iter().filter(|form| *form != "env") {
        maskinporten(["token", "--env", "test", "--shell", "fish", "--format", form]).run().fails(
            2,
            str![[r#"
error: --shell is only for `--format env`
hint: pass --format env too, or leave --shell out

"#]],
        );
    }
}

/// A step of a workflow, as the runner starts it: its stdout is read line by line, its outputs after its end.
fn step(local: &Local, outputs: &Path, script: &str) -> (Vec<String>, Vec<(String, String)>) {
    let script = format!("export GITHUB_OUTPUT='{}'\n{script}", outputs.display());
    let outcome = in_shell(local, &["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"], &script);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let text = fs::read_to_string(outputs).unwrap();
    // The runner reads a line as `name=value` if there is no `<<` before the first `=`.
    let lines = text.lines().filter(|line| !line.is_empty()).map(|line| {
        let (name, value) = line.split_once('=').unwrap();
        assert!(!name.contains("<<"), "{name}");
        (name.to_owned(), value.to_owned())
    });
    (outcome.stdout.lines().map(str::to_owned).collect(), lines.collect())
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash")]
#[test]
fn a_step_of_github_actions_masks_the_token_before_it_sets_its_outputs() {
    let local = Local::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("set_output_7f3c");

    let script = "echo 'earlier=1' >> \"$GITHUB_OUTPUT\"\nmaskinporten token --env local --format github\n\
                  echo 'later=2' >> \"$GITHUB_OUTPUT\"";
    let (said, set) = step(&local, &outputs, script);

    let [mask] = said.as_slice() else { panic!("{} lines", said.len()) };
    let names: Vec<&str> = set.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["earlier", "token", "expires_at", "later"]);
    assert_eq!(mask, &format!("::add-mask::{}", set[1].1));
    is_good(&local, &format!("{}\n{}\n", set[1].1, set[2].1));
}

#[cfg(unix)]
#[test]
fn a_new_file_of_outputs_is_accessible_to_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start([token()]);
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");

    let run = asking("token", &server).args(["--format", "github"]).env("GITHUB_OUTPUT", &outputs).run();

    assert_eq!(run.artefact(), format!("::add-mask::{TOKEN}\n"));
    assert_eq!(fs::metadata(&outputs).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&outputs).unwrap().starts_with(&format!("token={TOKEN}\nexpires_at=")));
}

#[test]
fn a_token_that_would_add_a_line_sets_no_output() {
    for hostile in [r"a\nadmin=true", r"a\r\n::set-env name=PATH::/tmp", r"a<<EOF\nb\nEOF", "a%0Ab"] {
        let body = format!(r#"{{"access_token":"{hostile}","token_type":"Bearer","expires_in":119}}"#);
        let server = Server::start([json("200 OK", &body)]);
        let folder = tempfile::tempdir().unwrap();
        let outputs = folder.path().join("outputs");

        let run = asking("token", &server).args(["--format", "github"]).env("GITHUB_OUTPUT", &outputs).run();

        assert_eq!((run.code, run.stdout.as_str()), (6, ""), "{hostile}");
        assert_eq!(fs::read_to_string(&outputs).unwrap(), "", "{hostile}");
    }
}

#[test]
fn without_a_file_for_outputs_no_token_is_requested() {
    let folder = tempfile::tempdir().unwrap();
    for value in [None, Some("")] {
        // The server expects no connection, and fails the test if there is one.
        let server = Server::start([]);
        let run = asking("token", &server).args(["--format", "github"]);
        let run = value.into_iter().fold(run, |run, value| run.env("GITHUB_OUTPUT", value));

        run.run().fails(
            3,
            str![[r#"
error: the variable GITHUB_OUTPUT is not set, but --format github appends to the file that it names
hint: run this in a GitHub Actions step, or use another form: maskinporten token --format env

"#]],
        );
    }
    let server = Server::start([]);
    let run = asking("token", &server).args(["--format", "github"]).env("GITHUB_OUTPUT", folder.path()).run();
    run.replacing(folder.path().display(), "[FOLDER]").fails(
        3,
        str![[r#"
error: could not open `[FOLDER]`, which GITHUB_OUTPUT names
caused by: Is a directory (os error 21)
hint: check that GITHUB_OUTPUT names a file that you may write to

"#]],
    );
}

#[test]
fn outputs_that_cannot_be_written_are_reported_after_the_mask() {
    let server = Server::start([token()]);

    let run = asking("token", &server).args(["--format", "github"]).env("GITHUB_OUTPUT", "/dev/full").run();

    assert_eq!((run.code, run.stdout), (1, format!("::add-mask::{TOKEN}\n")));
    assert_eq!(
        run.stderr,
        "error: could not append to `/dev/full`, which GITHUB_OUTPUT names\n\
         caused by: No space left on device (os error 28)\nhint: check that GITHUB_OUTPUT names a file that you may write to\n"
    );
}
