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
    let found = operate(desk, OperationCommand::Of(id)).await?;
    Ok(found.filter(|found| found.state != OperationState::Running))
}

/// Asks of a wallet's operations.
///
/// # Errors
/// What the wallet answered.
pub async fn operate(
    desk: &Desk,
    command: OperationCommand,
) -> Result<Option<Operation>, RpcError> {
    match desk.ask(Command::Operation(command)).await? {
        Reply::Operation(operation) => Ok(operation.map(|operation| *operation)),
        _ => Err(RpcError::bug()),
    }
}

/// What Core says while another rescan goes on.
pub const RESCANNING: &str = "Wallet is currently rescanning. Abort existing rescan or wait.";
