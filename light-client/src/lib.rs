//! A BIP157/158 chain client as a value and a function.
//!
//! Owns chain validation, compact filters, peers as conversations. Refuses clocks, files,
//! sockets, threads, channels, async and OS randomness: a driver owns those.

pub mod height;
pub mod time;
pub mod limits;
pub mod peer_id;
pub mod params;
pub mod chain;
pub mod filter;
pub mod config;
pub mod fault;
pub mod job;
pub mod input;
pub mod output;
pub mod change_set;
pub mod status;
mod timers;
pub mod codec;
mod outbox;
mod retry;
mod peers;
mod sync;
pub mod client;

pub use client::LightClient;
