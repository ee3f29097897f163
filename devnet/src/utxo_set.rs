//! Owns the set of unspent outputs and how a block changes it, forwards and back.
//!
//! Refuses to judge: `verify` does; a block that spends what is not there is not connected.

use std::collections::HashMap;

use bitcoin::{Block, OutPoint, Transaction, TxOut};

use crate::rules::Place;

/// An unspent output and what the rules need to know of its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coin {
    /// The output.
    pub(crate) output: TxOut,
    /// The place of the block that holds it.
    pub(crate) place: Place,
    /// Whether a coinbase made it.
    pub(crate) coinbase: bool,
}

/// What a block spent, in its order: enough to disconnect it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Undo(pub(crate) Vec<(OutPoint, Coin)>);

/// All unspent outputs at one block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UtxoSet(HashMap<OutPoint, Coin>);

impl UtxoSet {
    /// The coin, if it is there.
    pub(crate) fn get(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.0.get(outpoint)
    }

    /// All coins, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OutPoint, &Coin)> {
        self.0.iter()
    }

    /// Spends and adds what the block does. `None`, and nothing changed, if an input is not there.
    pub(crate) fn connect(&mut self, block: &Block, place: Place) -> Option<Undo> {
        let mut undo = Undo::default();
        for (connected, transaction) in block.txdata.iter().enumerate() {
            if !self.connect_transaction(transaction, place, &mut undo) {
                self.disconnect_transactions(&block.txdata[..connected], undo);
                return None;
            }
        }
        Some(undo)
    }

    /// Takes the block back, which must be the last one connected.
    pub(crate) fn disconnect(&mut self, block: &Block, undo: &Undo) {
        self.disconnect_transactions(&block.txdata, undo.clone());
    }

    fn connect_transaction(
        &mut self,
        transaction: &Transaction,
        place: Place,
        undo: &mut Undo,
    ) -> bool {
        let coinbase = transaction.is_coinbase();
        if !coinbase {
            let spent = undo.0.len();
            for input in &transaction.input {
                let Some(coin) = self.0.remove(&input.previous_output) else {
                    self.0.extend(undo.0.drain(spent..));
                    return false;
                };
                undo.0.push((input.previous_output, coin));
            }
        }
        for (outpoint, output) in outputs(transaction) {
            self.0.insert(outpoint, Coin { output: output.clone(), place, coinbase });
        }
        true
    }

    fn disconnect_transactions(&mut self, transactions: &[Transaction], mut undo: Undo) {
        for transaction in transactions.iter().rev() {
            for (outpoint, _) in outputs(transaction) {
                self.0.remove(&outpoint);
            }
            if !transaction.is_coinbase() {
                let kept = undo.0.len() - transaction.input.len();
                self.0.extend(undo.0.drain(kept..));
            }
        }
    }
}

/// The outputs that can be spent at all.
pub(crate) fn outputs(transaction: &Transaction) -> impl Iterator<Item = (OutPoint, &TxOut)> {
    let txid = transaction.compute_txid();
    (0..)
        .zip(&transaction.output)
        .filter(|(_, output)| !output.script_pubkey.is_op_return())
        .map(move |(vout, output)| (OutPoint { txid, vout }, output))
}
