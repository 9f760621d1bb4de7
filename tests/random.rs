//! Pseudorandom numbers that are the same in every run, so that failures can be reproduced (xorshift64*).

/// A generator of pseudorandom numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Makes a generator with this seed, which must not be zero.
    pub fn new(seed: u64) -> Self {
        assert_ne!(seed, 0);
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `limit`, or zero when `limit` is zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() >> 16).unwrap() % limit.max(1)
    }

    pub fn octet(&mut self) -> u8 {
        self.number().to_be_bytes()[0]
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}
