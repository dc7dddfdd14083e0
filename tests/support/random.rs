//! Chance that can be replayed.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of this run: `REPACKD_TEST_SEED`, or the clock. It is printed, so that what chance has
/// found can be found again.
pub fn seed() -> u64 {
    let given = std::env::var("REPACKD_TEST_SEED").ok().and_then(|s| s.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (now.as_micros() as u64) % 1_000_000_000
    });
    println!("seed {seed}");
    seed
}

/// A generator of random numbers (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// One for a seed and a number that tells it from its sisters.
    pub fn new(seed: u64, sister: u64) -> Self {
        let mut me = Self(seed ^ sister.wrapping_mul(0xd6e8_feb8_6659_fd93));
        me.next();
        me
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `least` up to but not including `past`.
    pub fn range(&mut self, least: i64, past: i64) -> i64 {
        least + (self.next() % (past - least).unsigned_abs().max(1)).cast_signed()
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, of: i64) -> bool {
        self.range(0, 100) < of
    }

    /// Brings a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.range(0, i as i64 + 1) as usize);
        }
    }

    /// Text that does not compress.
    pub fn text(&mut self, length: usize) -> String {
        let mut text = String::new();
        while text.len() < length {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(length);
        text
    }
}
