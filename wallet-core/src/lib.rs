//! The only place where wallet, chain, disk and network meet.
//!
//! Owns what a face may ask ([`command::Command`]) and hear ([`event::Event`]), the store, the
//! engine's step (one commit, then speak) and the driver that does the I/O. Refuses to know any
//! face.
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

pub use billfold_light_client as light_client;

pub mod amount;
pub mod command;
pub mod config;
pub mod engine;
pub mod event;
pub mod face;
pub mod keychain;
pub mod net;
pub mod recipient;
pub mod seed;
pub mod service;
pub mod signers;
pub mod store;
pub mod vault;
pub mod wallet;
