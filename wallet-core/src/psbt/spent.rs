//! Owns which outputs the inputs of a PSBT spend, and how far that is proven.
//!
//! Refuses an output that does not belong to the outpoint: the transaction that an input brings is
//! known by its id.

use bitcoin::psbt::{Input, Psbt};
use bitcoin::{TxIn, TxOut, Txid};

/// The output that an input spends, as the PSBT shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'a> {
    /// With the whole transaction before it, whose id is right: nobody can lie about it.
    Proven(&'a TxOut),
    /// Alone, as segwit allows: its amount is a claim.
    Claimed(&'a TxOut),
    /// Not at all, or wrongly: a transaction with another id, without that output, or beside a
    /// claim that differs.
    Wrong,
}

impl<'a> Shown<'a> {
    /// What an input shows.
    #[must_use]
    pub fn of(psbt: &'a Psbt, index: usize) -> Self {
        let (Some(input), Some(spends)) =
            (psbt.inputs.get(index), psbt.unsigned_tx.input.get(index))
        else {
            return Self::Wrong;
        };
        let outpoint = spends.previous_output;
        let Some(transaction) = &input.non_witness_utxo else {
            return input.witness_utxo.as_ref().map_or(Self::Wrong, Self::Claimed);
        };
        let output = usize::try_from(outpoint.vout).ok().and_then(|at| transaction.output.get(at));
        let alike = input.witness_utxo.as_ref().is_none_or(|claim| Some(claim) == output);
        match output {
            Some(output) if alike && is_of(transaction, outpoint.txid) => Self::Proven(output),
            _ => Self::Wrong,
        }
    }

    /// The output, if it is not shown wrongly.
    #[must_use]
    pub const fn output(self) -> Option<&'a TxOut> {
        match self {
            Self::Proven(output) | Self::Claimed(output) => Some(output),
            Self::Wrong => None,
        }
    }
}

/// The outputs that the inputs spend, in their order; `None` where one is not shown, or wrongly.
#[must_use]
pub fn spent_outputs(psbt: &Psbt) -> Vec<Option<TxOut>> {
    (0..psbt.inputs.len()).map(|index| Shown::of(psbt, index).output().cloned()).collect()
}

/// The first input with a transaction that has no such output as the input spends. The libraries
/// count on it being there.
#[must_use]
pub(super) fn without_its_output(psbt: &Psbt) -> Option<usize> {
    let lacks = |(input, spends): (&Input, &TxIn)| {
        let at = usize::try_from(spends.previous_output.vout).ok();
        input
            .non_witness_utxo
            .as_ref()
            .is_some_and(|parent| at.and_then(|at| parent.output.get(at)).is_none())
    };
    psbt.inputs.iter().zip(&psbt.unsigned_tx.input).position(lacks)
}

fn is_of(transaction: &bitcoin::Transaction, txid: Txid) -> bool {
    transaction.compute_txid() == txid
}
