//! Owns `LightClient`, the only router between the conversations in `sync`.
//!
//! Refuses I/O of every kind.

use crate::change_set::{ChangeSet, Restored};
use crate::config::Config;
use crate::height::{BlockId, Height};
use crate::input::Input;
use crate::output::Output;
use crate::status::Status;
use crate::time::{MonoTime, Now};

/// A BIP157/158 client as a value. See the crate's documentation for the run loop.
#[derive(Debug)]
pub struct LightClient {}

#[allow(clippy::missing_errors_doc, unused_variables, clippy::todo, reason = "contract only")]
impl LightClient {
    /// A client that knows what `restored` holds. `seed` is 32 bytes of entropy from the system;
    /// the same arguments and inputs give the same outputs, byte for byte.
    #[must_use]
    pub fn new(config: Config, restored: Restored, seed: [u8; 32], now: Now) -> Self {
        todo!()
    }
    /// Takes one input. Infallible: bad peer data becomes a `Fault`.
    pub fn handle(&mut self, now: Now, input: Input) {
        todo!()
    }
    /// The next thing to do or to know; drain to `None` before the next `handle`.
    pub fn poll(&mut self) -> Option<Output> {
        todo!()
    }
    /// When to call `handle(now, Input::Deadline)`.
    #[must_use]
    pub fn deadline(&self) -> Option<MonoTime> {
        todo!()
    }
    /// The durable delta since the last take; commit it before releasing outputs.
    pub fn take_staged(&mut self) -> Option<ChangeSet> {
        todo!()
    }
    /// A snapshot for faces.
    #[must_use]
    pub fn status(&self) -> Status {
        todo!()
    }
    /// The tip of the best header chain.
    #[must_use]
    pub fn tip(&self) -> BlockId {
        todo!()
    }
    /// The block at `height` on the best chain, if it is between the base and the tip.
    #[must_use]
    pub fn block_at(&self, height: Height) -> Option<BlockId> {
        todo!()
    }
    /// The header time of a block on the best chain.
    #[must_use]
    pub fn time_at(&self, height: Height) -> Option<crate::time::WallTime> {
        todo!()
    }
}
