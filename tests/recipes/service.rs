//! The systemd service: checked by systemd's verifier, then run in the environment that systemd would provide.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use crate::{
    documentation::blocks,
    recipes::{USUAL_ISSUER, Workspace, block, run},
};

/// Returns the service, with the path of the binary that is tested, and the simulator's API in place of the example.
fn unit() -> String {
    let unit = block("ini").replace("/usr/bin/maskinporten", env!("CARGO_BIN_EXE_maskinporten"));
    unit.replace("https://api.example.no/", &format!("{USUAL_ISSUER}api/"))
}

/// Returns the messages of systemd about a unit; mistakes are warnings, with exit code 0.
pub(super) fn verify(unit: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hello.service");
    fs::write(&file, unit).unwrap();
    let outcome = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    outcome.stderr
}

#[test]
fn systemd_accepts_the_service() {
    let unit = unit();

    assert_eq!(verify(&unit), "");
    assert!(verify(&unit.replace("LoadCredential", "LoadCredentials")).contains("Unknown key 'LoadCredentials'"));
}

#[test]
fn systemd_accepts_the_timer_of_the_service() {
    let [timer] = <[String; 1]>::try_from(blocks("ini timer")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.service"), unit()).unwrap();
    let file = folder.path().join("hello.timer");
    fs::write(&file, timer).unwrap();

    let outcome = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file));

    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
}

#[test]
fn the_service_gets_the_response_and_keeps_the_token_in_its_own_cache() {
    let workspace = Workspace::new();
    let unit = workspace.with_address(&unit());
    let values = |key: &str| -> Vec<String> {
        unit.lines().filter_map(|line| line.strip_prefix(&format!("{key}="))).map(str::to_owned).collect()
    };
    // The cache of a dynamic user is a link to a private folder.
    let machine = workspace.folder.path().join("machine");
    let [name] = <[String; 1]>::try_from(values("CacheDirectory")).unwrap();
    let private = machine.join("private").join(&name);
    fs::create_dir_all(&private).unwrap();
    symlink(Path::new("private").join(&name), machine.join(&name)).unwrap();
    let credentials = workspace.folder.path().join("credentials");
    load_credentials(&workspace, &credentials, &values("LoadCredential"));
    assert_eq!(values("EnvironmentFile"), ["/etc/maskinporten/environment"]);

    let [start] = <[String; 1]>::try_from(values("ExecStart")).unwrap();
    let mut command = workspace.command("bash");
    let nowhere = workspace.folder.path().join("nowhere");
    command.args(["-c", &start]).env("HOME", &nowhere).env("MASKINPORTEN_ENV", "local");
    for (name, value) in
        values("Environment").iter().flat_map(|line| line.split(' ')).map(|one| one.split_once('=').unwrap())
    {
        let value = value.replace("%d", credentials.to_str().unwrap()).replace("%C", machine.to_str().unwrap());
        command.env(name, value);
    }
    let said = run(&mut command).artefact();

    assert_eq!(said, workspace.body());
    let kept = fs::read_dir(private.join("maskinporten")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(kept.into_iter().any(|name| Path::new(&name).extension().is_some_and(|extension| extension == "token")));
    assert!(!nowhere.exists());
}

/// Moves the simulator's keystore and password to the credentials of the service, where `--env local` does not find them.
fn load_credentials(workspace: &Workspace, credentials: &Path, lines: &[String]) {
    fs::create_dir(credentials).unwrap();
    let files = [("/etc/maskinporten/enterprise.p12", "modern.p12"), ("/etc/maskinporten/password", "modern.password")];
    assert_eq!(lines.len(), files.len());
    for line in lines {
        let (name, path) = line.split_once(':').unwrap();
        let (_, file) = files.iter().find(|(known, _)| *known == path).unwrap();
        let credential = credentials.join(name);
        fs::copy(workspace.local.file(file), &credential).unwrap();
        fs::set_permissions(&credential, fs::Permissions::from_mode(0o400)).unwrap();
        fs::remove_file(workspace.local.file(file)).unwrap();
    }
}
