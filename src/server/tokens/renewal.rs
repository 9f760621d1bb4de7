//! Successors of tokens that are in use, fetched before callers would have to wait for them.

use std::{sync::Arc, time::Duration};

use tokio::task::AbortHandle;

use super::{Refused, Slot, Tokens, slot::State};
use crate::{
    client::MinimumLifetime,
    server::{Event, TokenSource},
};

/// How long it is from one renewal to the next, at the least.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

impl<S: TokenSource> Tokens<S> {
    /// Notes that a token was taken from memory with at least so much left, and sees to its renewal.
    pub(super) fn used(self: &Arc<Self>, slot: &Arc<Slot>, state: &mut State, minimum: MinimumLifetime) {
        state.used = true;
        state.take_minimum(minimum);
        if state.renewal.as_ref().is_none_or(AbortHandle::is_finished) {
            let renewal = tokio::spawn(Arc::clone(self).renew(Arc::clone(slot)));
            state.renewal = Some(renewal.abort_handle());
        }
    }

    /// Fetches successors ahead of a token's end, as long as each is taken from memory at least once; goes on trying
    /// while the last one lives.
    async fn renew(self: Arc<Self>, slot: Arc<Slot>) {
        while let Some(wait) = self.next_renewal(&slot) {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
                continue;
            }
            match self.take(&slot, None).await {
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
        let wait = held.map(|held| held.renewal_in(now, state.minimum).unwrap_or_default());
        let wait = wait.filter(|wait| state.used || !wait.is_zero());
        if wait.is_none() {
            state.renewal = None;
        }
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
