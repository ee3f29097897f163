//! Owns `drafts`: payments that are not signed yet and hold their coins, listed or dropped.

use billfold_wallet_core::command::{Command, Draft, DraftId, Purpose, Reply};
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::amount::serde::as_sat;
use bitcoin::{Amount, OutPoint};
use serde::Serialize;

use crate::cli::paying::{DraftsAction, DraftsArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::figures;
use crate::output::list::{List, Listed};
use crate::output::table::Column;
use crate::session::{Session, unexpected};

/// Lists the drafts, or drops some.
///
/// # Errors
/// `no_such_draft`, or why the wallet did not open.
pub(super) async fn run(options: &DraftsArgs, context: &mut Context) -> Result<(), Failure> {
    let drafts = Session::with(context, Access::View, Reach::Offline, async |session, context| {
        if let Some(DraftsAction::Drop { drafts }) = &options.action {
            for draft in drafts {
                session.ask(Command::Drop(DraftId(*draft)), context).await?;
            }
        }
        match session.ask(Command::Drafts, context).await? {
            Reply::Drafts(drafts) => Ok(drafts),
            reply => Err(unexpected(&reply)),
        }
    })
    .await?;
    context.output.result(&drafts.iter().map(Row::new).collect::<List<_, 5>>())
}

#[derive(Debug, Serialize)]
struct Row {
    draft: u64,
    purpose: &'static str,
    outputs: Vec<Output>,
    #[serde(with = "as_sat")]
    fee: Amount,
    fee_rate: f64,
    inputs: Vec<OutPoint>,
    expires: Option<u64>,
    note: Option<String>,
    psbt: String,
}

#[derive(Debug, Serialize)]
struct Output {
    address: String,
    #[serde(with = "as_sat")]
    amount: Amount,
}

impl Row {
    fn new(draft: &Draft) -> Self {
        let output = |(address, amount): &(bitcoin::Address, Amount)| Output {
            address: address.to_string(),
            amount: *amount,
        };
        Self {
            draft: draft.id.0,
            purpose: purpose(&draft.purpose),
            outputs: draft.outputs.iter().map(output).collect(),
            fee: draft.fee,
            fee_rate: figures::sat_per_vb(draft.fee_rate),
            inputs: draft.inputs.iter().map(|coin| coin.outpoint).collect(),
            expires: draft.expires,
            note: draft.note.clone(),
            psbt: draft.psbt.clone(),
        }
    }
}

impl Listed<5> for Row {
    const HEAD: [Column; 5] = [
        Column::right("Draft"),
        Column::right("Pays"),
        Column::right("Fee"),
        Column::left("Holds"),
        Column::left("Until"),
    ];
    const NONE: &'static str = "No drafts.";

    fn cells(&self) -> [String; 5] {
        [
            self.draft.to_string(),
            figures::amount(self.outputs.iter().map(|output| output.amount).sum()),
            figures::amount(self.fee),
            figures::count(self.inputs.len() as u64, "coin"),
            self.expires.map_or_else(|| "until dropped".to_owned(), figures::local_time),
        ]
    }

    fn below(&self) -> Vec<String> {
        let note = figures::foreign(self.note.as_deref().unwrap_or_default());
        let to = self.outputs.iter().map(|output| output.address.clone());
        to.chain([note]).collect()
    }
}

/// The name that JSON uses.
pub(super) const fn purpose(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Payment => "payment",
        Purpose::Replacement(_) => "replacement",
        Purpose::Cancellation(_) => "cancellation",
        Purpose::Child(_) => "child",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_fields_are_stable() {
        let row = Row {
            draft: 3,
            purpose: "payment",
            outputs: vec![Output { address: "bc1q".to_owned(), amount: Amount::from_sat(9) }],
            fee: Amount::from_sat(412),
            fee_rate: 2.1,
            inputs: vec![OutPoint::null()],
            expires: None,
            note: Some("rent".to_owned()),
            psbt: "cHNidP8=".to_owned(),
        };
        let expected = json!([{
            "draft": 3, "purpose": "payment",
            "outputs": [{"address": "bc1q", "amount": 9}], "fee": 412, "fee_rate": 2.1,
            "inputs": [format!("{}:4294967295", "0".repeat(64))], "expires": null,
            "note": "rent", "psbt": "cHNidP8=",
        }]);
        assert_eq!(serde_json::to_value(List::<_, 5>(vec![row])).expect("JSON"), expected);
    }
}
