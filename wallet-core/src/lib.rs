//! The only place where wallet, chain, disk and network meet.
//!
//! Owns what a face may ask ([`command::Command`]) and hear ([`event::Event`]), the store, the
//! engine's step (one commit, then speak) and the driver that does the I/O. Refuses to know any
//! face.
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

pub use billfold_light_client as light_client;
pub use billfold_signer_host as signer_host;

pub mod limits;
pub mod entropy;
mod residue;
pub mod foreign;
pub mod wallet_name;
pub mod failure;
pub mod keychain;
pub mod import;
pub mod finality;
pub mod command;
pub mod labels;
pub mod event;
pub mod config;
pub mod search_plan;
pub mod amount;
pub mod recipient;
pub mod batch;
pub mod seed;
pub mod psbt;
pub mod sweep;
pub mod vault;
pub mod message;
pub mod signers;
pub mod backup;
pub mod store;
pub mod wallet;
pub mod open_error;
pub mod founding;
pub mod passphrase;
pub mod engine;
pub mod face;
pub mod portable;
pub mod net;
pub mod service;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
