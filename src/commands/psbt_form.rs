//! Owns the two forms in which a PSBT is told: words for people, and fields for programs.
//!
//! Refuses to judge it: the wallet has.

pub(super) mod picture;
pub(super) mod report;
