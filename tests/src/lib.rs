//! The yard: harness and rules for tests that may look at any floor.
//!
//! Owns the house rules as programs, a real node on regtest, the billfold program as a
//! user runs it, and a machine with USB. No floor of the house looks at the yard.

pub mod target;
pub mod draw;
pub mod damage;
pub mod port;
pub mod node;
pub mod cheap_keys;
pub mod display;
pub mod typist;
pub mod program;
pub mod screens;
pub mod daemon;
pub mod manual;
pub mod splice;
pub mod lost_answer;
pub mod socks;
pub mod enclave;
pub mod stranger;
pub mod rogue;
pub mod synthetic;
pub mod tidy;
#[cfg(unix)]
pub mod shell;
pub mod town;
pub mod doom;
pub mod vector_wallet;
pub mod quick_wallet;
pub mod secrets;
pub mod twins;
pub mod sim;
pub mod mutation;
pub mod pip;
pub mod hwi;
pub mod rpc_clients;
pub mod async_hwi;
pub mod signer;
pub mod usb;
