//! Folders and files that others can access: an error with a remedy, never read, written, followed or waited for.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt, lchown, symlink},
        net::UnixListener,
    },
    path::Path,
};

use super::{Failure, Home, block_on, key, noon, options, token};
use crate::{
    cache::{Cache, CacheError, Clear, UnsafePermissions},
    clock::FixedClock,
    explain::Explain as _,
};

const NOBODY: u32 = 65534;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The message, the cause and the hint of an error.
fn parts(error: &CacheError) -> [String; 3] {
    let why = std::error::Error::source(error).map(ToString::to_string);
    [error.to_string(), why.unwrap_or_default(), error.hint().unwrap()]
}

#[test]
fn new_folders_and_files_are_accessible_to_this_user_only() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("cache").join("maskinporten");

    let cache = Cache::open(&folder).unwrap();
    let request = async { Ok::<_, Failure>(token("hemmelig", 120, noon())) };
    block_on(cache.fetch(&key("a:b"), options(), &FixedClock(noon()), request)).unwrap();

    assert_eq!((mode(&home.path().join("cache")), mode(&folder)), (0o700, 0o700));
    let modes: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| mode(&entry.unwrap().path())).collect();
    assert_eq!(modes, [0o600; 2]);
}

#[test]
fn a_folder_that_gives_others_access_is_rejected_with_the_command_that_changes_it() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("it's a cache");
    fs::create_dir(&folder).unwrap();
    for bits in [0o755, 0o750, 0o770, 0o701, 0o1777] {
        chmod(&folder, bits);

        let error = Cache::open(&folder).unwrap_err();

        let quoted = format!("'{}/it'\\''s a cache'", home.path().display());
        assert_eq!(
            parts(&error),
            [
                format!("the folder of the token cache is not safe: `{}`", folder.display()),
                format!("its mode is {bits:04o}, which gives others access"),
                format!("pass --no-cache, or remove the access of others with: chmod 700 {quoted}"),
            ]
        );
        assert!(!error.is_unavailable() && error.code() == "cache");
    }
    chmod(&folder, 0o700);
    Cache::open(&folder).unwrap();
}

#[test]
fn a_folder_that_is_a_link_is_rejected_whatever_its_target() {
    let home = tempfile::tempdir().unwrap();
    let (real, link) = (home.path().join("real"), home.path().join("link"));
    fs::create_dir(&real).unwrap();
    chmod(&real, 0o700);
    for target in [real.as_path(), Path::new("/nowhere/at/all"), Path::new("link")] {
        symlink(target, &link).unwrap();
        for path in [link.clone(), link.join(""), link.join(".")] {
            let error = Cache::open(&path).unwrap_err();

            assert_eq!(
                parts(&error),
                [
                    format!("the folder of the token cache is not safe: `{}`", link.display()),
                    "it is a symbolic link".to_owned(),
                    format!("pass --no-cache, or remove the link with: rm {}", link.display()),
                ]
            );
        }
        fs::remove_file(&link).unwrap();
    }
    assert_eq!(fs::read_dir(&real).unwrap().count(), 0);
}

#[test]
fn a_folder_below_a_link_is_accepted_because_caches_may_be_on_another_disk() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("disk")).unwrap();
    symlink(home.path().join("disk"), home.path().join("cache")).unwrap();

    Cache::open(&home.path().join("cache/maskinporten")).unwrap();

    assert!(home.path().join("disk/maskinporten").is_dir());
}

#[test]
fn a_file_in_place_of_the_folder_is_rejected() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "mine").unwrap();

    let error = Cache::open(&file).unwrap_err();

    assert_eq!(
        parts(&error),
        [
            format!("the folder of the token cache is not safe: `{}`", file.display()),
            "it is not a folder".to_owned(),
            format!("pass --no-cache, or move it away with: mv {0} {0}.old", file.display()),
        ]
    );
}

#[test]
fn a_folder_of_another_user_is_rejected() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("theirs");
    fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o700);
    // Only root can change an owner; other users test with a folder of root's.
    let (path, owner) = if is_root() { (folder.as_path(), NOBODY) } else { (Path::new("/"), 0) };
    let _ = lchown(&folder, Some(NOBODY), None);

    let error = Cache::open(path).unwrap_err();

    assert_eq!(
        parts(&error),
        [
            format!("the folder of the token cache is not safe: `{}`", path.display()),
            format!("it belongs to another user (uid {owner})"),
            "pass --no-cache, or set XDG_CACHE_HOME to a folder of your own".to_owned(),
        ]
    );
}

#[test]
fn a_folder_that_cannot_be_created_is_another_kind_of_error() {
    for (path, why) in [
        ("/dev/null/maskinporten", "Not a directory (os error 20)"),
        ("/proc/nowhere/maskinporten", "No such file or directory (os error 2)"),
    ] {
        let error = Cache::open(Path::new(path)).unwrap_err();

        assert!(error.is_unavailable());
        assert_eq!(
            parts(&error),
            [
                format!("could not use the token cache `{path}`"),
                why.to_owned(),
                "pass --no-cache, or check the folder and its permissions".to_owned(),
            ]
        );
    }
    assert!(CacheError::NoFolder.is_unavailable());
}

/// Creates something at a path where a file should be.
type Spoil = fn(&Path);

const SPOILT: [(Spoil, UnsafePermissions); 8] = [
    (|path| symlink("/nowhere/at/all", path).unwrap(), UnsafePermissions::Link),
    (|path| symlink("/etc/passwd", path).unwrap(), UnsafePermissions::Link),
    (|path| symlink(path, path).unwrap(), UnsafePermissions::Link),
    (|path| fs::create_dir(path).unwrap(), UnsafePermissions::NotAFile),
    (|path| make_fifo(path), UnsafePermissions::NotAFile),
    (|path| make_socket(path), UnsafePermissions::NotAFile),
    (|path| write(path, 0o644), UnsafePermissions::Mode(0o644)),
    (|path| write(path, 0o620), UnsafePermissions::Mode(0o620)),
];

fn write(path: &Path, mode: u32) {
    fs::write(path, "hemmelig").unwrap();
    chmod(path, mode);
}

fn make_fifo(path: &Path) {
    // macOS lacks the call that rustix has elsewhere.
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The path of a socket that is bound has a length limit (unix(7)), which its name in the cache could exceed.
fn make_socket(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("socket");
    drop(UnixListener::bind(&short).unwrap());
    fs::rename(short, path).unwrap();
}

/// Opens the cache with something else in place of a file, and fetches a token.
fn fetch_with_spoilt(extension: &str, spoil: Spoil) -> (Home, std::path::PathBuf, CacheError) {
    let home = Home::new();
    // The path of a socket must be short.
    let path = home.path(&format!("{}.{extension}", key("a:b").hash()));
    spoil(&path);
    let request = async { Ok(token("mine", 120, noon())) };
    let failure = block_on(home.cache.fetch(&key("a:b"), options(), &FixedClock(noon()), request)).unwrap_err();
    let Failure::Cache(error) = failure else { panic!("a request was sent") };
    (home, path, error)
}

#[test]
fn anything_else_in_place_of_a_token_or_its_lock_is_rejected_and_left_alone() {
    for extension in ["token", "lock"] {
        for (spoil, problem) in SPOILT {
            let (_home, path, error) = fetch_with_spoilt(extension, spoil);

            assert_eq!(
                parts(&error),
                [
                    format!("a file of the token cache is not safe: `{}`", path.display()),
                    problem.to_string(),
                    format!("pass --no-cache, or remove it with: rm -rf {}", path.display()),
                ]
            );
            assert!(fs::symlink_metadata(&path).is_ok());
        }
    }
}

#[test]
fn a_folder_in_place_of_a_token_is_not_replaced_and_no_temporary_file_is_left() {
    let home = Home::new();
    let name = format!("{}.token", key("a:b").hash());
    fs::create_dir(home.path(&name)).unwrap();

    let error = home.cache.folder.write(&name, b"content").unwrap_err();

    assert!(matches!(error, CacheError::UnsafeFile { source: UnsafePermissions::NotAFile, .. }), "{error:?}");
    assert_eq!(home.names(), [name]);
}

#[test]
fn a_file_of_another_user_is_rejected() {
    if !is_root() {
        return; // only root can change an owner
    }
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("hemmelig", 120, noon()));
    let path = home.path(&format!("{}.token", key("a:b").hash()));
    lchown(&path, Some(NOBODY), None).unwrap();

    let error = home.cache.list().unwrap_err();

    assert!(matches!(error, CacheError::UnsafeFile { source: UnsafePermissions::Owner(NOBODY), .. }), "{error:?}");
}

#[test]
fn a_list_reports_an_unsafe_file_and_clearing_removes_it_without_following_it() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    for (spoil, problem) in SPOILT {
        let home = Home::new();
        let path = home.path(&format!("{}.token", key("a:b").hash()));
        spoil(&path);

        let error = home.cache.list().unwrap_err();
        let cleared = home.cache.clear(Clear::Expired, noon());

        assert!(matches!(error, CacheError::UnsafeFile { source, .. } if source == problem), "{error:?}");
        if path.is_dir() {
            assert!(matches!(cleared, Err(CacheError::UnsafeFile { source: UnsafePermissions::NotAFile, .. })));
        } else {
            assert_eq!((cleared.unwrap(), home.names().len()), (1, 0));
        }
    }
    let home = Home::new();
    symlink(elsewhere.path(), home.path(&format!("{}.token", key("a:b").hash()))).unwrap();
    home.cache.clear(Clear::Everything, noon()).unwrap();
    assert!(elsewhere.path().exists() && Path::new("/etc/passwd").exists());
}

#[test]
fn a_folder_that_is_moved_and_replaced_by_a_link_stays_in_use() {
    let home = Home::new();
    let (folder, moved) = (home.path(""), home.folder.path().join("moved"));
    fs::rename(&folder, &moved).unwrap();
    symlink("/nowhere/at/all", home.folder.path().join("maskinporten")).unwrap();

    let fetched = home.fetch(&key("a:b"), noon(), &token("mine", 120, noon()));

    assert!(fetched.warnings.is_empty());
    assert_eq!(fs::read_dir(&moved).unwrap().count(), 2);
}
