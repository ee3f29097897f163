//! Owns the pains that people report most of wallets, one module each: it begins with the user's
//! situation, runs the real program as that user would, and fails when the pain is back.
//!
//! Refuses to look inside: what a person can't see does not count here.

mod fallen_payment;
mod lost_funds;
mod passphrase;
mod stuck_payment;
mod swapped_address;
mod text_of_others;

/// The program.
const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
