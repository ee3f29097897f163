//! Owns `Operation`: work of a wallet that takes long, known by a number that a restart does not
//! change.
//!
//! Refuses to keep anybody waiting: it is begun, asked about, and heard of when it ends.

use super::Birthday;
use crate::light_client::height::Height;

/// What is asked of a wallet's operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationCommand {
    /// Look for payments to every script again, in all blocks since then. What is known stays
    /// as it is meanwhile. Needs a chain that is followed.
    Rescan {
        /// Since when; a time goes back by two hours, since block times are no better than that.
        from: Birthday,
    },
    /// The one that goes on.
    Running,
    /// The one of this number.
    Of(OperationId),
    /// End it, so that nobody waits for it any more.
    Cancel(OperationId),
}

impl OperationCommand {
    /// Whether it begins or ends one.
    #[must_use]
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Rescan { .. } | Self::Cancel(_))
    }
}

/// The number of an operation in its wallet, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// Work that takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its number.
    pub id: OperationId,
    /// What is done.
    pub task: Task,
    /// Since when, in Unix seconds.
    pub begun: u64,
    /// Whether it goes on.
    pub state: OperationState,
    /// How far it is, while it goes on and the chain is followed.
    pub reach: Option<Reach>,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Payments are looked for again.
    Rescan {
        /// Since when.
        from: Birthday,
    },
    /// A device is asked to sign a PSBT.
    Sign,
}

/// Whether an operation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// It goes on.
    Running,
    /// It came to its end, in Unix seconds.
    Done(u64),
    /// It was cancelled, in Unix seconds.
    Cancelled(u64),
    /// Nothing came of it, in Unix seconds; of one that was cut off, when it began.
    Failed(u64),
}

/// How far a rescan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The first block that is looked at.
    pub first: Height,
    /// The lowest block that is still to be looked at.
    pub next: Height,
    /// The last one.
    pub last: Height,
}

impl Reach {
    /// Before the first block is looked at.
    #[must_use]
    pub const fn at_first(self) -> Self {
        Self { next: self.first, ..self }
    }

    /// How many blocks are still to be looked at, at the most.
    #[must_use]
    pub fn left(&self) -> u32 {
        (self.last.to_u32() + 1).saturating_sub(self.next.to_u32())
    }

    /// The part that is done, from 0 to 1.
    #[must_use]
    pub fn part(&self) -> f64 {
        let all = (self.last.to_u32() + 1).saturating_sub(self.first.to_u32()).max(1);
        (f64::from(all.saturating_sub(self.left())) / f64::from(all)).clamp(0.0, 1.0)
    }
}
