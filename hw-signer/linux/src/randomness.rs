//! Owns the operating system's randomness, as the device's core asks for it.

use billfold_signer_core::randomness::{NoRandomness, Randomness};

/// The operating system.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Randomness for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}
