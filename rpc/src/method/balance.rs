//! Owns the methods about what there is to spend.
//!
//! Refuses to count a stranger's payment that no block holds as money.

use billfold_wallet_core::command::Holdings;
use bitcoin::Amount;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Btc, answer};
use crate::ledger::{self, LastBlock};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getbalance",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("dummy", Kind::Text, "Must be excluded or set to \"*\""),
            Parameter::optional("minconf", Kind::Number, "Only coins with so many confirmations"),
            Parameter::optional("include_watchonly", Kind::Bool, "No longer used"),
            Parameter::optional("avoid_reuse", Kind::Bool, "No wallet has this flag"),
        ],
        about: "Returns the total available balance.",
        standing: Standing::Same,
        run: Run::Wallet(|_, desk, arguments| Box::pin(one(desk, arguments))),
    },
    Method {
        name: "getbalances",
        category: Category::Wallet,
        parameters: &[],
        about: "Returns an object with all balances in BTC.",
        standing: Standing::Same,
        run: Run::Wallet(|node, desk, _| Box::pin(all(node, desk))),
    },
];

async fn one(desk: &Desk, arguments: &Arguments) -> Outcome {
    if arguments.text(0)?.is_some_and(|dummy| dummy != "*") {
        let message = "dummy first argument must be excluded or set to \"*\".";
        return Err(RpcError { code: METHOD_DEPRECATED, message: message.to_owned(), data: None });
    }
    let least = arguments.integer(1)?.unwrap_or(0);
    answer(&Btc::from(parts(desk, least).await?.trusted))
}

async fn all(node: &Node, desk: &Desk) -> Outcome {
    let tip = ledger::tip(node, desk).await?;
    let Parts { trusted, untrusted, immature } = parts(desk, 0).await?;
    answer(&BalancesForm {
        mine: MineForm {
            trusted: trusted.into(),
            untrusted_pending: untrusted.into(),
            immature: immature.into(),
        },
        lastprocessedblock: tip.into(),
    })
}

#[derive(Debug)]
struct Parts {
    trusted: Amount,
    untrusted: Amount,
    immature: Amount,
}

/// What there is, frozen coins too, as Core's locked coins are part of the balance; of what can be
/// trusted, only with `least` confirmations.
async fn parts(desk: &Desk, least: i64) -> Result<Parts, RpcError> {
    let least_depth = u32::try_from(least.max(0)).unwrap_or(u32::MAX);
    let Holdings { confirmed, immature, pending, untrusted, .. } =
        ledger::holdings(desk, least_depth).await?;
    let trusted = if least <= 0 { confirmed + pending } else { confirmed };
    Ok(Parts { trusted, untrusted, immature })
}

#[derive(Debug, Serialize)]
struct BalancesForm {
    mine: MineForm,
    lastprocessedblock: LastBlock,
}

#[derive(Debug, Serialize)]
struct MineForm {
    trusted: Btc,
    untrusted_pending: Btc,
    immature: Btc,
}

/// Core's code for arguments that had a meaning once.
const METHOD_DEPRECATED: i32 = -32;
