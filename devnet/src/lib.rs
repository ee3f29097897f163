//! A play-money regtest network in one process: a block tree with a mempool and a miner, served
//! over real TCP with compact filters (BIP157, BIP158).
//!
//! Owns everything that a wallet may see of a network, so that the demonstration and the tests run
//! with nothing installed; what it mines is valid by the rules of regtest. Refuses blocks from
//! outside: it is the only miner. Uses `bitcoin`'s filters and framing, not those of the light
//! client, so that the two check each other.
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

mod limits;
mod clock;
mod rules;
mod utxo_set;
mod verify;
mod filter;
mod block_tree;
mod mempool;
mod miner;
mod chain_state;
mod faucet;
mod network;
mod fault;
mod frame;
mod session;
mod server;
mod devnet;

pub use chain_state::{MineError, ReorgError};
pub use devnet::Devnet;
pub use faucet::PayError;
pub use mempool::Rejected;
pub use verify::Invalid;
