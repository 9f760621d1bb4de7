//! Listing and clearing.

use std::{
    fs::{self, File},
    time::{Duration, Instant, SystemTime},
};

use chrono::Utc;

use super::{Home, key, noon, private, seconds, token};
use crate::{
    cache::{Cache, Clear},
    client::AccessToken,
};

fn filled() -> Home {
    let home = Home::new();
    home.fetch(&key("long"), noon(), &token("hemmelig", 600, noon()));
    home.fetch(&key("short"), noon(), &token("hemmelig", 60, noon()));
    home
}

/// The scopes of the stored tokens.
fn scopes(home: &Home) -> Vec<String> {
    home.cache.list().unwrap().into_iter().map(|listed| listed.info.scopes.join(" ")).collect()
}

/// Clears until these files are left. A process that another test is starting at this moment has copies of our locks
/// until its own program runs.
#[track_caller]
fn clears_to(home: &Home, what: Clear, names: &[String]) {
    let started = Instant::now();
    while home.names() != names && started.elapsed() < Duration::from_secs(10) {
        home.cache.clear(what, noon()).unwrap();
    }
    assert_eq!(home.names(), names);
}

#[test]
fn a_list_describes_tokens_and_does_not_contain_them() {
    let home = filled();

    let listed = home.cache.list().unwrap();

    assert_eq!(scopes(&home), ["short", "long"]);
    assert_eq!(&listed[0].info, key("short").info());
    assert_eq!((listed[0].stored_at, listed[0].expires_at), (noon(), noon() + seconds(60)));
    let size = fs::metadata(home.path(&format!("{}.token", key("short").hash()))).unwrap().len();
    assert_eq!(listed[0].bytes as u64, size);
    assert!(!format!("{listed:?}").contains("hemmelig"));
}

#[test]
fn expired_tokens_are_removed_with_their_locks_and_the_others_stay() {
    let home = filled();

    assert_eq!(home.cache.clear(Clear::Expired, noon() + seconds(59)).unwrap(), 0);
    assert_eq!(home.cache.clear(Clear::Expired, noon() + seconds(60)).unwrap(), 1);

    assert_eq!(scopes(&home), ["long"]);
    let hash = key("long").hash().to_owned();
    clears_to(&home, Clear::Expired, &[format!("{hash}.lock"), format!("{hash}.token")]);
}

#[test]
fn every_file_of_the_cache_is_removed_and_no_other() {
    let home = filled();
    let strange = ["notes.txt", "short.token", "x.lock", &format!("{}.token", "A".repeat(64)), ".tmp"];
    for name in strange {
        fs::write(home.path(name), "mine").unwrap();
    }
    fs::write(home.path(&format!("{}.tmp", "0".repeat(32))), "hemmelig").unwrap();

    assert_eq!(home.cache.clear(Clear::Everything, noon()).unwrap(), 2);

    let mut left = strange.map(str::to_owned);
    left.sort();
    clears_to(&home, Clear::Everything, &left);
}

#[test]
fn a_damaged_entry_is_not_listed_and_is_removed_with_the_expired_ones() {
    let home = filled();
    fs::write(home.path(&format!("{}.token", key("short").hash())), "damaged").unwrap();

    assert_eq!(scopes(&home), ["long"]);
    assert_eq!(home.cache.clear(Clear::Expired, noon()).unwrap(), 1);
}

#[test]
fn a_lock_that_is_held_stays() {
    let home = filled();
    let name = format!("{}.lock", key("long").hash());
    let lock = File::open(home.path(&name)).unwrap();
    lock.try_lock().unwrap();

    assert_eq!(home.cache.clear(Clear::Everything, noon()).unwrap(), 2);
    clears_to(&home, Clear::Everything, &[name]);

    drop(lock);
    clears_to(&home, Clear::Expired, &[]);
}

#[test]
fn the_file_of_a_dead_writer_is_removed_after_a_minute() {
    let home = Home::new();
    let name = format!("{}.tmp", "0123456789abcdef".repeat(2));
    let file = File::create(home.path(&name)).unwrap();
    private(&file);

    home.fetch(&key("a:b"), Utc::now(), &token("one", 600, Utc::now()));
    assert!(home.names().contains(&name));

    let long_ago = SystemTime::now() - Duration::from_secs(61);
    file.set_modified(long_ago).unwrap();
    home.fetch(&key("c:d"), Utc::now(), &token("two", 600, Utc::now()));
    assert!(!home.names().contains(&name));
}

#[test]
fn storing_a_token_removes_expired_ones() {
    let home = filled();

    home.fetch(&key("new"), noon() + seconds(60), &token("new", 120, noon() + seconds(60)));

    assert_eq!(scopes(&home), ["new", "long"]);
}

#[test]
fn a_rejected_token_is_forgotten_and_its_replacement_is_not() {
    let home = filled();
    let refused: AccessToken = token("hemmelig", 600, noon());

    assert!(home.cache.forget(&key("long"), &refused).unwrap());
    assert!(!home.cache.forget(&key("long"), &refused).unwrap());
    home.fetch(&key("long"), noon(), &token("replaced", 600, noon()));

    assert!(!home.cache.forget(&key("long"), &refused).unwrap());
    assert_eq!(scopes(&home), ["short", "long"]);
}

#[test]
fn a_missing_cache_is_not_created_for_a_list() {
    let folder = tempfile::tempdir().unwrap();

    assert!(Cache::existing(&folder.path().join("maskinporten")).unwrap().is_none());

    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
