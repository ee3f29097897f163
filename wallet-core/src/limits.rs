//! Owns every bound of this crate, each with its unit and its reason.
//!
//! Refuses bounds of the protocol and of consensus: those are the light client's.

/// Events that are kept for a face that does not read them, besides replies.
pub const KEPT_EVENTS: usize = 4_096;

/// Commands that may be unanswered or have their answer unread.
pub const PENDING_COMMANDS: usize = 64;
