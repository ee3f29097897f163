//! Owns the memory of which transactions were fetched, so that none is fetched twice soon.
//!
//! Refuses to grow: the older half goes when the newer one is full.

use std::collections::BTreeSet;

use crate::limits::MAX_RECENT;
use crate::transaction_id::TransactionId;

/// Names of transactions that were fetched.
#[derive(Debug, Default)]
pub(super) struct Recent {
    newer: BTreeSet<TransactionId>,
    older: BTreeSet<TransactionId>,
}

impl Recent {
    pub(super) fn contains(&self, id: &TransactionId) -> bool {
        self.newer.contains(id) || self.older.contains(id)
    }

    pub(super) fn insert(&mut self, id: TransactionId) {
        if self.newer.len() >= MAX_RECENT / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(id);
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::Txid;
    use bitcoin::hashes::Hash as _;

    use super::*;

    #[test]
    fn the_latest_half_is_never_forgotten() {
        let id = |number: usize| TransactionId::Txid(Txid::hash(&number.to_le_bytes()));
        let mut recent = Recent::default();
        for number in 0..2 * MAX_RECENT {
            recent.insert(id(number));
            assert!(recent.newer.len() + recent.older.len() <= MAX_RECENT);
        }
        let kept = 2 * MAX_RECENT - MAX_RECENT / 2;
        assert!((kept..2 * MAX_RECENT).all(|number| recent.contains(&id(number))));
        assert!(!recent.contains(&id(0)));
    }
}
