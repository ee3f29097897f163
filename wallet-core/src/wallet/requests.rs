//! Owns the wallet's addresses as they are told: what was asked for at each, and what came.
//!
//! Refuses to hand out an address: `addresses` does.

use crate::command::{AddressQuery, AddressRow, AddressStatus, Mark, StoreProblem};
use crate::keychain::Branch;
use crate::light_client::time::WallTime;
use crate::store::wallet::AddressEntry;

use super::Wallet;

impl Wallet {
    /// The addresses that were given out or paid, by their accounts, the last one first.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn addresses(&self, query: &AddressQuery) -> Result<Vec<AddressRow>, StoreProblem> {
        let mut rows = Vec::new();
        for keychain in self.keychains.keys() {
            if !query.change && keychain.branch == Branch::Change {
                continue;
            }
            let known = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let left = query.limit.map(|limit| limit.saturating_sub(known));
            // Of those in one state there may be none among the last ones.
            let last = left.filter(|_| query.status.is_none());
            for entry in self.file.address_entries(*keychain, last)? {
                let status = status(&entry);
                if query.status.is_none_or(|wanted| wanted == status) {
                    rows.push(self.address_row(status, entry)?);
                }
            }
        }
        rows.truncate(query.limit.map_or(usize::MAX, |limit| limit as usize));
        Ok(rows)
    }

    fn address_row(
        &self,
        status: AddressStatus,
        entry: AddressEntry,
    ) -> Result<AddressRow, StoreProblem> {
        Ok(AddressRow {
            address: self.address_of(&entry.spk)?,
            account: self.account(entry.place.keychain.account)?.name().clone(),
            keychain: entry.place.keychain,
            index: entry.place.index,
            status,
            amount: entry.amount,
            issued: entry.issued.map(WallTime::to_unix),
            expires: entry.expires.map(WallTime::to_unix),
            received: entry.paid.received,
            balance: entry.paid.balance,
            payments: entry.paid.payments,
            note: entry.note,
            marks: if entry.paid.payments > 1 { vec![Mark::Reused] } else { Vec::new() },
        })
    }
}

fn status(entry: &AddressEntry) -> AddressStatus {
    match entry.state {
        None if entry.paid.payments == 0 => AddressStatus::Unused,
        None => AddressStatus::Used,
        Some(state) => state.into(),
    }
}
