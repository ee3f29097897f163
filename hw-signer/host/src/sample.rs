//! Owns what tests and fuzz bodies have a device sign.
//!
//! Refuses to be part of the product.

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, ScriptBuf, Transaction, TxIn, TxOut, absolute, transaction};

/// A payment of one input and so many outputs.
pub(crate) fn payment(outputs: usize) -> Psbt {
    let output = TxOut { value: Amount::from_sat(1_000), script_pubkey: ScriptBuf::new() };
    Psbt::from_unsigned_tx(Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn::default()],
        output: vec![output; outputs],
    })
    .expect("unsigned")
}
