//! Owns what the device asks of the place where its state is kept.
//!
//! Refuses to know what that place is.

use alloc::vec::Vec;

/// The place of one state file.
pub trait Storage {
    /// The bytes that were stored last; `None` if there are none. Reads no more than
    /// [`STATE_BYTES`](crate::limits::STATE_BYTES) and one.
    ///
    /// # Errors
    /// If the place can't be read.
    fn load(&mut self) -> Result<Option<Vec<u8>>, StorageFault>;

    /// Stores bytes in place of those that were there: all of them or none, also when the power
    /// fails, and for good when it returns.
    ///
    /// # Errors
    /// If they may not be stored.
    fn store(&mut self, bytes: &[u8]) -> Result<(), StorageFault>;

    /// Removes what is there, overwritten where the place allows it.
    ///
    /// # Errors
    /// If something may be left.
    fn wipe(&mut self) -> Result<(), StorageFault>;
}

/// The place can't be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device's storage can't be read or written: check the card")]
pub struct StorageFault;
