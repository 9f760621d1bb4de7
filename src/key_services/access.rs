//! How services are reached: variables, secret files, requests with retries, and signers that block.

use std::{
    future::Future,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;

use super::{KeyService, PlaceError, answer};
use crate::{
    file::{self, FileError},
    http::{ApiRequest, Endpoint, HttpClient, HttpError, HttpOptions, Response, RetryPolicy, Transient},
    keystore::{RemoteError, RemoteSignature, RemoteSigner, SigningInput},
    text::shown_path,
};

/// The size limit of a file with a token or another secret.
const MAXIMUM_SECRET_BYTES: u64 = 64 * 1024;

/// AWS' error code for too many requests; older services put a namespace before it.
pub(super) const THROTTLED: &str = "ThrottlingException";

/// How services are reached.
#[derive(Debug, Clone)]
pub struct ServiceAccess {
    /// How requests are sent.
    pub http: HttpOptions,
    /// How often a request is attempted, and the time limit for everything that fetching a key or one signature takes.
    pub retry_policy: RetryPolicy,
}

/// Why a request is made again: the service did not answer, or it may answer otherwise a moment later.
enum Setback {
    NoResponse(HttpError),
    Response(Response),
}

impl ServiceAccess {
    /// Returns when the time is over for what begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.retry_policy.timeout
    }

    /// Sends a request, again if that may help, and returns the response of any status.
    pub(super) async fn send(
        &self,
        service: KeyService,
        endpoint: &Endpoint,
        request: &ApiRequest<'_>,
        deadline: Instant,
    ) -> Result<Response, PlaceError> {
        let send = async |client: HttpClient| client.send_request(request, deadline).await;
        self.attempts(service, endpoint, send, deadline).await
    }

    /// Posts a form, as [`ServiceAccess::send`] sends requests.
    pub(super) async fn post_form(
        &self,
        service: KeyService,
        endpoint: &Endpoint,
        form: &SecretString,
        deadline: Instant,
    ) -> Result<Response, PlaceError> {
        let send = async |client: HttpClient| client.post_form(form, None, &[], deadline).await;
        self.attempts(service, endpoint, send, deadline).await
    }

    async fn attempts<Sent: Future<Output = Result<Response, HttpError>>>(
        &self,
        service: KeyService,
        endpoint: &Endpoint,
        send: impl Fn(HttpClient) -> Sent,
        deadline: Instant,
    ) -> Result<Response, PlaceError> {
        let failed = |source| PlaceError::Http { service, source };
        let client = HttpClient::new(endpoint.clone(), &self.http).map_err(failed)?;
        let attempt = async |_| match send(client.clone()).await {
            Ok(response) if is_passing(&response) => Err(Setback::Response(response)),
            Ok(response) => Ok(response),
            Err(error) => Err(Setback::NoResponse(error)),
        };
        let timeout = deadline.saturating_duration_since(Instant::now());
        match (RetryPolicy { timeout, ..self.retry_policy }).run(attempt, |_, _| ()).await {
            Ok(response) | Err(Setback::Response(response)) => Ok(response),
            Err(Setback::NoResponse(error)) => Err(failed(error)),
        }
    }
}

/// Whether the same request may get another response a moment later.
fn is_passing(response: &Response) -> bool {
    match response.status {
        // AWS' answer to too many requests.
        400 => answer::reason(response, &["__type"], &[]).code.is_some_and(|code| code.ends_with(THROTTLED)),
        // From a Vault that has not caught up with another.
        412 | 429 | 500..=599 => true,
        _ => false,
    }
}

impl Transient for Setback {
    fn is_passing(&self) -> bool {
        match self {
            Self::NoResponse(error) => error.is_transient(),
            Self::Response(_) => true,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NoResponse(_) => None,
            Self::Response(response) => response.retry_after,
        }
    }

    fn after_attempts(self, _: usize) -> Self {
        self
    }
}

/// Returns a variable of a service, without spaces around it; an empty one is not set.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Reads a file with one secret, such as a token, for a service.
pub(super) fn secret_file(service: KeyService, path: &Path) -> Result<SecretString, PlaceError> {
    let unusable =
        |error: FileError| PlaceError::NoCredentials { service, why: format!("`{}`: {error}", shown_path(path)) };
    let content = file::read(path, MAXIMUM_SECRET_BYTES).map_err(unusable)?;
    let text = file::decode_text(&content).ok_or_else(|| unusable(FileError::NotUtf8))?;
    match text.trim() {
        "" => Err(unusable(FileError::Empty)),
        text => Ok(text.into()),
    }
}

/// Signs in a service, which takes a request over the network.
pub(super) trait SigningService: Send + Sync + 'static {
    /// Sends what is to be signed, and returns the signature.
    fn sign(&self, input: &SigningInput<'_>) -> impl Future<Output = Result<RemoteSignature, PlaceError>> + Send;
}

/// Runs the requests of a [`SigningService`] while the caller's thread waits.
pub(super) struct BlockingSigner<S>(pub(super) S);

impl<S: SigningService> RemoteSigner for BlockingSigner<S> {
    fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, RemoteError> {
        run(self.0.sign(input)).and_then(|signed| signed).map_err(|error| Arc::new(error) as RemoteError)
    }
}

/// Runs a future to its end on a thread of its own: the caller's may be one of a runtime, which must not be blocked by
/// another, and where another must not even be dropped.
pub(super) fn run<T: Send>(future: impl Future<Output = T> + Send) -> Result<T, PlaceError> {
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| runtime.block_on(future)).map_err(|error| PlaceError::Runtime(error.to_string()))
    };
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
