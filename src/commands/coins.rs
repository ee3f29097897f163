//! Owns `coins`: all unspent outputs, from what is stored.

use billfold_wallet_core::command::{Coin, CoinQuery, Command, Mark, Reply};
use billfold_wallet_core::light_client::height::Height;
use bitcoin::Amount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use super::marks;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::figures;
use crate::output::list::{List, Listed};
use crate::output::table::Column;
use crate::session::{Session, unexpected};

/// Lists the coins.
///
/// # Errors
/// Why the wallet did not open or answer.
pub(super) async fn run(context: &mut Context) -> Result<(), Failure> {
    let reply = Session::ask_stored(Command::Coins(CoinQuery::default()), context).await?;
    let Reply::Coins(coins) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&coins.iter().map(Row::new).collect::<List<_, 3>>())
}

#[derive(Debug, Serialize)]
struct Row {
    coin: String,
    #[serde(with = "as_sat")]
    amount: Amount,
    address: String,
    account: String,
    height: Option<u32>,
    immature: bool,
    frozen: bool,
    reserved: bool,
    note: Option<String>,
    marks: Vec<&'static str>,
    #[serde(skip)]
    warnings: Vec<String>,
}

impl Row {
    fn new(coin: &Coin) -> Self {
        Self {
            coin: coin.outpoint.to_string(),
            amount: coin.amount,
            address: coin.address.to_string(),
            account: coin.account.to_string(),
            height: coin.height.map(Height::to_u32),
            immature: coin.immature,
            frozen: coin.frozen,
            reserved: coin.reserved,
            note: coin.note.clone(),
            marks: coin.marks.iter().map(Mark::name).collect(),
            warnings: marks::in_words(&coin.marks),
        }
    }

    /// What keeps the coin from being spent, in words.
    fn state(&self) -> String {
        let marks = [
            (self.height.is_none(), "pending"),
            (self.immature, "immature"),
            (self.frozen, "frozen"),
            (self.reserved, "reserved"),
        ];
        let words: Vec<_> = marks.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        if words.is_empty() { "confirmed".to_owned() } else { words.join(", ") }
    }
}

impl Listed<3> for Row {
    const HEAD: [Column; 3] =
        [Column::right("Amount"), Column::left("State"), Column::left("Account")];
    const NONE: &'static str = "No coins.";

    fn cells(&self) -> [String; 3] {
        [figures::amount(self.amount), self.state(), self.account.clone()]
    }

    fn below(&self) -> Vec<String> {
        let note = figures::foreign(self.note.as_deref().unwrap_or_default());
        let named = [self.coin.clone(), self.address.clone(), note];
        named.into_iter().chain(self.warnings.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> Row {
        Row {
            coin: "aa:1".to_owned(),
            amount: Amount::from_sat(5),
            address: "bc1q".to_owned(),
            account: "segwit/2".to_owned(),
            height: None,
            immature: false,
            frozen: true,
            reserved: false,
            note: Some("salary".to_owned()),
            marks: vec!["reused"],
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_fields_are_stable() {
        let expected = json!([{
            "coin": "aa:1", "amount": 5, "address": "bc1q",
            "account": "segwit/2",
            "height": null, "immature": false, "frozen": true, "reserved": false, "note": "salary",
            "marks": ["reused"],
        }]);
        assert_eq!(serde_json::to_value(List::<_, 3>(vec![row()])).expect("JSON"), expected);
    }

    #[test]
    fn what_keeps_a_coin_is_said_in_words() {
        assert_eq!(row().state(), "pending, frozen");
        assert_eq!(Row { height: Some(1), frozen: false, ..row() }.state(), "confirmed");
    }
}
