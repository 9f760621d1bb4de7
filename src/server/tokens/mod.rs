//! Tokens in memory, and one request to the token endpoint for any number of callers.
//!
//! A token that is in use is renewed in the background before callers would have to wait; after a failure the server is
//! left alone for a while ([`pause`]), and a token that has not expired is served meanwhile. Nothing is written anywhere.

mod held;
mod pause;
mod slot;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

pub(super) use self::{held::Held, slot::Slot};
use self::{
    pause::Pause,
    slot::{Flight, Landing, Outcome},
};
use super::{Event, Failed, Metrics, Observer, TokenSource, Wanted};
use crate::clock::Clock;

/// More are not remembered at a time; a caller who may name any resource could ask for any number.
const MAXIMUM_TOKENS: usize = 256;

/// How long it is from one renewal to the next, at the least.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

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
    pub(super) failed: Arc<Failed>,
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
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

impl<S: TokenSource> Tokens<S> {
    pub(super) fn new(
        source: Arc<S>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        observer: Option<Observer>,
    ) -> Self {
        Self { source, clock, metrics, observer, slots: Mutex::default() }
    }

    /// A token that may be remembered.
    pub(super) async fn remembered(self: &Arc<Self>, wanted: &Wanted) -> Result<(Arc<Held>, Origin), Refused> {
        let slot = self.slot(wanted)?;
        match self.take(&slot, true).await {
            Ok(taken) => Ok(taken),
            Err(refused) => self.alive(&slot).map(|held| (held, Origin::LastResort)).ok_or(refused),
        }
    }

    /// A token from the token endpoint.
    pub(super) async fn fresh(self: &Arc<Self>, wanted: &Wanted) -> Result<(Arc<Held>, Origin), Refused> {
        let slot = self.slot(wanted)?;
        self.take(&slot, false).await
    }

    /// Lets go of tokens whose profile is no longer served, and asks the server again at once.
    pub(super) fn reloaded(&self) {
        let profiles = self.source.profiles();
        let is_served = |slot: &Slot| profiles.iter().any(|own| own.identity == slot.wanted.profile.identity);
        self.slots().retain(|_, slot| {
            let mut state = slot.lock();
            state.pause = None;
            let served = is_served(slot);
            if !served {
                state.held = None;
            }
            served
        });
    }

    /// Every token that is remembered now, for the metrics.
    pub(super) fn all(&self) -> Vec<(Arc<Slot>, Arc<Held>)> {
        let slots: Vec<_> = self.slots().values().cloned().collect();
        slots.into_iter().filter_map(|slot| slot.lock().held.clone().map(|held| (Arc::clone(&slot), held))).collect()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, wanted: &Wanted) -> Result<Arc<Slot>, Refused> {
        let mut slots = self.slots();
        let own = &wanted.profile.identity;
        let key = if wanted.is_own() { None } else { Some(wanted.key()) };
        if let Some(slot) = slots.get(key.as_ref().unwrap_or(own)) {
            return Ok(Arc::clone(slot));
        }
        if slots.len() >= MAXIMUM_TOKENS {
            self.make_room(&mut slots);
        }
        if slots.len() >= MAXIMUM_TOKENS {
            let failed = Failed::new(503, "too_many_tokens", "no more tokens are remembered at a time");
            return Err(Refused { failed: Arc::new(failed), pause: Some(Duration::from_secs(30)), unasked: true });
        }
        let slot = Arc::new(Slot::new(wanted.clone()));
        slots.insert(key.unwrap_or_else(|| own.clone()), Arc::clone(&slot));
        Ok(slot)
    }

    /// Forgets what is of no use any more.
    fn make_room(&self, slots: &mut HashMap<String, Arc<Slot>>) {
        let now = self.clock.now();
        slots.retain(|_, slot| {
            let state = slot.lock();
            let paused = state.pause.as_ref().is_some_and(|pause| pause.left(Instant::now()).is_some());
            state.flight.is_some() || paused || state.held.as_ref().is_some_and(|held| held.is_good(now))
        });
    }

    fn alive(&self, slot: &Slot) -> Option<Arc<Held>> {
        let now = self.clock.now();
        slot.lock().held.as_ref().filter(|held| held.is_alive(now)).cloned()
    }

    /// Takes the token from memory if it may, else waits for the request that is under way, else makes one, unless the
    /// server is left alone.
    async fn take(self: &Arc<Self>, slot: &Arc<Slot>, from_memory: bool) -> Result<(Arc<Held>, Origin), Refused> {
        let mut flight = match self.board(slot, from_memory)? {
            Boarded::Held(held) => return Ok((held, Origin::Memory)),
            Boarded::Flight(flight) => flight,
        };
        let outcome = match flight.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        let lost = || Err(Arc::new(Failed::new(500, "internal", "the request was lost in this program")));
        let held = outcome.unwrap_or_else(lost).map_err(|failed| {
            let pause = slot.lock().pause.as_ref().and_then(|pause| pause.left(Instant::now()));
            Refused { failed, pause, unasked: false }
        })?;
        Ok((held, Origin::Server))
    }

    /// Decides under one lock, so that nobody sets out while somebody else arrives.
    fn board(self: &Arc<Self>, slot: &Arc<Slot>, from_memory: bool) -> Result<Boarded, Refused> {
        let now = self.clock.now();
        let mut state = slot.lock();
        if let Some(held) = state.held.as_ref().filter(|held| from_memory && held.is_good(now)).cloned() {
            state.used = true;
            if !state.is_renewing {
                state.is_renewing = true;
                tokio::spawn(Arc::clone(self).renew(Arc::clone(slot)));
            }
            return Ok(Boarded::Held(held));
        }
        if let Some(flight) = &state.flight {
            return Ok(Boarded::Flight(flight.clone()));
        }
        if let Some((pause, left)) = state.pause.as_ref().and_then(|pause| Some((pause, pause.left(Instant::now())?))) {
            return Err(Refused { failed: Arc::clone(&pause.failed), pause: Some(left), unasked: true });
        }
        let (tell, told) = watch::channel(None);
        state.flight = Some(told.clone());
        // It goes on when the caller has left: others may have joined.
        tokio::spawn(Arc::clone(self).fly(Arc::clone(slot), tell));
        Ok(Boarded::Flight(told))
    }

    async fn fly(self: Arc<Self>, slot: Arc<Slot>, tell: watch::Sender<Option<Outcome>>) {
        let mut landing = Landing { slot: &slot, arrived: false };
        let departed = Instant::now();
        let fetched = self.source.fetch(&slot.wanted).await;
        self.metrics.count_upstream(&slot.wanted.profile.name, fetched.as_ref().err().map(Failed::code));
        let outcome: Outcome = match fetched {
            Ok(token) => Ok(Arc::new(Held::of(token, slot.wanted.profile.minimum))),
            Err(failed) => Err(Arc::new(failed)),
        };
        {
            let mut state = slot.lock();
            state.flight = None;
            landing.arrived = true;
            match &outcome {
                Ok(held) => {
                    (state.held, state.pause, state.used) = (Some(Arc::clone(held)), None, false);
                }
                Err(failed) => {
                    let previous = state.pause.as_ref();
                    state.pause = Some(Pause::after(Arc::clone(failed), previous, departed, Instant::now()));
                }
            }
        }
        tell.send_replace(Some(outcome));
    }

    /// Fetches successors ahead of a token's end, as long as each is taken from memory at least once; goes on trying
    /// while the last one lives.
    async fn renew(self: Arc<Self>, slot: Arc<Slot>) {
        while let Some(wait) = self.next_renewal(&slot) {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
                continue;
            }
            match self.take(&slot, false).await {
                Ok(_) => {
                    self.tell(&slot, Ok(()));
                    // Whatever the new one's lifetime and margin: there is no renewing without end.
                    tokio::time::sleep(SHORTEST_WAIT).await;
                }
                Err(Refused { failed, pause, unasked }) => {
                    if !unasked {
                        self.tell(&slot, Err(failed.code().to_owned()));
                    }
                    tokio::time::sleep(pause.unwrap_or_default().max(SHORTEST_WAIT)).await;
                }
            }
        }
    }

    /// How long until the token is due; `None` when it is nobody's any more, and nobody waits for its end.
    fn next_renewal(&self, slot: &Slot) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = slot.lock();
        let held = state.held.as_ref().filter(|held| held.is_alive(now));
        let wait = held.map(|held| held.renewal_in(now).unwrap_or_default());
        let wait = wait.filter(|wait| state.used || !wait.is_zero());
        state.is_renewing = wait.is_some();
        wait
    }

    fn tell(&self, slot: &Slot, outcome: Result<(), String>) {
        if let Some(observer) = &self.observer {
            let wanted = &slot.wanted;
            observer(&Event::Renewal {
                profile: wanted.profile.name.clone(),
                scope: wanted.scopes().to_string(),
                outcome,
            });
        }
    }
}
