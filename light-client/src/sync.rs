//! Owns the conversations that follow the chain, one file each.
//!
//! They never use each other: the client passes on what one of them learns. Refuses to know how
//! a peer is reached.

pub(crate) mod headers;
pub(crate) mod filter_headers;
pub(crate) mod filters;
pub(crate) mod asked_filters;
pub(crate) mod scan;
pub(crate) mod backfill;
pub(crate) mod blocks;
pub(crate) mod broadcast;
pub(crate) mod mempool;
