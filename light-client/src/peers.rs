//! Owns peers as conversations: the handshake, liveness, and whom to dial.
//!
//! Refuses to know what is synchronised with them.

#[allow(dead_code, reason = "for finding peers, which comes next")]
pub(crate) mod address_book;
pub(crate) mod clocks;
pub(crate) mod handshake;
pub(crate) mod roster;
pub(crate) mod peer;
