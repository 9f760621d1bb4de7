//! Tests of the cache with real files, and clocks that the test sets.

mod clearing;
mod damaged;
mod fetching;
mod keys;
mod lifetimes;
#[cfg(unix)]
mod safety;

use std::{fs::File, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::{Cache, CacheError, CacheKey, EndpointId, FetchOptions, FetchedToken, KeyIdentity};
use crate::{
    client::{AccessToken, MinimumLifetime},
    clock::FixedClock,
    grant::{ClientId, Grant, PersonIdentifier, Scopes},
    http::Endpoint,
};

/// A cache in a temporary folder.
struct Home {
    cache: Cache,
    folder: TempDir,
}

/// The error of a request.
#[derive(Debug)]
enum Failure {
    #[cfg_attr(not(unix), expect(dead_code, reason = "what is read of it concerns modes"))]
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

    /// Fetches at this time; the server would issue `issued`.
    fn fetch(&self, key: &CacheKey, at: DateTime<Utc>, issued: &AccessToken) -> FetchedToken {
        self.fetch_with(options(), key, at, issued)
    }

    fn fetch_with(
        &self,
        options: FetchOptions,
        key: &CacheKey,
        at: DateTime<Utc>,
        issued: &AccessToken,
    ) -> FetchedToken {
        let request = async { Ok::<_, Failure>(issued.clone()) };
        block_on(self.cache.fetch(key, options, &FixedClock(at), request)).unwrap()
    }

    /// Whether the stored token is used at this time.
    fn is_used(&self, key: &CacheKey, minimum: MinimumLifetime, at: DateTime<Utc>) -> bool {
        let options = FetchOptions { minimum, ..options() };
        let request = async { Err::<AccessToken, _>(Failure::Refused) };
        block_on(self.cache.fetch(key, options, &FixedClock(at), request)).is_ok()
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

fn grant() -> Grant {
    let client_id = ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86").unwrap();
    Grant::builder("https://test.maskinporten.no/", client_id, Scopes::parse("altinn:serviceowner").unwrap()).build()
}

fn endpoint() -> EndpointId {
    EndpointId {
        environment: "test".to_owned(),
        token_endpoint: Some(Endpoint::parse("https://test.maskinporten.no/token").unwrap()),
        metadata: None,
        ca_file: None,
    }
}

fn identity() -> KeyIdentity {
    KeyIdentity::new("pkcs12").file(b"a keystore")
}

/// Removes the permissions that the umask leaves to others.
fn private(file: &File) {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    #[cfg(not(unix))]
    let _ = file;
}

/// The cache key of a request for this scope.
fn key(scope: &str) -> CacheKey {
    CacheKey::new(&Grant { scopes: Scopes::parse(scope).unwrap(), ..grant() }, &endpoint(), &identity())
}

#[test]
fn a_stored_token_is_returned_unchanged() {
    let home = Home::new();
    let issued = token("hemmelig", 120, noon());

    let first = home.fetch(&key("a:b"), noon(), &issued);
    let second = home.fetch(&key("a:b"), noon() + seconds(5), &token("another", 120, noon()));

    assert_eq!((first.from_cache, second.from_cache), (false, true));
    assert_eq!(second.token.expose_answer(), issued.expose_answer());
    assert_eq!((second.token.expose(), second.token.received_at), ("hemmelig", noon()));
    assert_eq!((second.token.expires_in_seconds, second.token.scope.as_deref()), (Some(120), Some("a:b")));
    assert!(first.warnings.is_empty() && second.warnings.is_empty());
    assert!(!format!("{first:?}{second:?}").contains("hemmelig"));
}

#[test]
fn a_description_contains_no_person_and_a_file_name_nothing_readable() {
    let home = Home::new();
    let person = Some(PersonIdentifier::parse("01017012345").unwrap());
    let key = CacheKey::new(&Grant { person, ..grant() }, &endpoint(), &identity());

    home.fetch(&key, noon(), &token("hemmelig", 120, noon()));

    assert_eq!(home.names(), [format!("{}.lock", key.hash()), format!("{}.token", key.hash())]);
    let file = std::fs::read_to_string(home.path(&format!("{}.token", key.hash()))).unwrap();
    assert!(!file.contains("01017012345"), "{file}");
    assert!(!format!("{key:?}").contains("01017"));
}
