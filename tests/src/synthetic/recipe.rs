//! Owns what is in a block of the synthetic chain: every byte follows from the height.
//!
//! Refuses blocks that a validating client would: coinbase, height (BIP34) and merkle root are
//! right, there are just no fees and no subsidy that anybody checks.

use bitcoin::absolute::LockTime;
use bitcoin::block::Header;
use bitcoin::constants::genesis_block;
use bitcoin::hashes::Hash as _;
use bitcoin::merkle_tree;
use bitcoin::script::Builder;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    WPubkeyHash, Witness,
};

/// What the chain is made of.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Blocks above the genesis block.
    pub blocks: u32,
    /// P2WPKH outputs of each block.
    pub outputs: u32,
    /// Who is paid, in this order, at heights spread over the chain.
    pub paid: Vec<ScriptBuf>,
}

impl Recipe {
    /// What each of `paid` gets.
    pub const PAYMENT: Amount = Amount::from_sat(100_000);

    /// What is paid in all.
    #[must_use]
    pub fn paid_in_all(&self) -> Amount {
        self.paid.iter().map(|_| Self::PAYMENT).sum()
    }

    /// The height of the payment at `index`.
    #[must_use]
    pub fn height_of(&self, index: u32) -> u32 {
        let count = u32::try_from(self.paid.len()).unwrap_or(u32::MAX);
        (index + 1) * (self.blocks / (count + 1))
    }

    /// The script that the block at `height` pays, if it pays one.
    #[must_use]
    pub fn paid_at(&self, height: u32) -> Option<&ScriptBuf> {
        let count = u32::try_from(self.paid.len()).unwrap_or(u32::MAX);
        let step = self.blocks / (count + 1);
        let index = (height.checked_rem(step) == Some(0)).then(|| height / step)?.checked_sub(1)?;
        self.paid.get(usize::try_from(index).ok()?)
    }

    /// The output scripts of a block above genesis, with the payment or without.
    pub fn scripts(&self, height: u32, with_payment: bool) -> impl Iterator<Item = ScriptBuf> {
        let paid = self.paid_at(height).filter(|_| with_payment);
        (0..self.outputs).map(move |index| match paid {
            Some(script) if index == self.outputs / 2 => script.clone(),
            _ => ScriptBuf::new_p2wpkh(&program(height, index)),
        })
    }

    /// The merkle root of the block at `height`.
    #[must_use]
    pub fn merkle_root(&self, height: u32) -> TxMerkleNode {
        let ids = self.transactions(height).into_iter();
        let ids = ids.map(|transaction| transaction.compute_txid().to_raw_hash());
        merkle_tree::calculate_root(ids).map_or_else(TxMerkleNode::all_zeros, Into::into)
    }

    /// The block at `height`, under its header.
    #[must_use]
    pub fn block(&self, height: u32, header: Header) -> Block {
        if height == 0 {
            return genesis_block(Network::Regtest);
        }
        Block { header, txdata: self.transactions(height) }
    }

    /// What others are paid by the coinbase, and the wallet's payment apart, small as payments are.
    fn transactions(&self, height: u32) -> Vec<Transaction> {
        let paid = self.paid_at(height);
        let others = self.scripts(height, true).filter(|script| Some(script) != paid);
        let coinbase = transaction(
            OutPoint::null(),
            // The second push: a script of one byte is too short for a coinbase.
            Builder::new().push_int(i64::from(height)).push_slice([0; 4]).into_script(),
            others.map(|script_pubkey| TxOut { value: Amount::from_sat(1_000), script_pubkey }),
        );
        let payment = paid.map(|script| {
            // Nobody can tell without the block that it spends from.
            let spent = OutPoint::new(coinbase.compute_txid(), 0);
            let output = TxOut { value: Self::PAYMENT, script_pubkey: script.clone() };
            transaction(spent, ScriptBuf::new(), std::iter::once(output))
        });
        std::iter::once(coinbase).chain(payment).collect()
    }
}

fn transaction(
    spent: OutPoint,
    script_sig: ScriptBuf,
    output: impl Iterator<Item = TxOut>,
) -> Transaction {
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: spent,
            script_sig,
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: output.collect(),
    }
}

/// Twenty bytes that look random (`SplitMix64`).
fn program(height: u32, index: u32) -> WPubkeyHash {
    let seed = u64::from(height) << 32 | u64::from(index);
    let mut bytes = [0; 20];
    for (round, chunk) in (1_u64..).zip(bytes.chunks_mut(8)) {
        let mut mixed =
            seed.wrapping_mul(8).wrapping_add(round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
        chunk.copy_from_slice(&mixed[..chunk.len()]);
    }
    WPubkeyHash::from_byte_array(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_script_is_paid_once_and_every_output_is_there() {
        let script = |index| ScriptBuf::new_p2wpkh(&program(u32::MAX, index));
        let recipe = Recipe { blocks: 600, outputs: 9, paid: (0..20).map(script).collect() };
        let heights: Vec<u32> = (1..=600).filter(|h| recipe.paid_at(*h).is_some()).collect();
        assert_eq!(heights.len(), 20);
        let mut paid = Amount::ZERO;
        for height in 1..=600 {
            let transactions = recipe.transactions(height).into_iter();
            let outputs: Vec<_> = transactions.flat_map(|transaction| transaction.output).collect();
            assert_eq!(outputs.len(), 9);
            let ours = outputs.iter().filter(|o| recipe.paid.contains(&o.script_pubkey));
            paid += ours.map(|output| output.value).sum::<Amount>();
        }
        assert_eq!(paid, recipe.paid_in_all());
    }
}
