//! Kept logins against the simulator's ID-porten: refresh, rotation, processes side by side, `DPoP`.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use maskinporten::{
    client::{MinimumLifetime, OpenIdProvider, RetryPolicy},
    clock::{Clock, SystemClock},
    dpop::{DPOP, DpopKey, ProvenRequest},
    explain::Explain as _,
    grant::{ClientId, Grant, Scopes},
    http::{ApiRequest, Endpoint, HttpClient, HttpOptions, Method},
    keystore::SigningKey,
    login::{LoginClient, LoginRequest, LoginTokens, RedirectUri, RefreshToken},
    sessions::{KeptSession, KeyedToken, Renewal, SecretPlace, SessionError, SessionStore},
};
use secrecy::SecretString;
use serde_json::Value;

use crate::{local::Local, support::http_get};

/// The simulator's client that signs with the keystore of `--env local`.
const CLIENT: &str = "2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6";
const HINT: &str = "testid:08828610032_idporten-loa-high";
const NAME: &str = "a profile / with any name";

/// A clock that is ahead of the system's.
#[derive(Debug)]
struct Later(TimeDelta);

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Makes a client of the simulator's ID-porten.
async fn client(local: &Local, dpop: Option<DpopKey>) -> LoginClient {
    let addresses: Value =
        serde_json::from_slice(&fs::read(local.home().join("maskinporten/local.json")).unwrap()).unwrap();
    let password = fs::read_to_string(addresses["keystore_password_file"].as_str().unwrap()).unwrap();
    let keystore = addresses["keystore"].as_str().unwrap();
    let key = SigningKey::from_pkcs12_file(keystore, &password.trim_end().into()).unwrap();
    let issuer = format!("{}idporten", local.issuer());
    let http = HttpOptions::default();
    let scopes = Scopes::parse("openid profile altinn:instances.read").unwrap();
    LoginClient {
        provider: OpenIdProvider::discover(&issuer, &http, RetryPolicy::default()).await.unwrap(),
        grant: Grant::builder(&issuer, ClientId::parse(CLIENT).unwrap(), scopes).build(),
        key: Some(Arc::new(key)),
        dpop,
        http,
        timeout: Duration::from_secs(10),
        clock: Arc::new(SystemClock),
    }
}

/// Logs a test person in, without a page.
async fn log_in(client: &LoginClient) -> LoginTokens {
    let redirect_uri = RedirectUri::parse("http://127.0.0.1:54321/response").unwrap();
    let request = LoginRequest { login_hint: Some(HINT.to_owned()), ..LoginRequest::new(redirect_uri) };
    let pending = client.start(request).await.unwrap();
    let answer = http_get(pending.url());
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect(&answer);
    let code = pending.read_answer(location.split_once('?').unwrap().1.trim()).unwrap();
    client.finish(&pending, code).await.unwrap()
}

fn renewal(refresh: bool) -> Renewal<'static> {
    Renewal { minimum: MinimumLifetime::Usual, refresh, refused: None, wait: Duration::from_secs(10) }
}

/// Keeps a login in a folder; its secrets are in a file.
async fn keep(client: &LoginClient, folder: &Path) -> (SessionStore, KeptSession) {
    let store = SessionStore::in_files(folder.join("sessions"));
    let session = KeptSession::new(client, log_in(client).await, SystemClock.now());
    assert!(matches!(store.save(NAME, &session).await.unwrap(), SecretPlace::File(_, None)));
    (store, session)
}

async fn token(store: &SessionStore, renewal: Renewal<'_>, client: &LoginClient) -> Result<KeyedToken, SessionError> {
    store.token(NAME, renewal, &SystemClock, async |_| Ok(client.clone()), |_| ()).await
}

#[test]
fn a_kept_login_is_used_until_its_token_expires_and_is_then_renewed() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, None).await;
        let (store, session) = keep(&client, folder.path()).await;

        let no_client = async |_: &KeptSession| -> Result<LoginClient, SessionError> { panic!("no renewal") };
        let used = store.token(NAME, renewal(false), &SystemClock, no_client, |_| ()).await.unwrap();
        assert_eq!(used.token.expose(), session.token.expose());

        let soon = Later(TimeDelta::seconds(100));
        let renewed = store.token(NAME, renewal(false), &soon, async |_| Ok::<_, SessionError>(client.clone()), |_| ());
        let renewed = renewed.await.unwrap();
        assert_ne!(renewed.token.expose(), session.token.expose());
        let kept = store.load(NAME).await.unwrap().unwrap();
        assert_eq!(kept.token.expose(), renewed.token.expose());
        assert_ne!(kept.refresh_token.unwrap().expose(), session.refresh_token.unwrap().expose());
        assert_eq!(kept.info.logged_in_at, session.info.logged_in_at);

        let refused = Renewal { refused: Some(&renewed.token), ..renewal(false) };
        assert_ne!(token(&store, refused, &client).await.unwrap().token.expose(), renewed.token.expose());

        let late = Later(TimeDelta::seconds(7300));
        let ended = store.token(NAME, renewal(false), &late, async |_| Ok::<_, SessionError>(client.clone()), |_| ());
        assert!(matches!(ended.await.unwrap_err(), SessionError::Expired(Some(_))));
    });
}

#[test]
fn of_several_that_renew_a_login_one_sends_the_request() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, None).await;
        let (store, session) = keep(&client, folder.path()).await;
        let renewals = AtomicUsize::new(0);
        let one = || {
            let make = async |_: &KeptSession| {
                renewals.fetch_add(1, Ordering::Relaxed);
                Ok::<_, SessionError>(client.clone())
            };
            store.token(NAME, renewal(true), &SystemClock, make, |_| ())
        };

        let (first, second, third) = tokio::join!(one(), one(), one());

        let tokens = [first, second, third].map(|token| token.unwrap().token.expose().to_owned());
        assert_eq!(renewals.load(Ordering::Relaxed), 1);
        assert!(tokens.iter().all(|token| *token == tokens[0] && token != session.token.expose()));
    });
}

#[test]
fn a_refresh_token_that_was_used_elsewhere_ends_the_login_with_a_remedy() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, None).await;
        let (store, session) = keep(&client, folder.path()).await;
        let stolen = session.refresh_token.unwrap();
        client.refresh(&stolen, session.subject.as_ref().map(|subject| subject.as_str())).await.unwrap();

        let error = token(&store, renewal(true), &client).await.unwrap_err();

        assert_eq!(error.to_string(), "the login has ended: the server does not renew its tokens any more");
        assert_eq!((error.code(), error.needs_login()), ("session_ended", true));
        assert!(error.hint().unwrap().contains("maskinporten login --keep"));
        assert!(store.load(NAME).await.unwrap().is_none());
        assert!(matches!(token(&store, renewal(false), &client).await, Err(SessionError::Missing(_))));
    });
}

#[test]
fn a_renewal_that_may_succeed_later_keeps_the_login() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, None).await;
        let (store, _) = keep(&client, folder.path()).await;
        let nobody = Endpoint::parse("http://127.0.0.1:1/token").unwrap();
        let mut unreachable = client.clone();
        unreachable.provider.token_endpoint = nobody;

        let error = token(&store, renewal(true), &unreachable).await.unwrap_err();

        assert!(!error.needs_login(), "{error}");
        assert!(token(&store, renewal(true), &client).await.is_ok());
    });
}

#[test]
fn a_revoked_refresh_token_gives_no_tokens_and_the_logout_names_the_person() {
    let local = Local::start(&[]);
    block_on(async {
        let client = client(&local, None).await;
        let tokens = log_in(&client).await;
        let refresh_token = tokens.refresh_token.unwrap();

        assert!(client.revoke(Some(&refresh_token), &tokens.access_token).await.unwrap());

        assert_eq!(client.refresh(&refresh_token, None).await.unwrap_err().code(), "login_refused");
        let url = client.logout_url(Some(tokens.id_token.unwrap().expose())).unwrap();
        let answer = http_get(url.as_str());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
}

#[test]
fn a_bound_token_is_accepted_with_a_proof_for_the_same_request_and_once() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, Some(DpopKey::generate().unwrap())).await;
        let (store, _) = keep(&client, folder.path()).await;
        // The key is restored with the session, and renews it.
        let KeyedToken { token, dpop } = token(&store, renewal(true), &client).await.unwrap();
        let key = dpop.unwrap();
        assert_eq!(token.token_type, "DPoP");
        let api = Endpoint::parse(&format!("{}api/person", local.issuer())).unwrap();
        let http = HttpClient::new(api.clone(), &HttpOptions::default()).unwrap();
        let (url, other) = (api.as_str().parse().unwrap(), format!("{}other", api.as_str()).parse().unwrap());
        let mut nonce: Option<String> = None;
        let proof = |method, url, nonce: Option<&str>| {
            let request = ProvenRequest { method, url, access_token: Some(token.expose()), nonce };
            key.proof(request, &SystemClock).unwrap()
        };
        let authorization = SecretString::from(format!("DPoP {}", token.expose()));
        let call = async |proof: SecretString| {
            let headers = [(DPOP, proof)];
            let request =
                ApiRequest { method: Method::GET, headers: &headers, ..ApiRequest::get(Some(&authorization)) };
            let end = std::time::Instant::now() + Duration::from_secs(10);
            http.send_request(&request, end).await.unwrap()
        };
        let first = call(proof("GET", &url, None)).await;
        if first.status == 401 {
            nonce = first.dpop_nonce;
            assert!(nonce.is_some());
        }
        let good = proof("GET", &url, nonce.as_deref());
        assert_eq!(call(good.clone()).await.status, 200);
        assert_eq!(call(good).await.status, 401, "replayed");
        assert_eq!(call(proof("GET", &other, nonce.as_deref())).await.status, 401, "for another URL");
        assert_eq!(call(proof("POST", &url, nonce.as_deref())).await.status, 401, "for another method");
        let stranger = DpopKey::generate().unwrap();
        let request =
            ProvenRequest { method: "GET", url: &url, access_token: Some(token.expose()), nonce: nonce.as_deref() };
        assert_eq!(call(stranger.proof(request, &SystemClock).unwrap()).await.status, 401, "by another key");
    });
}

#[test]
fn sessions_are_listed_by_name_without_secrets_and_removed() {
    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, None).await;
        let (store, session) = keep(&client, folder.path()).await;
        store.save("another", &session).await.unwrap();

        let listed = store.list().unwrap();

        let names: Vec<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [NAME, "another"]);
        let info = &listed[0].1;
        assert_eq!((info.client_id.as_str(), info.authentication.as_str()), (CLIENT, "private_key_jwt"));
        assert!(info.is_renewable && !info.is_bound && info.renewable_until.is_some());
        assert!(!format!("{info:?}").contains(session.refresh_token.as_ref().map(RefreshToken::expose).unwrap()));
        assert!(store.remove("another").await.unwrap());
        assert!(!store.remove("another").await.unwrap());
        assert_eq!(store.list().unwrap().len(), 1);
    });
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_or_that_is_damaged_is_refused_with_its_remedy() {
    use std::os::unix::fs::PermissionsExt as _;

    let (local, folder) = (Local::start(&[]), tempfile::tempdir().unwrap());
    block_on(async {
        let client = client(&local, None).await;
        let (store, _) = keep(&client, folder.path()).await;
        let files = || fs::read_dir(folder.path().join("sessions")).unwrap().map(|entry| entry.unwrap().path());
        let file = files().find(|path| path.extension().is_some_and(|extension| extension == "json")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = store.load(NAME).await.unwrap_err();
        assert!(matches!(error, SessionError::Unsafe(..)), "{error}");

        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let json = fs::read_to_string(&file).unwrap();
        for damaged in
            [json.replace("DPoP", "x").replace("Bearer", "DPoP"), json[..json.len() / 2].to_owned(), "[]".to_owned()]
        {
            fs::write(&file, damaged).unwrap();
            let error = store.load(NAME).await.unwrap_err();
            assert!(matches!(error, SessionError::Invalid(_)), "{error}");
            assert!(error.hint().unwrap().starts_with("remove the file, and log in again: rm "));
        }
    });
}
