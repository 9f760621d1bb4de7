//! Files that other users can change, links where files are written, and the mode of new folders.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
};

use crate::{
    server::{Server, asking, token},
    support::{Maskinporten, maskinporten, program, testdata},
};

const NOBODY: u32 = 65_534;

/// Gives a file to another user; only root can.
fn give_away(path: &Path) -> bool {
    chown(path, Some(NOBODY), None).is_ok()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Writes the user's config file.
fn with_user_file(command: Maskinporten, content: &str) -> (Maskinporten, std::path::PathBuf) {
    let folder = command.home().join(".config/maskinporten");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.toml");
    fs::write(&file, content).unwrap();
    set_mode(&file, 0o644);
    (command, file)
}

#[test]
fn a_config_file_of_the_user_that_others_can_change_is_not_used() {
    let content =
        "default_profile = 'p'\n[profiles.p]\nkeystore_password_command = 'touch \"$HOME/ran\"; echo secret'\n";
    for (mode, is_used) in [(0o600, true), (0o644, true), (0o666, false), (0o646, false)] {
        let server = Server::start(is_used.then(token));
        let (command, file) = with_user_file(asking("token", &server), content);
        set_mode(&file, mode);
        let shown = file.display().to_string();

        let outcome = command.run();

        assert_eq!(outcome.code, if is_used { 0 } else { 3 }, "{mode:o}: {}", outcome.stderr);
        assert_eq!(
            outcome.stderr.replace(&shown, "FILE"),
            if is_used {
                String::new()
            } else {
                format!(
                    "error: the config file `FILE` is not used: others can change it\n\
                     caused by: its mode is {mode:04o}, which gives others access\n\
                     hint: take the access from others with: chmod go-w 'FILE'\n"
                )
            }
        );
    }
}

#[test]
fn a_config_file_of_another_user_is_used_only_if_it_is_named() {
    let content = "[profiles.p]\nclient_id = 'named'\n";
    let show = ["config", "show", "--profile", "p"];
    let (command, file) = with_user_file(maskinporten(show), content);
    if !give_away(&file) {
        return;
    }
    let shown = file.display().to_string();
    assert_eq!(
        command.run().failure(3).replace(&shown, "FILE"),
        "error: the config file `FILE` is not used: others can change it\n\
         caused by: it belongs to another user (uid 65534)\n\
         hint: if you trust it: --config 'FILE'\n"
    );

    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named.toml");
    fs::write(&named, content).unwrap();
    assert!(give_away(&named));
    let outcome = maskinporten(show).args(["--config".as_ref(), named.as_os_str()]).run();
    assert_eq!((outcome.code, outcome.stdout.contains("named"), outcome.stderr.as_str()), (0, true, ""));
}

#[test]
fn a_named_config_file_that_others_can_change_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named.toml");
    fs::write(&named, "[profiles.p]\nclient_id = 'named'\n").unwrap();
    set_mode(&named, 0o646);

    let outcome = maskinporten(["config", "show", "--profile", "p", "--config"]).args([&named]).run();

    assert_eq!((outcome.code, outcome.stdout.contains("named")), (0, true), "{}", outcome.stderr);
    assert_eq!(
        outcome.stderr.replace(&named.display().to_string(), "FILE"),
        "warning: others can change the config file `FILE`: its mode is 0646, which gives others access; take the access \
         from others with: chmod go-w 'FILE'\n"
    );
}

#[test]
fn a_key_file_or_password_file_that_others_can_change_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let [key, password] = ["key.p12", "password"].map(|name| folder.path().join(name));
    fs::copy(testdata("iterations-one.p12"), &key).unwrap();
    fs::write(&password, "secret\n").unwrap();
    let grant = || {
        let command = maskinporten(["grant", "-c", "x", "-s", "a:b", "--env", "test", "-k"]).args([&key]);
        let outcome = command.args(["--keystore-password-file".as_ref(), password.as_os_str()]).run();
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stderr.replace(&folder.path().display().to_string(), "FOLDER")
    };
    set_mode(&key, 0o644);
    set_mode(&password, 0o600);
    assert_eq!(grant(), "");

    set_mode(&key, 0o666);
    set_mode(&password, 0o602);
    assert_eq!(
        grant(),
        "warning: others can change the key file `FOLDER/key.p12`: its mode is 0666, which gives others access; take the \
         access from others with: chmod go-w 'FOLDER/key.p12'\n\
         warning: others can change the password file `FOLDER/password`: its mode is 0602, which gives others access; take \
         the access from others with: chmod go-w 'FOLDER/password'\n"
    );

    set_mode(&password, 0o644);
    set_mode(&key, 0o644);
    if give_away(&password) {
        assert_eq!(
            grant(),
            "warning: others can change the password file `FOLDER/password`: it belongs to another user (uid 65534); use a \
             copy of your own\n"
        );
    }
}

#[test]
fn a_key_file_that_a_uri_names_is_warned_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.p12");
    fs::copy(testdata("iterations-one.p12"), &key).unwrap();
    set_mode(&key, 0o666);
    let place = format!("file:{}", key.display());
    let command = maskinporten(["grant", "-c", "x", "-s", "a:b", "--env", "test", "--key-from", &place]);

    let outcome = command.env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();

    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("warning: others can change the key file").count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_ca_file_that_others_can_change_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::copy(testdata("keys/enterprise.pem"), &file).unwrap();
    set_mode(&file, 0o646);
    let server = Server::start([token()]);

    let outcome = asking("token", &server).args(["--ca-file".as_ref(), file.as_os_str()]).run();

    let warning = format!("warning: others can change the CA file `{}`: its mode is 0646, ", file.display());
    assert!(outcome.code == 0 && outcome.stderr.starts_with(&warning), "{}", outcome.stderr);
}

#[test]
fn man_pages_replace_links_and_do_not_write_through_them() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, victim) = (folder.path().join("man1"), folder.path().join("victim"));
    fs::create_dir(&dir).unwrap();
    fs::write(&victim, "as before").unwrap();
    symlink(&victim, dir.join("maskinporten.1")).unwrap();

    maskinporten(["man".as_ref(), "--dir".as_ref(), dir.as_os_str()]).run().artefact();

    assert_eq!(fs::read_to_string(&victim).unwrap(), "as before");
    let page = dir.join("maskinporten.1");
    assert!(
        fs::symlink_metadata(&page).unwrap().is_file() && fs::read_to_string(&page).unwrap().contains("maskinporten")
    );
    assert_eq!(
        fs::read_dir(&dir).unwrap().filter(|page| page.as_ref().unwrap().path().extension().is_none()).count(),
        0
    );
}

#[test]
fn outputs_of_a_github_step_are_not_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let [victim, link] = ["victim", "link"].map(|name| folder.path().join(name));
    fs::write(&victim, "as before").unwrap();
    symlink(&victim, &link).unwrap();
    let unused = Server::start([]);

    let outcome = asking("token", &unused).args(["--format", "github"]).env("GITHUB_OUTPUT", &link).run();

    let about = format!("error: could not open `{}`, which GITHUB_OUTPUT names\n", link.display());
    assert!(outcome.failure(3).starts_with(&about), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(victim).unwrap(), "as before");
}

#[test]
fn new_folders_are_for_this_user_only_whatever_the_umask() {
    for umask in ["000", "022", "077", "277"] {
        let home = tempfile::tempdir().unwrap();
        let script = r#"umask "$1" && shift && exec "$@""#;
        let run = |arguments: &[&str]| {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", script, "sh", umask, env!("CARGO_BIN_EXE_maskinporten")]).args(arguments);
            program(shell.env_clear().env("HOME", home.path()), b"")
        };
        let server = Server::start([token()]);
        let arguments = ["-c", "x", "-s", "a:b", "-k", &testdata("iterations-one.p12")];
        let more = ["-p", "secret", "-q", "-a", "https://issuer.example/", "-e", &server.url("/token")];
        run(&[["token"].as_slice(), &arguments, &more].concat());
        run(&[["config", "init", "--profile", "p", "--env", "test"].as_slice(), &arguments].concat());

        for folder in [".cache", ".cache/maskinporten", ".config", ".config/maskinporten"] {
            assert_eq!(mode(&home.path().join(folder)), 0o700, "umask {umask}: {folder}");
        }
        let pages = home.path().join("pages");
        run(&["man", "--dir", pages.to_str().unwrap()]);
        assert_eq!(mode(&pages) & 0o022, 0, "umask {umask}");
    }
}
