//! The token source of the library, as a service uses it.

use std::{
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use maskinporten::{
    cache::{Cache, KeyIdentity},
    client::RetryPolicy,
    environment::Environment,
    explain::Explain,
    grant::{ClientId, Grant, KeyReference, Resource, Scopes, Sign},
    http::Endpoint,
    keystore::{SignatureAlgorithm, SigningError, SigningKey},
    tokens::{
        Freshness, GrantOverrides, KeyError, KeyProvider, TokenEndpoint, TokenError, TokenEvent, TokenOrigin,
        TokenSource, TokenSourceBuilder,
    },
};
use serde_json::json;

use crate::{
    local::Local,
    server::{Server, Step, TOKEN, answer, json as json_answer, token},
    support::{self, testdata},
};

fn key() -> SigningKey {
    SigningKey::from_pkcs12_file(testdata("iterations-one.p12"), &"secret".into()).unwrap()
}

fn grant() -> Grant {
    let client_id = ClientId::parse("our-client").unwrap();
    Grant::builder("https://issuer.example/", client_id, Scopes::parse("difitest:test1").unwrap()).build()
}

fn endpoint(server: &Server) -> TokenEndpoint {
    TokenEndpoint::Fixed(Endpoint::parse(&server.url("/token")).unwrap())
}

fn source(server: &Server, key: impl KeyProvider) -> TokenSourceBuilder {
    let policy = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    TokenSource::for_grant(grant(), endpoint(server), key).retry_policy(policy)
}

fn for_scope(scope: &str) -> GrantOverrides {
    GrantOverrides { scopes: Some(Scopes::parse(scope).unwrap()), ..GrantOverrides::default() }
}

fn named(name: &str) -> Step {
    json_answer("200 OK", format!(r#"{{"access_token":"{name}","token_type":"Bearer","expires_in":599}}"#))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A key that is opened by a provider; counts how often, and fails if it has an error.
struct Provider {
    opened: Arc<AtomicUsize>,
    fails: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the password is wrong")]
struct WrongPassword;

impl Explain for WrongPassword {
    fn code(&self) -> &'static str {
        "password"
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

impl KeyProvider for Provider {
    fn identity(&self) -> KeyIdentity {
        KeyIdentity::new("test")
    }

    fn open(&self) -> Result<Arc<dyn Sign>, KeyError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        if self.fails { Err(Arc::new(WrongPassword)) } else { Ok(Arc::new(key())) }
    }
}

#[test]
#[ignore = "started by the test below, as a process with the simulator's home"]
fn five_lines() {
    let program = async || -> Result<_, Box<dyn std::error::Error>> {
        let folder = std::env::var("SIMULATOR_FOLDER")?;
        let password = std::fs::read_to_string(format!("{folder}/modern.password"))?;
        let client_id = std::env::var("SIMULATOR_CLIENT")?;

        let key = SigningKey::from_pkcs12_file(format!("{folder}/modern.p12"), &password.trim().into())?;
        let tokens = TokenSource::builder(Environment::Local, client_id, key).scope("altinn:serviceowner").build()?;
        Ok(tokens.token().await?)
    };

    let token = run(program()).unwrap();

    assert!(token.expose().starts_with("eyJ"));
    assert_eq!(token.expires_in_seconds, Some(119));
}

#[test]
fn the_five_line_program_gets_a_token_from_the_simulator() {
    let local = Local::start(&[]);
    let note: serde_json::Value =
        serde_json::from_slice(&std::fs::read(local.home().join("maskinporten/local.json")).unwrap()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "token_source::five_lines"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("XDG_DATA_HOME", local.home()).env("SIMULATOR_FOLDER", local.file(""));
    command.env("SIMULATOR_CLIENT", note["client_id"].as_str().unwrap());

    let outcome = support::wait(command.spawn().unwrap());

    assert!(outcome.stdout.contains("1 passed"), "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(local.grants(), 1);
}

#[test]
fn a_source_can_be_shared_between_threads() {
    fn is_shareable<T: Clone + Send + Sync + 'static>() {}
    fn is_send<T: Send>(_: &T) {}
    is_shareable::<TokenSource>();
    let source = source(&Server::start([]), key()).build().unwrap();
    is_send(&source.token());
}

#[test]
fn callers_share_one_request_and_the_token_is_returned_from_memory_afterwards() {
    let server = Server::start([token()]);
    let tokens = source(&server, key()).build().unwrap();

    run(async {
        let (one, other) = tokio::join!(tokens.obtain(Freshness::Fresh), tokens.obtain(Freshness::Cached));
        assert_eq!([one.unwrap().origin, other.unwrap().origin], [TokenOrigin::Server; 2]);
        let again = tokens.obtain(Freshness::Cached).await.unwrap();
        assert_eq!((again.token.expose(), again.origin), (TOKEN, TokenOrigin::Memory));
    });

    assert_eq!(server.request().claims()["scope"], "difitest:test1");
}

#[test]
fn a_caller_that_is_cancelled_does_not_cancel_the_request() {
    let server = Server::start([token()]);
    let tokens = source(&server, key()).build().unwrap();

    run(async {
        let cancelled = tokio::time::timeout(Duration::ZERO, tokens.token()).await;
        assert!(cancelled.is_err() && tokens.is_in_flight());
        assert_eq!(tokens.token().await.unwrap().expose(), TOKEN);
    });
}

#[test]
fn a_derived_source_has_its_own_token_for_other_scopes_or_another_resource() {
    let server = Server::start([named("own"), named("other"), named("resource")]);
    let tokens = source(&server, key()).build().unwrap();
    let other = tokens.derive(for_scope("difitest:test2"));
    let resource = other.derive(GrantOverrides {
        resource: Some(Resource::parse("https://api.example/").unwrap()),
        ..GrantOverrides::default()
    });

    let all = run(async {
        [tokens.token().await, other.token().await, resource.token().await, other.token().await]
            .map(|token| token.unwrap().expose().to_owned())
    });

    assert_eq!(all, ["own", "other", "resource", "other"]);
    let requests: Vec<_> = server.requests().iter().map(|request| request.claims()).collect();
    assert_eq!(requests[1]["scope"], "difitest:test2");
    assert_eq!(
        (&requests[2]["scope"], &requests[2]["resource"]),
        (&json!("difitest:test2"), &json!("https://api.example/"))
    );
}

#[test]
fn a_token_on_disk_needs_neither_a_request_nor_the_key() {
    let home = tempfile::tempdir().unwrap();
    let cache = || Cache::open(&home.path().join("maskinporten")).unwrap();
    let server = Server::start([token()]);
    let opened = Arc::new(AtomicUsize::new(0));
    let provider = || Provider { opened: Arc::clone(&opened), fails: false };

    for origin in [TokenOrigin::Server, TokenOrigin::Disk] {
        let tokens = source(&server, provider()).cache(cache()).build().unwrap();
        let obtained = run(tokens.obtain(Freshness::Cached)).unwrap();
        assert_eq!((obtained.token.expose(), obtained.origin), (TOKEN, origin));
    }

    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[test]
fn only_a_request_needs_a_runtime_and_waits_once_before_it() {
    let home = tempfile::tempdir().unwrap();
    let cache = || Cache::open(&home.path().join("maskinporten")).unwrap();
    let server = Server::start([named("stored"), named("fresh"), named("uncached")]);
    let tokens = |has_cache: bool| {
        let source = source(&server, key());
        if has_cache { source.cache(cache()) } else { source }.build().unwrap()
    };
    for (has_cache, freshness, expected) in [
        (true, Freshness::Cached, ("stored", TokenOrigin::Server)),
        (true, Freshness::Cached, ("stored", TokenOrigin::Disk)),
        (true, Freshness::Fresh, ("fresh", TokenOrigin::Server)),
        (false, Freshness::Cached, ("uncached", TokenOrigin::Server)),
    ] {
        let tokens = tokens(has_cache);
        let mut obtained = Box::pin(tokens.obtain(freshness));

        let at_once = obtained.as_mut().poll(&mut Context::from_waker(Waker::noop()));

        assert_eq!(at_once.is_ready(), expected.1 == TokenOrigin::Disk, "{expected:?}");
        let obtained = match at_once {
            Poll::Ready(obtained) => obtained.unwrap(),
            Poll::Pending => run(obtained).unwrap(),
        };
        assert_eq!((obtained.token.expose(), obtained.origin), expected);
    }
}

#[test]
fn a_fresh_token_is_not_taken_from_disk_even_when_another_caller_looks_there() {
    let home = tempfile::tempdir().unwrap();
    let cache = || Cache::open(&home.path().join("maskinporten")).unwrap();
    let server = Server::start([named("stored"), named("fresh")]);
    run(source(&server, key()).cache(cache()).build().unwrap().token()).unwrap();
    let tokens = source(&server, key()).cache(cache()).build().unwrap();

    let (cached, fresh) = run(async { tokio::join!(tokens.token(), tokens.fresh()) });

    assert_eq!((cached.unwrap().expose(), fresh.unwrap().expose()), ("stored", "fresh"));
}

#[test]
fn a_rejected_token_is_replaced_in_memory_and_on_disk() {
    let home = tempfile::tempdir().unwrap();
    let cache = Arc::new(Cache::open(&home.path().join("maskinporten")).unwrap());
    let server = Server::start([named("rejected"), named("new")]);
    let tokens = source(&server, key()).cache(Arc::clone(&cache)).build().unwrap();

    run(async {
        let rejected = tokens.token().await.unwrap();
        assert_eq!(tokens.instead_of(&rejected).await.unwrap().expose(), "new");
        // The same rejection, reported by another caller.
        assert_eq!(tokens.instead_of(&rejected).await.unwrap().expose(), "new");
    });

    let other = source(&server, key()).cache(cache).build().unwrap();
    assert_eq!(run(other.token()).unwrap().expose(), "new");
}

#[test]
fn the_error_of_a_key_is_returned_unchanged_and_the_key_is_opened_once() {
    let opened = Arc::new(AtomicUsize::new(0));
    let server = Server::start([]);
    let tokens = source(&server, Provider { opened: Arc::clone(&opened), fails: true }).build().unwrap();

    run(async {
        for _ in 0..2 {
            let mut error = tokens.fresh().await.unwrap_err();
            if let TokenError::Paused { error: inner, .. } = error {
                error = *inner;
            }
            let TokenError::Key(error) = error else { panic!("{error:?}") };
            let error: &(dyn std::error::Error + 'static) = &*error;
            assert!(error.is::<WrongPassword>());
            tokens.end_backoff();
        }
    });

    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[test]
fn after_a_failure_no_request_is_sent_for_a_while_and_the_last_token_is_returned() {
    let server = Server::start([
        json_answer("200 OK", r#"{"access_token":"old","token_type":"Bearer","expires_in":25}"#),
        answer("503 Service Unavailable", &["Retry-After: 40"], ""),
    ]);
    let minimum = maskinporten::client::MinimumLifetime::Seconds(60);
    let tokens = source(&server, key()).minimum_lifetime(minimum).build().unwrap();

    run(async {
        assert_eq!(tokens.token().await.unwrap().expose(), "old");
        let last = tokens.obtain(Freshness::Cached).await.unwrap();
        assert_eq!((last.token.expose(), last.origin), ("old", TokenOrigin::LastResort));
        let error = tokens.fresh().await.unwrap_err();
        let TokenError::Paused { error: cause, remaining } = &error else { panic!("{error:?}") };
        assert!(*remaining > Duration::from_secs(35) && tokens.backoff().is_some());
        assert_eq!((cause.code(), error.code()), ("unavailable", "unavailable"));
        // The server asked for the delay, so no other token is requested either.
        let other = tokens.derive(for_scope("difitest:test2"));
        assert!(matches!(other.token().await, Err(TokenError::Paused { .. })));
    });
}

#[test]
fn settings_that_change_are_used_for_the_next_request_and_tokens_stay() {
    let (before, after) = (Server::start([named("own")]), Server::start([named("other")]));
    let tokens = source(&before, key()).build().unwrap();
    let other = tokens.derive(for_scope("difitest:test2"));

    run(async {
        tokens.token().await.unwrap();
        tokens.reconfigure(&source(&after, key()).build().unwrap());
        assert_eq!(tokens.token().await.unwrap().expose(), "own");
        assert_eq!(other.token().await.unwrap().expose(), "other");
    });
}

/// Delegates to a key in a keystore, as a key service would.
struct KeyService(SigningKey);

impl Sign for KeyService {
    fn preferred_algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Rs512
    }

    fn key_id(&self) -> Option<&str> {
        Some("our-key")
    }

    fn thumbprint(&self) -> String {
        self.0.thumbprint()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.0.sign(algorithm, message)
    }
}

#[test]
fn a_key_behind_the_sign_trait_signs_with_its_own_algorithm_and_id() {
    let server = Server::start([token()]);
    let tokens = source(&server, Arc::new(KeyService(key()))).build().unwrap();

    run(tokens.token()).unwrap();

    let assertion = server.request().assertion();
    let jwt = maskinporten::inspect::Jwt::parse(assertion.as_bytes()).unwrap();
    assert_eq!((jwt.algorithm(), jwt.key_id()), (Some(SignatureAlgorithm::Rs512), Some("our-key")));
}

#[test]
fn algorithm_and_key_reference_of_a_grant_override_those_of_the_key() {
    let mut grant = grant();
    grant.algorithm = Some(SignatureAlgorithm::Rs384);
    grant.key_reference = Some(KeyReference::Leaf);

    assert_eq!(grant.algorithm_for(&key()).unwrap(), SignatureAlgorithm::Rs384);
    assert_eq!(grant.key_reference_for(&key()), KeyReference::Leaf);
}

#[test]
fn an_injected_http_client_sends_the_requests() {
    let server = Server::start([token()]);
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth(),
        )
        .user_agent("our-service/1.0")
        .build()
        .unwrap();

    run(source(&server, key()).http_client(client).build().unwrap().token()).unwrap();

    assert_eq!(server.request().header("user-agent"), Some("our-service/1.0"));
}

#[test]
fn metadata_is_fetched_once_and_retried_while_the_server_is_unavailable() {
    let server = Server::start_knowing(|own| {
        let metadata = json!({ "issuer": format!("{own}/"), "token_endpoint": format!("{own}/found") }).to_string();
        [answer("503 Service Unavailable", &[], ""), json_answer("200 OK", metadata), token(), token()]
    });
    let endpoint = TokenEndpoint::Discovered {
        metadata: Endpoint::parse(&server.url("/")).unwrap(),
        replaces_audience: true,
        token_endpoint: None,
        is_confined: false,
    };
    let events = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&events);
    let observer = move |event: &TokenEvent<'_>| {
        log.lock().unwrap().push(match event {
            TokenEvent::Requesting { endpoint, .. } => format!("requesting {endpoint}"),
            TokenEvent::Retrying { error, .. } => format!("retrying after {}", error.code()),
            TokenEvent::Requested { error, .. } => format!("requested: {}", error.is_none()),
            event => format!("{event:?}"),
        });
    };
    let tokens = TokenSource::for_grant(grant(), endpoint, key()).observer(Arc::new(observer)).build().unwrap();

    run(async {
        tokens.fresh().await.unwrap();
        tokens.fresh().await.unwrap();
    });

    let own = server.url("");
    assert_eq!(server.requests()[2].claims()["aud"], format!("{own}/"));
    let requesting = format!("requesting {own}/found");
    assert_eq!(
        *events.lock().unwrap(),
        ["retrying after unavailable", &requesting, "requested: true", &requesting, "requested: true"]
    );
}

#[test]
fn invalid_settings_are_an_error_of_build() {
    let build = |client_id: &str, scope: &str| {
        let builder = TokenSource::builder(Environment::Test, client_id, key());
        builder.scope(scope).build().err().map(|error| error.code())
    };
    assert_eq!(build("our-client", "a:b"), None);
    assert_eq!(build("", "a:b"), Some("client_id"));
    assert_eq!(build("our-client", ""), Some("scope"));
}
