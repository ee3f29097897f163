//! The JSON-RPC face: Bitcoin Core's wallet methods over HTTP, on loopback and on a Unix socket.
//!
//! Owns the envelope, who may ask, the table of methods and the server. Refuses disks, keys and
//! peers: it asks the wallets that the program opened. What is the same as in Bitcoin Core and what
//! is not stands in `docs/rpc-status.md`, which is written from the table.
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

pub mod limits;
pub mod error;
pub mod apart;
pub mod json;
pub mod shape;
pub mod results;
pub mod envelope;
pub mod parameter;
pub mod arguments;
pub mod address_flaw;
pub mod address_type;
pub mod origin;
pub mod auth;
pub mod rates;
pub mod caller;
#[cfg(any(test, feature = "fuzz"))]
mod puppet;
pub mod turns;
pub mod descriptor;
pub mod branches;
pub mod desk;
pub mod journal;
pub mod stop;
pub mod block_scan;
pub mod watch;
pub mod activity;
pub mod external_signer;
pub mod node;
pub mod keeper;
pub mod descriptor_text;
pub mod script;
pub mod transaction_hex;
pub mod unsigned;
pub mod psbt;
pub mod solution;
pub mod analysis;
pub mod assembly;
pub mod ledger;
pub mod cluster;
pub mod previous;
pub mod provider;
pub mod needles;
pub mod operation;
pub mod device_signing;
pub mod entry;
pub mod keyed;
pub mod method;
pub mod dispatch;
pub mod server;
pub mod client;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
