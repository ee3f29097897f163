//! Owns what can be known and done of a PSBT without keys and without a wallet: its forms, which
//! outputs it spends, whether its signatures hold, its combination and its finalisation (BIP174,
//! BIP370, BIP371).
//!
//! Refuses to believe a PSBT: what it says of an input counts only as far as it is proven, and
//! signatures only as far as they hold.

mod malformed;
mod key_map;
mod v2;
mod spent;
mod text;
pub mod satisfaction;
pub mod signatures;
mod join;
pub mod review;

pub use join::{CombineError, FinaliseError, combine, finalise};
pub use malformed::ParsePsbtError;
pub use spent::{Shown, spent_outputs};
pub use text::{PsbtForm, read, write};
