//! One token's place in memory: what is held, whether it is being fetched, and whether the server is left alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{sync::watch, task::AbortHandle};

use super::{Held, pause::Pause};
use crate::{
    cache::MinimumLifetime,
    server::{Failed, Wanted},
};

/// What a request to the token endpoint came to.
pub(super) type Outcome = Result<Arc<Held>, Arc<Failed>>;

/// A request to the token endpoint that any number of callers wait for.
pub(super) type Flight = watch::Receiver<Option<Outcome>>;

/// One token's place.
pub(in crate::server) struct Slot {
    pub(in crate::server) wanted: Wanted,
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
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, state: Mutex::default() }
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
