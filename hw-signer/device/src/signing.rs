//! Owns signing, one input per step, of what was reviewed.
//!
//! Refuses other keys than those it was reviewed for. Dropped before its end, it leaves nothing.

use alloc::vec::Vec;

use crate::keys::Keys;

/// A transaction that is being signed.
#[derive(Debug)]
pub struct Signing {}

impl Signing {
    /// Signs one input.
    ///
    /// # Errors
    /// [`OtherKeys`], if they are not the keys that it was reviewed for.
    pub fn step(&mut self, keys: &Keys) -> Result<Step, OtherKeys> {
        todo!("{keys:?}")
    }
}

/// How far signing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Some inputs are signed.
    Signed {
        /// How many.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// All are: the PSBT as it came, in its version, with the signatures.
    Done(Vec<u8>),
}

/// The keys are not those of the review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device was unlocked with other keys meanwhile: send it again")]
pub struct OtherKeys;
