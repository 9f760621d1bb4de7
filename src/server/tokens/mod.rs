//! Tokens in memory, and one request to the token endpoint for any number of callers.
//!
//! A token that is in use is renewed in the background before callers would have to wait; after a failure the server is
//! left alone for a while ([`pause`]), and a token that has not expired is served meanwhile. Nothing is written anywhere.

mod held;
mod memory;
mod pause;
mod renewal;
mod slot;
mod upstream;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

pub(super) use self::{held::Held, slot::Slot};
use self::{
    memory::Memory,
    slot::{Flight, Landing, Outcome},
};
use super::{ApiError, Metrics, Observer, TokenSource, Wanted};
use crate::{client::MinimumLifetime, clock::Clock};

/// How long a caller is asked to wait while others are being fetched in every place there is.
const FULL: Duration = Duration::from_secs(1);

/// Where a token that callers get was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// In memory.
    Memory,
    /// At the token endpoint.
    Server,
    /// In memory, past its margin, since the token endpoint gave no other.
    LastResort,
}

/// Why a caller gets no token.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) failed: Arc<ApiError>,
    /// How long the server is left alone from now on.
    pub(super) pause: Option<Duration>,
    /// Whether it was not even asked this time.
    pub(super) unasked: bool,
}

/// What somebody who wants a token finds.
enum Boarded {
    Held(Arc<Held>),
    Flight(Flight),
}

/// Every token that is remembered.
pub(super) struct Tokens<S> {
    source: Arc<S>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    observer: Option<Observer>,
    memory: Mutex<Memory>,
}

impl<S: TokenSource> Tokens<S> {
    pub(super) fn new(
        source: Arc<S>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        observer: Option<Observer>,
    ) -> Self {
        Self { source, clock, metrics, observer, memory: Mutex::default() }
    }

    /// A token that may be remembered.
    pub(super) async fn remembered(self: &Arc<Self>, wanted: &Wanted) -> Result<(Arc<Held>, Origin), Refused> {
        let slot = self.slot(wanted)?;
        match self.take(&slot, Some(wanted.profile.minimum)).await {
            Ok(taken) => Ok(taken),
            Err(refused) => self.alive(&slot).map(|held| (held, Origin::LastResort)).ok_or(refused),
        }
    }

    /// A token from the token endpoint.
    pub(super) async fn fresh(self: &Arc<Self>, wanted: &Wanted) -> Result<(Arc<Held>, Origin), Refused> {
        let slot = self.slot(wanted)?;
        self.take(&slot, None).await
    }

    /// Lets go of tokens whose profile is no longer served, and asks the server again at once.
    pub(super) fn reloaded(&self) {
        let profiles = self.source.profiles();
        self.memory().retain(|slot| {
            let mut state = slot.lock();
            state.pause = None;
            slot.upstream.ask_again();
            let served = profiles.iter().find(|own| own.identity == slot.wanted.profile.identity);
            match served {
                Some(profile) => state.take_minimum(profile.minimum),
                None => state.forget(),
            }
            served.is_some()
        });
    }

    /// Every token that is remembered now, for the metrics.
    pub(super) fn all(&self) -> Vec<(Arc<Slot>, Arc<Held>)> {
        let slots: Vec<_> = self.memory().all().cloned().collect();
        slots.into_iter().filter_map(|slot| slot.lock().held.clone().map(|held| (Arc::clone(&slot), held))).collect()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, wanted: &Wanted) -> Result<Arc<Slot>, Refused> {
        self.memory().slot(wanted).ok_or_else(|| {
            let failed = ApiError::new(503, "too_many_tokens", "no more tokens are fetched at a time");
            Refused { failed: Arc::new(failed), pause: Some(FULL), unasked: true }
        })
    }

    fn alive(&self, slot: &Slot) -> Option<Arc<Held>> {
        let now = self.clock.now();
        slot.lock().held.as_ref().filter(|held| held.is_alive(now)).cloned()
    }

    /// Takes the token from memory if it may and so much of its life is left, else waits for the request that is under
    /// way, else makes one, unless the server is left alone.
    async fn take(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        from_memory: Option<MinimumLifetime>,
    ) -> Result<(Arc<Held>, Origin), Refused> {
        let mut flight = match self.board(slot, from_memory)? {
            Boarded::Held(held) => return Ok((held, Origin::Memory)),
            Boarded::Flight(flight) => flight,
        };
        let outcome = match flight.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        let lost = || {
            let failed = ApiError::new(500, "internal", "the request was lost in this program");
            Err(Refused { failed: Arc::new(failed), pause: None, unasked: false })
        };
        Ok((outcome.unwrap_or_else(lost)?, Origin::Server))
    }

    /// Decides under one lock, so that nobody sets out while somebody else arrives.
    fn board(self: &Arc<Self>, slot: &Arc<Slot>, from_memory: Option<MinimumLifetime>) -> Result<Boarded, Refused> {
        let now = self.clock.now();
        let mut state = slot.lock();
        if let Some(minimum) = from_memory
            && let Some(held) = state.held.as_ref().filter(|held| held.is_good(now, minimum)).cloned()
        {
            self.used(slot, &mut state, minimum);
            return Ok(Boarded::Held(held));
        }
        if let Some(flight) = &state.flight {
            return Ok(Boarded::Flight(flight.clone()));
        }
        if let Some(refused) = slot.pause(&state) {
            return Err(refused);
        }
        let (tell, told) = watch::channel(None);
        state.flight = Some(told.clone());
        // It goes on when the caller has left: others may have joined.
        tokio::spawn(Arc::clone(self).fly(Arc::clone(slot), tell));
        Ok(Boarded::Flight(told))
    }

    async fn fly(self: Arc<Self>, slot: Arc<Slot>, tell: watch::Sender<Option<Outcome>>) {
        let mut landing = Landing { slot: &slot, arrived: false };
        let turn = slot.upstream.turn(&slot.wanted).await;
        let departed = Instant::now();
        // Others may have failed while it waited for its turn.
        let paused = slot.pause(&slot.lock());
        let fetched = match paused {
            Some(refused) => Err(refused),
            None => Ok(self.source.fetch(&slot.wanted).await),
        };
        if let Ok(fetched) = &fetched {
            self.metrics.count_upstream(&slot.wanted.profile.name, fetched.as_ref().err().map(ApiError::code));
        }
        let outcome = {
            let mut state = slot.lock();
            state.flight = None;
            landing.arrived = true;
            fetched.and_then(|fetched| slot.land(&mut state, fetched, departed))
        };
        // Not before: who comes next finds the pause that a failure begins.
        drop(turn);
        tell.send_replace(Some(outcome));
    }
}
