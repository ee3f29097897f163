//! Owns every bound of this crate, each with its unit and its reason.
//!
//! Refuses bounds of the protocol and of consensus: those are the light client's.

use bitcoin::FeeRate;

/// The lowest fee rate: 0.1 sat/vB, what nodes relay at the least (Bitcoin Core 30).
pub const LEAST_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(25);

/// The highest fee rate: 10,000 sat/vB, more than any block ever took.
pub const MOST_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(2_500_000);

/// Events that are kept for a face that does not read them, besides replies.
pub const KEPT_EVENTS: usize = 4_096;

/// Commands that may be unanswered or have their answer unread.
pub const PENDING_COMMANDS: usize = 64;

/// The least memory of a wallet's password derivation, in KiB.
pub const KDF_LEAST_MEMORY_KIB: u32 = 64 * 1024;

/// The most memory that a header file may ask for, in KiB: a hostile one can't take the machine.
pub const KDF_MOST_MEMORY_KIB: u32 = 512 * 1024;

/// The least passes of a wallet's password derivation.
pub const KDF_LEAST_PASSES: u32 = 3;

/// The most passes that a header file may ask for: minutes on a slow machine, not days.
pub const KDF_MOST_PASSES: u32 = 64;

/// The longest header file of any version, in bytes.
pub const HEADER_BYTES: u64 = 4_096;

/// The longest text that names a recipient, in bytes: a URI with a long message, not a book.
pub const PAYEE_BYTES: usize = 8_192;
