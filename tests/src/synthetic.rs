//! The synthetic chain of the scan bench: blocks that are made when asked, filters that are made
//! once, and peers that serve both from memory at a chosen speed and honesty.
//!
//! Owns nothing that a wallet could be paid with: the proof of work is regtest's.

pub mod recipe;
pub mod gcs;
pub mod chain;
pub mod link;
pub mod voice;
pub mod peer;
