//! One token's place in memory: what is held, whether it is being fetched, and whether the server is left alone.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::{sync::watch, task::AbortHandle};

use super::{Held, Refused, pause::Pause, upstream::Upstream};
use crate::{
    client::AccessToken,
    client::MinimumLifetime,
    server::{ApiError, Wanted},
};

/// What a request to the token endpoint came to.
pub(super) type Outcome = Result<Arc<Held>, Refused>;

/// A request to the token endpoint that any number of callers wait for.
pub(super) type Flight = watch::Receiver<Option<Outcome>>;

/// One token's place.
pub(in crate::server) struct Slot {
    pub(in crate::server) wanted: Wanted,
    pub(super) upstream: Arc<Upstream>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) held: Option<Arc<Held>>,
    pub(super) flight: Option<Flight>,
    pub(super) pause: Option<Pause>,
    /// Whether the token was taken from memory since it came.
    pub(super) used: bool,
    /// How much of its life it must have left, as callers had it last.
    pub(super) minimum: MinimumLifetime,
    /// Who sees to its renewal.
    pub(super) renewal: Option<AbortHandle>,
}

impl State {
    /// Lets go of the token and of whoever would renew it.
    pub(super) fn forget(&mut self) {
        self.held = None;
        self.end_renewal();
    }

    /// Takes another margin; the next caller sees to a renewal that heeds it.
    pub(super) fn take_minimum(&mut self, minimum: MinimumLifetime) {
        if self.minimum != minimum {
            self.minimum = minimum;
            self.end_renewal();
        }
    }

    fn end_renewal(&mut self) {
        if let Some(renewal) = self.renewal.take() {
            renewal.abort();
        }
    }
}

impl Slot {
    pub(super) fn new(wanted: Wanted, upstream: Arc<Upstream>) -> Self {
        Self { wanted, upstream, state: Mutex::default() }
    }

    /// Why the server is not asked for this token now, after a failure of its own or of the profile's.
    pub(super) fn pause(&self, state: &State) -> Option<Refused> {
        let now = Instant::now();
        let pauses = state.pause.clone().into_iter().chain(self.upstream.pause(&self.wanted));
        let left = pauses.filter_map(|pause| Some((pause.left(now)?, pause.failed)));
        let (left, failed) = left.max_by_key(|(left, _)| *left)?;
        Some(Refused { failed, pause: Some(left), unasked: true })
    }

    /// Takes down what a request that set out at `departed` has come to.
    pub(super) fn land(&self, state: &mut State, fetched: Result<AccessToken, ApiError>, departed: Instant) -> Outcome {
        match fetched {
            Ok(token) => {
                let held = Arc::new(Held::of(token));
                (state.held, state.pause, state.used) = (Some(Arc::clone(&held)), None, false);
                self.upstream.succeeded(departed);
                Ok(held)
            }
            Err(failed) => {
                let failed = Arc::new(failed);
                let previous = state.pause.as_ref();
                state.pause = Some(Pause::after(Arc::clone(&failed), previous, departed, Instant::now()));
                self.upstream.failed(&failed, departed);
                let pause = self.pause(state).and_then(|refused| refused.pause);
                Err(Refused { failed, pause, unasked: false })
            }
        }
    }

    /// Nothing is done under this lock that could panic; if something did, what is there is still whole.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off its slot when it is lost; one that arrives has been taken off, and another may be under way.
pub(super) struct Landing<'slot> {
    pub(super) slot: &'slot Slot,
    pub(super) arrived: bool,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            self.slot.lock().flight = None;
        }
    }
}
