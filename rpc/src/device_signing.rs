//! Owns how a device is asked to sign for a wallet: an operation of the wallet holds the coins and counts, the
//! program of `--signer` asks the device, and the wallet writes down what came of it.
//!
//! Refuses to believe a device: of what it gives back nothing is taken but signatures that hold.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{
    Command, CommandError, Draft, OperationCommand, OperationId, OperationState, Reply, Signing,
    SigningCommand,
};
use billfold_wallet_core::psbt;
use billfold_wallet_core::signers::device::signers_of;
use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;

use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::external_signer::{ExternalSigner, SignerError};
use crate::ledger;
use crate::node::Node;
use crate::operation::until_ended;
use crate::psbt::is_finished;
use crate::watch;

/// Has a device sign a PSBT, if the wallet is one whose payments a device signs, as Bitcoin Core does for its
/// methods (`src/wallet/external_signer_scriptpubkeyman.cpp`); `None`: it is none. It takes as long as a person
/// takes.
///
/// # Errors
/// -25 in Core's words, with the reason, and what the wallet answered.
pub async fn signed(node: &Node, desk: &Desk, psbt: &Psbt) -> Result<Option<Psbt>, RpcError> {
    if !ledger::description(desk).await?.external_signer {
        return Ok(None);
    }
    if psbt.inputs.iter().all(is_finished) {
        return Ok(Some(psbt.clone()));
    }
    let id = asked(node, desk, psbt).await?;
    given(node, desk, id).await.map(Some)
}

/// The same of a draft. Once a device is asked, its coins are those of the operation, however that ends.
///
/// # Errors
/// Those of [`signed`].
pub async fn signed_draft(
    node: &Node,
    desk: &Desk,
    draft: &Draft,
) -> Result<Option<Psbt>, RpcError> {
    if !ledger::description(desk).await?.external_signer {
        return Ok(None);
    }
    let psbt = draft.psbt.parse().map_err(|_| RpcError::bug())?;
    match asked(node, desk, &psbt).await {
        Ok(id) => given(node, desk, id).await.map(Some),
        Err(error) => {
            // With a key, an earlier call may have asked a device.
            if desk.authority().is_none_or(|by| by.request.is_none()) {
                ledger::drop_draft(desk, draft).await;
            }
            Err(error)
        }
    }
}

/// The same: its payment, or what is signed of it where further signatures are missing.
///
/// # Errors
/// Those of [`signed`].
pub async fn pay(node: &Node, desk: &Desk, draft: &Draft) -> Result<Option<Reply>, RpcError> {
    let Some(signed) = signed_draft(node, desk, draft).await? else { return Ok(None) };
    let is_whole = psbt::finalise(&mut signed.clone()).is_ok();
    let signed = Box::new(signed);
    let command =
        if is_whole { Command::AnnouncePsbt(signed) } else { Command::ReviewPsbt(signed) };
    Ok(Some(desk.ask_until_room(command).await?))
}

/// The operation by which the one device that has a key of a PSBT is asked to sign it.
async fn asked(node: &Node, desk: &Desk, psbt: &Psbt) -> Result<OperationId, RpcError> {
    let not_found = |why: &str| failed("External signer not found", why);
    let program = node.signer.as_ref();
    let program = program.ok_or_else(|| not_found(NO_PROGRAM))?;
    let keys = signers_of(psbt);
    if keys.is_empty() {
        return Err(failed(NOT_SIGNED, "it has no key of this"));
    }
    let signer = program.one_of(&keys).await.map_err(|error| not_found(&error.to_string()))?;
    begin(node, desk, program, psbt, signer).await
}

/// What a device has signed, once it has.
async fn given(node: &Node, desk: &Desk, id: OperationId) -> Result<Psbt, RpcError> {
    until_ended(node, desk, id).await?;
    let Signing { operation, psbt, problem, .. } = of(desk, id).await?;
    if matches!(operation.state, OperationState::Done(_)) {
        return Ok(psbt);
    }
    Err(failed(NOT_SIGNED, problem.as_deref().unwrap_or("it was cancelled")))
}

fn failed(what: &str, why: &str) -> RpcError {
    RpcError::new(Code::Verify, format!("{what}: {why}"))
}

/// Begins to have a device sign a PSBT, unless it is asked to already.
///
/// # Errors
/// What the wallet answered.
pub async fn begin(
    node: &Node,
    desk: &Desk,
    program: &ExternalSigner,
    psbt: &Psbt,
    signer: Fingerprint,
) -> Result<OperationId, RpcError> {
    let begin = SigningCommand::Begin { psbt: Box::new(psbt.clone()), signer };
    let Signing { operation, repeated, .. } = told(desk.ask(Command::Signing(begin)).await?)?;
    let id = operation.id;
    if repeated {
        return Ok(id);
    }
    let device = (signer, node.params.network.to_core_arg());
    let (face, stop) = (node.face.clone(), node.stop.clone());
    let (own, program, psbt) = (desk.by_itself(), program.clone(), psbt.clone());
    watch::beside(async move {
        let cancelled = watch::until(&*face, None, || abandoned(&own, id));
        let signing = watch::unless(cancelled, program.sign(device, &psbt));
        if let Some(Some(signed)) = watch::unless_stopped(&stop, signing).await {
            end(&own, id, signed).await;
        }
    });
    Ok(id)
}

/// The devices of which one is meant for a PSBT: that which is named, or all that have a key of it.
///
/// # Errors
/// -8 for one that has none.
pub fn meant(psbt: &Psbt, named: BTreeSet<Fingerprint>) -> Result<BTreeSet<Fingerprint>, RpcError> {
    let signers = signers_of(psbt);
    if signers.is_empty() {
        return Err(RpcError::parameter("The PSBT names no key, so that no signer can sign it"));
    }
    let Some(one) = named.difference(&signers).next() else {
        return Ok(if named.is_empty() { signers } else { named });
    };
    let others: Vec<_> = signers.iter().map(Fingerprint::to_string).collect();
    Err(RpcError::parameter(format!(
        "The signer {one} has no key of this: the PSBT names keys of [{}]",
        others.join(", ")
    )))
}

/// How an operation is.
///
/// # Errors
/// What the wallet answered.
pub async fn of(desk: &Desk, id: OperationId) -> Result<Signing, RpcError> {
    told(desk.ask_until_room(Command::Signing(SigningCommand::Of(id))).await?)
}

fn told(reply: Reply) -> Result<Signing, RpcError> {
    match reply {
        Reply::Signing(signing) => Ok(*signing),
        _ => Err(RpcError::bug()),
    }
}

/// Something, once nobody waits for a signature any more.
async fn abandoned(own: &Desk, id: OperationId) -> Result<Option<()>, RpcError> {
    let of = Command::Operation(OperationCommand::Of(id));
    let goes_on = match own.ask_until_room(of).await {
        Ok(Reply::Operation(Some(found))) => found.state == OperationState::Running,
        Err(CommandError::NotLoaded(_) | CommandError::Closing) => false,
        // It is looked at again: a signature that comes must not be lost by this.
        _ => true,
    };
    Ok((!goes_on).then_some(()))
}

/// Has the wallet write down what a signer gave back.
async fn end(own: &Desk, id: OperationId, signed: Result<Psbt, SignerError>) {
    let end = match signed {
        Ok(signed) => SigningCommand::End { id, signed: Box::new(signed) },
        Err(error) => SigningCommand::Fail { id, why: error.to_string() },
    };
    // A wallet that was closed meanwhile says so when it is opened again.
    let _ = own.ask_until_room(Command::Signing(end)).await;
}

const NOT_SIGNED: &str = "External signer failed to sign";
const NO_PROGRAM: &str = "restart the daemon with --signer CMD";
