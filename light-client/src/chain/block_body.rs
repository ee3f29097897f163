//! Owns the check that a block is exactly the one that its header commits to.
//!
//! Refuses blocks with stripped or foreign witnesses (BIP141) and trees with duplicated
//! transactions (CVE-2012-2459). Scripts and amounts are not validated.

use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::{Block, Transaction, TxOut, WitnessMerkleNode};

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
    let Some(output) = commitment_output(coinbase) else {
        return if has_witness(block) { Err(BodyError::Witnesses) } else { Ok(()) };
    };
    let script = coinbase.output[output].script_pubkey.as_bytes();
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

/// Which output of a coinbase transaction commits to the block's witnesses.
pub(super) fn commitment_output(coinbase: &Transaction) -> Option<usize> {
    let commits = |output: &TxOut| {
        let script = output.script_pubkey.as_bytes();
        script.len() >= 38 && script.starts_with(COMMITMENT)
    };
    coinbase.output.iter().rposition(commits)
}

/// `OP_RETURN`, a push of 36 bytes, and the four bytes of BIP141.
const COMMITMENT: &[u8] = &[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

fn has_witness(block: &Block) -> bool {
    block.txdata.iter().flat_map(|tx| &tx.input).any(|input| !input.witness.is_empty())
}

/// The root of a merkle tree; `None` for no leaves, and for a tree with two equal neighbours, which
/// is how a list with duplicated transactions gives the root of the right one (CVE-2012-2459).
pub(super) fn merkle_root(mut hashes: Vec<sha256d::Hash>) -> Option<sha256d::Hash> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::Witness;
    use bitcoin::consensus::deserialize;
    use bitcoin::hex::FromHex as _;

    /// Block 926,485 of testnet3, from the vectors of BIP158: five transactions, with witnesses.
    fn segwit_block() -> Block {
        let vectors = include_str!("../../fixtures/bip158-testnet-19.json");
        let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(vectors).expect("json");
        let row = rows[1..].iter().find(|row| row[0] == 926_485).expect("in the vectors");
        let bytes = Vec::from_hex(row[2].as_str().expect("text")).expect("hexadecimal");
        deserialize(&bytes).expect("a block")
    }

    const HEIGHT: Height = Height::new(926_485);

    fn checked(block: &Block) -> Result<(), BodyError> {
        check(&Params::testnet3(), HEIGHT, block)
    }

    #[test]
    fn every_block_of_the_bip158_vectors_is_what_its_header_says() {
        let vectors = include_str!("../../fixtures/bip158-testnet-19.json");
        let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(vectors).expect("json");
        for row in &rows[1..] {
            let height = u32::try_from(row[0].as_u64().expect("a number")).expect("a height");
            let bytes = Vec::from_hex(row[2].as_str().expect("text")).expect("hexadecimal");
            let block = deserialize(&bytes).expect("a block");
            assert_eq!(check(&Params::testnet3(), Height::new(height), &block), Ok(()));
        }
    }

    #[test]
    fn stripped_and_foreign_witnesses_are_refused() {
        let strip = |block: &mut Block, range: std::ops::Range<usize>| {
            let inputs = block.txdata[range].iter_mut().flat_map(|tx| &mut tx.input);
            inputs.for_each(|input| input.witness.clear());
        };
        for range in [0..5, 1..5, 0..1] {
            let mut block = segwit_block();
            strip(&mut block, range);
            assert_eq!(checked(&block), Err(BodyError::Witnesses));
        }
        let mut block = segwit_block();
        block.txdata[1].input[0].witness.push([1]);
        assert_eq!(checked(&block), Err(BodyError::Witnesses));
        let mut block = segwit_block();
        block.txdata[0].input[0].witness = Witness::from_slice(&[[1_u8; 32]]);
        assert_eq!(checked(&block), Err(BodyError::Witnesses));
        // Below the activation nobody commits to witnesses, so there are none.
        let below = Params::testnet3().segwit_height.down(1);
        assert_eq!(check(&Params::testnet3(), below, &segwit_block()), Err(BodyError::Witnesses));
    }

    #[test]
    fn other_transactions_are_refused() {
        let mut missing = segwit_block();
        missing.txdata.pop();
        assert_eq!(checked(&missing), Err(BodyError::Transactions));
        let mut swapped = segwit_block();
        swapped.txdata.swap(3, 4);
        assert_eq!(checked(&swapped), Err(BodyError::Transactions));
        let mut empty = segwit_block();
        empty.txdata.clear();
        assert_eq!(checked(&empty), Err(BodyError::Coinbase));
        let mut headless = segwit_block();
        headless.txdata.remove(0);
        assert_eq!(checked(&headless), Err(BodyError::Coinbase));
        let mut two = segwit_block();
        two.txdata.push(two.txdata[0].clone());
        assert_eq!(checked(&two), Err(BodyError::Coinbase));
    }

    #[test]
    fn duplicated_transactions_are_refused_though_the_root_is_right() {
        // Five leaves: the last is paired with itself, and so is its parent.
        let mut block = segwit_block();
        for copies in [1, 3] {
            let last = block.txdata[4].clone();
            block.txdata.truncate(5);
            block.txdata.extend(std::iter::repeat_n(last, copies));
            assert!(block.check_merkle_root(), "the plain check does not see it");
            assert_eq!(checked(&block), Err(BodyError::Transactions));
        }
    }
}
