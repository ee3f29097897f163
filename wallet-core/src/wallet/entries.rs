//! Owns entries: the lines in which programs are told the history, each output to others where the
//! wallet paid, and each output that came in. So a transaction may have several, or none.
//!
//! Own change is none, unless its address has a label. Refuses to tell the lines themselves.

use bitcoin::{Address, Transaction, Txid};

use crate::command::{CommandError, Label, Reference, StoreProblem, TransactionRecord};
use crate::keychain::Branch;
use crate::store::wallet::{EntryPlace, HistoryPart, Place, TransactionRow};

use super::Wallet;

type Rows = Vec<(Txid, TransactionRow)>;

impl Wallet {
    /// The transactions, newest first, of the entries from number `skip` on, at least `count` of
    /// them if there are so many; and how many entries of the first are before those.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn entry_page(
        &self,
        skip: u64,
        count: u32,
    ) -> Result<(u64, Vec<TransactionRecord>), CommandError> {
        let mut before = skip;
        let mut rows: Rows = self.file.waiting_history(&HistoryPart::default())?;
        let passed = rows.iter().take_while(|(_, row)| {
            let entries = u64::from(row.sums.entries);
            let is_passed = entries <= before;
            before -= if is_passed { entries } else { 0 };
            is_passed
        });
        let passed = passed.count();
        rows.drain(..passed);
        let mut below = None;
        if rows.is_empty() {
            let Some(EntryPlace { place: (height, order), newer }) =
                self.file.entry_place(before)?
            else {
                return Ok((0, Vec::new()));
            };
            (before, below) = (newer, Some((height, order + 1)));
        }
        let enough = before + u64::from(count);
        let mut found: u64 = rows.iter().map(|(_, row)| u64::from(row.sums.entries)).sum();
        while found < enough {
            let limit = u32::try_from(enough - found).ok();
            let part = HistoryPart { limit, ..HistoryPart::default() };
            let more: Vec<(Place, (Txid, TransactionRow))> = self.settled_history(&part, below)?;
            let Some((last, _)) = more.last() else { break };
            below = Some(*last);
            found += more.iter().map(|(_, (_, row))| u64::from(row.sums.entries)).sum::<u64>();
            rows.extend(more.into_iter().map(|(_, row)| row));
        }
        Ok((before, self.records(rows)?))
    }

    /// In how many entries a transaction is told, which spends coins of the wallet or does not.
    pub(super) fn entries_of(
        &self,
        transaction: &Transaction,
        spends: bool,
    ) -> Result<u32, StoreProblem> {
        let (mut own, mut hidden) = (0, 0);
        for output in &transaction.output {
            let Some(place) = self.scripts.get(&output.script_pubkey) else { continue };
            own += 1;
            if place.keychain.branch == Branch::Change {
                let address = Address::from_script(&output.script_pubkey, self.network()).ok();
                let label = address.map(|address| self.label(&Reference::Address(address)));
                hidden += u32::from(label.transpose()?.flatten().is_none());
            }
        }
        let outputs = u32::try_from(transaction.output.len()).unwrap_or(u32::MAX);
        Ok(if spends { outputs - hidden + own - hidden } else { own })
    }

    /// Writes what is said of a thing, and counts again the entries that are told or not by it.
    pub(super) fn write_label(&mut self, label: &Label) -> Result<(), StoreProblem> {
        self.file.set_label(label)?;
        let Reference::Address(address) = &label.reference else { return Ok(()) };
        let place = self.scripts.get(&address.script_pubkey()).copied();
        let Some(place) = place.filter(|place| place.keychain.branch == Branch::Change) else {
            return Ok(());
        };
        for txid in self.file.payers(place)? {
            let Some(row) = self.file.transaction(txid)? else { continue };
            let spends = self.file.received(txid)?.to_signed() != Ok(row.sums.net);
            let mut sums = row.sums;
            sums.entries = self.entries_of(&row.transaction, spends)?;
            self.file.set_sums(txid, &sums)?;
        }
        Ok(())
    }
}
