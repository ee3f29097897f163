//! Owns what can be known and done of a PSBT without keys and without a wallet: its forms, its
//! combination and its finalisation (BIP174, BIP370, BIP371).
//!
//! Refuses to believe a PSBT: what it says of an input counts only as far as it is proven, and
//! signatures only as far as they hold.

mod key_map;
mod v2;
mod text;

pub use text::{ParsePsbtError, PsbtForm, read, write};
