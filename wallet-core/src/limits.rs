//! Owns every bound of this crate, each with its unit and its reason.
//!
//! Refuses bounds of the protocol and of consensus: those are the light client's.

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
