//! Owns the bounds of transactions: those that are announced, and those that peers announce.
//!
//! Refuses what is not about transactions outside blocks.

use std::time::Duration;

use bitcoin::FeeRate;

/// Transactions that are announced at a time.
pub const MAX_TRANSACTIONS: usize = 5000;

/// Transactions in one package: one with its unconfirmed ancestors (Bitcoin Core's limit).
pub const MAX_PACKAGE: usize = 25;

/// How often one transaction is sent on one connection: a node may ask for a parent again because
/// of its child.
pub const MAX_SENDS: usize = 3;

/// How long a peer may take to ask for a transaction that it was offered. Nodes make those who
/// dialled them wait for their turn: Bitcoin Core up to six seconds, by three delays of two.
pub const OFFER_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a peer that took a transaction may take to ask for its parents.
pub const PARENT_WAIT: Duration = Duration::from_secs(10);

/// The least wait before a transaction that a peer did not take is offered to another one; doubles
/// each time, and is random up to twice as long.
pub const OFFER_RETRY: Duration = Duration::from_secs(2);

/// The most that it doubles to.
pub const OFFER_RETRY_MAX: Duration = Duration::from_secs(600);

/// The least wait for an echo of a transaction that a peer took, before it is offered to another
/// one; doubles each time, and is random up to twice as long.
pub const ECHO_WAIT: Duration = Duration::from_secs(30);

/// The most that it doubles to.
pub const ECHO_WAIT_MAX: Duration = Duration::from_secs(3600);

/// The least time after which a transaction that the network has is offered again: Bitcoin Core's
/// wallet waits 12 to 36 hours.
pub const REANNOUNCE_AFTER: Duration = Duration::from_secs(12 * 3600);

/// The random time on top of that.
pub const REANNOUNCE_JITTER: Duration = Duration::from_secs(24 * 3600);

/// Peers that ask for more than a transaction pays, before that is told.
pub const MAX_DECLINED: usize = 3;

/// Transactions that one peer announced and that are not here (Bitcoin Core's
/// `MAX_PEER_TX_ANNOUNCEMENTS`); what it announces beyond is not asked of it.
pub const MAX_ANNOUNCED: usize = 5_000;

/// Announced transactions that are asked of one peer at a time (Bitcoin Core's
/// `MAX_PEER_TX_REQUEST_IN_FLIGHT`).
pub const MAX_TRANSACTION_ASKS: usize = 100;

/// How long a peer may take to send a transaction that it announced, before it is asked of another
/// one (Bitcoin Core waits as long).
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of transactions a second that one peer may make us fetch: more than the network carries
/// at most times.
pub const PEER_MEMPOOL_RATE: u32 = 16_000;

/// Bytes of transactions that one peer may make us fetch at once.
pub const PEER_MEMPOOL_BURST: u32 = 2 << 20;

/// Bytes of transactions a second that are fetched from all peers.
pub const MEMPOOL_RATE: u32 = 32_000;

/// Bytes of transactions that are fetched from all peers at once.
pub const MEMPOOL_BURST: u32 = 4 << 20;

/// Transactions of which is remembered that they were fetched.
pub const MAX_RECENT: usize = 100_000;

/// Bytes of fetched transactions that do not concern the wallet and are kept for a while, because
/// it may watch more soon.
pub const MAX_STRANGE_BYTES: usize = 2 << 20;

/// Unconfirmed transactions that concern the wallet and are kept.
pub const MAX_RECEIPTS: usize = 500;

/// Bytes of those.
pub const MAX_RECEIPT_BYTES: usize = 8 << 20;

/// Peers that are counted for one transaction.
pub const MAX_ANNOUNCERS: usize = 16;

/// How long an unconfirmed transaction is kept that nobody announces any more (Bitcoin Core's
/// mempool does as long).
pub const RECEIPT_LIFETIME: Duration = Duration::from_secs(14 * 24 * 3600);

/// The least time from when a transaction comes to when the wallet is told that it is concerned.
/// The wallet writes to its disk then: at once, a peer could see by the delay of its next answer
/// which transactions are the wallet's.
pub const TELL_AFTER: Duration = Duration::from_secs(1);

/// The random time on top of [`TELL_AFTER`].
pub const TELL_JITTER: Duration = Duration::from_secs(2);

/// Blocks below the tip that say something about fees: a day.
pub const FEE_WINDOW: u32 = 144;

/// The lowest fee rate that is believed: 0.1 sat/vB, what nodes relay at the least.
pub const MIN_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(25);

/// What a node asks for whose mempool has room: 1 sat/vB, Bitcoin Core's default until 29.1. Up to here
/// a single peer is believed that it relays nothing below.
pub const PLAIN_FLOOR: FeeRate = FeeRate::from_sat_per_kwu(250);

/// The highest fee rate that is believed, of a peer or of a block: 2,000 sat/vB.
pub const MAX_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(500_000);
