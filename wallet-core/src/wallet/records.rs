//! Owns what the wallet tells of its transactions one by one, and of scripts: everything it knows.
//!
//! Refuses to compute what the tables hold: it reads them and names what it finds.

use std::collections::HashSet;

use bitcoin::{Address, BlockHash, OutPoint, Script, Transaction, Txid};

use crate::command::{
    CommandError, HistoryQuery, LeftBlock, Owner, RecordedOutput, Reference, StoreProblem,
    TransactionRecord,
};

use crate::light_client::height::Height;
use crate::store::wallet::TransactionRow;

use super::Wallet;
use super::fold::state;

impl Wallet {
    /// All that is known of some transactions, in this order; unknown ones are left out.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn transaction_records(
        &self,
        txids: &[Txid],
    ) -> Result<Vec<TransactionRecord>, StoreProblem> {
        let mut rows = Vec::new();
        for txid in txids {
            let row = self.file.transaction(*txid)?.filter(|row| row.sums.ours);
            rows.extend(row.map(|row| (*txid, row)));
        }
        self.records(rows)
    }

    /// A part of the history, with all that is known of each transaction.
    ///
    /// # Errors
    /// As [`history_page`](Self::history_page).
    pub fn record_page(
        &self,
        query: &HistoryQuery,
    ) -> Result<Vec<TransactionRecord>, CommandError> {
        Ok(self.records(self.part_of_history(query)?)?)
    }

    pub(super) fn records(
        &self,
        rows: Vec<(Txid, TransactionRow)>,
    ) -> Result<Vec<TransactionRecord>, StoreProblem> {
        let is_placed = |(_, row): &(Txid, TransactionRow)| row.placement.is_some();
        let doubtful =
            if rows.iter().all(is_placed) { HashSet::new() } else { self.file.doubtful()? };
        rows.into_iter().map(|(txid, row)| self.record(txid, row, &doubtful)).collect()
    }

    /// What left the best chain with a block that the scan had passed; `None`: it is not known to
    /// have left.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn left_block(&self, block: BlockHash) -> Result<Option<LeftBlock>, StoreProblem> {
        self.file.left_block(block)
    }

    /// Where in this wallet a script comes from.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn owner(&self, spk: &Script) -> Result<Option<Owner>, StoreProblem> {
        let Some(place) = self.file.script_place(spk)? else { return Ok(None) };
        let account = self.account(place.keychain.account)?.name().clone();
        Ok(Some(Owner { account, branch: place.keychain.branch, index: place.index }))
    }

    fn record(
        &self,
        txid: Txid,
        row: TransactionRow,
        doubtful: &HashSet<Txid>,
    ) -> Result<TransactionRecord, StoreProblem> {
        let outputs = (0..).zip(&row.transaction.output).map(|(vout, output)| {
            let note = match Address::from_script(&output.script_pubkey, self.network()) {
                Ok(address) => self.label(&Reference::Address(address))?,
                Err(_) => None,
            };
            let owner = self.owner(&output.script_pubkey)?;
            let spender = match owner {
                Some(_) => self.file.spender(OutPoint::new(txid, vout))?,
                None => None,
            };
            Ok(RecordedOutput { owner, note, spender })
        });
        let (replaces, replaced_by) = self.file.replacements(txid)?;
        Ok(TransactionRecord {
            state: state(&row),
            block: row.placement.map(|p| (p.block, p.position, p.time.to_unix())),
            first_seen: row.first_seen.to_unix(),
            trusted: row.canonical && !doubtful.contains(&txid),
            net: row.sums.net,
            fee: row.sums.fee,
            signed_here: row.signed_here,
            outputs: outputs.collect::<Result<_, _>>()?,
            conflicts: self.conflicts(txid, &row.transaction)?,
            excluded: if row.canonical { None } else { self.excluded(txid)? },
            replaces,
            replaced_by,
            note: self.label(&Reference::Transaction(txid))?,
            transaction: row.transaction,
        })
    }

    /// The lowest block that holds what spends a coin of a transaction, or of those that it stands
    /// on, in its place.
    fn excluded(&self, txid: Txid) -> Result<Option<Height>, StoreProblem> {
        let (mut open, mut seen) = (vec![txid], HashSet::new());
        let mut lowest: Option<Height> = None;
        while let Some(txid) = open.pop() {
            let Some(row) = self.file.transaction(txid)?.filter(|row| row.placement.is_none())
            else {
                continue;
            };
            if !seen.insert(txid) {
                continue;
            }
            for rival in self.conflicts(txid, &row.transaction)? {
                let placed = self.file.transaction(rival)?.and_then(|row| row.placement);
                lowest = lowest.into_iter().chain(placed.map(|at| at.block.height)).min();
            }
            open.extend(row.transaction.input.iter().map(|input| input.previous_output.txid));
        }
        Ok(lowest)
    }

    fn conflicts(&self, txid: Txid, of: &Transaction) -> Result<Vec<Txid>, StoreProblem> {
        let mut conflicts = Vec::new();
        for input in of.input.iter().filter(|input| !input.previous_output.is_null()) {
            conflicts.extend(self.file.spenders(input.previous_output)?);
        }
        conflicts.retain(|other| *other != txid);
        conflicts.sort_unstable();
        conflicts.dedup();
        Ok(conflicts)
    }
}
