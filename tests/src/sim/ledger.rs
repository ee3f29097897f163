//! Owns the slow model: all blocks that were ever mined, and what they pay and spend, found by
//! looking at every output.
//!
//! Refuses filters and cursors: it is what the wallet's answer is held against.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use billfold_devnet::Devnet;
use bitcoin::bip158::{FilterHash, FilterHeader, GcsFilterWriter};
use bitcoin::hashes::Hash;
use bitcoin::{Amount, Block, BlockHash, OutPoint, Script, ScriptBuf, SignedAmount, Txid};

/// Blocks of all branches, with the scripts that their inputs spend.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    blocks: HashMap<BlockHash, Block>,
    scripts: HashMap<OutPoint, ScriptBuf>,
    values: HashMap<OutPoint, Amount>,
}

/// What the best chain says of some scripts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Account {
    /// Transactions that pay or spend them: the block and the change in value.
    pub(super) history: BTreeMap<Txid, (BlockHash, SignedAmount)>,
    /// Unspent outputs.
    pub(super) coins: BTreeMap<OutPoint, Amount>,
}

impl Ledger {
    /// Takes note of the network's best chain.
    pub(super) fn learn(&mut self, network: &Devnet) {
        let (mut height, _) = network.tip();
        while let Some(block) = network.block_at(height) {
            let hash = block.block_hash();
            if self.blocks.contains_key(&hash) {
                return;
            }
            for transaction in &block.txdata {
                let txid = transaction.compute_txid();
                for (vout, output) in (0..).zip(&transaction.output) {
                    let outpoint = OutPoint::new(txid, vout);
                    self.scripts.insert(outpoint, output.script_pubkey.clone());
                    self.values.insert(outpoint, output.value);
                }
            }
            self.blocks.insert(hash, block);
            let Some(below) = height.checked_sub(1) else { return };
            height = below;
        }
    }

    /// A block of any branch.
    #[must_use]
    pub(super) fn block(&self, hash: BlockHash) -> Option<&Block> {
        self.blocks.get(&hash)
    }

    /// Whether a block of any branch holds the transaction.
    #[must_use]
    pub(super) fn holds(&self, hash: BlockHash, txid: Txid) -> bool {
        let block = self.blocks.get(&hash);
        block.is_some_and(|block| block.txdata.iter().any(|tx| tx.compute_txid() == txid))
    }

    /// The basic filter of a block (BIP158) as a liar makes it, who leaves scripts out.
    #[must_use]
    pub(super) fn false_filter(&self, block: &Block, hides: impl Fn(&Script) -> bool) -> Vec<u8> {
        let outputs = block.txdata.iter().flat_map(|transaction| &transaction.output);
        let paid =
            outputs.map(|output| &output.script_pubkey).filter(|script| !script.is_op_return());
        let inputs = block.txdata.iter().skip(1).flat_map(|transaction| &transaction.input);
        let spent = inputs.filter_map(|input| self.scripts.get(&input.previous_output));
        let kept: BTreeSet<&ScriptBuf> =
            paid.chain(spent).filter(|script| !script.is_empty() && !hides(script)).collect();
        let mut filter = Vec::new();
        let key = block.block_hash().to_byte_array();
        let half = |at: usize| u64::from_le_bytes(key[at..at + 8].try_into().expect("eight bytes"));
        let mut writer = GcsFilterWriter::new(&mut filter, half(0), half(8), 784_931, 19);
        for script in kept {
            writer.add_element(script.as_bytes());
        }
        writer.finish().expect("memory takes it");
        filter
    }

    /// Filter headers of the branch from the first block up to `tip`, as a liar makes them.
    #[must_use]
    pub(super) fn false_headers(
        &self,
        tip: BlockHash,
        hides: impl Fn(&Script) -> bool,
    ) -> Vec<(BlockHash, FilterHash, FilterHeader)> {
        let mut branch = Vec::new();
        let mut at = self.blocks.get(&tip);
        while let Some(block) = at {
            branch.push(block);
            at = self.blocks.get(&block.header.prev_blockhash);
        }
        let mut previous = FilterHeader::all_zeros();
        let told = branch.into_iter().rev().map(|block| {
            let hash = FilterHash::hash(&self.false_filter(block, &hides));
            previous = hash.filter_header(&previous);
            (block.block_hash(), hash, previous)
        });
        told.collect()
    }
}

/// Looks at every output of the network's best chain.
#[must_use]
pub(super) fn scan(network: &Devnet, owned: &BTreeSet<ScriptBuf>) -> Account {
    let mut account = Account::default();
    for height in 0..=network.tip().0 {
        let Some(block) = network.block_at(height) else { continue };
        for transaction in &block.txdata {
            let txid = transaction.compute_txid();
            let mut net = SignedAmount::ZERO;
            let mut touches = false;
            for input in &transaction.input {
                if let Some(value) = account.coins.remove(&input.previous_output) {
                    net -= value.to_signed().expect("below all money");
                    touches = true;
                }
            }
            for (vout, output) in (0..).zip(&transaction.output) {
                if owned.contains(&output.script_pubkey) {
                    account.coins.insert(OutPoint::new(txid, vout), output.value);
                    net += output.value.to_signed().expect("below all money");
                    touches = true;
                }
            }
            if touches {
                account.history.insert(txid, (block.block_hash(), net));
            }
        }
    }
    account
}
