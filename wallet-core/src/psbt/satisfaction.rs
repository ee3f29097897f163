//! Owns whether an input of a finished transaction satisfies the script that it spends.
//!
//! Refuses signatures that leave part of the transaction open, and scripts that it can't read: it
//! reads single keys and miniscript, which is what wallets make.

use std::cell::Cell;

use bitcoin::hashes::{Hash, sha256};
use bitcoin::sighash::Prevouts;
use bitcoin::transaction::Version;
use bitcoin::{
    EcdsaSighashType, Script, ScriptBuf, Sequence, TapSighashType, Transaction, TxIn, TxOut,
    WScriptHash,
};
use miniscript::interpreter::{Error, Interpreter, KeySigPair, SatisfiedConstraint};

use crate::keychain::SECP;

/// Why an input is not known to be satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsatisfied {
    /// A signature, a lock time or a preimage is missing or wrong.
    #[error("a signature does not hold")]
    Invalid,
    /// A signature leaves outputs or other inputs open.
    #[error("a signature does not cover the whole transaction")]
    SighashType,
    /// The script is none that is understood here, so nothing is known.
    #[error("the script is of a kind that is not understood here")]
    NotUnderstood,
}

/// Checks one input against the outputs that all inputs spend, in their order.
///
/// # Errors
/// See [`Unsatisfied`].
pub fn check(transaction: &Transaction, index: usize, spent: &[TxOut]) -> Result<(), Unsatisfied> {
    let input = transaction.input.get(index).ok_or(Unsatisfied::Invalid)?;
    let output = spent.get(index).ok_or(Unsatisfied::Invalid)?;
    let script = &output.script_pubkey;
    let TxIn { script_sig, witness, sequence, .. } = input;
    let interpreter =
        Interpreter::from_txdata(script, script_sig, witness, *sequence, transaction.lock_time)
            .map_err(|error| why(&error, script, input))?;
    let covers_all = Cell::new(true);
    let prevouts = Prevouts::All(spent);
    let holds = |pair: &KeySigPair| {
        covers_all.set(covers_all.get() && covers(pair));
        interpreter.verify_sig(&SECP, transaction, index, &prevouts, pair)
    };
    for constraint in interpreter.iter_custom(Box::new(holds)) {
        let constraint = constraint.map_err(|_| Unsatisfied::Invalid)?;
        if !is_in_force(&constraint, transaction.version, *sequence) {
            return Err(Unsatisfied::Invalid);
        }
    }
    if covers_all.get() { Ok(()) } else { Err(Unsatisfied::SighashType) }
}

/// Whether a signature covers all inputs and outputs.
fn covers(pair: &KeySigPair) -> bool {
    match pair {
        KeySigPair::Ecdsa(_, signature) => signature.sighash_type == EcdsaSighashType::All,
        KeySigPair::Schnorr(_, signature) => {
            matches!(signature.sighash_type, TapSighashType::Default | TapSighashType::All)
        }
    }
}

/// Lock times of a script hold only where the transaction switches them on (BIP65, BIP112).
fn is_in_force(constraint: &SatisfiedConstraint, version: Version, sequence: Sequence) -> bool {
    match constraint {
        SatisfiedConstraint::RelativeTimelock { .. } => version >= Version::TWO,
        SatisfiedConstraint::AbsoluteTimelock { .. } => sequence != Sequence::MAX,
        _ => true,
    }
}

/// A script that is not miniscript is not understood if it is the one that is spent; else the
/// input is wrong, whatever the script means.
fn why(error: &Error, spent: &Script, input: &TxIn) -> Unsatisfied {
    if is_unknown(spent) {
        return Unsatisfied::NotUnderstood;
    }
    match error {
        Error::Miniscript(_) if is_spent(spent, input) => Unsatisfied::NotUnderstood,
        _ => Unsatisfied::Invalid,
    }
}

/// Witness versions that have no meaning yet.
fn is_unknown(spent: &Script) -> bool {
    let known = spent.is_p2wpkh() || spent.is_p2wsh() || spent.is_p2tr();
    spent.is_witness_program() && !known
}

/// Whether the revealed script is the one that the output commits to. A leaf of taproot is not
/// looked at: a control block that is wrong is told as such by the interpreter before.
fn is_spent(spent: &Script, input: &TxIn) -> bool {
    if spent.is_p2wsh() {
        return input.witness.last().is_some_and(|script| program(script) == *spent);
    }
    if !spent.is_p2sh() {
        return true;
    }
    let redeem = match input.script_sig.instructions().last() {
        Some(Ok(bitcoin::script::Instruction::PushBytes(bytes))) => {
            Script::from_bytes(bytes.as_bytes())
        }
        _ => return false,
    };
    let nested =
        !redeem.is_p2wsh() || input.witness.last().is_some_and(|script| program(script) == *redeem);
    redeem.to_p2sh() == *spent && nested
}

fn program(script: &[u8]) -> ScriptBuf {
    ScriptBuf::new_p2wsh(&WScriptHash::from_raw_hash(sha256::Hash::hash(script)))
}
