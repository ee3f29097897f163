//! Owns every bound of the network, with its unit. The wire's are Bitcoin Core's.

use std::time::Duration;

/// Bytes of payload in one message.
pub(crate) const MAX_PAYLOAD: u32 = 4_000_000;
/// Bytes of garbage in front of the packets of version 2 (BIP324).
pub(crate) const MAX_GARBAGE: usize = 4_095;
/// Headers in one `headers` message.
pub(crate) const MAX_HEADERS: usize = 2_000;
/// Hashes in a block locator.
pub(crate) const MAX_LOCATOR: usize = 101;
/// Entries in `inv` and `getdata`.
pub(crate) const MAX_INVENTORY: usize = 50_000;
/// Blocks that one `getcfheaders` may span.
pub(crate) const MAX_FILTER_HEADERS: u32 = 2_000;
/// Blocks that one `getcfilters` may span.
pub(crate) const MAX_FILTERS: u32 = 1_000;
/// Blocks between the filter headers of `cfcheckpt`.
pub(crate) const CHECKPOINT_INTERVAL: u32 = 1_000;
/// New blocks that are announced by their headers; more are announced by an `inv` of the tip.
pub(crate) const MAX_ANNOUNCED_HEADERS: usize = 8;
/// The oldest protocol version that is spoken.
pub(crate) const MIN_PROTOCOL: u32 = 31_800;

/// Peers at one time; more are closed at once.
pub(crate) const MAX_PEERS: usize = 125;
/// The pause after the system refused to accept a peer, for want of descriptors most likely.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Messages of one peer that were read and wait for their turn.
pub(crate) const MAX_PENDING_MESSAGES: usize = 16;
/// Pieces of news that a slow peer may lag behind before the oldest are lost to it.
pub(crate) const MAX_PENDING_NEWS: usize = 4_096;
/// The time that a peer has for its `version` and `verack`.
pub(crate) const HANDSHAKE_TIME: Duration = Duration::from_secs(60);
/// The time that a peer has to take one message of ours.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(60);

/// Transactions in the mempool.
pub(crate) const MAX_MEMPOOL: usize = 50_000;
/// Transactions that one replacement may evict (BIP125, rule 5).
pub(crate) const MAX_EVICTED: usize = 100;
/// The least fee rate that is relayed, in satoshi per 1,000 virtual bytes; a replacement adds as
/// much (BIP125, rule 4).
pub(crate) const MIN_RELAY_FEE_RATE: u64 = 100;
/// Signature operations, weighted (BIP141), in one relayed transaction.
pub(crate) const MAX_TRANSACTION_SIGOPS: usize = 16_000;
/// Weight units of one relayed transaction.
pub(crate) const MAX_TRANSACTION_WEIGHT: u64 = 400_000;
