//! Owns questions about a wallet's operations that several methods have in common.
//!
//! Refuses to keep an operation going: the wallet does.

use billfold_wallet_core::command::{
    Birthday, Command, CommandError, Operation, OperationCommand, OperationId, OperationState,
    Reply,
};

use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::node::Node;
use crate::watch;

/// Begins to look for payments since then.
///
/// # Errors
/// -4 if another rescan goes on, in Core's words, or what the wallet answered.
pub async fn begin(desk: &Desk, from: Birthday) -> Result<OperationId, RpcError> {
    let begun = desk.ask(Command::Operation(OperationCommand::Rescan { from })).await;
    match begun {
        Ok(Reply::Operation(Some(operation))) => Ok(operation.id),
        Ok(_) => Err(RpcError::bug()),
        Err(CommandError::Rescanning(_)) => Err(RpcError::new(Code::Wallet, RESCANNING)),
        Err(error) => Err(error.into()),
    }
}

/// Waits until an operation has ended.
///
/// # Errors
/// What the wallet answered.
pub async fn until_ended(node: &Node, desk: &Desk, id: OperationId) -> Result<Operation, RpcError> {
    watch::until(&*node.face, None, || ended(desk, id)).await?.ok_or_else(RpcError::bug)
}

/// An operation, if it has ended.
///
/// # Errors
/// What the wallet answered.
pub async fn ended(desk: &Desk, id: OperationId) -> Result<Option<Operation>, RpcError> {
    // It goes on whether or not there is room for a question.
    let found = desk.ask_until_room(Command::Operation(OperationCommand::Of(id))).await?;
    Ok(told(found)?.filter(|found| found.state != OperationState::Running))
}

/// Asks of a wallet's operations.
///
/// # Errors
/// What the wallet answered.
pub async fn operate(
    desk: &Desk,
    command: OperationCommand,
) -> Result<Option<Operation>, RpcError> {
    told(desk.ask(Command::Operation(command)).await?)
}

fn told(reply: Reply) -> Result<Option<Operation>, RpcError> {
    match reply {
        Reply::Operation(operation) => Ok(operation.map(|operation| *operation)),
        _ => Err(RpcError::bug()),
    }
}

/// What Core says while another rescan goes on.
pub const RESCANNING: &str = "Wallet is currently rescanning. Abort existing rescan or wait.";

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use billfold_wallet_core::command::Task;
    use billfold_wallet_core::config::WalletName;
    use billfold_wallet_core::light_client::params::Params;

    use super::*;
    use crate::puppet::Puppet;

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    /// The person still looks at the device while others ask much.
    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_an_end_is_not_sent_away() {
        let puppet = Arc::new(Puppet::new(|_| {
            if ASKED.fetch_add(1, Ordering::SeqCst) < 1_000 {
                return Some(Err(CommandError::Busy));
            }
            Some(Ok(Reply::Operation(Some(Box::new(Operation {
                id: OperationId(1),
                task: Task::Sign,
                begun: 1,
                state: OperationState::Done(2),
                reach: None,
            })))))
        }));
        let params = Params::new(bitcoin::Network::Regtest);
        let face: Arc<Puppet> = Arc::clone(&puppet);
        let node = Node::new(params, "0.0.0", None, face);
        let desk = Desk::new(puppet, WalletName::default());
        let ended = until_ended(&node, &desk, OperationId(1)).await;
        assert!(ended.is_ok(), "{ended:?}");
    }
}
