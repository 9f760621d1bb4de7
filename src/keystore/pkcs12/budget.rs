//! The work that opening a file may cost, so that a crafted file cannot hang the tool.

use crate::keystore::Reason;

/// How many iterations of key derivation one keystore may ask for in all, unless the caller says otherwise.
///
/// Ten million take a few seconds; the largest counts that programs write by default are 600,000 a derivation.
pub const DEFAULT_ITERATIONS: u64 = 10_000_000;

/// What is left of the iterations that a keystore may ask for.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    spent: u64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, spent: 0 }
    }

    /// Takes the cost of one derivation, before it is made.
    pub(super) fn charge(&mut self, iterations: u64) -> Result<(), Reason> {
        self.charge_all(&[iterations])
    }

    /// Takes the cost of several, so that an error names all of it and its hint is right at the first attempt.
    pub(super) fn charge_all(&mut self, iterations: &[u64]) -> Result<(), Reason> {
        if iterations.contains(&0) {
            return Err(Reason::Damaged("an iteration count is zero"));
        }
        self.spent = iterations.iter().fold(self.spent, |spent, iterations| spent.saturating_add(*iterations));
        if self.spent > self.limit {
            return Err(Reason::TooManyIterations { wanted: self.spent, limit: self.limit });
        }
        Ok(())
    }
}
