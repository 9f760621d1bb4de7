//! Where config files are searched.

use std::{fs, path::Path};

use super::KNOWN;
use crate::profile::{ConfigSearch, PROJECT_FILE};

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn search(root: &Path) -> ConfigSearch {
    ConfigSearch { named: None, folder: Some(root.join("a/b/c")), user_file: Some(root.join("user.toml")) }
}

#[test]
fn the_nearest_project_file_above_is_used_with_the_users_file_below_it() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("a/b/c")).unwrap();
    write(&root.path().join(PROJECT_FILE), "[profiles.far]\n");
    write(&root.path().join("a/b").join(PROJECT_FILE), "[profiles.near]\n");
    fs::create_dir(root.path().join("a/b/c").join(PROJECT_FILE)).unwrap(); // a folder is not a project file
    write(&root.path().join("user.toml"), "[profiles.own]\n");

    let profiles = search(root.path()).read(KNOWN).unwrap();

    assert_eq!(profiles.names().into_iter().collect::<Vec<_>>(), ["near", "own"]);
    let wanted = root.path().join("a/b").join(PROJECT_FILE);
    assert_eq!(search(root.path()).project_file().unwrap().unwrap(), wanted);
}

#[test]
fn only_a_named_file_has_to_exist() {
    let root = tempfile::tempdir().unwrap();
    let mut search = search(root.path());
    assert!(search.read(KNOWN).unwrap().names().is_empty());

    search.named = Some(root.path().join("named.toml"));

    assert!(search.read(KNOWN).is_err());
}

#[test]
fn a_named_file_replaces_both_and_may_name_a_command() {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("a/b/c").join(PROJECT_FILE), "[profiles.near]\n");
    write(&root.path().join("user.toml"), "[profiles.own]\n");
    write(&root.path().join("named.toml"), "[profiles.named]\nkeystore_password_command = 'x'\n");
    let search = ConfigSearch { named: Some(root.path().join("named.toml")), ..search(root.path()) };

    assert_eq!(search.read(KNOWN).unwrap().names().into_iter().collect::<Vec<_>>(), ["named"]);
}

#[cfg(unix)]
#[test]
fn a_project_file_of_another_user_is_skipped_with_a_warning() {
    let root = tempfile::tempdir().unwrap();
    let foreign = root.path().join("a/b/c").join(PROJECT_FILE);
    write(&foreign, "[profiles.near]\nthis is not TOML");
    if std::os::unix::fs::chown(&foreign, Some(12345), None).is_err() {
        return; // only root may give files away
    }

    let profiles = search(root.path()).read(KNOWN).unwrap();

    assert!(profiles.names().is_empty());
    let [warning] = profiles.warnings() else { panic!("{:?}", profiles.warnings()) };
    assert_eq!(
        format!("{warning}\n{}", warning.hint()),
        format!(
            "`{0}` is not read: it belongs to another user (uid 12345)\nif you trust it: --config {0}",
            foreign.display()
        )
    );
}
