//! Owns what the device asks of its source of randomness.
//!
//! Refuses to go on without it.

/// The operating system's source of randomness, or a board's.
pub trait Randomness {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// If the source fails; `bytes` are of no use then.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness: restart the device")]
pub struct NoRandomness;
