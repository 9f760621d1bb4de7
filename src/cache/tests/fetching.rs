//! One request, however many callers want the token.

use std::{
    fs::{self, File},
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{Failure, Home, block_on, key, noon, options, private, seconds, token};
use crate::{
    cache::{Cache, Clear, FetchOptions, FetchedToken, entry},
    client::MinimumLifetime,
    clock::{Clock, FixedClock, SystemClock},
};

/// Fetches in many threads at once, each with its own open folder; returns the tokens and the number of requests.
fn together(home: &Home, threads: usize, options: FetchOptions, lifetime: u64) -> (Vec<FetchedToken>, usize) {
    let (start, asked) = (Barrier::new(threads), AtomicUsize::new(0));
    let fetch = || {
        let cache = Cache::open(home.cache.folder()).unwrap();
        start.wait();
        let fetched = block_on(cache.fetch(&key("a:b"), options, &SystemClock, async {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok::<_, Failure>(token(&format!("token-{number}"), lifetime, SystemClock.now()))
        }));
        fetched.unwrap()
    };
    let fetched = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(fetch)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (fetched, asked.load(Ordering::SeqCst))
}

#[test]
fn of_32_threads_that_find_no_token_one_sends_a_request_and_31_wait() {
    let home = Home::new();

    let (fetched, asked) = together(&home, 32, options(), 120);

    assert_eq!(asked, 1);
    assert!(fetched.iter().all(|fetched| fetched.token.expose() == "token-0" && fetched.warnings.is_empty()));
    assert_eq!(fetched.iter().filter(|fetched| !fetched.from_cache).count(), 1);
}

#[test]
fn of_8_threads_that_need_a_new_token_one_requests_it_for_all() {
    let home = Home::new();
    let now = SystemClock.now();
    home.fetch(&key("a:b"), now, &token("old", 120, now));

    let (fetched, asked) = together(&home, 8, FetchOptions { refresh: true, ..options() }, 120);

    assert_eq!(asked, 1);
    assert!(fetched.iter().all(|fetched| fetched.token.expose() == "token-0"));
}

#[test]
fn a_caller_that_wants_a_longer_lifetime_than_any_token_has_uses_the_newest_one() {
    let home = Home::new();

    let (fetched, asked) =
        together(&home, 8, FetchOptions { minimum: MinimumLifetime::Seconds(3600), ..options() }, 120);

    assert_eq!(asked, 1);
    assert!(fetched.iter().all(|fetched| fetched.token.expose() == "token-0"));
}

#[test]
fn a_refresh_requests_a_new_token_and_stores_it() {
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("old", 120, noon()));

    let refresh = FetchOptions { refresh: true, ..options() };
    let fetched = home.fetch_with(refresh, &key("a:b"), noon(), &token("new", 120, noon()));
    let next = home.fetch(&key("a:b"), noon(), &token("third", 120, noon()));

    assert_eq!((fetched.token.expose(), fetched.from_cache), ("new", false));
    assert_eq!((next.token.expose(), next.from_cache), ("new", true));
}

#[test]
fn a_refusal_is_returned_and_not_stored() {
    let home = Home::new();
    let refused = async { Err(Failure::Refused) };

    let failure = block_on(home.cache.fetch(&key("a:b"), options(), &FixedClock(noon()), refused)).unwrap_err();
    let next = home.fetch(&key("a:b"), noon(), &token("next", 120, noon()));

    assert!(matches!(failure, Failure::Refused));
    assert_eq!((next.token.expose(), next.warnings.len()), ("next", 0));
}

#[test]
fn after_a_refusal_the_next_waiting_caller_sends_its_own_request() {
    let home = Home::new();
    let (start, asked) = (Barrier::new(6), AtomicUsize::new(0));
    let fetch = || {
        start.wait();
        block_on(home.cache.fetch(&key("a:b"), options(), &SystemClock, async {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            if number < 3 { Err(Failure::Refused) } else { Ok(token("fourth", 120, SystemClock.now())) }
        }))
    };

    let results: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..6).map(|_| scope.spawn(fetch)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    assert_eq!(asked.load(Ordering::SeqCst), 4);
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 3);
}

#[test]
fn dropping_the_future_releases_the_lock() {
    let home = Home::new();
    let key_of_both = key("a:b");
    let forever = home.cache.fetch(&key_of_both, options(), &SystemClock, std::future::pending::<Result<_, Failure>>());

    let ended = block_on(async { tokio::time::timeout(Duration::from_millis(50), forever).await });
    let started = Instant::now();
    let next = home.fetch(&key("a:b"), noon(), &token("next", 120, noon()));

    assert!(ended.is_err());
    assert_eq!((next.token.expose(), next.warnings.len()), ("next", 0));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_caller_that_has_waited_too_long_sends_a_request_as_well() {
    let home = Home::new();
    let lock = File::create(home.path(&format!("{}.lock", key("a:b").hash()))).unwrap();
    private(&lock);
    lock.try_lock().unwrap();

    for milliseconds in [0, 120] {
        let wait = Duration::from_millis(milliseconds);
        let started = Instant::now();
        let wanted = FetchOptions { refresh: true, wait, ..options() };
        let fetched = home.fetch_with(wanted, &key("a:b"), noon(), &token("mine", 120, noon()));

        assert_eq!((fetched.token.expose(), fetched.from_cache), ("mine", false));
        let warning = fetched.warnings[0].to_string();
        assert!(warning.starts_with("another process has been requesting the same token for "), "{warning}");
        assert!(started.elapsed() >= wait);
    }
    assert_eq!(home.fetch(&key("a:b"), noon(), &token("x", 120, noon())).token.expose(), "mine");
}

#[test]
fn a_lock_is_free_when_its_holder_is_gone() {
    let home = Home::new();
    let lock = File::create(home.path(&format!("{}.lock", key("a:b").hash()))).unwrap();
    private(&lock);
    lock.try_lock().unwrap();
    drop(lock);
    fs::write(home.path(&format!("{}.tmp", "0".repeat(32))), "half a tok").unwrap();

    let fetched = home.fetch(&key("a:b"), noon(), &token("mine", 120, noon()));

    assert_eq!((fetched.token.expose(), fetched.warnings.len()), ("mine", 0));
}

#[test]
fn a_lock_that_was_removed_between_opening_and_locking_is_not_a_lock() {
    let home = Home::new();
    let folder = &home.cache.folder;
    let name = format!("{}.lock", key("a:b").hash());

    let opened = folder.open_lock(&name).unwrap();
    home.cache.clear(Clear::Expired, noon()).unwrap();

    assert!(folder.lock(&name, opened).unwrap().is_none());
    let lock = folder.try_lock(&name).unwrap();
    assert!(lock.is_some() && folder.try_lock(&name).unwrap().is_none());
}

/// A clock that stores a token when it is read for the second time: when the first stored token is examined.
struct Meanwhile<'a> {
    home: &'a Home,
    looks: AtomicUsize,
}

impl Clock for Meanwhile<'_> {
    fn now(&self) -> DateTime<Utc> {
        let at = noon() + seconds(200);
        if self.looks.fetch_add(1, Ordering::SeqCst) == 1 {
            let content = entry::format(&key("a:b"), &token("theirs", 120, at), at).unwrap();
            self.home.cache.folder.write(&format!("{}.token", key("a:b").hash()), &content).unwrap();
        }
        at
    }
}

#[test]
fn a_token_that_was_stored_between_lookup_and_locking_is_used() {
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("ended", 120, noon()));

    let clock = Meanwhile { home: &home, looks: AtomicUsize::new(0) };
    let asked = async { Err(Failure::Refused) };
    let fetched = block_on(home.cache.fetch(&key("a:b"), options(), &clock, asked)).unwrap();

    assert_eq!((fetched.token.expose(), fetched.from_cache), ("theirs", true));
}

#[test]
fn a_token_is_not_lost_when_the_folder_is_gone() {
    let home = Home::new();
    fs::remove_dir(home.path("")).unwrap();

    let fetched = home.fetch(&key("a:b"), noon(), &token("mine", 120, noon()));

    let path = |kind| home.path(&format!("{}.{kind}", key("a:b").hash())).display().to_string();
    let warnings: Vec<_> = fetched.warnings.iter().map(ToString::to_string).collect();
    let gone = "No such file or directory (os error 2)";
    assert_eq!(fetched.token.expose(), "mine");
    assert_eq!(
        warnings,
        [
            format!("requesting a token without a lock: could not use the token cache `{}`: {gone}", path("lock")),
            format!("the token is not stored: could not use the token cache `{}`: {gone}", path("token")),
        ]
    );
}

#[test]
fn a_fetch_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let home = Home::new();
    let refused = async { Err::<crate::client::AccessToken, _>(Failure::Refused) };

    is_send(&home.cache.fetch(&key("a:b"), options(), &SystemClock, refused)); // does not compile when it may not
}
