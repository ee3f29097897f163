//! Owns the check that a block is exactly the one that its header commits to.
//!
//! Refuses blocks with stripped or foreign witnesses (BIP141) and trees with duplicated
//! transactions (CVE-2012-2459). Scripts and amounts are not validated.

use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::{Block, Transaction, WitnessMerkleNode};

use crate::height::Height;
use crate::params::Params;

/// Why a block is not the one that its header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It has no coinbase transaction in the first place, or one elsewhere.
    #[error("the block's coinbase transaction is not where it belongs")]
    Coinbase,
    /// Its transactions don't give the merkle root, or give it with duplicates.
    #[error("the block's transactions are not those that its header commits to")]
    Transactions,
    /// Its witnesses are missing, or others than those that it commits to.
    #[error("the block's witnesses are not those that it commits to")]
    Witnesses,
}

/// Checks the transactions and witnesses of a block against its header.
///
/// # Errors
/// [`BodyError`] when there is a difference.
pub fn check(params: &Params, height: Height, block: &Block) -> Result<(), BodyError> {
    let [coinbase, others @ ..] = block.txdata.as_slice() else {
        return Err(BodyError::Coinbase);
    };
    // With the coinbase in its place, a tree of inner nodes can't pass for one of transactions.
    if !coinbase.is_coinbase() || others.iter().any(Transaction::is_coinbase) {
        return Err(BodyError::Coinbase);
    }
    let txids = block.txdata.iter().map(|tx| tx.compute_txid().to_raw_hash()).collect();
    if merkle_root(txids) != Some(block.header.merkle_root.to_raw_hash()) {
        return Err(BodyError::Transactions);
    }
    if height < params.segwit_height {
        return if has_witness(block) { Err(BodyError::Witnesses) } else { Ok(()) };
    }
    check_witnesses(block, coinbase)
}

/// BIP141, "Commitment structure": the last output that looks like a commitment is it. Without
/// one, no transaction has a witness.
fn check_witnesses(block: &Block, coinbase: &Transaction) -> Result<(), BodyError> {
    let outputs = coinbase.output.iter().rev();
    let mut scripts = outputs.map(|output| output.script_pubkey.as_bytes());
    let Some(script) = scripts.find(|script| script.len() >= 38 && script.starts_with(COMMITMENT))
    else {
        return if has_witness(block) { Err(BodyError::Witnesses) } else { Ok(()) };
    };
    let witness = coinbase.input.first().map(|input| &input.witness);
    let reserved = witness.filter(|witness| witness.len() == 1).and_then(|witness| witness.nth(0));
    let reserved = reserved.filter(|value| value.len() == 32).ok_or(BodyError::Witnesses)?;
    let mut wtxids = vec![sha256d::Hash::all_zeros()];
    let others = block.txdata.iter().skip(1);
    wtxids.extend(others.map(|tx| tx.compute_wtxid().to_raw_hash()));
    let root = merkle_root(wtxids).ok_or(BodyError::Witnesses)?;
    let root = WitnessMerkleNode::from_raw_hash(root);
    let commitment = Block::compute_witness_commitment(&root, reserved);
    if commitment.as_byte_array() == &script[COMMITMENT.len()..38] {
        Ok(())
    } else {
        Err(BodyError::Witnesses)
    }
}

/// `OP_RETURN`, a push of 36 bytes, and the four bytes of BIP141.
const COMMITMENT: &[u8] = &[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

fn has_witness(block: &Block) -> bool {
    block.txdata.iter().flat_map(|tx| &tx.input).any(|input| !input.witness.is_empty())
}

/// The root of a merkle tree; `None` for no leaves, and for a tree with two equal neighbours, which
/// is how a list with duplicated transactions gives the root of the right one (CVE-2012-2459).
fn merkle_root(mut hashes: Vec<sha256d::Hash>) -> Option<sha256d::Hash> {
    while hashes.len() > 1 {
        let mut above = Vec::with_capacity(hashes.len().div_ceil(2));
        for pair in hashes.chunks(2) {
            let (left, right) = match pair {
                [left, right] if left == right => return None,
                [left, right] => (left, right),
                [left, ..] => (left, left),
                [] => return None,
            };
            let mut both = [0; 64];
            both[..32].copy_from_slice(left.as_byte_array());
            both[32..].copy_from_slice(right.as_byte_array());
            above.push(sha256d::Hash::hash(&both));
        }
        hashes = above;
    }
    hashes.pop()
}
