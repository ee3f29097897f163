//! Owns the coins that a request names, with what it says of each: the wallet's own and, beside them,
//! those of others.
//!
//! Refuses what can't be spent now, and a coin of others without the transaction that made it.

use bitcoin::{Amount, OutPoint, Sequence, Txid, Weight, absolute};

use crate::command::{CommandError, InputTerms, Spends, StoreProblem};
use crate::keychain::SpendPlan;
use crate::limits::LONGEST_LINE;
use crate::store::wallet::LeanCoin;

use super::coins::is_immature;
use super::request::{CheckedRequest, RESTRICTED};
use super::{DraftMoment, Wallet, fee};

impl Wallet {
    /// The coins that a request names, in its order.
    pub(super) fn named(
        &self,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, CommandError> {
        let find = |coin: &OutPoint| {
            let terms = request.terms.iter().find(|terms| terms.outpoint == *coin);
            if let Some(foreign) = terms.and_then(|terms| self.foreign(terms)) {
                if self.file.is_unplaced(coin.txid)? && self.waits(coin.txid, request)? {
                    return Err(CommandError::CoinWaits(*coin));
                }
                return Ok(foreign);
            }
            self.own_named(*coin, terms, request, moment)
        };
        request.coins.iter().map(find).collect()
    }

    fn own_named(
        &self,
        coin: OutPoint,
        terms: Option<&InputTerms>,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<LeanCoin, CommandError> {
        let output = self.file.own_output(coin, moment.now)?;
        let output = output.filter(|output| output.live && output.spender.is_none());
        let row = output.ok_or(CommandError::NoSuchCoin(coin))?.coin;
        let waits = row.height.is_none()
            && (self.waits(coin.txid, request)? || self.is_early(coin.txid)?);
        let mut plan = self.spend_plan(row.place)?;
        match row {
            row if row.frozen => Err(CommandError::CoinFrozen(coin)),
            row if row.reserved => Err(CommandError::CoinReserved(coin)),
            row if is_immature(&row, moment.tip) => Err(CommandError::CoinImmature(coin)),
            _ if self.is_falling(coin.txid, moment.now)? => Err(CommandError::CoinReserved(coin)),
            row if row.height.is_none() && !self.has_room(coin.txid, Weight::ZERO)? => {
                Err(CommandError::LineTooLong { most: LONGEST_LINE })
            }
            row if waits || !plan.is_open(row.height, moment.tip) => {
                Err(CommandError::CoinWaits(coin))
            }
            row => {
                if let Some(InputTerms { spends: Spends::Own { weight: Some(weight) }, .. }) = terms
                {
                    plan = fee::weighing(plan, *weight);
                }
                plan.sequence = terms.and_then(|terms| terms.sequence).unwrap_or(plan.sequence);
                Ok(LeanCoin { plan: terms.map(|_| plan), ..LeanCoin::from(&row) })
            }
        }
    }

    /// Whether a coin of a transaction in no block has to wait for one (BIP431).
    fn waits(&self, txid: Txid, request: &CheckedRequest) -> Result<bool, StoreProblem> {
        Ok(request.layout.version == Some(RESTRICTED) || self.is_restricted(txid)?)
    }

    /// A coin of others; `None` if it is not one, or not what is said of it.
    fn foreign(&self, terms: &InputTerms) -> Option<LeanCoin> {
        let Spends::Foreign { parent, weight, has_witness } = &terms.spends else { return None };
        let OutPoint { txid, vout } = terms.outpoint;
        let output = parent.tx_out(usize::try_from(vout).ok()?).ok()?;
        // Its id commits to the amount, but it may be a transaction that no block can hold.
        let is_possible = output.value <= Amount::MAX_MONEY;
        if !is_possible
            || parent.compute_txid() != txid
            || self.scripts.contains_key(&output.script_pubkey)
        {
            return None;
        }
        let plan = SpendPlan {
            satisfaction: Weight::ZERO,
            has_witness: *has_witness,
            sequence: terms.sequence.unwrap_or(Sequence::ENABLE_RBF_NO_LOCKTIME),
            lock_time: absolute::LockTime::ZERO,
        };
        Some(LeanCoin {
            outpoint: terms.outpoint,
            amount: output.value,
            // Where change goes if nothing else of the wallet is spent.
            account: self.description.preferred,
            height: None,
            plan: Some(fee::weighing(plan, *weight)),
        })
    }
}
