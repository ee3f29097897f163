//! Owns every bound of this crate, each with its unit and its reason.
//!
//! Refuses bounds of the protocol and of consensus: those are the light client's.

use std::time::Duration;

use bitcoin::{Amount, FeeRate, Weight};

/// The lowest fee rate: 0.1 sat/vB, what nodes relay at the least (Bitcoin Core 30).
pub const LEAST_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(25);

/// The highest fee rate: 10,000 sat/vB, more than any block ever took.
pub const MOST_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(2_500_000);

/// The highest fee of any payment: 0.1 BTC, as Bitcoin Core has it (`-maxtxfee`).
pub const MOST_FEE: Amount = Amount::from_sat(10_000_000);

/// Transactions that nodes drop at once for a replacement (BIP125, rule 5), itself included.
pub const MOST_REPLACED: usize = 100;

/// Transactions outside of blocks that nodes keep in a line (Bitcoin Core's
/// `DEFAULT_ANCESTOR_LIMIT`).
pub const LONGEST_LINE: usize = 25;

/// What such a line may weigh (Bitcoin Core's `DEFAULT_ANCESTOR_SIZE_LIMIT_KVB`, 101 kvB, as its clusters of
/// today).
pub const HEAVIEST_LINE: Weight = Weight::from_wu(404_000);

/// The heaviest transaction that nodes relay (Bitcoin Core's `MAX_STANDARD_TX_WEIGHT`).
pub const MOST_WEIGHT: Weight = Weight::from_wu(400_000);

/// The weight of an input without a signature: 41 bytes outside of the witness and one in it.
pub const BARE_INPUT: Weight = Weight::from_wu(41 * 4 + 1);

/// Coins that a request may name: a transaction that spends more of them is heavier than nodes relay.
pub const NAMED_COINS: usize = 400_000 / 165;

/// Events that are kept for a listener that does not read them.
pub const KEPT_EVENTS: usize = 4_096;

/// Who may wait for blocks of peers at a time, so that others can still ask.
pub const PENDING_FETCHES: usize = 64;

/// Commands that may be unanswered: of several faces, each of which asks a few at once.
pub const PENDING_COMMANDS: usize = 256;

/// What devices may be asked to sign at a time for one wallet: each is a program that runs.
pub const RUNNING_SIGNINGS: usize = 16;

/// Commands that may share one commit, and so wait for one another.
pub const SHARED_COMMIT: usize = 16;

/// Headers and filter headers that may wait for a commit while nothing depends on them: what a
/// crash makes a wallet fetch again.
pub const UNCOMMITTED_HEADERS: usize = 20_000;

/// How long progress of headers and of the scan may wait for a commit.
pub const UNCOMMITTED_TIME: Duration = Duration::from_secs(2);

/// The least time between two pictures of the progress: faster than people can read is waste.
pub const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Bytes read from a peer at once.
pub const READ_BYTES: usize = 64 * 1024;

/// Bytes of one peer that may wait for the engine; then its socket waits, and so does the peer. A
/// single packet may be longer. So much that a commit of some milliseconds stops no fast peer.
pub const UNHANDLED_BYTES: u32 = 1024 * 1024;

/// Messages to one peer that may wait for its socket; a peer that takes no more is dropped.
pub const UNSENT_MESSAGES: usize = 512;

/// How long opening a connection may take, with the look-up of its name.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long opening a connection to the proxy may take.
pub const PROXY_CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long the proxy may take to open a connection to a peer: Tor gives up by itself after two
/// minutes (`SocksTimeout`), onion services take long, and giving up earlier would help nobody.
pub const PROXY_TIME: Duration = Duration::from_secs(130);

/// The longest reply of a SOCKS5 proxy that is read at once, in bytes: a name and a port.
pub const SOCKS_REPLY_BYTES: usize = 255 + 2;

/// How long the handshake of version 2 of the transport may take: what Bitcoin Core allows for all
/// that comes before the first message, over Tor too.
pub const V2_HANDSHAKE_TIME: Duration = Duration::from_secs(60);

/// How long opening a connection through a proxy may take in all.
pub const PROXY_DIAL_TIME: Duration =
    PROXY_CONNECT_TIME.saturating_add(PROXY_TIME).saturating_add(V2_HANDSHAKE_TIME);

/// The most garbage before the first packet of version 2, in bytes (BIP324).
pub const V2_GARBAGE_BYTES: usize = 4095;

/// The most garbage that we send, in bytes: btcd (its `v2transport` 1.0.1, of btcd 0.26) stops
/// looking for its end one byte before the limit, and hangs up.
pub const V2_OWN_GARBAGE_BYTES: usize = V2_GARBAGE_BYTES - 1;

/// How long looking up a name may take.
pub const LOOKUP_TIME: Duration = Duration::from_secs(30);

/// Look-ups of names at one time.
pub const LOOKUPS_AT_ONCE: usize = 4;

/// Addresses that are taken from one look-up (Bitcoin Core takes as many of a DNS seed).
pub const ADDRESSES_PER_LOOKUP: usize = 32;

/// How long writing one message to a peer may take.
pub const WRITE_TIME: Duration = Duration::from_secs(60);

/// How long a peer may take to close too, once it has been told that nothing more comes.
pub const CLOSE_TIME: Duration = Duration::from_secs(1);

/// Addresses of one host name that are tried.
pub const ADDRESSES_PER_NAME: usize = 4;

/// The least memory of a wallet's password derivation, in KiB.
pub const KDF_LEAST_MEMORY_KIB: u32 = 64 * 1024;

/// The most memory that a header file may ask for, in KiB: a hostile one can't take the machine.
pub const KDF_MOST_MEMORY_KIB: u32 = 512 * 1024;

/// The least passes of a wallet's password derivation.
pub const KDF_LEAST_PASSES: u32 = 3;

/// The most passes that a header file may ask for: minutes on a slow machine, not days.
pub const KDF_MOST_PASSES: u32 = 64;

/// The longest sealed content of a backup, in bytes: labels for a million transactions.
pub const PARCEL_BYTES: usize = 256 << 20;

/// Addresses of one chain that a backup may say were given out: a restore derives them all, which
/// takes minutes at the most.
pub const BACKUP_INDEX: u32 = 1_000_000;

/// The furthest that a restored wallet looks ahead, in addresses of one chain: what `--gap` takes.
pub const LOOK_AHEAD: u32 = 10_000;

/// Wrong passwords in a row after which a person need not wait yet.
pub const FREE_TRIES: u32 = 3;

/// The longest wait before a password is tried, however many were wrong: it must never keep the
/// owner out.
pub const LONGEST_TRY_WAIT: Duration = Duration::from_secs(30);

/// How long a person may be away before the keys are locked, unless `lock.idle` says otherwise.
pub const DEFAULT_IDLE_LOCK: Duration = Duration::from_secs(5 * 60);

/// The longest header file of any version, in bytes.
pub const HEADER_BYTES: u64 = 4_096;

/// The longest text that names a recipient, in bytes: a URI with a long message, not a book.
pub const PAYEE_BYTES: usize = 8_192;

/// The longest label, in bytes; a longer one is cut when it is taken in, and that is told. BIP329
/// suggests 255 characters.
pub const LABEL_BYTES: usize = 1_024;

/// The longest file of labels that is read, in bytes: some hundred thousand labels.
pub const LABEL_FILE_BYTES: u64 = 64 << 20;

/// The longest record of a label that is read, in bytes.
pub const LABEL_RECORD_BYTES: usize = 64 << 10;

/// Below this, a payment from outside to an address that was paid before is frozen as dust, unless
/// `dust.limit` says otherwise, in satoshi.
pub const DEFAULT_DUST_LIMIT: u64 = 1_000;

/// The longest derivation path that is signed for, in steps; accounts have five.
pub const KEY_PATH_STEPS: usize = 16;

/// Newest blocks of the scan that are all kept as checkpoints: more than any reorganisation had.
pub const RECENT_CHECKPOINTS: u32 = 200;

/// Of older blocks, one in this many is kept as a checkpoint.
pub const SPARSE_CHECKPOINTS: u32 = 2_016;

/// Blocks of which one digest says what was matched: what is looked at again at the least if others
/// stand for one of them, and what is hashed with each new block.
pub const MATCHED_RUN: u32 = 1_000;

/// So many blocks before the first that can pay an account of its kind, an account is watched: twice
/// what the light client may pass between two looks at the cursor (its `MAX_FILTERS_AHEAD`).
pub const SEARCH_LEAD: u32 = 40_000;

/// So many blocks below the cursor a coin of others is looked for that a new payment spends too: it
/// may have been spent while the payment went from one signer to the next.
pub const OTHERS_LOOK_BACK: u32 = 144;

/// How long an unsigned draft holds its coins.
pub const DRAFT_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Coins that a payment is chosen from first: the largest of each chain of addresses, and the largest
/// of those that it may need no change of. A payment from more of them looks at all.
pub const SHORTLIST: usize = 500;

/// Steps of the search for coins that need no change, as Bitcoin Core has it.
pub const CHANGELESS_SEARCH_STEPS: u32 = 100_000;

/// Strangers' unconfirmed transactions that a wallet keeps: anybody who knows an address can make
/// them up.
pub const MAX_UNCONFIRMED: usize = 200;

/// How long a stranger's unconfirmed transaction is kept after it was last announced (Bitcoin
/// Core's mempool keeps one as long).
pub const UNCONFIRMED_LIFETIME: Duration = Duration::from_secs(14 * 24 * 3600);

/// The longest filter that is kept, in bytes: longer than any message that carries one.
pub const KEPT_FILTER_BYTES: u32 = 4 << 20;

/// A segment of kept filters is full when it is this long, in bytes, or an eighth of the budget:
/// so little that one that waits for the disk takes little memory.
pub const MOST_SEGMENT_BYTES: u32 = 16 << 20;

/// The least length at which a segment of kept filters is full, in bytes.
pub const LEAST_SEGMENT_BYTES: u32 = 64 << 10;

/// Kept filters are written when so many bytes have come together.
pub const FILTER_WRITE_BYTES: usize = 1 << 20;

/// What kept filters may take on disk unless `filters.disk` says otherwise, in bytes.
pub const DEFAULT_FILTERS_DISK: u64 = 2_000_000_000;

/// Orders that may wait for the thread that keeps filters; one holds a job's filters at the most.
pub const KEEPER_ORDERS: usize = 8;

/// The longest PSBT that is read, in bytes: a payment as large as nodes relay, each of whose inputs
/// brings the whole transaction that it spends from, of the sizes that are usual.
pub const PSBT_BYTES: usize = 8 << 20;

/// What the wallet adds to a PSBT of the transactions that it spends from, in bytes: a stranger's of 100 kB with
/// thousands of outputs would be added thousands of times.
pub const FILLED_BYTES: usize = 8 * PSBT_BYTES;

/// Payments, or lines of the journal or the audit log, that are told at once.
pub const LISTED_PAYMENTS: u32 = 1_000;

/// Confirmations that an invoice may ask for.
pub const INVOICE_DEPTH: u32 = 100;

/// Tokens of one wallet that work.
pub const TOKENS: usize = 1_000;

/// The longest message that is signed or verified, in bytes: longer texts are signed by their hash.
pub const MESSAGE_BYTES: usize = 64 << 10;

/// The longest signature of a message that is read, in bytes of its text.
pub const MESSAGE_SIGNATURE_BYTES: usize = 4 << 20;

/// The longest descriptor, in bytes: 20 keys with long origins and what is around them.
pub const DESCRIPTOR_BYTES: usize = 16 * 1024;

/// The longest word of a descriptor, in bytes: a key that is not compressed, in hex.
pub const DESCRIPTOR_WORD_BYTES: usize = 130;

/// Branches of a descriptor that is read; accounts have two.
pub const DESCRIPTOR_BRANCHES: usize = 16;

/// Keys of one descriptor: what `CHECKMULTISIG` takes (consensus).
pub const DESCRIPTOR_KEYS: usize = 20;

/// Ways to spend an account that are looked for: each is a wait that its policy names.
pub const SPEND_PATHS: usize = 16;

/// Sets of keys that are compared for one way to spend: those of 5 out of 10 are 252.
pub const KEY_SETS: usize = 256;

/// The longest private key in Wallet Import Format, in bytes.
pub const WIF_BYTES: usize = 52;

/// The longest extended key (BIP32, 82 bytes with the checksum, in base58), in bytes.
pub const EXTENDED_KEY_BYTES: usize = 112;

/// The longest extended key with its origin, in bytes.
pub const KEY_BYTES: usize = 512;

/// The longest file or text that accounts are read from, in bytes.
pub const IMPORT_BYTES: usize = 256 * 1024;

/// Accounts that are taken from one file or text.
pub const IMPORTED_ACCOUNTS: usize = 32;

/// Accounts of one wallet: each has hundreds of scripts that every filter is matched against.
pub const ACCOUNTS: usize = 512;

/// Addresses that are watched beyond the next new one of a descriptor that was imported, at the
/// least: as many as Bitcoin Core watches.
pub const IMPORTED_LOOK_AHEAD: u32 = 1_000;
