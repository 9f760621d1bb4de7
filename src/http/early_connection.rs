//! Opens the connection of a client's first request before there is a request.
//!
//! reqwest connects only for a request. So one is started whose connection is kept by a layer around the connector: it
//! fails before anything of it is written, and the next request gets the connection.

use std::{
    any::Any,
    error::Error,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time};
use tower_layer::Layer;
use tower_service::Service;

use super::{Endpoint, HttpError, client_certificate::CertificateResolver};

/// How long a connection is kept for a request: servers close one on which nothing arrives.
const KEPT_TIME: Duration = Duration::from_secs(4);

tokio::task_local! {
    /// Set while the request runs that only connects: other requests of the client may run at the same time.
    static ONLY_CONNECTS: ();
}

/// The connection of a client's first request.
#[derive(Debug, Clone)]
pub(super) struct EarlyConnection {
    state: Arc<Mutex<State>>,
    kept_time: Duration,
}

#[derive(Debug, Default)]
struct State {
    attempt: Attempt,
    is_connected: bool,
    /// A connection without a request; reqwest does not name its type.
    connection: Option<Box<dyn Any + Send>>,
}

#[derive(Debug, Default)]
enum Attempt {
    /// There was no request yet.
    #[default]
    Possible,
    Started(oneshot::Receiver<Result<(), HttpError>>),
    Over,
}

impl Default for EarlyConnection {
    fn default() -> Self {
        Self { state: Arc::default(), kept_time: KEPT_TIME }
    }
}

impl EarlyConnection {
    /// Starts to connect, unless there was a request before: it may have left a connection, on which the request that
    /// only connects would be sent.
    pub(super) fn start(&self, client: reqwest::Client, endpoint: Endpoint, resolver: Arc<CertificateResolver>) {
        let mut state = self.lock();
        if !matches!(state.attempt, Attempt::Possible) {
            return;
        }
        let (sender, outcome) = oneshot::channel();
        state.attempt = Attempt::Started(outcome);
        let early = self.clone();
        tokio::spawn(async move {
            let sent = ONLY_CONNECTS.scope((), client.get(endpoint.url().clone()).send()).await;
            drop(client);
            let is_connected = early.lock().is_connected;
            let outcome = match sent {
                Err(error) if !is_connected => Err(HttpError::from_reqwest(&endpoint, &error, resolver.request())),
                _ => Ok(()),
            };
            // The receiver is gone if the client was dropped.
            if sender.send(outcome).is_ok() {
                time::sleep(early.kept_time).await;
            }
            early.lock().connection = None;
        });
    }

    /// Waits for the connection that was started, and returns the error of the attempt; later requests do not wait.
    pub(super) async fn wait(&self, endpoint: &Endpoint, deadline: Instant) -> Result<(), HttpError> {
        let attempt = mem::replace(&mut self.lock().attempt, Attempt::Over);
        let Attempt::Started(outcome) = attempt else { return Ok(()) };
        match time::timeout_at(deadline.into(), outcome).await {
            // A request that lost the attempt connects itself.
            Ok(outcome) => outcome.unwrap_or(Ok(())),
            Err(_) => Err(HttpError::TimedOut { endpoint: endpoint.clone(), connecting: false }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Connector> Layer<Connector> for EarlyConnection {
    type Service = KeepingConnector<Connector>;

    fn layer(&self, connector: Connector) -> Self::Service {
        KeepingConnector { connector, early: self.clone() }
    }
}

/// A connector that keeps the connection of one request for the next one.
#[derive(Debug, Clone)]
pub(super) struct KeepingConnector<Connector> {
    connector: Connector,
    early: EarlyConnection,
}

impl<Target, Connector> Service<Target> for KeepingConnector<Connector>
where
    Connector: Service<Target, Error = Box<dyn Error + Send + Sync>>,
    Connector::Response: Send + 'static,
    Connector::Future: Send + 'static,
{
    type Response = Connector::Response;
    type Error = Connector::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        if ONLY_CONNECTS.try_with(|()| ()).is_ok() {
            let (connecting, early) = (self.connector.call(target), self.early.clone());
            return Box::pin(async move {
                let connection = connecting.await?;
                let mut state = early.lock();
                state.is_connected = true;
                state.connection = Some(Box::new(connection));
                Err("kept".into())
            });
        }
        let kept = self.early.lock().connection.take();
        match kept.and_then(|connection| connection.downcast().ok()) {
            Some(connection) => Box::pin(async move { Ok(*connection) }),
            None => Box::pin(self.connector.call(target)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        io::Read as _,
        net::TcpListener,
        thread,
    };

    use super::{super::trust, *};

    /// A connector whose connections are numbered.
    #[derive(Default)]
    struct Numbering(u32);

    impl Service<()> for Numbering {
        type Response = u32;
        type Error = Box<dyn Error + Send + Sync>;
        type Future = Ready<Result<u32, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.0 += 1;
            ready(Ok(self.0))
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// Starts a server that waits for the client to close, and returns what it read until then.
    fn server() -> (Endpoint, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let reading = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut read = Vec::new();
            connection.read_to_end(&mut read).unwrap();
            read
        });
        (endpoint, reading)
    }

    fn client(early: &EarlyConnection) -> reqwest::Client {
        let tls = trust::client_config(None, None, None, Arc::default()).unwrap();
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
        builder.connector_layer(early.clone()).build().unwrap()
    }

    #[test]
    fn the_connection_of_the_request_that_only_connects_is_the_next_ones() {
        run(async {
            let mut connector = EarlyConnection::default().layer(Numbering::default());

            let only_connecting = ONLY_CONNECTS.scope((), async { connector.call(()).await }).await;

            assert!(only_connecting.is_err());
            assert_eq!(connector.call(()).await.unwrap(), 1);
            assert_eq!(connector.call(()).await.unwrap(), 2);
        });
    }

    #[test]
    fn nothing_is_written_on_a_connection_that_no_request_takes_and_it_is_closed() {
        let (endpoint, reading) = server();
        let early = EarlyConnection { kept_time: Duration::ZERO, ..EarlyConnection::default() };

        run(async {
            early.start(client(&early), endpoint.clone(), Arc::default());

            assert!(early.wait(&endpoint, Instant::now() + Duration::from_mins(1)).await.is_ok());
            assert_eq!(tokio::task::spawn_blocking(|| reading.join().unwrap()).await.unwrap(), b"");
        });
    }

    #[test]
    fn an_error_is_returned_once_and_the_connection_is_not_tried_early_again() {
        run(async {
            let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let endpoint = Endpoint::parse(&format!("http://{closed}")).unwrap();
            let early = EarlyConnection::default();
            let deadline = Instant::now() + Duration::from_mins(1);

            early.start(client(&early), endpoint.clone(), Arc::default());

            assert!(matches!(early.wait(&endpoint, deadline).await, Err(HttpError::Connect { .. })));
            assert!(early.wait(&endpoint, deadline).await.is_ok());
            early.start(client(&early), endpoint, Arc::default());
            assert!(matches!(early.lock().attempt, Attempt::Over));
        });
    }

    #[test]
    fn waiting_ends_at_the_deadline_of_the_request() {
        run(async {
            let early = EarlyConnection::default();
            let (_sender, outcome) = oneshot::channel();
            early.lock().attempt = Attempt::Started(outcome);
            let endpoint = Endpoint::parse("https://maskinporten.no/token").unwrap();

            let waited = early.wait(&endpoint, Instant::now()).await;

            assert!(matches!(waited, Err(HttpError::TimedOut { connecting: false, .. })));
        });
    }
}
