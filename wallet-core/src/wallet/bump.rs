//! Owns how a transaction that waits is sped up or taken back: replaced by one with a higher fee
//! (BIP125), or paid for by a child.
//!
//! Refuses to let payments fall that stand on a replaced one, unless that was asked for, a fee
//! with which nodes would keep what they have, and to pay earlier than the payment would have.

mod child;
mod replacement;
mod handed;

use bitcoin::Txid;
use bitcoin::absolute::LockTime;

use crate::command::{
    BumpProblem, BumpRequest, BumpWay, CommandError, Draft, FeeBasis, Layout, Reference,
};
use crate::light_client::height::Height;
use crate::limits::MOST_REPLACED;
use crate::store::wallet::{RequestId, Task, TransactionRow};

use super::funding::Funding;
use super::graph::inputs;
use super::lineage::Lineage;
use super::request::RESTRICTED;
use super::unkept::Unkept;
use super::{DraftMoment, Wallet, fee};

/// A transaction that no block holds, and what stands on it.
struct Waiting {
    txid: Txid,
    row: TransactionRow,
    falling: Lineage,
}

impl Wallet {
    /// Builds what speeds a waiting transaction up or takes it back, and reserves its coins. A draft
    /// that was made for that before gives way, unless it is signed in part or given out. A dry run
    /// looks at what would be then, and stages nothing.
    ///
    /// # Errors
    /// Why it can't be bumped, what is lacking, or what the disk refused.
    pub fn bump(
        &mut self,
        request: &BumpRequest,
        moment: &DraftMoment,
    ) -> Result<Draft, CommandError> {
        let waiting = self.waiting(request.txid)?;
        // Whoever made it may be gone since, and could not bump for as long as it holds.
        let left = self.file.brief_drafts_for(request.txid)?;
        if request.dry_run {
            let begun = self.file.begin_look(&left).map_err(CommandError::from);
            let draft = begun.and_then(|()| self.bump_with(request, &waiting, moment));
            self.file.end_look()?;
            return draft;
        }
        self.drop_stale_drafts(left, moment)?;
        self.bump_with(request, &waiting, moment)
    }

    /// The same, with no such draft in the way.
    fn bump_with(
        &mut self,
        request: &BumpRequest,
        waiting: &Waiting,
        moment: &DraftMoment,
    ) -> Result<Draft, CommandError> {
        let bumped = match self.way(request.way, waiting, moment)? {
            Way::Replace => self.replacement(waiting, request.fee, moment)?,
            Way::Cancel => self.cancellation(waiting, request.fee, moment)?,
            Way::Child => self.child(waiting, request.fee, moment)?,
        };
        let back = bumped.funding.change.iter().filter(|_| bumped.funding.outputs.is_empty());
        let paid = bumped.funding.outputs.iter().chain(back.map(|(_, output)| output));
        let paid = paid.map(|output| output.value).sum();
        fee::check_fee(bumped.funding.fee, paid, request.most_fee)?;
        let version = waiting.row.transaction.version;
        let is_child = matches!(bumped.task, Task::Child(_));
        // A child of version 1 would be as good in version 2; a replacement stays what it was.
        let version = (!is_child || version == RESTRICTED).then_some(version);
        fee::check_weight(bumped.funding.weight, fee::most_weight(version, is_child, None))?;
        let replaces = matches!(bumped.task, Task::Replace(_));
        let lock_time = waiting.lock_time(moment.tip).filter(|_| replaces);
        let unkept = Unkept {
            funding: bumped.funding,
            task: bumped.task,
            takes_all: bumped.takes_all,
            fee_basis: bumped.fee_basis,
            note: self.label(&Reference::Transaction(request.txid))?,
            output_notes: Vec::new(),
            request: moment.request.clone().unwrap_or(UNKEYED),
            terms: Vec::new(),
            layout: Layout { lock_time, version, ..Layout::default() },
            hold: request.hold,
            dry_run: request.dry_run,
        };
        self.keep(unkept, moment)
    }

    /// The transaction, if it waits for a block.
    fn waiting(&self, txid: Txid) -> Result<Waiting, CommandError> {
        let row = self.file.transaction(txid)?.filter(|row| row.sums.ours);
        let row = row.ok_or(CommandError::NoSuchTransaction(txid))?;
        let refused = |why| Err(CommandError::CannotBump { txid, why });
        if row.placement.is_some() {
            return refused(BumpProblem::Confirmed);
        }
        if !row.canonical {
            return match self.in_the_place_of(txid, &row)? {
                Some(by) => refused(BumpProblem::Replaced { by }),
                None => refused(BumpProblem::Evicted),
            };
        }
        let falling = self.descendants(txid)?;
        Ok(Waiting { txid, row, falling })
    }

    /// What counts instead of a transaction; `None` if nothing does.
    fn in_the_place_of(
        &self,
        txid: Txid,
        row: &TransactionRow,
    ) -> Result<Option<Txid>, CommandError> {
        for spent in inputs(&row.transaction) {
            for rival in self.file.spenders(spent)?.into_iter().filter(|rival| *rival != txid) {
                if self.file.transaction(rival)?.is_some_and(|row| row.canonical) {
                    return Ok(Some(rival));
                }
            }
        }
        Ok(None)
    }

    fn way(
        &self,
        asked: BumpWay,
        waiting: &Waiting,
        moment: &DraftMoment,
    ) -> Result<Way, CommandError> {
        let refused = |why| Err(CommandError::CannotBump { txid: waiting.txid, why });
        let ours = waiting.row.sums.fee.is_some();
        let falling = waiting.falling.0.len();
        match asked {
            BumpWay::Replace | BumpWay::Cancel if !ours => refused(BumpProblem::NotOurs),
            BumpWay::Replace | BumpWay::Cancel if falling >= MOST_REPLACED => {
                refused(BumpProblem::TooManyDescendants(falling))
            }
            BumpWay::Replace => Ok(Way::Replace),
            BumpWay::Cancel => Ok(Way::Cancel),
            BumpWay::Best if ours && falling == 0 => Ok(Way::Replace),
            BumpWay::Child | BumpWay::Best if self.is_early(waiting.txid)? => {
                refused(BumpProblem::Early)
            }
            BumpWay::Child => Ok(Way::Child),
            BumpWay::Best if !self.helpers(waiting, moment)?.is_empty() => Ok(Way::Child),
            BumpWay::Best if ours => {
                refused(BumpProblem::HasDescendants(waiting.falling.0.keys().copied().collect()))
            }
            BumpWay::Best => refused(BumpProblem::NothingToSpend),
        }
    }
}

impl Waiting {
    /// The lock time, unless it is reached with the chain at `tip`: what replaces the payment pays no
    /// earlier. A time stays in any case, since it does no harm once it is reached.
    fn lock_time(&self, tip: Height) -> Option<LockTime> {
        let transaction = &self.row.transaction;
        let is_reached = match transaction.lock_time {
            LockTime::Blocks(height) => height.to_consensus_u32() <= tip.to_u32(),
            LockTime::Seconds(_) => false,
        };
        (transaction.is_lock_time_enabled() && !is_reached).then_some(transaction.lock_time)
    }
}

/// A request that nobody knows again.
const UNKEYED: RequestId = RequestId { idempotency_key: None, hash: [0; 32] };

/// How to help a transaction, decided.
enum Way {
    Replace,
    Cancel,
    Child,
}

/// What helps a transaction, before it is kept.
struct Bumped {
    funding: Funding,
    task: Task,
    takes_all: bool,
    fee_basis: FeeBasis,
}
