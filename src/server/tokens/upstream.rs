//! What all requests for one profile's tokens have in common: their number, and whether the server is left alone.
//!
//! The profile's own token takes no turn, and its request goes out although other tokens' have failed: what callers ask
//! for beside it shall not stand in its way. It waits as they do where the server itself has said for how long.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::pause::Pause;
use crate::server::{ApiError, RequestedToken};

/// More requests for tokens that are not the profile's own are not under way at a time.
const MAXIMUM_FLIGHTS: usize = 8;

/// A profile's way to its token endpoint.
pub(super) struct Upstream {
    turns: Semaphore,
    /// After a failure that any other request would have met too.
    pause: Mutex<Option<Pause>>,
}

impl Default for Upstream {
    fn default() -> Self {
        Self { turns: Semaphore::new(MAXIMUM_FLIGHTS), pause: Mutex::default() }
    }
}

impl Upstream {
    /// Waits until a request may set out; its turn ends when what is returned is dropped.
    pub(super) async fn turn(&self, wanted: &RequestedToken) -> Option<SemaphorePermit<'_>> {
        if wanted.is_own() { None } else { self.turns.acquire().await.ok() }
    }

    /// The last pause that concerns this token, which may be over.
    pub(super) fn pause(&self, wanted: &RequestedToken) -> Option<Pause> {
        self.lock().clone().filter(|pause| !wanted.is_own() || pause.failed.retry_after.is_some())
    }

    /// Notes what a request that set out at `departed` has failed with.
    pub(super) fn failed(&self, failed: &Arc<ApiError>, departed: Instant) {
        if failed.is_endpoint_failure() {
            let mut pause = self.lock();
            *pause = Some(Pause::after(Arc::clone(failed), pause.as_ref(), departed, Instant::now()));
        }
    }

    /// Notes that one has succeeded. When it set out before another failed, it says nothing of how things are now.
    pub(super) fn succeeded(&self, departed: Instant) {
        self.lock().take_if(|pause| pause.began <= departed);
    }

    /// Ends the pause.
    pub(super) fn ask_again(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
