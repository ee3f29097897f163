//! Owns `Watch`: who hears how a long call goes, and may end it.
//!
//! Refuses to know why: a person pressed a key, or a program has waited enough.

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The device shows this code too, and is to be told that it is the same.
    Compare(String),
    /// The device shows something, and a person must answer there.
    Waiting,
    /// The signed transaction arrives.
    Received {
        /// Parts that are here.
        part: u32,
        /// Parts in all.
        of: u32,
    },
}

/// Hears how a call goes, and may end it.
pub trait Watch {
    /// The call has come so far.
    fn progress(&mut self, progress: Progress);

    /// Whether the call is to end; asked several times a second. The device is told.
    fn is_over(&self) -> bool;
}

/// Nobody looks, and nobody ends it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _progress: Progress) {}

    fn is_over(&self) -> bool {
        false
    }
}
