//! Owns the methods that look for old payments again, under Bitcoin Core's names.
//!
//! Refuses to hold up any other call: whoever waits here waits alone.

use billfold_wallet_core::command::{Birthday, OperationCommand, OperationState};
use billfold_wallet_core::light_client::height::Height;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::operation::{begin, operate, until_ended};
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "abortrescan",
        category: Category::Wallet,
        parameters: &[],
        about: "Stops current wallet rescan triggered by an RPC call, e.g. by a rescanblockchain \
                call.",
        standing: Standing::Differs(
            "who waits for the rescan is told at once, and what it had begun to look for is looked \
             for to its end, as after a restart: of a coin that was found, what spends it is above",
        ),
        run: Run::Change(|_, desk, _| Box::pin(abort(desk))),
    },
    Method {
        name: "rescanblockchain",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("start_height", Kind::Number, "Where it starts; 0 by default"),
            Parameter::optional("stop_height", Kind::Number, "The last block; else the tip"),
        ],
        about: "Rescan the blocks for wallet related transactions, by their filters. It goes on if \
                its caller leaves, and over a restart; getwalletinfo tells how far it is.",
        standing: Standing::Differs(
            "what is above stop_height is looked at too, and the keys may be locked; no other call \
             waits for it, and it lowers no balance, no confirmations and not getblockcount",
        ),
        // What it begins goes on by itself, so the daemon ends without waiting for it.
        run: Run::Wallet(|node, desk, arguments| Box::pin(rescan(node, desk, arguments))),
    },
];

async fn rescan(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let tip = ledger::tip(node, desk).await?.height.to_u32();
    let (start, stop) = (arguments.integer(0)?, arguments.integer(1)?);
    let height = |asked: i64, name: &str| {
        let height = u32::try_from(asked).ok().filter(|height| *height <= tip);
        height.ok_or_else(|| RpcError::parameter(format!("Invalid {name}")))
    };
    let start = height(start.unwrap_or(0), "start_height")?;
    let stop = stop.map(|stop| height(stop, "stop_height")).transpose()?;
    if stop.is_some_and(|stop| stop < start) {
        return Err(RpcError::parameter("stop_height must be greater than start_height"));
    }
    let from = Birthday::Height(Height::new(start));
    match until_ended(node, desk, begin(desk, from).await?).await?.state {
        OperationState::Cancelled(_) => Err(RpcError::new(Code::Misc, ABORTED)),
        // Only what a device is asked to sign fails.
        OperationState::Running | OperationState::Done(_) | OperationState::Failed(_) => {
            answer(&RescannedForm { start_height: start, stop_height: stop.unwrap_or(tip) })
        }
    }
}

async fn abort(desk: &Desk) -> Outcome {
    let Some(running) = operate(desk, OperationCommand::Running).await? else {
        return answer(&false);
    };
    operate(desk, OperationCommand::Cancel(running.id)).await?;
    answer(&true)
}

#[derive(Debug, Serialize)]
struct RescannedForm {
    start_height: u32,
    stop_height: u32,
}

/// What Core says to whoever waits for a rescan that was aborted.
const ABORTED: &str = "Rescan aborted.";
