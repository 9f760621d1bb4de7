//! Remembers the grants that have been used: "A JWT cannot be reused" (MP-012).

use std::collections::HashMap;

use super::refusal::Refusal;

/// More grants are not remembered at a time; further ones are turned away rather than others forgotten.
const MAXIMUM_GRANTS: usize = 100_000;
/// From this many on, those that have expired are forgotten.
const FIRST_SWEEP: usize = 1024;

/// The grants used so far, each kept until it would be refused as expired anyway.
pub(crate) struct Used {
    until: HashMap<[u8; 32], i64>,
    sweep_at: usize,
}

impl Default for Used {
    fn default() -> Self {
        Self { until: HashMap::new(), sweep_at: FIRST_SWEEP }
    }
}

impl Used {
    /// Uses up a grant; `now` and `until` in seconds since 1970.
    pub(crate) fn use_up(&mut self, grant: [u8; 32], until: i64, now: i64) -> Result<(), Refusal> {
        if self.until.len() >= self.sweep_at {
            self.until.retain(|_, until| *until >= now);
            self.sweep_at = (self.until.len() * 2).clamp(FIRST_SWEEP, MAXIMUM_GRANTS);
        }
        if self.until.contains_key(&grant) {
            return Err(Refusal::Replayed);
        }
        if self.until.len() >= MAXIMUM_GRANTS {
            return Err(Refusal::Busy);
        }
        self.until.insert(grant, until);
        Ok(())
    }
}

/// The name under which a client's `jti` is remembered; always of one length, whatever was sent.
pub(crate) fn name(client_id: &str, jti: &str) -> [u8; 32] {
    openssl::sha::sha256(format!("{}:{client_id}:{jti}", client_id.len()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_expired_grants_and_turns_new_ones_away_when_full() {
        let mut used = Used::default();
        let grant = |number: usize| openssl::sha::sha256(&number.to_be_bytes());
        for number in 0..MAXIMUM_GRANTS {
            used.use_up(grant(number), 100, 0).unwrap();
        }

        assert_eq!(used.use_up(grant(0), 100, 0), Err(Refusal::Replayed));
        assert_eq!(used.use_up(grant(MAXIMUM_GRANTS), 100, 100), Err(Refusal::Busy));
        assert_eq!(used.use_up(grant(MAXIMUM_GRANTS), 200, 101), Ok(()));
        assert_eq!(used.until.len(), 1);
    }
}
