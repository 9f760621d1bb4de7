//! Folders and files that are not ours alone: an error with a way out, never read, written, followed or waited for.

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
    cache::{Cache, CacheError, Clear, KeySource, KeyThumbprint, UnsafePermissions},
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

/// The three parts of an error, as they are shown.
fn told(error: &CacheError) -> [String; 3] {
    let why = std::error::Error::source(error).map(ToString::to_string);
    [error.to_string(), why.unwrap_or_default(), error.hint().unwrap()]
}

#[test]
fn the_folders_that_are_made_and_the_files_in_them_are_ours_alone() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("cache").join("maskinporten");

    let cache = Cache::open(&folder).unwrap();
    let asked = async { Ok::<_, Failure>(token("hemmelig", 120, noon())) };
    block_on(cache.fetch(&key("a:b"), options(), &FixedClock(noon()), asked)).unwrap();
    let thumbprint = KeyThumbprint::parse(super::THUMBPRINT).unwrap();
    cache.remember(&KeySource::new("jwk"), &thumbprint).unwrap();

    assert_eq!((mode(&home.path().join("cache")), mode(&folder)), (0o700, 0o700));
    let modes: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| mode(&entry.unwrap().path())).collect();
    assert_eq!(modes, [0o600; 3]);
}

#[test]
fn a_folder_that_lets_others_in_is_refused_with_the_command_that_closes_it() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("it's a cache");
    fs::create_dir(&folder).unwrap();
    for bits in [0o755, 0o750, 0o770, 0o701, 0o1777] {
        chmod(&folder, bits);

        let error = Cache::open(&folder).unwrap_err();

        let quoted = format!("'{}/it'\\''s a cache'", home.path().display());
        assert_eq!(
            told(&error),
            [
                format!("the folder of the token cache is not safe: `{}`", folder.display()),
                format!("its mode is {bits:04o}, which lets others in"),
                format!("pass --no-cache, or close it to others with: chmod 700 {quoted}"),
            ]
        );
        assert!(!error.is_unavailable() && error.code() == "cache");
    }
    chmod(&folder, 0o700);
    Cache::open(&folder).unwrap();
}

#[test]
fn a_folder_that_is_a_link_is_refused_wherever_it_leads() {
    let home = tempfile::tempdir().unwrap();
    let (real, link) = (home.path().join("real"), home.path().join("link"));
    fs::create_dir(&real).unwrap();
    chmod(&real, 0o700);
    for target in [real.as_path(), Path::new("/nowhere/at/all"), Path::new("link")] {
        symlink(target, &link).unwrap();
        for path in [link.clone(), link.join(""), link.join(".")] {
            let error = Cache::open(&path).unwrap_err();

            assert_eq!(
                told(&error),
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
fn a_folder_below_a_link_is_taken_since_people_keep_their_caches_on_other_disks() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("disk")).unwrap();
    symlink(home.path().join("disk"), home.path().join("cache")).unwrap();

    Cache::open(&home.path().join("cache/maskinporten")).unwrap();

    assert!(home.path().join("disk/maskinporten").is_dir());
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "mine").unwrap();

    let error = Cache::open(&file).unwrap_err();

    assert_eq!(
        told(&error),
        [
            format!("the folder of the token cache is not safe: `{}`", file.display()),
            "it is not a folder".to_owned(),
            format!("pass --no-cache, or move it away with: mv {0} {0}.old", file.display()),
        ]
    );
}

#[test]
fn somebody_elses_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("theirs");
    fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o700);
    // Only root can give a folder away; everybody else finds one of root's.
    let (path, owner) = if is_root() { (folder.as_path(), NOBODY) } else { (Path::new("/"), 0) };
    let _ = lchown(&folder, Some(NOBODY), None);

    let error = Cache::open(path).unwrap_err();

    assert_eq!(
        told(&error),
        [
            format!("the folder of the token cache is not safe: `{}`", path.display()),
            format!("it belongs to another user (uid {owner})"),
            "pass --no-cache, or set XDG_CACHE_HOME to a folder of your own".to_owned(),
        ]
    );
}

#[test]
fn a_folder_that_cannot_be_had_is_another_kind_of_error() {
    for (path, why) in [
        ("/dev/null/maskinporten", "Not a directory (os error 20)"),
        ("/proc/nowhere/maskinporten", "No such file or directory (os error 2)"),
    ] {
        let error = Cache::open(Path::new(path)).unwrap_err();

        assert!(error.is_unavailable());
        assert_eq!(
            told(&error),
            [
                format!("could not use the token cache `{path}`"),
                why.to_owned(),
                "pass --no-cache, or check the folder and its permissions".to_owned(),
            ]
        );
    }
    assert!(CacheError::NoFolder.is_unavailable());
}

/// Puts something at a path where a file should be.
type Spoil = fn(&Path);

const SPOILT: [(Spoil, UnsafePermissions); 8] = [
    (|path| symlink("/nowhere/at/all", path).unwrap(), UnsafePermissions::Link),
    (|path| symlink("/etc/passwd", path).unwrap(), UnsafePermissions::Link),
    (|path| symlink(path, path).unwrap(), UnsafePermissions::Link),
    (|path| fs::create_dir(path).unwrap(), UnsafePermissions::NotAFile),
    (|path| make_fifo(path), UnsafePermissions::NotAFile),
    (|path| drop(UnixListener::bind(path).unwrap()), UnsafePermissions::NotAFile),
    (|path| write(path, 0o644), UnsafePermissions::Mode(0o644)),
    (|path| write(path, 0o620), UnsafePermissions::Mode(0o620)),
];

fn write(path: &Path, mode: u32) {
    fs::write(path, "hemmelig").unwrap();
    chmod(path, mode);
}

fn make_fifo(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
}

/// Opens the cache with something else in place of a file, and tries to get a token.
fn fetch_with_spoilt(extension: &str, spoil: Spoil) -> (Home, std::path::PathBuf, CacheError) {
    let home = Home::new();
    // A path that a socket may have is short.
    let path = home.path(&format!("{}.{extension}", key("a:b").hash()));
    spoil(&path);
    let asked = async { Ok(token("mine", 120, noon())) };
    let failure = block_on(home.cache.fetch(&key("a:b"), options(), &FixedClock(noon()), asked)).unwrap_err();
    let Failure::Cache(error) = failure else { panic!("it was asked for") };
    (home, path, error)
}

#[test]
fn what_stands_in_place_of_a_token_or_its_lock_is_refused_and_left_as_it_is() {
    for extension in ["token", "lock"] {
        for (spoil, distrust) in SPOILT {
            let (_home, path, error) = fetch_with_spoilt(extension, spoil);

            assert_eq!(
                told(&error),
                [
                    format!("a file of the token cache is not safe: `{}`", path.display()),
                    distrust.to_string(),
                    format!("pass --no-cache, or remove it with: rm -rf {}", path.display()),
                ]
            );
            assert!(fs::symlink_metadata(&path).is_ok());
        }
    }
}

#[test]
fn what_stands_in_place_of_a_source_is_refused() {
    for (spoil, distrust) in SPOILT {
        let home = Home::new();
        let source = KeySource::new("jwk").file(b"one");
        home.cache.remember(&source, &KeyThumbprint::parse(super::THUMBPRINT).unwrap()).unwrap();
        let path = home.path(&home.names()[0]);
        fs::remove_file(&path).unwrap();
        spoil(&path);

        let error = home.cache.thumbprint_of(&source).unwrap_err();

        assert!(matches!(error, CacheError::UnsafeFile { source, .. } if source == distrust), "{error:?}");
    }
}

#[test]
fn a_folder_in_place_of_a_source_is_not_written_over_and_nothing_is_left_behind() {
    let home = Home::new();
    let (source, thumbprint) = (KeySource::new("jwk"), KeyThumbprint::parse(super::THUMBPRINT).unwrap());
    home.cache.remember(&source, &thumbprint).unwrap();
    let [name] = home.names().try_into().unwrap();
    fs::remove_file(home.path(&name)).unwrap();
    fs::create_dir(home.path(&name)).unwrap();

    let error = home.cache.remember(&source, &thumbprint).unwrap_err();

    assert!(matches!(error, CacheError::UnsafeFile { source: UnsafePermissions::NotAFile, .. }), "{error:?}");
    assert_eq!(home.names(), [name]);
}

#[test]
fn somebody_elses_file_is_refused() {
    if !is_root() {
        return; // only root can give a file away
    }
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("hemmelig", 120, noon()));
    let path = home.path(&format!("{}.token", key("a:b").hash()));
    lchown(&path, Some(NOBODY), None).unwrap();

    let error = home.cache.list().unwrap_err();

    assert!(matches!(error, CacheError::UnsafeFile { source: UnsafePermissions::Owner(NOBODY), .. }), "{error:?}");
}

#[test]
fn a_list_says_that_a_file_is_not_safe_and_clearing_removes_it_without_following_it() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    for (spoil, distrust) in SPOILT {
        let home = Home::new();
        let path = home.path(&format!("{}.token", key("a:b").hash()));
        spoil(&path);

        let error = home.cache.list().unwrap_err();
        let cleared = home.cache.clear(Clear::Expired, noon());

        assert!(matches!(error, CacheError::UnsafeFile { source, .. } if source == distrust), "{error:?}");
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
fn a_folder_that_is_moved_away_and_replaced_is_not_followed() {
    let home = Home::new();
    let (folder, moved) = (home.path(""), home.folder.path().join("moved"));
    fs::rename(&folder, &moved).unwrap();
    symlink("/nowhere/at/all", home.folder.path().join("maskinporten")).unwrap();

    let fetched = home.fetch(&key("a:b"), noon(), &token("mine", 120, noon()));

    assert!(fetched.remarks.is_empty());
    assert_eq!(fs::read_dir(&moved).unwrap().count(), 2);
}
