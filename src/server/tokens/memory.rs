//! Where tokens are remembered: each profile's own always, others as far as there is room.
//!
//! A caller may name any scope that is allowed and any resource. When there is no more room, the token that nobody has
//! asked for the longest is forgotten; whoever asks for ever more of them takes nothing from a profile.

use std::{collections::HashMap, sync::Arc};

use super::Slot;
use crate::server::{RequestedToken, ServedProfile};

/// More tokens that are no profile's own are not remembered at a time.
const MAXIMUM_OTHERS: usize = 256;

/// Every token's place.
#[derive(Default)]
pub(super) struct Memory {
    /// By the profile's identity.
    own: HashMap<String, Arc<Slot>>,
    /// By [`RequestedToken::key`].
    others: HashMap<String, Other>,
    /// How many times others were asked for.
    asked: u64,
}

struct Other {
    slot: Arc<Slot>,
    /// When it was asked for last, in such times.
    last: u64,
}

impl Memory {
    /// The place of this token; `None` when others are being fetched in every place there is.
    pub(super) fn slot(&mut self, wanted: &RequestedToken) -> Option<Arc<Slot>> {
        if wanted.is_own() {
            return Some(self.own(&wanted.profile));
        }
        self.asked += 1;
        let key = wanted.key();
        if let Some(other) = self.others.get_mut(&key) {
            other.last = self.asked;
            return Some(Arc::clone(&other.slot));
        }
        if self.others.len() >= MAXIMUM_OTHERS && !self.forget_one() {
            return None;
        }
        let upstream = Arc::clone(&self.own(&wanted.profile).upstream);
        let slot = Arc::new(Slot::new(wanted.clone(), upstream));
        self.others.insert(key, Other { slot: Arc::clone(&slot), last: self.asked });
        Some(slot)
    }

    fn own(&mut self, profile: &Arc<ServedProfile>) -> Arc<Slot> {
        if let Some(slot) = self.own.get(&profile.identity) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot::new(RequestedToken::own(Arc::clone(profile)), Arc::default()));
        self.own.insert(profile.identity.clone(), Arc::clone(&slot));
        slot
    }

    /// Forgets the one that nobody has asked for the longest; not one that somebody waits for.
    fn forget_one(&mut self) -> bool {
        let idle = self.others.iter().filter(|(_, other)| other.slot.lock().flight.is_none());
        let Some(key) = idle.min_by_key(|(_, other)| other.last).map(|(key, _)| key.clone()) else { return false };
        if let Some(other) = self.others.remove(&key) {
            other.slot.lock().forget();
        }
        true
    }

    /// Every place there is.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.own.values().chain(self.others.values().map(|other| &other.slot))
    }

    /// Keeps those places alone.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&Slot) -> bool) {
        self.own.retain(|_, slot| is_kept(slot));
        self.others.retain(|_, other| is_kept(&other.slot));
    }
}
