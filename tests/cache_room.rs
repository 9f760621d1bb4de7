//! The token cache between processes: this test binary starts itself, and kills itself in the middle of its work.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use maskinporten::{
    cache::{Cache, CacheError, CacheKey, Clear, EndpointId, FetchOptions, FetchedToken, KeyIdentity},
    client::{AccessToken, MinimumLifetime},
    clock::{Clock as _, SystemClock},
    grant::{ClientId, Grant, Scopes},
    http::Endpoint,
};

use crate::{random::Random, support};

/// The folders of a process that is started below: its cache, and one in which it writes a file for each request.
const HOME: &str = "CACHE_ROOM_HOME";

fn key() -> CacheKey {
    let client_id = ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86").unwrap();
    let scopes = Scopes::parse("altinn:serviceowner").unwrap();
    let endpoint = EndpointId {
        environment: "test".to_owned(),
        token_endpoint: Some(Endpoint::parse("https://test.maskinporten.no/token").unwrap()),
        metadata: None,
        ca_file: None,
    };
    let grant = Grant::builder("https://test.maskinporten.no/", client_id, scopes).build();
    CacheKey::new(&grant, &endpoint, &KeyIdentity::new("pkcs12"))
}

/// Fetches a token with `letters` letters; the request takes this long, and writes a file.
fn fetch(home: &Path, refresh: bool, asking: Duration, letters: usize) -> FetchedToken {
    let cache = Cache::open(&home.join("maskinporten")).unwrap();
    let options = FetchOptions { minimum: MinimumLifetime::Usual, refresh, wait: Duration::from_secs(30) };
    let ask = async {
        fs::write(home.join("asked").join(std::process::id().to_string()), "").unwrap();
        tokio::time::sleep(asking).await;
        let token = "a".repeat(letters);
        let answer = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":120}}"#);
        Ok::<_, CacheError>(AccessToken::restore(&answer, SystemClock.now()).unwrap())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(cache.fetch(&key(), options, &SystemClock, ask)).unwrap()
}

/// Starts one of the functions below that are marked as tests but are not.
fn start(name: &str, home: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", &format!("cache_room::{name}")]).env(HOME, home);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("asked")).unwrap();
    home
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Clears until nothing is left. A process that another test is starting at this moment has a copy of our lock until
/// its own program runs.
fn clear_locks(cache: &Cache) {
    let started = Instant::now();
    while names(cache.folder()) != [""; 0] {
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", names(cache.folder()));
        cache.clear(Clear::Everything, SystemClock.now()).unwrap();
    }
}

#[test]
#[ignore = "started by the tests below, as a process of its own"]
fn one_that_fetches() {
    let home = std::env::var_os(HOME).unwrap();

    let fetched = fetch(home.as_ref(), false, Duration::from_millis(300), 1000);

    assert_eq!(fetched.token.expose(), "a".repeat(1000));
    assert!(fetched.warnings.is_empty(), "{:?}", fetched.warnings);
}

#[test]
#[ignore = "started by the tests below, as a process of its own, and killed"]
fn one_that_stores_until_it_is_killed() {
    let home = std::env::var_os(HOME).unwrap();
    loop {
        fetch(home.as_ref(), true, Duration::ZERO, 20_000);
    }
}

#[test]
fn of_50_processes_that_find_no_token_one_sends_a_request_and_49_wait() {
    let home = home();

    let running: Vec<_> = (0..50).map(|_| start("one_that_fetches", home.path())).collect();
    let outcomes: Vec<_> = running.into_iter().map(support::wait).collect();

    for outcome in outcomes {
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stdout.contains("1 passed"), "{}", outcome.stdout);
    }
    assert_eq!(names(&home.path().join("asked")).len(), 1);
    let stored = Cache::open(&home.path().join("maskinporten")).unwrap().list().unwrap();
    assert_eq!(stored.len(), 1);
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_a_cache_that_works() {
    let home = home();
    let folder = home.path().join("maskinporten");
    let mut random = Random::new(20);
    let mut left_over = 0;
    for round in 0..200 {
        let mut child = start("one_that_stores_until_it_is_killed", home.path());
        std::thread::sleep(Duration::from_micros(random.below(40_000).try_into().unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();

        let fetched = fetch(home.path(), round % 2 == 0, Duration::ZERO, 20_000);

        assert_eq!(fetched.token.expose(), "a".repeat(20_000), "round {round}");
        assert!(fetched.warnings.is_empty(), "round {round}: {:?}", fetched.warnings);
        assert!(fetch(home.path(), false, Duration::ZERO, 1).from_cache, "round {round}");
        let cache = Cache::open(&folder).unwrap();
        left_over += names(&folder).iter().filter(|name| name.contains(".tmp")).count();
        assert_eq!(cache.clear(Clear::Everything, SystemClock.now()).unwrap(), 1, "round {round}");
        clear_locks(&cache);
    }
    // If no file was left half written, the processes were killed too early or too late.
    assert!(left_over > 0);
}
