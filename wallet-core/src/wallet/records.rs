//! Owns what the wallet tells of its transactions one by one, and of scripts: everything it knows.
//!
//! Refuses to compute what the tables hold: it reads them and names what it finds.

use bitcoin::{Address, Script, Transaction, Txid};

use crate::command::{Owner, RecordedOutput, Reference, StoreProblem, TransactionRecord};

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
        let records = txids.iter().map(|txid| self.transaction_record(*txid));
        records.filter_map(Result::transpose).collect()
    }

    /// Where in this wallet a script comes from.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn owner(&self, spk: &Script) -> Result<Option<Owner>, StoreProblem> {
        let Some(place) = self.scripts.get(spk) else { return Ok(None) };
        let account = self.account(place.keychain.account)?.name().clone();
        Ok(Some(Owner { account, branch: place.keychain.branch, index: place.index }))
    }

    fn transaction_record(&self, txid: Txid) -> Result<Option<TransactionRecord>, StoreProblem> {
        let Some(row) = self.file.transaction(txid)?.filter(|row| row.sums.ours) else {
            return Ok(None);
        };
        let outputs = row.transaction.output.iter().map(|output| {
            let note = match Address::from_script(&output.script_pubkey, self.network()) {
                Ok(address) => self.label(&Reference::Address(address))?,
                Err(_) => None,
            };
            Ok(RecordedOutput { owner: self.owner(&output.script_pubkey)?, note })
        });
        let (replaces, replaced_by) = self.file.replacements(txid)?;
        Ok(Some(TransactionRecord {
            state: state(&row),
            block: row.placement.map(|p| (p.block, p.position, p.time.to_unix())),
            first_seen: row.first_seen.to_unix(),
            net: row.sums.net,
            fee: row.sums.fee,
            signed_here: row.signed_here,
            outputs: outputs.collect::<Result<_, _>>()?,
            conflicts: self.conflicts(txid, &row.transaction)?,
            replaces,
            replaced_by,
            note: self.label(&Reference::Transaction(txid))?,
            transaction: row.transaction,
        }))
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
