//! Owns how a search for old payments is told: for programs and for people.
//!
//! Refuses to say "all": it says which accounts, how far, from which block to which.

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
    start: BirthdayForm,
    end: Option<EndForm>,
    gap: u32,
    change_gap: u32,
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
    since: u32,
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
        let SearchReport { start, end, gap, change_gap, accounts } = &wallet.search;
        Self {
            start: BirthdayForm::new(*start),
            end: end.map(EndForm::new),
            gap: *gap,
            change_gap: *change_gap,
            payments: wallet.search.payments(),
            accounts: accounts.iter().map(|search| AccountRow::new(search, wallet)).collect(),
        }
    }

    /// What was searched, with a row for each account.
    pub(super) fn for_people(&self) -> String {
        let mut table = Table::new([
            Column::left("Account"),
            Column::right("From block"),
            Column::right("Addresses"),
            Column::right("Change"),
            Column::right("Paid"),
            Column::right("Payments"),
            Column::right("Received"),
        ]);
        for row in &self.accounts {
            let (receive, change) = (row.receive, row.change);
            let number = |number: u32| figures::grouped(number.into());
            table.row([
                row.account.clone(),
                number(row.since),
                number(receive.searched),
                number(change.searched),
                number(receive.paid + change.paid),
                number(receive.payments + change.payments),
                figures::amount(receive.received + change.received),
            ]);
        }
        format!("{}\n{}\n{}", self.range(), table.text(), self.limits())
    }

    /// `Searched from block 0 to block 1,234, on 2026-05-01 …`.
    fn range(&self) -> String {
        let start = self.start.for_people();
        match &self.end {
            Some(EndForm { height, time, .. }) => format!(
                "Searched from {start} to block {}, {}:",
                figures::grouped((*height).into()),
                figures::local_time(*time)
            ),
            None => format!("Searching from {start} on, not at the end yet:"),
        }
    }

    fn limits(&self) -> String {
        let gap = figures::grouped(self.gap.into());
        let found = match self.payments {
            0 => NOTHING.to_owned(),
            payments => format!("{} found. ", figures::count(payments.into(), "payment")),
        };
        format!(
            "{found}Not searched: lower blocks, other accounts and types, and addresses after {gap} \
             unused ones in a row ({} of change).",
            self.change_gap
        )
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
            since: search.since.to_u32(),
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
