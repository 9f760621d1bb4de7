//! The list, and what is cleared away.

use std::{
    fs::{self, File},
    time::{Duration, Instant, SystemTime},
};

use chrono::Utc;

use super::{Home, key, noon, private, seconds, token};
use crate::{
    cache::{Cache, Clear, KeySource, KeyThumbprint},
    client::AccessToken,
};

fn filled() -> Home {
    let home = Home::new();
    home.fetch(&key("long"), noon(), &token("hemmelig", 600, noon()));
    home.fetch(&key("short"), noon(), &token("hemmelig", 60, noon()));
    home
}

/// Which tokens are there, by their scope.
fn scopes(home: &Home) -> Vec<String> {
    home.cache.list().unwrap().into_iter().map(|listed| listed.about.scopes.join(" ")).collect()
}

/// Clears until these files are left. A process that another test is starting just now has our locks too, as copies,
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
fn a_list_says_what_for_whom_until_when_and_never_the_token() {
    let home = filled();

    let listed = home.cache.list().unwrap();

    assert_eq!(scopes(&home), ["short", "long"]);
    assert_eq!(&listed[0].about, key("short").about());
    assert_eq!((listed[0].stored_at, listed[0].expires_at), (noon(), noon() + seconds(60)));
    let size = fs::metadata(home.path(&format!("{}.token", key("short").hash()))).unwrap().len();
    assert_eq!(listed[0].bytes as u64, size);
    assert!(!format!("{listed:?}").contains("hemmelig"));
}

#[test]
fn expired_tokens_go_with_their_locks_and_the_others_stay() {
    let home = filled();

    assert_eq!(home.cache.clear(Clear::Expired, noon() + seconds(59)).unwrap(), 0);
    assert_eq!(home.cache.clear(Clear::Expired, noon() + seconds(60)).unwrap(), 1);

    assert_eq!(scopes(&home), ["long"]);
    let hash = key("long").hash().to_owned();
    clears_to(&home, Clear::Expired, &[format!("{hash}.lock"), format!("{hash}.token")]);
}

#[test]
fn everything_of_ours_goes_and_nothing_else() {
    let home = filled();
    let thumbprint = KeyThumbprint::parse(super::THUMBPRINT).unwrap();
    home.cache.remember(&KeySource::new("pkcs12").file(b"a"), &thumbprint).unwrap();
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
fn what_cannot_be_read_is_not_listed_and_goes_with_what_has_expired() {
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
fn a_file_of_a_writer_that_died_goes_when_a_minute_has_passed() {
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
fn a_token_that_is_stored_takes_those_that_have_ended_with_it() {
    let home = filled();

    home.fetch(&key("new"), noon() + seconds(60), &token("new", 120, noon() + seconds(60)));

    assert_eq!(scopes(&home), ["new", "long"]);
}

#[test]
fn a_refused_token_is_forgotten_and_the_one_that_replaced_it_is_not() {
    let home = filled();
    let refused: AccessToken = token("hemmelig", 600, noon());

    assert!(home.cache.forget(&key("long"), &refused).unwrap());
    assert!(!home.cache.forget(&key("long"), &refused).unwrap());
    home.fetch(&key("long"), noon(), &token("replaced", 600, noon()));

    assert!(!home.cache.forget(&key("long"), &refused).unwrap());
    assert_eq!(scopes(&home), ["short", "long"]);
}

#[test]
fn a_cache_that_is_not_there_is_not_made_to_be_listed() {
    let folder = tempfile::tempdir().unwrap();

    assert!(Cache::existing(&folder.path().join("maskinporten")).unwrap().is_none());

    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
