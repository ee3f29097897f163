//! Owns chance: everything that a test or a simulated world leaves to it is drawn from one seed.
//!
//! Refuses any other source, so that a seed tells the whole story again.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of chance for one purpose: drawing more for one leaves the others as they are.
#[derive(Debug, Clone)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The source of this seed for this purpose.
    #[must_use]
    pub fn of(seed: u64, purpose: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(purpose);
        Self(rng)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The bias of so small a range is of no matter here.
        self.any() % end
    }

    /// A number from `least` to `most`, both possible.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A place in something that is so long, and not empty.
    ///
    /// # Panics
    /// If it is empty.
    pub fn place(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a length fits");
        usize::try_from(self.below(length)).expect("it is below a length")
    }

    /// One of these, which are not empty.
    ///
    /// # Panics
    /// If they are.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.place(all.len())]
    }

    /// A time between these many milliseconds.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// A time between these many seconds.
    pub fn seconds(&mut self, least: u64, most: u64) -> Duration {
        self.millis(least * 1_000, most * 1_000)
    }

    /// Entropy for a program that runs.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}
