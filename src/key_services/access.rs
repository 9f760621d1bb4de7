//! How services are reached: their variables and files, time limits, the HTTP client, and asynchronous signers on a thread that may block.

use std::{
    future::Future,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;

use super::{KeyService, PlaceError};
use crate::{
    file::{self, FileError},
    http::{ApiRequest, Endpoint, HttpClient, HttpOptions, Response},
    keystore::{RemoteError, RemoteSignature, RemoteSigner, SigningInput},
    text::shown_path,
};

/// The size limit of a file with a token or another secret.
const MAXIMUM_SECRET_BYTES: u64 = 64 * 1024;

/// How services are reached.
#[derive(Debug, Clone)]
pub struct ServiceAccess {
    /// How requests are sent.
    pub http: HttpOptions,
    /// The time limit for everything that fetching a key or one signature takes.
    pub timeout: Duration,
}

impl ServiceAccess {
    /// Returns when the time is over for what begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// Sends a request, and returns the response of any status.
    pub(super) async fn send(
        &self,
        service: KeyService,
        endpoint: &Endpoint,
        request: &ApiRequest<'_>,
        deadline: Instant,
    ) -> Result<Response, PlaceError> {
        let failed = |source| PlaceError::Http { service, source };
        let client = HttpClient::new(endpoint.clone(), &self.http).map_err(failed)?;
        client.send_request(request, deadline).await.map_err(failed)
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
