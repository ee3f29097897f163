//! Owns `importprunedfunds`: a payment that somebody shows with a proof of its block.
//!
//! Refuses to record it on their word: what spends it would stay unknown, and the wallet would pay
//! with what is gone. The wallet looks for itself, from that block on.

use billfold_wallet_core::command::{Birthday, BlockQuery, OperationState};
use billfold_wallet_core::light_client::height::BlockId;
use bitcoin::{Transaction, Txid};

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::block::read_proof;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::operation::{begin, until_ended};
use crate::parameter::{Kind, Parameter};
use crate::transaction_hex;

pub(super) const METHODS: &[Method] = &[Method {
    name: "importprunedfunds",
    category: Category::Wallet,
    parameters: &[
        Parameter::required("rawtransaction", Kind::Text, "The transaction, in hexadecimal"),
        Parameter::required("txoutproof", Kind::Text, "The proof that gettxoutproof made"),
    ],
    about: "Imports funds that are shown with a proof. The wallet looks for payments from that block \
            on, as rescanblockchain does, so that what spends them is found too.",
    standing: Standing::Differs(
        "the wallet looks at filters from that block on and fetches blocks that match, so it takes \
         peers and as long as a rescan; -4 while another one goes on",
    ),
    // What it begins goes on by itself, as for rescanblockchain.
    run: Run::Wallet(|node, desk, arguments| Box::pin(import(node, desk, arguments))),
}];

async fn import(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let transaction = transaction_hex::read(arguments.required_text(0)?, None);
    let transaction = transaction.ok_or_else(|| RpcError::new(Code::Deserialization, NO_DECODE))?;
    let txid = transaction.compute_txid();
    let at = proven(node, txid, arguments.required_text(1)?).await?;
    if !is_ours(desk, &transaction).await? {
        return Err(RpcError::address_or_key(
            "No addresses in wallet correspond to included transaction",
        ));
    }
    if is_recorded(desk, txid, at).await? {
        return answer(&());
    }
    let begun = begin(desk, Birthday::Height(at.height)).await?;
    let ended = until_ended(node, desk, begun).await?;
    if is_recorded(desk, txid, at).await? {
        return answer(&());
    }
    if node.block(BlockQuery::Hash(at.hash)).await?.is_none() {
        return Err(RpcError::address_or_key("Block not found in chain"));
    }
    let told = match ended.state {
        OperationState::Cancelled(_) => "Rescan aborted.",
        // The proof was of a tree that only looks like the block's.
        OperationState::Running | OperationState::Done(_) | OperationState::Failed(_) => NOT_THERE,
    };
    Err(RpcError::new(Code::Misc, told))
}

/// The block that a proof says holds a transaction.
async fn proven(node: &Node, txid: Txid, proof: &str) -> Result<BlockId, RpcError> {
    let proof = read_proof(proof)?;
    let mut shown = Vec::new();
    if proof.extract_matches(&mut shown, &mut Vec::new()).is_err() {
        return Err(RpcError::address_or_key("Something wrong with merkleblock"));
    }
    let block = node.block(BlockQuery::Hash(proof.header.block_hash())).await?;
    let block = block.ok_or_else(|| RpcError::address_or_key("Block not found in chain"))?;
    if !shown.contains(&txid) {
        return Err(RpcError::address_or_key("Transaction given doesn't exist in proof"));
    }
    Ok(block.id)
}

async fn is_ours(desk: &Desk, transaction: &Transaction) -> Result<bool, RpcError> {
    for output in &transaction.output {
        if ledger::owner(desk, output.script_pubkey.clone()).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_recorded(desk: &Desk, txid: Txid, at: BlockId) -> Result<bool, RpcError> {
    let records = ledger::records(desk, vec![txid]).await?;
    Ok(records.iter().any(|record| record.block.is_some_and(|(block, _, _)| block == at)))
}

const NO_DECODE: &str = "TX decode failed. Make sure the tx has at least one input.";
const NOT_THERE: &str = "The block does not hold the transaction, whatever the proof says";
