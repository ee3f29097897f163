//! A BIP157/158 chain client as a value and a function.
//!
//! Owns chain validation, compact filters, peers as conversations. Refuses clocks, files,
//! sockets, threads, channels, async and OS randomness: a driver owns those.

pub mod chain;
pub mod change_set;
pub mod client;
pub mod config;
pub mod fault;
pub mod filter;
pub mod height;
pub mod input;
pub mod job;
pub mod output;
pub mod params;
pub mod peer_id;
pub mod status;
pub mod time;

pub use client::LightClient;
