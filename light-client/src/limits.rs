//! Owns every bound of the light client, each with its unit and its reason.
//!
//! Refuses bounds elsewhere: a number that limits a queue, a map, a retry or a wait stands here.

mod filters;
mod headers;
mod transactions;

use std::time::Duration;

pub use filters::{
    CHECKPOINT_SPACING, FILTER_HORIZON, MAX_ASKED_BYTES, MAX_ASKED_FILTERS, MAX_ASKED_ROWS,
    MAX_FILTER, MAX_FILTER_ASKS, MAX_FILTER_BYTES, MAX_FILTER_CHECKPOINTS, MAX_FILTER_HEADER_ASKS,
    MAX_FILTER_HEADER_RANGES, MAX_FILTER_HEADERS, MAX_FILTER_QUESTIONS, MAX_FILTER_TRIES,
    MAX_FILTERS_AHEAD, MAX_FILTERS_PER_ASK, MAX_FILTERS_PER_JOB, MAX_FILTERS_PER_READ,
    MAX_HELD_BYTES, MIN_FILTERS_PER_ASK, OWING_PER_FILTER,
};
pub use headers::{
    COMMITMENT_PERIOD, HEADERS_TIMEOUT, MAX_BROKEN_PRESYNCS, MAX_CLOCK_DIFFERENCE, MAX_COMMITMENTS,
    MAX_FUTURE, MAX_HEADERS, MAX_IDLE_BATCHES, MAX_LOCATOR, MAX_REFUSED, MAX_SIDE_HEADERS,
    MAX_TIME_WARP, MAX_UNCONNECTED, MEDIAN_TIME_SPAN, NEAR_TIP, PRESYNC_BUFFER, PRESYNC_TURN,
};
pub use transactions::{
    ECHO_WAIT, ECHO_WAIT_MAX, FEE_WINDOW, MAX_ANNOUNCED, MAX_ANNOUNCERS, MAX_DECLINED,
    MAX_FEE_RATE, MAX_PACKAGE, MAX_RECEIPT_BYTES, MAX_RECEIPTS, MAX_RECENT, MAX_SENDS,
    MAX_STRANGE_BYTES, MAX_TRANSACTION_ASKS, MAX_TRANSACTIONS, MEMPOOL_BURST, MEMPOOL_RATE,
    MIN_FEE_RATE, OFFER_RETRY, OFFER_RETRY_MAX, OFFER_TIMEOUT, PARENT_WAIT, PEER_MEMPOOL_BURST,
    PEER_MEMPOOL_RATE, PLAIN_FLOOR, REANNOUNCE_AFTER, REANNOUNCE_JITTER, RECEIPT_LIFETIME,
    TELL_AFTER, TELL_JITTER, TRANSACTION_TIMEOUT,
};

/// Bytes of the payload of one message (Bitcoin Core's `MAX_PROTOCOL_MESSAGE_LENGTH`).
pub const MAX_MESSAGE: usize = 4_000_000;

/// Entries in one `inv`, `getdata` or `notfound`.
pub const MAX_INVENTORY: usize = 50_000;

/// Intervals between checkpoints that are hashed in one step, a few milliseconds' work.
pub const MAX_CHAINED_INTERVALS: u32 = 16;

/// How long "at the tip" waits for a peer that is being dialled, introduces itself, or tells what
/// headers it has.
pub const HEARING_PATIENCE: Duration = Duration::from_secs(5);

/// How long "at the tip" waits for a peer that answers, but has not said yet what it commits to
/// over the whole range.
pub const COMPARISON_PATIENCE: Duration = Duration::from_secs(45);

/// Heights at which what a peer commits to differs from the rest and is kept, 52 bytes each. What
/// is above waits until some of it is matched.
pub const MAX_DIFFERENCES: usize = 20_000;

/// Connections in a row on which a peer may keep back filters that it commits to; then its versions
/// are tried last.
pub const MAX_UNSERVED: u32 = 2;

/// Blocks that may be fetched in vain because a peer's version of a filter matched and others did
/// not; then its versions are tried last. Who ever paid us knows a script that brings this about.
pub const MAX_FRUITLESS: u32 = 50;

/// How long a peer's versions may hold up the word that all is matched, at a stretch.
pub const OWING_PATIENCE: Duration = Duration::from_secs(45);

/// A pause in what a peer owes that is shorter than this is none.
pub const OWING_PAUSE: Duration = Duration::from_secs(15);

/// Addresses of which is remembered how they served filters.
pub const MAX_CONDUCT: usize = 1000;

/// Bytes of a peer's user agent.
pub const MAX_USER_AGENT: usize = 256;

/// Bytes of a `version` message; whatever later versions append is skipped.
pub const MAX_VERSION: usize = 1024;

/// The oldest protocol that we talk: the first with `feefilter` (BIP133); filters are newer.
pub const MIN_PROTOCOL: u32 = 70_013;

/// The protocol from which `wtxidrelay` and `sendaddrv2` may be sent.
pub const WTXID_RELAY_PROTOCOL: u32 = 70_016;

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long after its last one a peer is pinged again.
pub const PING_INTERVAL: Duration = Duration::from_secs(60);

/// How long a peer may leave a ping unanswered without sending anything.
pub const PING_TIMEOUT: Duration = Duration::from_secs(60);

/// The first wait before an address is dialled again; doubles with each failure in a row.
pub const REDIAL_MIN: Duration = Duration::from_secs(1);

/// The longest wait before a chosen address is dialled again, if its peer did nothing wrong.
pub const REDIAL_MAX: Duration = Duration::from_secs(60);

/// The longest wait before a chosen address is dialled again, whatever its peer did: the user
/// named it and may have mended it.
pub const REDIAL_MAX_AFTER_FAULT: Duration = Duration::from_secs(600);

/// Addresses in one `addr` or `addrv2`.
pub const MAX_ADDRESSES: usize = 1000;

/// Bytes of one address in `addrv2`, of whatever network (BIP155).
pub const MAX_ADDRESS_BYTES: usize = 512;

/// The least port that is dialled because a peer or a DNS seed told of it: below are the ports of
/// other services, which nobody shall make us molest.
pub const LEAST_GOSSIPED_PORT: u16 = 1024;

/// Buckets of addresses that were heard of.
pub const NEW_BUCKETS: u16 = 256;

/// Buckets of addresses that answered once.
pub const TRIED_BUCKETS: u16 = 64;

/// Addresses in a bucket.
pub const BUCKET_SIZE: u16 = 64;

/// Buckets over which the addresses are spread that one network group told of.
pub const NEW_BUCKETS_PER_SOURCE: u64 = 16;

/// Buckets over which the addresses of one network group are spread that answered once.
pub const TRIED_BUCKETS_PER_GROUP: u64 = 2;

/// Buckets in which one address that was heard of may be.
pub const BUCKETS_PER_ADDRESS: usize = 8;

/// An address that nobody has seen for longer may be replaced.
pub const ADDRESS_HORIZON: Duration = Duration::from_secs(30 * 24 * 3600);

/// How often an address may fail that never answered.
pub const MAX_FIRST_FAILURES: u32 = 3;

/// How often in a row an address may fail that answered once.
pub const MAX_FAILURES: u32 = 10;

/// An address that answered this recently is not given up, however often it failed since.
pub const FAILING_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Failures of an address within this time count once.
pub const FAILURE_SPACING: Duration = Duration::from_secs(3600);

/// An address that was tried this recently is rarely tried again.
pub const RECENTLY_TRIED: Duration = Duration::from_secs(600);

/// An address that was tried this recently is not removed: the answer may be under way.
pub const BEING_TRIED: Duration = Duration::from_secs(60);

/// How much a time may be ahead of ours with which an address was seen.
pub const MAX_SEEN_AHEAD: Duration = Duration::from_secs(600);

/// How long ago an address was seen of which that is not known.
pub const SEEN_UNKNOWN: Duration = Duration::from_secs(5 * 24 * 3600);

/// How much older an address is taken to be than a peer says that it is not.
pub const GOSSIP_PENALTY: Duration = Duration::from_secs(2 * 3600);

/// Addresses that answered and wait for a place that is taken.
pub const MAX_COLLISIONS: usize = 10;

/// An address that answered or was tried this recently is not tested again for its place.
pub const COLLISION_TESTED: Duration = Duration::from_secs(4 * 3600);

/// How long an address waits for the test of the one in its place.
pub const COLLISION_WAIT: Duration = Duration::from_secs(40 * 60);

/// How often an address is drawn from the book before it is given up to find one that suits.
pub const MAX_DRAWS: u32 = 200;

/// Connections for one thing that are wanted at a time.
pub const MAX_ONE_SHOTS: usize = 8;

/// Connections for one thing that are open, or being opened, at a time.
pub const MAX_ONE_SHOT_CALLS: usize = 8;

/// Connections to follow the chain that are looked for when the user named no peer.
pub const TARGET_PEERS: usize = 8;

/// Peers that a person adds beside those that are found, as in Bitcoin Core.
pub const MAX_ADDED_PEERS: usize = 8;

/// Connections of all kinds at a time to peers that were found.
pub const MAX_CONNECTIONS: usize = 10;

/// With fewer connections than this, a second one into the same network group is better than none.
pub const MIN_PEERS: usize = 2;

/// Connections to peers that never answered before, and of which one source told: who answers
/// first must not choose them all.
pub const MAX_PEERS_PER_SOURCE: usize = 3;

/// How long other sources are waited for before one may fill all places.
pub const SOURCE_PATIENCE: Duration = Duration::from_secs(30);

/// How long until one peer more is asked again, if no block comes.
pub const EXTRA_INTERVAL: Duration = Duration::from_secs(600);

/// How long until the next peer is visited to ask for addresses.
pub const VISIT_INTERVAL: Duration = Duration::from_secs(10);

/// Connections for one thing that the search for peers may open at a time.
pub const MAX_VISITS: usize = 2;

/// Peers that are dialled first after a restart.
pub const MAX_ANCHORS: usize = 2;

/// Dials in a row that may fail before the next ones take their time.
pub const EAGER_DIALS: u32 = 16;

/// The first wait between two dials when many have failed; doubles with every eight more, six
/// times.
pub const DIAL_SPACING: Duration = Duration::from_millis(500);

/// How long until the book is searched again when it had nobody to dial.
pub const SEARCH_INTERVAL: Duration = Duration::from_secs(2);

/// The mean time between two connections that test an address.
pub const FEELER_INTERVAL: Duration = Duration::from_secs(120);

/// How long a peer is dialled without version 2 of the transport after it showed not to speak it.
pub const LACKS_V2_TIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// A connection that lasted this long shows that its peer is there to stay.
pub const LASTING: Duration = Duration::from_secs(20 * 60);

/// With fewer addresses of useful peers than this, DNS seeds are asked.
pub const SHORT_BOOK: usize = 32;

/// How long nobody may be ready before DNS seeds are asked although the book is long.
pub const SEED_PATIENCE: Duration = Duration::from_secs(20);

/// DNS seeds asked at a time.
pub const SEEDS_AT_ONCE: usize = 3;

/// How long until the next seeds are asked, if those before did not help.
pub const SEED_PAUSE: Duration = Duration::from_secs(10);

/// How long until the first ones are asked again after the last.
pub const SEED_REST: Duration = Duration::from_secs(600);

/// Addresses that are taken from one look-up.
pub const MAX_SEED_ANSWERS: usize = 32;

/// How long it takes a peer to earn the right to tell of one more address.
pub const ADDRESS_TOKEN_TIME: Duration = Duration::from_secs(10);

/// How long a proven liar is left alone.
pub const BAN_TIME: Duration = Duration::from_secs(24 * 3600);

/// How long is left alone who does not keep to the protocol.
pub const DISCOURAGED_TIME: Duration = Duration::from_secs(3600);

/// Hosts that are left alone at a time; beyond, the one whose time is up first goes.
pub const MAX_BANS: usize = 1000;

/// How often peers are looked over for one that is of no use.
pub const REVIEW_INTERVAL: Duration = Duration::from_secs(45);

/// How long a peer's chain may have less work than ours (as in Bitcoin Core).
pub const BEHIND_TIME: Duration = Duration::from_secs(20 * 60);

/// How long a peer may say nothing of filters before it gives its place to another, if all are taken.
pub const MUTE_TIME: Duration = Duration::from_secs(120);

/// How long no block may come before one peer more is asked (as in Bitcoin Core).
pub const STALE_TIP: Duration = Duration::from_secs(30 * 60);

/// How long a connection for one thing may last after its handshake.
pub const VISIT_TIMEOUT: Duration = Duration::from_secs(120);

/// A connection that lasted this long was none of the failures in a row.
pub const STABLE_AFTER: Duration = Duration::from_secs(30);

/// How long a peer may take to answer with a batch of headers, filter headers, or a block.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(20);

/// The first wait after an answer did not come; doubles each time.
pub const RETRY_MIN: Duration = Duration::from_secs(2);

/// The longest wait after an answer did not come.
pub const RETRY_MAX: Duration = Duration::from_secs(60);

/// How long a peer that was asked for headers, filter headers or a block may send nothing at all
/// before another one is asked, and one that was asked for filters before another one that has
/// nothing to do is. Its answer is still welcome.
pub const QUIET_PATIENCE: Duration = Duration::from_secs(3);

/// How long a peer may take to answer with the filter headers of a few new blocks. A peer whose
/// index is behind its tip says nothing, so it is asked again soon.
pub const TIP_REPLY_TIMEOUT: Duration = Duration::from_secs(2);

/// Blocks that make a range of filter headers short.
pub const TIP_RANGE: u32 = 16;

/// Fewer are asked of a peer that would need longer than this for so many.
pub const MIN_ASK_TIME: Duration = Duration::from_secs(2);

/// Bytes of filters that should be under way from all peers together. Half of what is kept, so that
/// the other half can wait for what is slow.
pub const MAX_UNDERWAY_BYTES: u64 = MAX_FILTER_BYTES as u64 / 2;

/// Bytes a second that a peer is believed to send before it was measured: little, so that the
/// first question measures and does not burden.
pub const FIRST_RATE: u64 = 100_000;

/// How long bytes are counted before they count as a speed.
pub const PACE_SAMPLE: Duration = Duration::from_millis(100);

/// The same, before anything else is known.
pub const FIRST_PACE_SAMPLE: Duration = Duration::from_millis(20);

/// How much earlier work must be done elsewhere for it to be worth taking over.
pub const STEAL_MARGIN: Duration = Duration::from_millis(20);

/// How long a peer that was asked for filters or blocks may send nothing at all. What it owes is
/// asked of others long before, if there are any.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes that a block is believed to have.
pub const EXPECTED_BLOCK: u64 = 1_500_000;

/// How much later than expected a block may be before another peer is asked for it too; and how soon
/// one is that would be so much earlier.
pub const BLOCK_MARGIN: Duration = Duration::from_secs(1);

/// How many peers are asked for the same block at a time.
pub const MAX_BLOCK_ASKS: usize = 3;

/// How long a peer counts that was asked for a block: one that drips must not choose that.
pub const BLOCK_PATIENCE: Duration = Duration::from_secs(60);

/// How often in a row a peer may let questions lie before its connection is closed.
pub const MAX_MISSES: u32 = 3;

/// Bytes of filters after which a job is full.
pub const MAX_BYTES_PER_JOB: usize = 1 << 20;

/// Reads of kept filters that may be under way, so that every core has work.
pub const MAX_READS: usize = 8;

/// Heights at or below the scan cursor whose filters are wanted at a time.
pub const MAX_BACKFILL_ROWS: usize = 2_000;

/// Blocks below the cursor whose filters are being matched though nobody waits for them.
pub const MAX_ASIDE_ROWS: usize = 100;

/// With fewer jobs than this at work, one is sent out before it is full.
pub const MIN_JOBS: usize = 2;

/// Matched blocks that are asked for, or wait for their turn, ahead of the scan.
pub const MAX_BLOCKS_AHEAD: usize = 8;

/// Blocks that are fetched at a time because somebody asked for them.
pub const MAX_ASKED_BLOCKS: usize = 64;

/// Blocks asked of one peer at a time.
pub const MAX_BLOCKS_PER_PEER: usize = 2;

/// How much earlier than a birthday a block's header may say that it is: two hours by the rules of
/// headers, and fourteen since a month begins earlier in the east than in UTC.
pub const BIRTHDAY_MARGIN: Duration = Duration::from_secs((2 + 14) * 3600);

/// How far back the pace of the scan is measured.
pub const PACE_SPAN: Duration = Duration::from_secs(10);

/// The least time over which the pace of the scan is measured.
pub const PACE_STEP: Duration = Duration::from_secs(1);

/// Headers that show the work on a block: its own, and five on top of it.
pub const MAX_EVIDENCE_HEADERS: u32 = 6;
