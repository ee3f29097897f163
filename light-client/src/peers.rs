//! Owns peers as conversations: the handshake, liveness, and whom to dial.
//!
//! Refuses to know what is synchronised with them.

pub(crate) mod address_book;
pub(crate) mod clocks;
pub(crate) mod bans;
pub(crate) mod conduct;
pub(crate) mod handshake;
pub(crate) mod roster;
pub(crate) mod peer;
