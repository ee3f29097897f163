//! Owns labels as text: BIP329's lines, and what Electrum writes.
//!
//! Parsers of files that others made: every bound has a name, a bad record is told with its line
//! and the others are read. Refuses private keys, and labels of another network.

pub mod bip329;

pub use bip329::joined;
