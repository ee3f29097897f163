//! Owns the methods about what there is to spend.
//!
//! Refuses to count a stranger's payment that no block holds as money.

use billfold_wallet_core::command::SpentFrom;
use bitcoin::Amount;
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Btc, Value, answer};
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
            Parameter::optional(
                "avoid_reuse",
                Kind::Bool,
                "Without what is at addresses that were spent from",
            ),
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
    let (all, used) = parts(desk, least).await?;
    let avoids = asked_or(used.is_some(), arguments.value(3))?;
    let without = used.filter(|_| avoids).unwrap_or_default();
    answer(&Btc::from(all.trusted - without.trusted))
}

async fn all(node: &Node, desk: &Desk) -> Outcome {
    let tip = ledger::tip(node, desk).await?;
    let (all, used) = parts(desk, 0).await?;
    let told = used.as_ref().map(|used| (used.trusted + used.untrusted).into());
    let without = used.unwrap_or_default();
    answer(&BalancesForm {
        mine: MineForm {
            trusted: (all.trusted - without.trusted).into(),
            untrusted_pending: (all.untrusted - without.untrusted).into(),
            immature: (all.immature - without.immature).into(),
            used: told,
        },
        lastprocessedblock: tip.into(),
    })
}

/// Whether addresses that were spent from are avoided: as it is asked for, else as the wallet does
/// (`GetAvoidReuseFlag` in Bitcoin Core's `src/wallet/rpc/util.cpp`).
///
/// # Errors
/// -4 if that is asked of a wallet that does not.
pub(super) async fn avoids_reuse(desk: &Desk, asked: Option<&Value>) -> Result<bool, RpcError> {
    asked_or(ledger::description(desk).await?.avoids_reuse, asked)
}

fn asked_or(can: bool, asked: Option<&Value>) -> Result<bool, RpcError> {
    match asked.map(arguments::flag).transpose()? {
        Some(true) if !can => Err(RpcError::new(Code::Wallet, NOT_AVOIDED)),
        asked => Ok(asked.unwrap_or(can)),
    }
}

#[derive(Debug, Default)]
struct Parts {
    trusted: Amount,
    untrusted: Amount,
    immature: Amount,
}

/// What there is, and what of it is at addresses that were spent from if they are avoided: frozen
/// coins too, as Core's locked coins are part of the balance; of what can be trusted, only with
/// `least` confirmations.
async fn parts(desk: &Desk, least: i64) -> Result<(Parts, Option<Parts>), RpcError> {
    let least_depth = u32::try_from(least.max(0)).unwrap_or(u32::MAX);
    let held = ledger::holdings(desk, least_depth).await?;
    let parts = |confirmed, pending, untrusted, immature| Parts {
        trusted: if least <= 0 { confirmed + pending } else { confirmed },
        untrusted,
        immature,
    };
    let used = |used: SpentFrom| parts(used.confirmed, used.pending, used.untrusted, used.immature);
    let all = parts(held.confirmed, held.pending, held.untrusted, held.immature);
    Ok((all, held.spent_from.map(used)))
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
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Btc>,
}

const NOT_AVOIDED: &str = "wallet does not have the \"avoid reuse\" feature enabled";

/// Core's code for arguments that had a meaning once.
const METHOD_DEPRECATED: i32 = -32;
