//! One token in memory: the token, the request in flight for it, and its backoff.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    task::Poll,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
    task::{AbortHandle, yield_now},
};

use super::{
    Freshness, GrantOverrides, ObtainedToken, TokenError, TokenEvent, TokenObserver, TokenOrigin,
    backoff::Backoff,
    exchange::{Exchange, Exchangeable},
};
use crate::{
    client::{AccessToken, MinimumLifetime},
    grant::Scopes,
};

/// The number of requests in flight for tokens other than the source's own.
const MAXIMUM_IN_FLIGHT: usize = 8;

/// The outcome of a request, which every caller that waits for it gets.
type Outcome = Result<ObtainedToken, TokenError>;

/// What all tokens of a source and the sources derived from it have in common.
pub(super) struct Shared {
    exchange: RwLock<Arc<Exchange>>,
    observer: RwLock<Option<TokenObserver>>,
    permits: Semaphore,
    /// The backoff after a failure that affects every request.
    backoff: Mutex<Option<Backoff>>,
}

/// One token of a source.
pub(super) struct TokenEntry {
    pub(super) shared: Arc<Shared>,
    /// What differs from the source's own token.
    pub(super) overrides: GrantOverrides,
    state: Mutex<EntryState>,
    exchangeable: Exchangeable,
}

#[derive(Default)]
pub(super) struct EntryState {
    pub(super) token: Option<AccessToken>,
    pub(super) in_flight: Option<InFlight>,
    pub(super) backoff: Option<Backoff>,
    /// Whether the token was returned from memory since it was received.
    pub(super) used: bool,
    /// The task that renews it, and the margin that it was started for.
    pub(super) renewal: Option<(AbortHandle, MinimumLifetime)>,
}

/// A request that any number of callers wait for.
#[derive(Clone)]
pub(super) struct InFlight {
    outcome: watch::Receiver<Option<Outcome>>,
    /// Whether it skips the disk cache.
    refresh: bool,
}

/// What a caller waits for.
enum JoinOutcome {
    Token(AccessToken),
    InFlight(InFlight),
    /// A request that this caller has to run.
    Started(Pin<Box<dyn Future<Output = ()> + Send>>, InFlight),
}

impl Shared {
    pub(super) fn new(exchange: Exchange, observer: Option<TokenObserver>) -> Self {
        Self {
            exchange: RwLock::new(Arc::new(exchange)),
            observer: RwLock::new(observer),
            permits: Semaphore::new(MAXIMUM_IN_FLIGHT),
            backoff: Mutex::default(),
        }
    }

    pub(super) fn exchange(&self) -> Arc<Exchange> {
        Arc::clone(&self.exchange.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_exchange(&self, exchange: Arc<Exchange>) {
        *self.exchange.write().unwrap_or_else(PoisonError::into_inner) = exchange;
        *self.lock_backoff() = None;
    }

    pub(super) fn set_observer(&self, observer: TokenObserver) {
        *self.observer.write().unwrap_or_else(PoisonError::into_inner) = Some(observer);
    }

    pub(super) fn notify(&self, event: &TokenEvent<'_>) {
        let observer = self.observer.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(observer) = observer {
            observer(event);
        }
    }

    fn lock_backoff(&self) -> MutexGuard<'_, Option<Backoff>> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenEntry {
    pub(super) fn new(shared: Arc<Shared>, overrides: GrantOverrides) -> Self {
        Self { shared, overrides, state: Mutex::default(), exchangeable: Mutex::default() }
    }

    /// Nothing under this lock can panic and leave a state half changed, so a poisoned lock can still be used.
    pub(super) fn lock(&self) -> MutexGuard<'_, EntryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is the token of the source itself, not of a derived one.
    fn is_own(&self) -> bool {
        self.overrides == GrantOverrides::default()
    }

    pub(super) fn requested_scopes(&self) -> Scopes {
        self.overrides.scopes.clone().unwrap_or_else(|| self.shared.exchange().grant.scopes.clone())
    }

    /// Returns the token in memory if it has enough of its lifetime left, else joins the request in flight, else
    /// starts one, unless there is a backoff. Only a request that has to wait needs a runtime.
    pub(super) async fn obtain(self: &Arc<Self>, freshness: Freshness) -> Outcome {
        loop {
            let mut in_flight = match self.join_or_start(freshness)? {
                JoinOutcome::Token(token) => return Ok(ObtainedToken { token, origin: TokenOrigin::Memory }),
                JoinOutcome::InFlight(in_flight) => in_flight,
                JoinOutcome::Started(mut request, in_flight) => {
                    // It ends here if it finds a token on disk, which needs neither a task nor a runtime.
                    if poll_fn(|context| Poll::Ready(request.as_mut().poll(context))).await.is_pending() {
                        if Handle::try_current().is_err() {
                            yield_now().await;
                        }
                        // A separate task: it continues when this caller is cancelled, because others may have joined.
                        tokio::spawn(request);
                    }
                    in_flight
                }
            };
            let outcome = match in_flight.outcome.wait_for(Option::is_some).await {
                Ok(outcome) => outcome.clone().unwrap_or(Err(TokenError::Lost)),
                Err(_) => Err(TokenError::Lost),
            };
            let obtained = outcome?;
            // A request that another caller started may have found a token on disk, which is not fresh.
            if freshness == Freshness::Cached || in_flight.refresh || obtained.origin == TokenOrigin::Server {
                return Ok(obtained);
            }
        }
    }

    /// Decides under one lock, so that no request starts while another one completes.
    fn join_or_start(self: &Arc<Self>, freshness: Freshness) -> Result<JoinOutcome, TokenError> {
        let exchange = self.shared.exchange();
        let mut state = self.lock();
        let now = exchange.clock.now();
        if freshness == Freshness::Cached
            && let Some(token) = state.token.clone().filter(|token| exchange.minimum.is_met_by(token, now))
        {
            self.keep_renewed(&mut state, exchange.minimum);
            return Ok(JoinOutcome::Token(token));
        }
        if let Some(in_flight) = &state.in_flight {
            return Ok(JoinOutcome::InFlight(in_flight.clone()));
        }
        if let Some(error) = self.paused(&state) {
            return Err(error);
        }
        let (sender, outcome) = watch::channel(None);
        let in_flight = InFlight { outcome, refresh: freshness == Freshness::Fresh };
        state.in_flight = Some(in_flight.clone());
        Ok(JoinOutcome::Started(Box::pin(Arc::clone(self).run(exchange, in_flight.refresh, sender)), in_flight))
    }

    async fn run(self: Arc<Self>, exchange: Arc<Exchange>, refresh: bool, sender: watch::Sender<Option<Outcome>>) {
        let mut cleanup = ClearInFlight { entry: &self, completed: false };
        if exchange.cache.is_none() {
            // Only the disk cache can be asked without a runtime.
            yield_now().await;
        }
        // The source's own token needs no permit: requests for other tokens must not delay it.
        let permit = if self.is_own() { None } else { self.shared.permits.acquire().await.ok() };
        let sent = Instant::now();
        // Another request may have failed while this one waited for its permit.
        let paused = self.paused(&self.lock());
        let was_paused = paused.is_some();
        let notify = |event: &TokenEvent<'_>| self.shared.notify(event);
        let result = if let Some(error) = paused {
            Err(error)
        } else {
            let grant = exchange.grant(&self.overrides);
            Box::pin(exchange.token(grant, refresh, &self.exchangeable, &notify)).await
        };
        let outcome = result.map(|(token, origin)| ObtainedToken { token, origin });
        let mut state = self.lock();
        state.in_flight = None;
        cleanup.completed = true;
        if !was_paused {
            self.complete(&mut state, &outcome, sent);
        }
        drop(state);
        // Only now, so that the next request finds the backoff of a failure.
        drop(permit);
        sender.send_replace(Some(outcome));
    }

    /// Records the outcome of a request that was sent at `sent`.
    fn complete(&self, state: &mut EntryState, outcome: &Outcome, sent: Instant) {
        match outcome {
            Ok(obtained) => {
                (state.token, state.backoff, state.used) = (Some(obtained.token.clone()), None, false);
                // A request that was sent before another one failed does not show that the server is up again.
                self.shared.lock_backoff().take_if(|backoff| backoff.began <= sent);
            }
            // No request was sent, and the person may log in at any time.
            Err(TokenError::LoginRequired(_)) => {}
            Err(error) => {
                let after = |previous: Option<&Backoff>| Backoff::after(error.clone(), previous, sent, Instant::now());
                state.backoff = Some(after(state.backoff.as_ref()));
                if error.is_server_failure() {
                    let mut shared = self.shared.lock_backoff();
                    *shared = Some(after(shared.as_ref()));
                }
            }
        }
    }

    /// Returns the error of a caller whose request must wait, because this token or the server has a backoff.
    fn paused(&self, state: &EntryState) -> Option<TokenError> {
        let (error, remaining) = self.backoff(state)?;
        Some(TokenError::Paused { error: Box::new(error), remaining })
    }

    /// Returns the longest backoff. Failures of other tokens stop the source's own only when the server asked for it.
    pub(super) fn backoff(&self, state: &EntryState) -> Option<(TokenError, Duration)> {
        let now = Instant::now();
        let shared = self.shared.lock_backoff().clone();
        let shared = shared.filter(|backoff| !self.is_own() || backoff.error.retry_after().is_some());
        let backoffs = state.backoff.clone().into_iter().chain(shared);
        backoffs
            .filter_map(|backoff| Some((backoff.remaining(now)?, backoff.error)))
            .max_by_key(|(remaining, _)| *remaining)
            .map(|(remaining, error)| (error, remaining))
    }

    /// Removes the token from memory that this one was exchanged for.
    pub(super) fn forget_exchangeable(&self) {
        self.exchangeable.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Removes the token from memory.
    pub(super) fn clear(state: &mut EntryState) {
        state.token = None;
        if let Some((renewal, _)) = state.renewal.take() {
            renewal.abort();
        }
    }
}

impl Drop for TokenEntry {
    fn drop(&mut self) {
        Self::clear(&mut self.lock());
    }
}

/// Removes a request from its entry when its task panics or is cancelled; a completed one has removed itself.
struct ClearInFlight<'entry> {
    entry: &'entry TokenEntry,
    completed: bool,
}

impl Drop for ClearInFlight<'_> {
    fn drop(&mut self) {
        if !self.completed {
            self.entry.lock().in_flight = None;
        }
    }
}
