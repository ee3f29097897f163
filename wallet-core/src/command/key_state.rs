//! Owns how a wallet's key layer stands.
//!
//! Refuses the keys themselves.

use std::time::Duration;

/// Whether a wallet can sign now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It can't, until it is unlocked.
    Locked,
    /// It can.
    Open,
    /// It can until this time, in Unix seconds.
    OpenUntil(u64),
}

/// What is told of a wallet's key layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLayerState {
    /// Whether it has a passphrase of its own; without one the wallet's password opens it.
    pub has_passphrase: bool,
    /// Whether it is open.
    pub state: KeyState,
    /// How long until it locks itself, if nobody is there until then. `None`: it is locked, or never
    /// locks itself.
    pub locks_in: Option<Duration>,
}
