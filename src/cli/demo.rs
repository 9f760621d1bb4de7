//! `maskinporten demo`: the whole flow on one screen, with a simulator in the same process.
//!
//! Everything is real: a keystore is created and opened, an assertion is signed and exchanged over HTTP. All files are
//! deleted at the end, and no other server accepts the token.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use maskinporten::{
    client::{AccessToken, RetryPolicy, TokenClient},
    clock::SystemClock,
    environment::LocalEnvironment,
    grant::{Assertion, ClientId, Grant, KeyReference, Scopes},
    http::{Endpoint, HttpOptions},
    json,
    keystore::{DEFAULT_ITERATIONS, KeystoreFile, SigningKey},
    simulator::{Simulator, SimulatorOptions},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    progress::Progress,
    report::{self, Exit, Failure, Report},
    signals,
};

/// The number of characters shown of certificates and tokens, so that they fit on a line.
const SHOWN_CHARACTERS: usize = 48;

pub(crate) async fn run(report: &Arc<Report>) -> Result<(), Failure> {
    let started = Instant::now();
    // Ctrl-C must not end the process before the files are deleted.
    let interrupted = signals::stop();
    let progress = Progress::start("creating keys and certificates", report);
    let folder = tempfile::tempdir().map_err(|error| io_failure("create a folder", &error))?;
    let simulator = Simulator::start(SimulatorOptions::new(folder.path().join("simulator")))
        .map_err(|error| Failure::new(Exit::Other, &error))?;
    drop(progress);
    let local = simulator.local_environment();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = simulator.serve(async { drop(stopped.await) });
    let shown = async {
        let result = show(&local, started).await;
        drop(stop);
        result
    };
    let both = async { tokio::join!(served, shown) };
    tokio::select! {
        (served, shown) = both => shown.and(served.map_err(|error| Failure::new(Exit::Other, &error))),
        () = interrupted => Err(Failure::interrupted()),
    }
}

async fn show(local: &LocalEnvironment, started: Instant) -> Result<(), Failure> {
    step(1, "The simulator", &format!("It has a keystore and a client, and listens on {}", local.issuer))?;

    let key = open(local)?;
    step(2, "The keystore's certificate", &certificate(&key))?;

    let grant = grant(local)?;
    let assertion = grant.sign(&key, &SystemClock)?;
    step(3, "The grant, decoded", &decoded(&assertion))?;

    let endpoint = Endpoint::parse(&local.token_endpoint).map_err(|error| Failure::new(Exit::Other, &error))?;
    let http = HttpOptions::default();
    let retry_policy = RetryPolicy { timeout: Duration::from_secs(30), retries: 0 };
    let client = TokenClient::new(endpoint, &http, retry_policy)?;
    // An assertion can be used only once; this is another one than the one shown above.
    let token = client.fetch(async || grant.sign(&key, &SystemClock), &SystemClock, |_, _| ()).await?;
    step(4, &format!("The response from {}", local.token_endpoint), &response(&token))?;
    step(5, "The access token's claims", &claims(token.expose()))?;

    let curl = format!("curl -H 'Authorization: Bearer {}' {}api/hello", shortened(token.expose()), local.issuer);
    let next = "The same with a simulator that keeps running: maskinporten simulate, and in another terminal\n  \
                maskinporten headers --env local | curl -H @- http://127.0.0.1:17824/api/hello";
    step(6, "The token in a request", &format!("{curl}\n\n{next}"))?;
    report::print(
        format!("\nAll of this took {} ms, most of it for generating keys.\n", started.elapsed().as_millis())
            .as_bytes(),
    )
}

fn step(number: usize, title: &str, text: &str) -> Result<(), Failure> {
    let mut indented = String::new();
    for line in text.lines() {
        indented += "   ";
        indented += line;
        indented.truncate(indented.trim_end().len());
        indented.push('\n');
    }
    let gap = if number == 1 { "" } else { "\n" };
    report::print(format!("{gap}{number}. {title}\n{indented}").as_bytes())
}

fn open(local: &LocalEnvironment) -> Result<SigningKey, Failure> {
    let password =
        fs::read_to_string(&local.keystore_password_file).map_err(|error| io_failure("read a password", &error))?;
    let file = KeystoreFile::read(&local.keystore, DEFAULT_ITERATIONS)?;
    Ok(file.open(&SecretString::from(password))?.choose(None)?)
}

fn grant(local: &LocalEnvironment) -> Result<Grant, Failure> {
    let client_id = ClientId::parse(&local.client_id)?;
    Ok(Grant::builder(&local.issuer, client_id, Scopes::parse(&local.scope)?)
        .key_reference(KeyReference::Chain)
        .build())
}

fn certificate(key: &SigningKey) -> String {
    let Some(leaf) = key.certificates().first() else { return "none".to_owned() };
    let date = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.date_naive().to_string()).unwrap_or_default();
    format!(
        "subject       {}\nissuer        {}\norganisation  {}\nvalid         {} to {}\nusage         {}\nchain         {} certificates",
        leaf.subject(),
        leaf.issuer(),
        leaf.organisation_number().map(|number| number.to_string()).unwrap_or_default(),
        date(leaf.not_before()),
        date(leaf.not_after()),
        leaf.key_usage().unwrap_or_default().join(" "),
        key.certificates().len(),
    )
}

fn decoded(assertion: &Assertion) -> String {
    let mut decoded = assertion.decode();
    if let Some(chain) = decoded.header.get_mut("x5c").and_then(Value::as_array_mut) {
        for certificate in chain {
            *certificate = Value::from(shortened(certificate.as_str().unwrap_or_default()));
        }
    }
    json::indented(&json!(decoded))
}

fn response(token: &AccessToken) -> String {
    let expires_in = token.expires_in_seconds.unwrap_or_default();
    let scope = token.scope.as_deref().unwrap_or_default();
    format!(
        "access_token  {}\ntoken_type    {}\nexpires_in    {expires_in}\nscope         {scope}",
        shortened(token.expose()),
        token.token_type
    )
}

fn claims(token: &str) -> String {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
    json::indented(&claims)
}

fn shortened(text: &str) -> String {
    format!("{}…", text.chars().take(SHOWN_CHARACTERS).collect::<String>())
}

fn io_failure(what: &str, error: &std::io::Error) -> Failure {
    Failure::plain(Exit::Other, "demo", format!("could not {what}: {error}"), None)
}
