//! Owns transactions as callers write them: in hexadecimal, with and without witnesses, and without
//! any input (`DecodeHexTx` and `EncodeHexTx` of Bitcoin Core, BIP144).
//!
//! Refuses bytes that follow a transaction.

use bitcoin::consensus::encode::{Decodable, deserialize, serialize};
use bitcoin::hex::{DisplayHex, FromHex};
use bitcoin::opcodes::all::OP_NOP10;
use bitcoin::script::{Instruction, Script};
use bitcoin::{Transaction, TxIn, TxOut, Weight, Wtxid};

/// Reads a transaction; `with_witnesses`: only in that form, or only in the other. Without inputs
/// the two forms can't always be told apart: the one whose scripts make sense is taken.
#[must_use]
pub fn read(hex: &str, with_witnesses: Option<bool>) -> Option<Transaction> {
    let bytes = Vec::from_hex(hex).ok()?;
    let new = || deserialize::<Transaction>(&bytes).ok();
    let new = if with_witnesses == Some(false) { None } else { new() };
    if new.as_ref().is_some_and(is_sane) || with_witnesses == Some(true) {
        return new;
    }
    match old_form(&bytes) {
        Some(old) if is_sane(&old) => Some(old),
        old => new.or(old),
    }
}

/// Writes a transaction.
#[must_use]
pub fn written(transaction: &Transaction) -> String {
    if !transaction.input.is_empty() {
        return serialize(transaction).to_lower_hex_string();
    }
    // The library marks these as having witnesses, so that it can read them again itself.
    let mut bytes = serialize(&transaction.version);
    bytes.extend(serialize(&transaction.input));
    bytes.extend(serialize(&transaction.output));
    bytes.extend(serialize(&transaction.lock_time));
    bytes.to_lower_hex_string()
}

/// Its id with witnesses, as it is written here (BIP141).
#[must_use]
pub fn wtxid(transaction: &Transaction) -> Wtxid {
    if transaction.input.is_empty() {
        return Wtxid::from_raw_hash(transaction.compute_txid().to_raw_hash());
    }
    transaction.compute_wtxid()
}

/// Its weight as it is written here (BIP141).
#[must_use]
pub fn weight(transaction: &Transaction) -> Weight {
    let marker = if transaction.input.is_empty() { MARKER } else { Weight::ZERO };
    transaction.weight() - marker
}

/// As before BIP144.
fn old_form(mut bytes: &[u8]) -> Option<Transaction> {
    let bytes = &mut bytes;
    let transaction = Transaction {
        version: Decodable::consensus_decode(bytes).ok()?,
        input: Vec::<TxIn>::consensus_decode(bytes).ok()?,
        output: Vec::<TxOut>::consensus_decode(bytes).ok()?,
        lock_time: Decodable::consensus_decode(bytes).ok()?,
    };
    bytes.is_empty().then_some(transaction)
}

fn is_sane(transaction: &Transaction) -> bool {
    let inputs = transaction.input.iter().map(|input| input.script_sig.as_script());
    let inputs = inputs.filter(|_| !transaction.is_coinbase());
    let outputs = transaction.output.iter().map(|output| output.script_pubkey.as_script());
    inputs.chain(outputs).all(has_valid_opcodes)
}

/// Whether each instruction of a script is one, and none pushes too much.
#[must_use]
pub fn has_valid_opcodes(script: &Script) -> bool {
    script.len() <= LONGEST_SCRIPT
        && script.instructions().all(|instruction| match instruction {
            Ok(Instruction::PushBytes(bytes)) => bytes.len() <= LONGEST_PUSH,
            Ok(Instruction::Op(opcode)) => opcode.to_u8() <= OP_NOP10.to_u8(),
            Err(_) => false,
        })
}

/// What tells that there are witnesses.
const MARKER: Weight = Weight::from_wu(2);

/// Bytes of a script that nodes take (consensus).
const LONGEST_SCRIPT: usize = 10_000;

/// Bytes that a script may push at once (consensus).
const LONGEST_PUSH: usize = 520;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_without_inputs_are_read_as_they_were_written() {
        let empty = "02000000000000000000";
        let one_output = "020000000001e803000000000000015100000000";
        for hex in [empty, one_output] {
            let transaction = read(hex, None).expect(hex);
            assert_eq!(written(&transaction), hex);
            assert!(transaction.input.is_empty());
        }
        assert_eq!(read(one_output, Some(true)), None);
        assert!(read(one_output, Some(false)).is_some());
    }

    /// BIP143's first example, and the same with a byte after it.
    #[test]
    fn what_follows_a_transaction_makes_it_none() {
        let hex = "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000\
                   00000eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a01\
                   00000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6\
                   d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac1100\
                   0000";
        assert_eq!(read(hex, None).map(|transaction| written(&transaction)).as_deref(), Some(hex));
        assert_eq!(read(&format!("{hex}00"), None), None);
        assert_eq!(read("zz", None), None);
    }
}
