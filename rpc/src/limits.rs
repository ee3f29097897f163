//! Owns every bound of this crate, with its unit.

use std::time::Duration;

use bitcoin::Amount;

/// Bytes of one request.
pub const REQUEST_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of the request line and all headers; hyper asks for at least this much.
pub const HEADER_BYTES: usize = 8 * 1024;

/// Bytes of one question of a face in another process, or of its answer: a history of millions.
pub const FRAME_BYTES: usize = 1 << 30;

/// How long a client may take for its headers.
pub const HEADER_TIME: Duration = Duration::from_secs(30);

/// How long a client may take for its request.
pub const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Calls in one batch.
pub const BATCH_CALLS: usize = 1_000;

/// Bytes of one reply.
pub const REPLY_BYTES: usize = 64 * 1024 * 1024;

/// Connections at a time to one listener; more get 503.
pub const CONNECTIONS: usize = 64;

/// How long a client waits after a wrong password.
pub const WRONG_PASSWORD_WAIT: Duration = Duration::from_millis(250);

/// Streams of events at a time, so that they leave room for calls.
pub const STREAMS: usize = 16;

/// Events that are written to a stream at once.
pub const EVENTS_AT_ONCE: u32 = 100;

/// How long a stream is silent before it says that it is there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long a client may take nothing of what is written to it.
pub const SLOW_READER: Duration = Duration::from_secs(30);

/// How long a caller may wait for an event.
pub const EVENTS_WAIT: Duration = Duration::from_secs(60);

/// Coins that are told at once.
pub const COINS_AT_ONCE: usize = 1_000;

/// Transactions of the history that are told at once.
pub const HISTORY_AT_ONCE: usize = 1_000;

/// Transactions of the history that are looked at for one page.
pub const HISTORY_READ_AT_ONCE: usize = 10_000;

/// Counts of calls that are kept for a token and all that were narrowed from it. Whoever has one makes as many as
/// they like.
pub const PACES: usize = 1_024;

/// Caveats of one token.
pub const CAVEATS: usize = 64;

/// Bytes of a token's text.
pub const TOKEN_BYTES: usize = 6 * 1024;

/// Bytes of a call's key.
pub const KEY_BYTES: usize = 255;

/// Questions to one wallet that are unanswered; more wait their turn.
pub const WAITING_QUESTIONS: usize = 32;

/// Of one wallet's readings that are unanswered: they take their own turns, at a thread of their own.
pub const WAITING_READINGS: usize = 8;

/// How long what must not be lost waits before it is asked again of a wallet that too many ask.
pub const ROOM_WAIT: Duration = Duration::from_millis(50);

/// How often it is asked again: for ten minutes.
pub const ROOM_TRIES: u32 = 12_000;

/// How long a call may take that only reads, and is not asked to wait.
pub const READ_TIME: Duration = Duration::from_secs(120);

/// How long a peer may take to send a block.
pub const FETCH_TIME: Duration = Duration::from_secs(60);

/// Bytes that are read of what the program of `--signer` says: a PSBT of the longest that are read, in base64.
pub const SIGNER_ANSWER_BYTES: u64 = 12 << 20;

/// Blocks that are looked into for one call.
pub const ACTIVITY_BLOCKS: usize = 500;

/// Payments and spends in one answer; more are longer than a reply.
pub const ACTIVITY_EVENTS: usize = 200_000;

/// Places of descriptors at which scripts are looked for in one call: each takes time to derive.
pub const SCRIPTS_AT_ONCE: u64 = 1_000_000;

/// How long a raw transaction may take to be fetched by a peer.
pub const RELAY_TIME: Duration = Duration::from_secs(60);

/// How long a server waits for its last replies to be read, when it ends.
pub const FAREWELL: Duration = Duration::from_secs(2);

/// Addresses that one range of a descriptor may have (Bitcoin Core's bound).
pub const RANGE_LENGTH: i64 = 1_000_000;

/// Bytes of a reply that a client reads.
pub const CLIENT_REPLY_BYTES: usize = 2 * REPLY_BYTES;

/// Descriptors that one call imports.
pub const IMPORTS: usize = 128;

/// Addresses of an imported descriptor that are watched at once: each takes time to derive.
pub const IMPORT_RANGE: u32 = 10_000;

/// The most that the fee of a payment may be, unless the daemon is told otherwise: 0.1 BTC (Bitcoin
/// Core's `-maxtxfee`).
pub const MOST_FEE: Amount = Amount::from_sat(10_000_000);

/// Transactions that hang together, of those in no block; nodes take 64 (Bitcoin Core's
/// `-limitclustercount`).
pub const CLUSTER: usize = 100;

/// Places of one chain of addresses of which it is kept what is told of them; some hundred bytes each.
pub const KEPT_PLACES: usize = 4_096;
