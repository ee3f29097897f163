//! Owns what a search for old payments takes before it begins: where the accounts of each kind can
//! begin, and what looking there costs.
//!
//! Refuses to cut close: a search that begins too early costs time, one that begins too late costs
//! money. And refuses to be exact about costs: they are told before any peer is asked.

pub mod earliest;
pub mod cost;
