//! Owns the methods about operations: work of a wallet that takes long, with a number that holds
//! over a restart.

use std::time::Duration;

use billfold_wallet_core::command::{
    Birthday, Operation, OperationCommand, OperationId, OperationState, Task,
};
use billfold_wallet_core::light_client::height::Height;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Real, answer};
use crate::limits::EVENTS_WAIT;
use crate::method::billfold::count;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::operation::{begin, ended, operate};
use crate::parameter::{Kind, Parameter};
use crate::watch;

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.op.cancel",
        category: Category::Billfold,
        parameters: &[OP],
        about: "Ends an operation, so that nobody waits for it any more. What a rescan found stays.",
        standing: Standing::Ours,
        run: Run::Change(|_, desk, arguments| {
            Box::pin(async {
                tell(operate(desk, OperationCommand::Cancel(number(arguments)?)).await?)
            })
        }),
    },
    Method {
        name: "billfold.op.get",
        category: Category::Billfold,
        parameters: &[OP],
        about: "An operation as it is now: how far it is, or how it ended.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| {
            Box::pin(async { tell(operate(desk, OperationCommand::Of(number(arguments)?)).await?) })
        }),
    },
    Method {
        name: "billfold.op.wait",
        category: Category::Billfold,
        parameters: &[OP, WAIT],
        about: "An operation when it has ended, or as it is when the wait is over.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, arguments| {
            Box::pin(async {
                let patience = patience(arguments, 1)?.unwrap_or(EVENTS_WAIT);
                wait(node, desk, number(arguments)?, patience).await
            })
        }),
    },
    Method {
        name: "billfold.rescan",
        category: Category::Billfold,
        parameters: &[
            Parameter::optional("from_height", Kind::Number, "The first block to look at"),
            Parameter::optional(
                "from_time",
                Kind::Number,
                "Instead: since when, in Unix seconds; two hours earlier are looked at too",
            ),
            WAIT,
        ],
        about: "Begins to look for old payments again: an operation, which goes on by itself and \
                over a restart.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(rescan(node, desk, arguments))),
    },
];

const OP: Parameter = Parameter::required("op", Kind::Number, "The operation's number");
pub(super) const WAIT: Parameter = Parameter::optional(
    "wait_ms",
    Kind::Number,
    "How long to wait for its end, a minute at the most",
);

async fn rescan(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let height = arguments.value(0).map(|value| count(value, "from_height")).transpose()?;
    let time = arguments.long(1)?;
    let from = match (height, time) {
        (Some(height), None) => Birthday::Height(Height::new(height)),
        (None, Some(time)) => Birthday::Time(
            u64::try_from(time).map_err(|_| RpcError::parameter("from_time is negative"))?,
        ),
        _ => return Err(RpcError::parameter("Name one of from_height and from_time")),
    };
    let patience = patience(arguments, 2)?.unwrap_or_default();
    let id = begin(desk, from).await?;
    wait(node, desk, id, patience).await
}

async fn wait(node: &Node, desk: &Desk, id: OperationId, patience: Duration) -> Outcome {
    let waiting = watch::until(&*node.face, Some(patience), || ended(desk, id));
    let ended = watch::unless_stopped(&node.stop, waiting).await.transpose()?.flatten();
    match ended {
        Some(ended) => tell(Some(ended)),
        None => tell(operate(desk, OperationCommand::Of(id)).await?),
    }
}

pub(super) fn patience(arguments: &Arguments, place: usize) -> Result<Option<Duration>, RpcError> {
    let millis = arguments.value(place).map(|value| count(value, "wait_ms")).transpose()?;
    Ok(millis.map(|millis| Duration::from_millis(millis.into()).min(EVENTS_WAIT)))
}

/// The operation that is named; 0 is none.
pub(super) fn number(arguments: &Arguments) -> Result<OperationId, RpcError> {
    let number = arguments.long(0)?.unwrap_or_default();
    Ok(OperationId(u64::try_from(number).unwrap_or_default()))
}

/// How it is, and when it ended.
pub(super) const fn state(state: OperationState) -> (&'static str, Option<u64>) {
    match state {
        OperationState::Running => ("running", None),
        OperationState::Done(at) => ("done", Some(at)),
        OperationState::Cancelled(at) => ("cancelled", Some(at)),
        OperationState::Failed(at) => ("failed", Some(at)),
    }
}

fn tell(operation: Option<Operation>) -> Outcome {
    answer(&OperationForm::from(operation.ok_or_else(RpcError::bug)?))
}

#[derive(Debug, Serialize)]
struct OperationForm {
    op: u64,
    kind: &'static str,
    state: &'static str,
    begun: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Real>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks_left: Option<u32>,
}

impl From<Operation> for OperationForm {
    fn from(operation: Operation) -> Self {
        let Operation { id, task, begun, state: how, reach } = operation;
        let (state, ended) = state(how);
        let (kind, from_height, from_time) = match task {
            Task::Rescan { from: Birthday::Height(height) } => {
                ("rescan", Some(height.to_u32()), None)
            }
            Task::Rescan { from: Birthday::Time(time) } => ("rescan", None, Some(time)),
            Task::Sign => ("sign", None, None),
        };
        Self {
            op: id.0,
            kind,
            state,
            begun,
            ended,
            from_height,
            from_time,
            progress: reach.map(|reach| Real(reach.part())),
            blocks_left: reach.map(|reach| reach.left()),
        }
    }
}
