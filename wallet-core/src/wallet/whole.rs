//! Owns the choice of whole addresses: the coins of a script together or none of them, so that what
//! is left at one is never linked to what was spent from it. Coins that cost more than they hold are
//! not among them, as in Bitcoin Core.
//!
//! Refuses more than [`MOST`] coins at once, as Bitcoin Core does: a payment would cost far more than
//! anybody means.

use std::collections::{BTreeMap, HashMap};

use bitcoin::OutPoint;

use crate::store::wallet::{LeanCoin, ScriptPlace};

use super::fee;
use super::selection::{self, Candidate, Selection, Target};

/// At which scripts the coins are that can be chosen.
pub(super) struct Places {
    of: HashMap<OutPoint, ScriptPlace>,
    counts: HashMap<ScriptPlace, usize>,
}

impl Places {
    pub(super) fn new(of: HashMap<OutPoint, ScriptPlace>) -> Self {
        let mut counts = HashMap::new();
        for place in of.values() {
            *counts.entry(*place).or_insert(0) += 1;
        }
        Self { of, counts }
    }

    /// The coins of a pool behind the first ones, by scripts; those of which the pool has not all are left out.
    pub(super) fn sets(&self, pool: &[LeanCoin], fixed: usize) -> Vec<Vec<usize>> {
        let mut sets: BTreeMap<ScriptPlace, Vec<usize>> = BTreeMap::new();
        for (at, coin) in pool.iter().enumerate().skip(fixed) {
            if let Some(place) = self.of.get(&coin.outpoint) {
                sets.entry(*place).or_default().push(at);
            }
        }
        sets.retain(|place, coins| self.counts.get(place) == Some(&coins.len()));
        sets.values().flat_map(|coins| coins.chunks(MOST)).map(<[_]>::to_vec).collect()
    }
}

/// Spends the first `fixed` candidates, and beside them as few of the sets as are enough; `None` if
/// all of them are not.
pub(super) fn select(
    candidates: &[Candidate],
    fixed: usize,
    sets: &[Vec<usize>],
    target: &Target<'_>,
) -> Option<Selection> {
    let alone = candidates.iter().take(fixed).copied();
    let merged: Vec<Candidate> =
        alone.chain(sets.iter().filter_map(|set| merged(candidates, set))).collect();
    let chosen = match fixed {
        0 => selection::select(&merged, target)?,
        _ => selection::select_beside(&merged, fixed, target)?,
    };
    let coins = |at: usize| at.checked_sub(fixed).map_or_else(|| vec![at], |set| sets[set].clone());
    let coins = chosen.coins.into_iter().flat_map(coins).collect();
    let all = || (0..fixed).chain(sets.iter().flatten().copied()).collect();
    // The count of very many inputs takes two bytes more than that of their sets.
    selection::finish(candidates, target, coins)
        .or_else(|| selection::finish(candidates, target, all()))
}

/// Some coins as one.
fn merged(candidates: &[Candidate], set: &[usize]) -> Option<Candidate> {
    let first = candidates.get(*set.first()?)?.plan;
    let coins = || set.iter().filter_map(|&at| candidates.get(at));
    let weight = coins().map(|coin| fee::input_weight(coin.plan)).sum();
    let amount = coins().map(|coin| coin.amount).sum();
    Some(Candidate { amount, plan: fee::weighing(first, weight) })
}

/// Coins of one script that are spent together at the most.
const MOST: usize = 100;
