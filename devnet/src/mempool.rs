//! Owns the transactions that wait for a block, and who may join them: valid on the tip, paying
//! the least fee rate, replacing others only for more (BIP125 without its signal).
//!
//! Refuses orphans: a parent must be there before its child.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bitcoin::{Amount, OutPoint, Transaction, Txid, Weight, Wtxid};

use crate::limits::{
    MAX_EVICTED, MAX_MEMPOOL, MAX_TRANSACTION_SIGOPS, MAX_TRANSACTION_WEIGHT, MIN_RELAY_FEE_RATE,
};
use crate::rules::Place;
use crate::utxo_set::{Coin, UtxoSet};
use crate::verify::{Invalid, Spend, check_scripts, check_spend};

/// Why a transaction was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It waits already.
    #[error("it is in the mempool already")]
    AlreadyThere,
    /// No block could hold it.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Valid, but larger than what is relayed.
    #[error("it is larger than what is relayed: at most 400000 weight units and 16000 sigops")]
    TooLarge,
    /// An output is so small that it is not relayed.
    #[error("output {vout} of {amount} is dust")]
    Dust {
        /// Which output.
        vout: usize,
        /// How much it holds.
        amount: Amount,
    },
    /// It pays less than 0.1 sat/vB.
    #[error("it pays a fee of {fee}, the least is {least}")]
    FeeTooLow {
        /// What it pays.
        fee: Amount,
        /// What it would have to pay.
        least: Amount,
    },
    /// It spends what another one spends, and does not pay enough to replace it.
    #[error("it conflicts with {with}: a fee of at least {least} at a higher rate replaces that")]
    Conflict {
        /// One of the others.
        with: Txid,
        /// The least fee that replaces it and all its descendants.
        least: Amount,
    },
    /// It conflicts with a transaction whose output it spends, or with over 100 others.
    #[error("it can't replace {with}")]
    Irreplaceable {
        /// One of the others.
        with: Txid,
    },
    /// There is no room.
    #[error("the mempool is full")]
    Full,
}

/// The transactions that wait, parents before children.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mempool {
    /// By arrival.
    entries: BTreeMap<u64, Entry>,
    arrivals: HashMap<Txid, u64>,
    wtxids: HashMap<Wtxid, Txid>,
    spenders: HashMap<OutPoint, Txid>,
    arrived: u64,
}

/// A transaction that waits.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its id.
    pub(crate) txid: Txid,
    /// The transaction.
    pub(crate) transaction: Transaction,
    /// What it leaves to the miner.
    pub(crate) fee: Amount,
    /// Its size.
    pub(crate) weight: Weight,
    /// Its signature operations, weighted.
    pub(crate) sigops: usize,
}

impl Mempool {
    /// All ids, parents before children.
    pub(crate) fn txids(&self) -> Vec<Txid> {
        self.entries.values().map(|entry| entry.txid).collect()
    }

    /// All transactions, parents before children.
    pub(crate) fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.entries.values().map(|entry| &entry.transaction)
    }

    /// The entry of a transaction.
    pub(crate) fn get(&self, txid: Txid) -> Option<&Entry> {
        self.entries.get(self.arrivals.get(&txid)?)
    }

    /// The transaction with these witnesses.
    pub(crate) fn txid_of(&self, wtxid: Wtxid) -> Option<Txid> {
        self.wtxids.get(&wtxid).copied()
    }

    /// Whether a transaction that waits spends this output.
    pub(crate) fn is_spent(&self, outpoint: &OutPoint) -> bool {
        self.spenders.contains_key(outpoint)
    }

    /// Takes a transaction from outside.
    pub(crate) fn accept(
        &mut self,
        transaction: Transaction,
        utxos: &UtxoSet,
        next: Place,
    ) -> Result<Txid, Rejected> {
        let txid = transaction.compute_txid();
        if self.arrivals.contains_key(&txid) {
            return Err(Rejected::AlreadyThere);
        }
        if self.entries.len() >= MAX_MEMPOOL {
            return Err(Rejected::Full);
        }
        let spend = check_spend(&transaction, next, |coin| self.coin(coin, utxos, next))?;
        check_policy(&transaction, &spend)?;
        let evicted = self.check_replacement(&transaction, spend.fee)?;
        check_scripts(&transaction, &spend.spent)?;
        for txid in evicted {
            self.remove(txid);
        }
        self.push(txid, transaction, &spend);
        Ok(txid)
    }

    /// Takes a transaction back whose scripts were checked before, if it is valid here and
    /// conflicts with nothing.
    pub(crate) fn readmit(&mut self, transaction: Transaction, utxos: &UtxoSet, next: Place) {
        let txid = transaction.compute_txid();
        let free = transaction.input.iter().all(|input| !self.is_spent(&input.previous_output));
        if !free || self.arrivals.contains_key(&txid) {
            return;
        }
        if let Ok(spend) = check_spend(&transaction, next, |coin| self.coin(coin, utxos, next)) {
            self.push(txid, transaction, &spend);
        }
    }

    /// The transactions in here that this one needs, itself included, parents first.
    pub(crate) fn with_ancestors(&self, txid: Txid) -> Vec<Txid> {
        self.closure(txid, |entry| {
            entry.transaction.input.iter().map(|input| input.previous_output.txid).collect()
        })
    }

    /// The transactions in here that need this one, itself included, parents first.
    pub(crate) fn with_descendants(&self, txid: Txid) -> Vec<Txid> {
        self.closure(txid, |entry| {
            let outpoints = (0..).zip(&entry.transaction.output);
            outpoints
                .map(|(vout, _)| OutPoint { txid: entry.txid, vout })
                .filter_map(|outpoint| self.spenders.get(&outpoint).copied())
                .collect()
        })
    }

    /// An output of a transaction in here, or a coin of the chain.
    fn coin(&self, outpoint: &OutPoint, utxos: &UtxoSet, next: Place) -> Option<Coin> {
        let Some(parent) = self.get(outpoint.txid) else {
            return utxos.get(outpoint).cloned();
        };
        let output = parent.transaction.output.get(usize::try_from(outpoint.vout).ok()?)?;
        let spendable = !output.script_pubkey.is_op_return();
        spendable.then(|| Coin { output: output.clone(), place: next, coinbase: false })
    }

    /// What this transaction evicts, if it may (BIP125, rules 2 to 5, with Bitcoin Core's demand
    /// for a higher fee rate in place of the signal).
    fn check_replacement(
        &self,
        transaction: &Transaction,
        fee: Amount,
    ) -> Result<BTreeSet<Txid>, Rejected> {
        let outpoints = transaction.input.iter().map(|input| input.previous_output);
        let direct: BTreeSet<Txid> =
            outpoints.filter_map(|outpoint| self.spenders.get(&outpoint).copied()).collect();
        let evicted: BTreeSet<Txid> =
            direct.iter().flat_map(|txid| self.with_descendants(*txid)).collect();
        let Some(&with) = direct.first() else {
            return Ok(evicted);
        };
        let spends_evicted =
            transaction.input.iter().any(|input| evicted.contains(&input.previous_output.txid));
        if spends_evicted || evicted.len() > MAX_EVICTED {
            return Err(Rejected::Irreplaceable { with });
        }
        let fees = evicted.iter().filter_map(|txid| self.get(*txid)).map(|entry| entry.fee);
        let least = fees.sum::<Amount>() + relay_fee(transaction);
        let weight = transaction.weight();
        let pays_better = |txid: &Txid| {
            self.get(*txid).is_none_or(|entry| has_better_rate((fee, weight), entry.package()))
        };
        if fee < least || !direct.iter().all(pays_better) {
            return Err(Rejected::Conflict { with, least });
        }
        Ok(evicted)
    }

    fn push(&mut self, txid: Txid, transaction: Transaction, spend: &Spend) {
        for input in &transaction.input {
            self.spenders.insert(input.previous_output, txid);
        }
        self.wtxids.insert(transaction.compute_wtxid(), txid);
        let entry = Entry {
            txid,
            weight: transaction.weight(),
            transaction,
            fee: spend.fee,
            sigops: spend.sigops,
        };
        self.entries.insert(self.arrived, entry);
        self.arrivals.insert(txid, self.arrived);
        self.arrived += 1;
    }

    fn remove(&mut self, txid: Txid) {
        let entry = self.arrivals.remove(&txid).and_then(|arrival| self.entries.remove(&arrival));
        if let Some(entry) = &entry {
            self.wtxids.remove(&entry.transaction.compute_wtxid());
        }
        for input in entry.iter().flat_map(|entry| &entry.transaction.input) {
            self.spenders.remove(&input.previous_output);
        }
    }

    /// All that is reached from one transaction, in the order of arrival.
    fn closure(&self, from: Txid, next: impl Fn(&Entry) -> Vec<Txid>) -> Vec<Txid> {
        let mut reached = BTreeMap::new();
        let mut open = vec![from];
        while let Some(txid) = open.pop() {
            let Some(arrival) = self.arrivals.get(&txid) else { continue };
            if reached.insert(*arrival, txid).is_none() {
                open.extend(next(&self.entries[arrival]));
            }
        }
        reached.into_values().collect()
    }
}

impl Entry {
    /// What it pays for how much room.
    pub(crate) fn package(&self) -> (Amount, Weight) {
        (self.fee, self.weight)
    }
}

/// Whether the first pays more for its room than the second. Exact: no division.
pub(crate) fn has_better_rate(left: (Amount, Weight), right: (Amount, Weight)) -> bool {
    let product =
        |fee: Amount, weight: Weight| u128::from(fee.to_sat()) * u128::from(weight.to_wu());
    product(left.0, right.1) > product(right.0, left.1)
}

/// The least fee for a transaction of this size, rounded up.
fn relay_fee(transaction: &Transaction) -> Amount {
    let vsize = transaction.weight().to_vbytes_ceil();
    Amount::from_sat((vsize * MIN_RELAY_FEE_RATE).div_ceil(1_000))
}

/// What is valid and still not relayed.
fn check_policy(transaction: &Transaction, spend: &Spend) -> Result<(), Rejected> {
    let weight = transaction.weight().to_wu();
    if weight > MAX_TRANSACTION_WEIGHT || spend.sigops > MAX_TRANSACTION_SIGOPS {
        return Err(Rejected::TooLarge);
    }
    for (vout, output) in transaction.output.iter().enumerate() {
        let amount = output.value;
        let script = &output.script_pubkey;
        if !script.is_op_return() && amount < script.minimal_non_dust() {
            return Err(Rejected::Dust { vout, amount });
        }
    }
    let least = relay_fee(transaction);
    if spend.fee < least {
        return Err(Rejected::FeeTooLow { fee: spend.fee, least });
    }
    Ok(())
}
