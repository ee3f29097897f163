//! Owns `balance`: what there is, from what is stored.

use billfold_wallet_core::command::{Balance, BalanceParts, Command, Reply};
use bitcoin::Amount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table::{Column, Table};
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

/// Shows the balance.
///
/// # Errors
/// Why the wallet did not open or answer.
pub(super) async fn run(context: &mut Context) -> Result<(), Failure> {
    let reply = Session::ask_stored(Command::Balance, context).await?;
    let Reply::Balance(balance) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&BalanceReport::new(&balance))
}

/// The sum, and what each account has.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct BalanceReport {
    #[serde(flatten)]
    total: Parts,
    accounts: Vec<AccountParts>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AccountParts {
    account: String,
    #[serde(flatten)]
    parts: Parts,
}

/// Satoshi.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Parts {
    #[serde(with = "as_sat")]
    confirmed: Amount,
    #[serde(with = "as_sat")]
    pending: Amount,
    #[serde(with = "as_sat")]
    immature: Amount,
    #[serde(with = "as_sat")]
    frozen: Amount,
}

impl BalanceReport {
    fn new(balance: &Balance) -> Self {
        let accounts = balance.accounts.iter().map(|(name, parts)| AccountParts {
            account: name.to_string(),
            parts: Parts::new(*parts),
        });
        Self { total: Parts::new(balance.total), accounts: accounts.collect() }
    }
}

impl Parts {
    const fn new(parts: BalanceParts) -> Self {
        let BalanceParts { confirmed, pending, immature, frozen } = parts;
        Self { confirmed, pending, immature, frozen }
    }

    fn row(self, name: String) -> [String; 5] {
        let Self { confirmed, pending, immature, frozen } = self;
        let [a, b, c, d] = [confirmed, pending, immature, frozen].map(figures::amount);
        [name, a, b, c, d]
    }
}

impl Report for BalanceReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let filled: Vec<_> =
            self.accounts.iter().filter(|account| !account.parts.is_empty()).collect();
        if filled.len() < 2 { self.total.list() } else { self.breakdown(&filled) }
    }
}

impl BalanceReport {
    fn breakdown(&self, accounts: &[&AccountParts]) -> String {
        let mut table = Table::new([
            Column::left("Account"),
            Column::right("Confirmed"),
            Column::right("Pending"),
            Column::right("Immature"),
            Column::right("Frozen"),
        ]);
        for AccountParts { account, parts } in accounts {
            table.row(parts.row(account.clone()));
        }
        table.row(self.total.row("Total".to_owned()));
        table.text()
    }
}

impl Parts {
    fn is_empty(self) -> bool {
        [self.confirmed, self.pending, self.immature, self.frozen] == [Amount::ZERO; 4]
    }

    /// One part to a line; what is spendable always, the others when there is some.
    fn list(self) -> String {
        let mut text = line("Confirmed", self.confirmed);
        let others =
            [("Pending", self.pending), ("Immature", self.immature), ("Frozen", self.frozen)];
        for (name, amount) in others.into_iter().filter(|(_, amount)| *amount != Amount::ZERO) {
            text.push('\n');
            text.push_str(&line(name, amount));
        }
        text
    }
}

fn line(name: &str, amount: Amount) -> String {
    format!("{name:<9}  {}", figures::amount(amount))
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
    use serde_json::json;

    use super::*;

    fn balance(accounts: &[ScriptType]) -> Balance {
        let parts = BalanceParts {
            confirmed: Amount::from_sat(1_250_000),
            pending: Amount::from_sat(7),
            ..BalanceParts::default()
        };
        let names = accounts.iter().map(|script_type| StandardAccount::first(*script_type).name());
        Balance {
            total: parts,
            spendable: parts.confirmed,
            accounts: names.map(|name| (name, parts)).collect(),
        }
    }

    #[test]
    fn the_fields_are_stable() {
        let report = BalanceReport::new(&balance(&[ScriptType::Taproot]));
        let expected = json!({
            "confirmed": 1_250_000, "pending": 7, "immature": 0, "frozen": 0,
            "accounts": [{
                "account": "taproot",
                "confirmed": 1_250_000, "pending": 7, "immature": 0, "frozen": 0,
            }],
        });
        assert_eq!(serde_json::to_value(&report).expect("JSON"), expected);
    }

    #[test]
    fn several_accounts_with_money_are_broken_down() {
        let canvas = Canvas { drawings: false, colour: false };
        let one = BalanceReport::new(&balance(&[ScriptType::Taproot])).for_people(canvas);
        assert_eq!(one.lines().count(), 2, "{one}");
        let two = BalanceReport::new(&balance(&[ScriptType::Taproot, ScriptType::Legacy]));
        let two = two.for_people(canvas);
        let mut empty = balance(&[ScriptType::Taproot, ScriptType::Legacy]);
        empty.accounts[1].1 = BalanceParts::default();
        assert_eq!(BalanceReport::new(&empty).for_people(canvas), one);
        assert!(two.contains("legacy") && two.contains("Total"), "{two}");
    }
}
