//! Random histories of a wallet with crashes: what `bdk_wallet` makes of the same history, and what
//! a user would lose if a rule of the house were broken.

mod ledger;
mod pages;
mod model;
mod oracle;
mod bytes;
#[cfg(test)]
mod drawn;

use crate::command::BumpWay;

pub(crate) use bytes::live;

/// One thing that may happen.
#[derive(Debug, Clone)]
enum Op {
    /// Somebody asks for an address, a new one or the last.
    Receive { fresh: bool },
    /// Somebody pays us; in the mempool only.
    PayIn { segwit: bool, sat: u64 },
    /// We draft a payment of so many thousandths of all there is.
    Draft { thousandths: u64, briefly: bool },
    /// We speed up or take back something that waits.
    Bump { pick: usize, way: BumpWay, sat_per_vb: u32 },
    /// We sign a draft.
    Sign { pick: usize },
    /// A draft comes back signed, in time or late.
    Return { pick: usize },
    /// We drop a draft.
    Drop { pick: usize },
    /// So much time passes that a draft is out of date.
    Wait,
    /// The money of another key comes into the wallet.
    Sweep { sat: u64 },
    /// Another copy of the wallet spends one of our coins.
    SpendElsewhere { pick: usize, to_us: bool },
    /// Whoever pays us in the mempool or in a block replaces the payment with one to others.
    ReplacePayIn { pick: usize },
    /// Peers announce something that was ever made.
    Hear { pick: usize },
    /// Nobody speaks of anything for a long time.
    Silence,
    /// A block with what fits of the mempool, from some place in it on.
    Mine { from: usize, count: usize, coinbase: bool },
    /// Blocks leave the chain, and another comes in their place.
    Reorganise { depth: usize, count: usize },
    /// The process ends, with or without something that was not committed.
    Restart { lose: bool },
    /// A step fails and is undone.
    Abort,
    /// The user asks for a rescan, which runs to the tip. Some of the blocks above may have left
    /// the chain meanwhile, which nobody tells, because the scan is below them.
    Rescan { from: u32, left: usize },
    /// The user freezes a coin, or gives it free.
    Freeze { pick: usize },
}
