//! Owns `addresses`: the wallet's addresses, what was asked for at them, and what came.

use billfold_wallet_core::command::{AddressQuery, AddressRow, Command, Mark, Reply};
use billfold_wallet_core::keychain::Branch;
use bitcoin::Amount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use super::marks;
use crate::cli::lists::AddressesArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::figures;
use crate::output::list::{List, Listed};
use crate::output::table::Column;
use crate::session::{Session, unexpected};

/// Lists the addresses.
///
/// # Errors
/// Why the wallet did not open or answer.
pub(super) async fn run(options: &AddressesArgs, context: &mut Context) -> Result<(), Failure> {
    let AddressesArgs { status, change, limit } = *options;
    let command = Command::Addresses(AddressQuery { status, change, limit });
    let reply = Session::ask_stored(command, context).await?;
    let Reply::Addresses(rows) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&rows.iter().map(Row::new).collect::<List<_, 4>>())
}

#[derive(Debug, Serialize)]
struct Row {
    address: String,
    account: String,
    branch: &'static str,
    index: u32,
    status: &'static str,
    #[serde(with = "as_sat::opt")]
    amount: Option<Amount>,
    issued: Option<u64>,
    expires: Option<u64>,
    #[serde(with = "as_sat")]
    received: Amount,
    #[serde(with = "as_sat")]
    balance: Amount,
    payments: u32,
    note: Option<String>,
    marks: Vec<&'static str>,
    #[serde(skip)]
    warnings: Vec<String>,
}

impl Row {
    fn new(row: &AddressRow) -> Self {
        Self {
            address: row.address.to_string(),
            account: row.account.to_string(),
            branch: match row.keychain.branch {
                Branch::Receive => "receive",
                Branch::Change => "change",
            },
            index: row.index.to_u32(),
            status: row.status.name(),
            amount: row.amount,
            issued: row.issued,
            expires: row.expires,
            received: row.received,
            balance: row.balance,
            payments: row.payments,
            note: row.note.clone(),
            marks: row.marks.iter().map(Mark::name).collect(),
            warnings: marks::in_words(&row.marks),
        }
    }
}

impl Listed<4> for Row {
    const HEAD: [Column; 4] = [
        Column::left("Address"),
        Column::left("Status"),
        Column::right("Asked for"),
        Column::right("Received"),
    ];
    const NONE: &'static str = "No such addresses.";

    fn cells(&self) -> [String; 4] {
        [
            format!("{} {} {}", self.account, self.branch, self.index),
            self.status.to_owned(),
            self.amount.map_or_else(String::new, figures::amount),
            figures::amount(self.received),
        ]
    }

    fn below(&self) -> Vec<String> {
        let until = self.expires.map(|time| format!("until {}", figures::local_time(time)));
        let note = figures::foreign(self.note.as_deref().unwrap_or_default());
        let named = [self.address.clone(), note, until.unwrap_or_default()];
        named.into_iter().chain(self.warnings.iter().cloned()).collect()
    }
}
