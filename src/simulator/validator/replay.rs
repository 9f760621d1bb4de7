//! The assertions that have been used: "A JWT cannot be reused" (MP-012).

use std::collections::HashMap;

use super::refusal::GrantRefusal;

/// Maximum number of entries. A full cache refuses new assertions instead of forgetting old ones.
const MAXIMUM_ENTRIES: usize = 100_000;
/// Number of entries from which expired ones are removed.
const FIRST_SWEEP: usize = 1024;

/// The used assertions, each until it would be refused as expired anyway.
pub(crate) struct ReplayCache {
    expires_at: HashMap<[u8; 32], i64>,
    sweep_at: usize,
}

impl Default for ReplayCache {
    fn default() -> Self {
        Self { expires_at: HashMap::new(), sweep_at: FIRST_SWEEP }
    }
}

impl ReplayCache {
    /// Records an assertion, or refuses it if it is recorded already; times are seconds since 1970.
    pub(crate) fn record(&mut self, id: [u8; 32], expires_at: i64, now: i64) -> Result<(), GrantRefusal> {
        if self.expires_at.len() >= self.sweep_at {
            self.expires_at.retain(|_, expires_at| *expires_at >= now);
            self.sweep_at = (self.expires_at.len() * 2).clamp(FIRST_SWEEP, MAXIMUM_ENTRIES);
        }
        if self.expires_at.contains_key(&id) {
            return Err(GrantRefusal::Replayed { without_jti: false });
        }
        if self.expires_at.len() >= MAXIMUM_ENTRIES {
            return Err(GrantRefusal::Busy);
        }
        self.expires_at.insert(id, expires_at);
        Ok(())
    }
}

/// Returns the id of a client's `jti`, of the same length whatever was sent.
pub(crate) fn id(client_id: &str, jti: &str) -> [u8; 32] {
    openssl::sha::sha256(format!("{}:{client_id}:{jti}", client_id.len()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_expired_entries_and_refuses_new_ones_when_full() {
        let mut cache = ReplayCache::default();
        let id = |number: usize| openssl::sha::sha256(&number.to_be_bytes());
        for number in 0..MAXIMUM_ENTRIES {
            cache.record(id(number), 100, 0).unwrap();
        }

        assert_eq!(cache.record(id(0), 100, 0), Err(GrantRefusal::Replayed { without_jti: false }));
        assert_eq!(cache.record(id(MAXIMUM_ENTRIES), 100, 100), Err(GrantRefusal::Busy));
        assert_eq!(cache.record(id(MAXIMUM_ENTRIES), 200, 101), Ok(()));
        assert_eq!(cache.expires_at.len(), 1);
    }
}
