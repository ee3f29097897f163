//! Owns compact block filters (BIP157, BIP158): the codec and matcher, the scripts to look for,
//! what each peer commits to.
//!
//! Refuses the wire and the scan: filters come in as bytes and leave as verdicts.

pub mod gcs;
mod siphash;
pub mod packed_scripts;
pub mod matcher;
pub mod watch_list;
pub mod proof;
pub mod known_headers;
pub mod commitments;
pub mod debts;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod plain;
