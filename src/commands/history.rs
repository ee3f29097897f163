//! Owns `history`: transactions, newest first, page by page, from what is stored.

use billfold_wallet_core::command::{Command, HistoryQuery, HistoryRow, Mark, PaymentState, Reply};
use bitcoin::Amount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use super::marks;
use crate::cli::lists::HistoryArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::figures;
use crate::output::list::{List, Listed};
use crate::output::table::Column;
use crate::session::{Session, unexpected};

/// Lists the transactions.
///
/// # Errors
/// `no_such_transaction` to go on after, or why the wallet did not open or answer.
pub(super) async fn run(options: &HistoryArgs, context: &mut Context) -> Result<(), Failure> {
    let query = HistoryQuery { after: options.after, limit: options.limit, ..options.part.query() };
    let reply = Session::ask_stored(Command::History(query), context).await?;
    let Reply::History(rows) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&rows.iter().map(Row::new).collect::<List<_, 4>>())
}

#[derive(Debug, Serialize)]
struct Row {
    txid: String,
    #[serde(with = "as_sat")]
    net: bitcoin::SignedAmount,
    #[serde(with = "as_sat::opt")]
    fee: Option<Amount>,
    state: &'static str,
    replaces: Option<String>,
    replaced_by: Option<String>,
    seen_by: u32,
    height: Option<u32>,
    time: u64,
    note: Option<String>,
    marks: Vec<&'static str>,
    #[serde(skip)]
    warnings: Vec<String>,
}

impl Row {
    fn new(row: &HistoryRow) -> Self {
        let height = match row.state {
            PaymentState::Confirmed(block) => Some(block.height.to_u32()),
            PaymentState::Signed
            | PaymentState::Announced
            | PaymentState::Pending
            | PaymentState::Replaced
            | PaymentState::Evicted => None,
        };
        Self {
            txid: row.txid.to_string(),
            net: row.net,
            fee: row.fee,
            state: row.state.name(),
            replaces: row.replaces.map(|txid| txid.to_string()),
            replaced_by: row.replaced_by.map(|txid| txid.to_string()),
            seen_by: row.seen_by,
            height,
            time: row.time,
            note: row.note.clone(),
            marks: row.marks.iter().map(Mark::name).collect(),
            warnings: marks::in_words(&row.marks),
        }
    }

    fn waiting(&self) -> String {
        if matches!(self.state, "confirmed" | "replaced" | "evicted") || self.seen_by == 0 {
            return self.state.to_owned();
        }
        let peers = figures::count(self.seen_by.into(), "peer");
        format!("{}, seen by {peers}", self.state)
    }
}

impl Listed<4> for Row {
    const HEAD: [Column; 4] = [
        Column::left("Time"),
        Column::right("Amount"),
        Column::right("Fee"),
        Column::left("State"),
    ];
    const NONE: &'static str = "No transactions.";

    fn cells(&self) -> [String; 4] {
        [
            figures::local_time(self.time),
            figures::net(self.net),
            self.fee.map_or_else(String::new, figures::amount),
            self.height.map_or_else(
                || self.waiting(),
                |height| format!("block {}", figures::grouped(height.into())),
            ),
        ]
    }

    fn below(&self) -> Vec<String> {
        let note = figures::foreign(self.note.as_deref().unwrap_or_default());
        let replaced = self.replaced_by.as_ref().map(|by| format!("replaced by {by}"));
        let replaced = replaced.filter(|_| self.state == "replaced").unwrap_or_default();
        let named = [self.txid.clone(), replaced, note];
        named.into_iter().chain(self.warnings.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::height::{BlockId, Height};
    use bitcoin::hashes::Hash;
    use bitcoin::{BlockHash, SignedAmount, Txid};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_fields_are_stable() {
        let at = BlockId::new(Height::new(7), BlockHash::all_zeros());
        let row = HistoryRow {
            txid: Txid::all_zeros(),
            net: SignedAmount::from_sat(-1_412),
            fee: Some(Amount::from_sat(412)),
            state: PaymentState::Confirmed(at),
            replaces: None,
            replaced_by: None,
            seen_by: 2,
            time: 1_777_620_600,
            note: None,
            marks: vec![Mark::Dust],
        };
        let report = List::<_, 4>(vec![Row::new(&row)]);
        let expected = json!([{
            "txid": "0".repeat(64), "net": -1_412, "fee": 412, "state": "confirmed",
            "replaces": null, "replaced_by": null, "seen_by": 2, "height": 7,
            "time": 1_777_620_600, "note": null, "marks": ["dust"],
        }]);
        assert_eq!(serde_json::to_value(&report).expect("JSON"), expected);
        assert_eq!(serde_json::to_value(List::<Row, 4>(vec![])).expect("JSON"), json!([]));
    }
}
