//! Owns what is known of one announced transaction, and what it and its package pay.
//!
//! Refuses to know who is told of it.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{Amount, FeeRate, Transaction, Txid, Weight, Wtxid};

use crate::peer_id::PeerAddress;
use crate::time::MonoTime;

/// One transaction.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) transaction: Transaction,
    pub(super) wtxid: Wtxid,
    pub(super) fee: Option<Amount>,
    pub(super) weight: Weight,
    /// Who was offered it, so that an announcement of theirs says nothing.
    pub(super) offered: BTreeSet<PeerAddress>,
    /// Who announced it to us.
    pub(super) echoed: BTreeSet<PeerAddress>,
    /// Who asks for a higher fee rate.
    pub(super) declined: BTreeSet<PeerAddress>,
    /// Whether the wallet was told so.
    pub(super) told: bool,
    /// Whether a peer is known to have it.
    pub(super) taken: bool,
    /// Whether a peer took it, declined it, or was told of it and did not ask.
    pub(super) answered: bool,
    /// Visits since it was last heard of, or began.
    pub(super) tries: u32,
    /// When it is offered next.
    pub(super) due: MonoTime,
}

impl Announced {
    /// Not offered to anybody yet.
    pub(super) fn new(now: MonoTime, transaction: Transaction, fee: Option<Amount>) -> Self {
        Self {
            wtxid: transaction.compute_wtxid(),
            weight: transaction.weight(),
            transaction,
            fee,
            offered: BTreeSet::new(),
            echoed: BTreeSet::new(),
            declined: BTreeSet::new(),
            told: false,
            taken: false,
            answered: false,
            tries: 0,
            due: now,
        }
    }

    /// What it pays for its weight, where that is known.
    pub(super) fn rate(&self) -> Option<FeeRate> {
        Some(rate(self.fee?, self.weight))
    }
}

/// Whether a peer with this floor would take a package: its last transaction pays enough, and so do
/// all of them together, as far as is known.
pub(super) fn pays_as_package(
    transactions: &BTreeMap<Txid, Announced>,
    package: &[Txid],
    floor: FeeRate,
) -> bool {
    let Some(leaf) = package.last().and_then(|txid| transactions.get(txid)) else { return false };
    let members = || package.iter().filter_map(|txid| transactions.get(txid));
    let fees: Option<Vec<Amount>> = members().map(|one| one.fee).collect();
    let together = fees.map(|fees| {
        let fee = fees.into_iter().sum();
        rate(fee, members().map(|one| one.weight).sum())
    });
    [leaf.rate(), together].into_iter().flatten().all(|rate| rate >= floor)
}

/// The transactions whose outputs it spends.
pub(super) fn parents(transaction: &Transaction) -> impl Iterator<Item = Txid> + '_ {
    transaction.input.iter().map(|input| input.previous_output.txid)
}

fn rate(fee: Amount, weight: Weight) -> FeeRate {
    let rate = u128::from(fee.to_sat()) * 1000 / u128::from(weight.to_wu().max(1));
    FeeRate::from_sat_per_kwu(u64::try_from(rate).unwrap_or(u64::MAX))
}
