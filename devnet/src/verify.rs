//! Owns the check of one transaction against the coins that it spends: amounts, maturity, lock
//! times (BIP68, BIP113) and scripts.
//!
//! Refuses scripts that miniscript's interpreter can't run, which a real node may accept: what
//! passes here is accepted there, not the other way round.

use std::collections::HashSet;

use bitcoin::absolute::LockTime;
use bitcoin::relative::LockTime as RelativeLockTime;
use bitcoin::secp256k1::Secp256k1;
use bitcoin::sighash::Prevouts;
use bitcoin::{Amount, OutPoint, Transaction, TxOut, Weight};
use miniscript::interpreter::Interpreter;

use crate::rules::{COINBASE_MATURITY, MAX_BLOCK_WEIGHT, Place};
use crate::utxo_set::Coin;

/// Why a transaction can't be in a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It has no input or no output.
    #[error("it has no input or no output")]
    Empty,
    /// It is a coinbase outside its place.
    #[error("it is a coinbase")]
    Coinbase,
    /// It is larger than a block.
    #[error("it weighs {}, more than a block may", .0)]
    TooHeavy(Weight),
    /// It spends an output twice.
    #[error("it spends {0} twice")]
    SpendsTwice(OutPoint),
    /// An input is unknown or spent.
    #[error("{0} is unknown or spent")]
    MissingCoin(OutPoint),
    /// An input is a coinbase that is too young.
    #[error("{outpoint} is a coinbase that can be spent at height {spendable_at}")]
    Immature {
        /// The input.
        outpoint: OutPoint,
        /// The first height at which it can be spent.
        spendable_at: u32,
    },
    /// The outputs add up to more than there can be.
    #[error("its outputs are more than 21 million bitcoin")]
    TooMuchMoney,
    /// More goes out than comes in.
    #[error("it spends {spent} and pays {paid}")]
    NegativeFee {
        /// The sum of its inputs.
        spent: Amount,
        /// The sum of its outputs.
        paid: Amount,
    },
    /// Its lock time is not reached.
    #[error("its lock time {0} is not reached")]
    NotFinal(LockTime),
    /// The relative lock time of an input is not reached (BIP68).
    #[error("the relative lock time of input {0} is not reached")]
    SequenceLocked(usize),
    /// The script of an input is not satisfied, or it is of a kind that is not supported here.
    #[error("the script of input {0} is not satisfied")]
    Script(usize),
}

/// A transaction's amounts, times and sizes are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spend {
    /// The outputs that it spends, in the order of its inputs.
    pub(crate) spent: Vec<TxOut>,
    /// What it leaves to the miner.
    pub(crate) fee: Amount,
    /// Its signature operations, weighted (BIP141).
    pub(crate) sigops: usize,
}

/// Checks all but the scripts.
pub(crate) fn check_spend(
    transaction: &Transaction,
    place: Place,
    coin: impl Fn(&OutPoint) -> Option<Coin>,
) -> Result<Spend, Invalid> {
    let paid = check_shape(transaction)?;
    if !is_final(transaction, place) {
        return Err(Invalid::NotFinal(transaction.lock_time));
    }
    let mut spent = Vec::with_capacity(transaction.input.len());
    for (index, input) in transaction.input.iter().enumerate() {
        let outpoint = input.previous_output;
        let coin = coin(&outpoint).ok_or(Invalid::MissingCoin(outpoint))?;
        let spendable_at = coin.place.height + COINBASE_MATURITY;
        if coin.coinbase && place.height < spendable_at {
            return Err(Invalid::Immature { outpoint, spendable_at });
        }
        if !is_sequence_reached(transaction, index, coin.place, place) {
            return Err(Invalid::SequenceLocked(index));
        }
        spent.push(coin.output);
    }
    let total = sum(&spent).ok_or(Invalid::TooMuchMoney)?;
    let fee = total.checked_sub(paid).ok_or(Invalid::NegativeFee { spent: total, paid })?;
    let output_of = |outpoint: &OutPoint| coin(outpoint).map(|coin| coin.output);
    let sigops = transaction.total_sigop_cost(output_of);
    Ok(Spend { spent, fee, sigops })
}

/// Checks that every input satisfies the script of the output that it spends.
pub(crate) fn check_scripts(transaction: &Transaction, spent: &[TxOut]) -> Result<(), Invalid> {
    let secp = Secp256k1::verification_only();
    let prevouts = Prevouts::All(spent);
    for (index, (input, output)) in transaction.input.iter().zip(spent).enumerate() {
        let interpreter = Interpreter::from_txdata(
            &output.script_pubkey,
            &input.script_sig,
            &input.witness,
            input.sequence,
            transaction.lock_time,
        );
        let satisfied = interpreter.and_then(|interpreter| {
            interpreter
                .iter(&secp, transaction, index, &prevouts)
                .try_for_each(|step| step.map(drop))
        });
        if let Err(error) = satisfied {
            tracing::debug!(%error, index, "a script is not satisfied");
            return Err(Invalid::Script(index));
        }
    }
    Ok(())
}

/// The rules that need no coin; gives the sum of the outputs.
fn check_shape(transaction: &Transaction) -> Result<Amount, Invalid> {
    if transaction.input.is_empty() || transaction.output.is_empty() {
        return Err(Invalid::Empty);
    }
    if transaction.is_coinbase() {
        return Err(Invalid::Coinbase);
    }
    if transaction.weight().to_wu() > MAX_BLOCK_WEIGHT {
        return Err(Invalid::TooHeavy(transaction.weight()));
    }
    let mut seen = HashSet::new();
    for input in &transaction.input {
        if !seen.insert(input.previous_output) {
            return Err(Invalid::SpendsTwice(input.previous_output));
        }
    }
    sum(&transaction.output).ok_or(Invalid::TooMuchMoney)
}

fn sum(outputs: &[TxOut]) -> Option<Amount> {
    outputs
        .iter()
        .try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value))
        .filter(|sum| *sum <= Amount::MAX_MONEY)
}

/// The lock time rule: height or median time past (BIP113) is above it, or all inputs are final.
fn is_final(transaction: &Transaction, place: Place) -> bool {
    let reached = match transaction.lock_time {
        LockTime::Blocks(height) => height.to_consensus_u32() < place.height,
        LockTime::Seconds(time) => time.to_consensus_u32() < place.median_time,
    };
    reached || transaction.input.iter().all(|input| input.sequence.is_final())
}

/// The relative lock times of BIP68, from version 2 on.
fn is_sequence_reached(transaction: &Transaction, input: usize, coin: Place, place: Place) -> bool {
    if transaction.version.0.cast_unsigned() < 2 {
        return true;
    }
    match transaction.input[input].sequence.to_relative_lock_time() {
        None => true,
        Some(RelativeLockTime::Blocks(blocks)) => {
            place.height >= coin.height + u32::from(blocks.value())
        }
        Some(RelativeLockTime::Time(time)) => {
            place.median_time >= coin.median_time.saturating_add(u32::from(time.value()) << 9)
        }
    }
}
