//! A play-money regtest network in one process: a block tree with a mempool and a miner, served
//! over real TCP with compact filters (BIP157, BIP158).
//!
//! Owns everything that a wallet may see of a network, so that the demonstration and the tests run
//! with nothing installed; what it mines is valid by the rules of regtest. Refuses blocks from
//! outside: it is the only miner. Uses `bitcoin`'s filters and framing, not those of the light
//! client, so that the two check each other.
//!
//! ```
//! use billfold_devnet::Devnet;
//! use bitcoin::{Amount, ScriptBuf, WPubkeyHash, hashes::Hash};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let network = Devnet::start()?; // peers connect to network.address()
//! network.fund_faucet();
//! let payee = ScriptBuf::new_p2wpkh(&WPubkeyHash::all_zeros());
//! let txid = network.pay(&payee, Amount::from_sat(50_000))?;
//! assert_eq!(network.mempool(), [txid]);
//! network.mine(6, network.faucet_script());
//! network.reorg(6, 7, &[txid])?; // six blocks are replaced, and the payment is dropped
//! assert_eq!(network.transaction(txid), None);
//! # Ok(())
//! # }
//! ```
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
mod wire;
mod session;
mod peer;
mod server;
mod devnet;

pub use chain_state::{MineError, ReorgError};
pub use devnet::Devnet;
pub use faucet::PayError;
pub use mempool::Rejected;
pub use peer::Peer;
pub use verify::Invalid;
