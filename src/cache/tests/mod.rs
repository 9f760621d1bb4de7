//! The cache, tried from inside: with real files, and clocks that stand where the test says.

mod clearing;
mod damaged;
mod fetching;
mod keys;
mod lifetimes;
#[cfg(unix)]
mod safety;
mod sources;

use std::{fs::File, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;
use tempfile::TempDir;

use super::{Cache, CacheError, CacheKey, FetchOptions, Fetched, KeyThumbprint, MinimumLifetime, Origin, Shape};
use crate::{client::AccessToken, clock::FixedClock};

/// RFC 7638 §3.1.
const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

/// A cache in a folder that goes with it.
struct Home {
    cache: Cache,
    folder: TempDir,
}

/// What `ask` fails with.
#[derive(Debug)]
enum Failure {
    Cache(CacheError),
    Refused,
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        Self::Cache(error)
    }
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { cache: Cache::open(&folder.path().join("maskinporten")).unwrap(), folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("maskinporten").join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Fetches at this moment; what is asked for is `issued`.
    fn fetch(&self, key: &CacheKey, at: DateTime<Utc>, issued: &AccessToken) -> Fetched {
        self.fetch_with(options(), key, at, issued)
    }

    fn fetch_with(&self, options: FetchOptions, key: &CacheKey, at: DateTime<Utc>, issued: &AccessToken) -> Fetched {
        let ask = async { Ok::<_, Failure>(issued.clone()) };
        block_on(self.cache.fetch(key, options, &FixedClock(at), ask)).unwrap()
    }

    /// Whether the token that is stored counts at this moment.
    fn counts(&self, key: &CacheKey, minimum: MinimumLifetime, at: DateTime<Utc>) -> bool {
        let options = FetchOptions { minimum, ..options() };
        let ask = async { Err::<AccessToken, _>(Failure::Refused) };
        block_on(self.cache.fetch(key, options, &FixedClock(at), ask)).is_ok()
    }
}

fn options() -> FetchOptions {
    FetchOptions { minimum: MinimumLifetime::Usual, refresh: false, wait: Duration::from_mins(1) }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn seconds(number: i64) -> TimeDelta {
    TimeDelta::seconds(number)
}

fn token(name: &str, lifetime_seconds: u64, received_at: DateTime<Utc>) -> AccessToken {
    let answer = format!(
        r#"{{ "access_token":"{name}", "token_type":"Bearer", "expires_in":{lifetime_seconds}, "scope":"a:b" }}"#
    );
    AccessToken::restore(&answer, received_at).unwrap()
}

fn shape() -> Shape {
    Shape {
        environment: "test".to_owned(),
        endpoint: "https://test.maskinporten.no/token".to_owned(),
        audience: "https://test.maskinporten.no/".to_owned(),
        client_id: "806e1e80-e3a7-4a73-980e-f92ba1c2bf86".to_owned(),
        key: KeyThumbprint::parse(THUMBPRINT).unwrap(),
        key_reference: "x5c chain".to_owned(),
        algorithm: "RS256".to_owned(),
        scopes: vec!["altinn:serviceowner".to_owned()],
        resources: Vec::new(),
        consumer_org: None,
        person: None,
        authorization_details: None,
        extra_claims: Map::new(),
        exchange: None,
    }
}

/// Takes from others what the umask lets them have.
fn private(file: &File) {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    #[cfg(not(unix))]
    let _ = file;
}

/// A shape with this scope, for tests that need several.
fn key(scope: &str) -> CacheKey {
    Shape { scopes: vec![scope.to_owned()], ..shape() }.key()
}

#[test]
fn a_token_comes_back_as_it_was_issued() {
    let home = Home::new();
    let issued = token("hemmelig", 120, noon());

    let first = home.fetch(&key("a:b"), noon(), &issued);
    let second = home.fetch(&key("a:b"), noon() + seconds(5), &token("another", 120, noon()));

    assert_eq!((first.origin, second.origin), (Origin::Server, Origin::Cache));
    assert_eq!(second.token.expose_answer(), issued.expose_answer());
    assert_eq!((second.token.expose(), second.token.received_at), ("hemmelig", noon()));
    assert_eq!((second.token.expires_in_seconds, second.token.scope.as_deref()), (Some(120), Some("a:b")));
    assert!(first.remarks.is_empty() && second.remarks.is_empty());
    assert!(!format!("{first:?}{second:?}").contains("hemmelig"));
}

#[test]
fn names_and_descriptions_say_nothing_of_the_person_and_names_nothing_at_all() {
    let home = Home::new();
    let key = Shape { person: Some("01017012345".to_owned()), ..shape() }.key();

    home.fetch(&key, noon(), &token("hemmelig", 120, noon()));

    assert_eq!(home.names(), [format!("{}.lock", key.hash()), format!("{}.token", key.hash())]);
    let file = std::fs::read_to_string(home.path(&format!("{}.token", key.hash()))).unwrap();
    assert!(!file.contains("01017012345"), "{file}");
    assert!(!format!("{:?}", Shape { person: Some("01017012345".to_owned()), ..shape() }).contains("01017"));
}
