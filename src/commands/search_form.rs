//! Owns how a search for old payments is told: for programs and for people.
//!
//! Refuses to say "all": it says which accounts, how far, from which block to which.

use std::collections::BTreeMap;

use billfold_wallet_core::command::{
    AccountSearch, ChainSearch, SearchEnd, SearchReport, WalletDescription,
};
use bitcoin::Amount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use super::account_form::BirthdayForm;
use crate::output::figures;
use crate::output::table::{Column, Table};

/// A search in JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SearchForm {
    end: Option<EndForm>,
    payments: u32,
    accounts: Vec<AccountRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct EndForm {
    height: u32,
    hash: String,
    time: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AccountRow {
    account: String,
    start: BirthdayForm,
    gap: u32,
    change_gap: u32,
    receive: ChainForm,
    change: ChainForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct ChainForm {
    searched: u32,
    used: u32,
    paid: u32,
    payments: u32,
    #[serde(with = "as_sat")]
    received: Amount,
}

impl SearchForm {
    pub(super) fn new(wallet: &WalletDescription) -> Self {
        let SearchReport { end, accounts } = &wallet.search;
        Self {
            end: end.map(EndForm::new),
            payments: wallet.search.payments(),
            accounts: accounts.iter().map(|search| AccountRow::new(search, wallet)).collect(),
        }
    }

    /// What was searched, with a row for each account. What a wallet pays itself as change is nothing
    /// that it received.
    pub(super) fn for_people(&self) -> String {
        let mut table = Table::new([
            Column::left("Account"),
            Column::right("From"),
            Column::right("Addresses"),
            Column::right("Change"),
            Column::right("Paid"),
            Column::right("Payments"),
            Column::right("Received"),
        ]);
        for row in &self.accounts {
            let AccountRow { receive, change, .. } = row;
            let number = |number: u32| figures::grouped(number.into());
            table.row([
                row.account.clone(),
                row.start.for_table(),
                number(receive.searched),
                number(change.searched),
                number(receive.paid),
                number(receive.payments),
                figures::amount(receive.received),
            ]);
        }
        format!("{}\n{}\n{}", self.range(), table.text(), self.limits())
    }

    /// `Searched up to block 1,234, 2026-05-01 …`.
    fn range(&self) -> String {
        match &self.end {
            Some(EndForm { height, time, .. }) => format!(
                "Searched up to block {}, {}:",
                figures::grouped((*height).into()),
                figures::local_time(*time)
            ),
            None => "Searching, not at the end yet:".to_owned(),
        }
    }

    fn limits(&self) -> String {
        let received: u32 = self.accounts.iter().map(|row| row.receive.payments).sum();
        let told = |payments: u32| figures::count(payments.into(), "payment");
        let found = match (received, self.payments) {
            (0, 0) => NOTHING.to_owned(),
            (0, change) => format!("{} to addresses of change found. ", told(change)),
            (received, _) => format!("{} found. ", told(received)),
        };
        format!(
            "{found}Not searched: lower blocks, other accounts and types, and addresses after {}.",
            self.gaps()
        )
    }

    /// `200 unused ones in a row (50 of change)`, for each account if they differ.
    fn gaps(&self) -> String {
        let mut gaps: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
        for row in &self.accounts {
            gaps.entry((row.gap, row.change_gap)).or_default().push(&row.account);
        }
        let differ = gaps.len() > 1;
        let told = gaps.into_iter().map(|((gap, change_gap), accounts)| {
            let number = |number: u32| figures::grouped(number.into());
            let (gap, change_gap) = (number(gap), number(change_gap));
            let of = if differ { format!(" of {}", accounts.join(", ")) } else { String::new() };
            format!("{gap} unused ones in a row ({change_gap} of change){of}")
        });
        told.collect::<Vec<_>>().join(", after ")
    }
}

impl EndForm {
    fn new(end: SearchEnd) -> Self {
        let SearchEnd { tip, at } = end;
        Self { height: tip.height.to_u32(), hash: tip.hash.to_string(), time: at }
    }
}

impl AccountRow {
    fn new(search: &AccountSearch, wallet: &WalletDescription) -> Self {
        let account = wallet.accounts.iter().find(|account| account.id == search.account);
        Self {
            account: account.map_or_else(String::new, |account| account.name.to_string()),
            start: BirthdayForm::new(search.start),
            gap: search.gap,
            change_gap: search.change_gap,
            receive: ChainForm::new(search.receive),
            change: ChainForm::new(search.change),
        }
    }
}

impl ChainForm {
    const fn new(search: ChainSearch) -> Self {
        let ChainSearch { searched, used, paid, payments, received } = search;
        Self { searched, used, paid, payments, received }
    }
}

const NOTHING: &str = "No payment was found. If there should be some: a passphrase makes another \
                       wallet, and restore searches wider with --accounts and --gap, and lower \
                       with --birthday. ";
