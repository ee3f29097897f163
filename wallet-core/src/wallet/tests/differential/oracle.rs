//! Two wallets of `bdk_wallet`, one for each account that the test pays, which are told the same.
//!
//! They are given every transaction of every block and all that was heard, whether it is theirs or
//! not: which of two that contradict each other counts is theirs to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bdk_wallet::chain::{BlockId as Anchor, ChainPosition, ConfirmationBlockTime, TxUpdate};
use bdk_wallet::{KeychainKind, Update, Wallet};
use bitcoin::{Amount, BlockHash, Network, OutPoint, SignedAmount, Transaction, Txid};

use crate::keychain::{Branch, KeychainId};
use crate::light_client::height::BlockId;
use crate::light_client::time::WallTime;
use crate::wallet::tests::bench::{Bench, SEGWIT, TAPROOT};

/// What `bdk_wallet` makes of it all.
pub(super) struct Oracle {
    wallets: Vec<Wallet>,
    descriptors: [String; 2],
    genesis: BlockHash,
    /// All that it was told, in order.
    told: Vec<(TxUpdate<ConfirmationBlockTime>, Option<Anchor>)>,
    /// What left the mempool and did not come back.
    evicted: BTreeSet<Txid>,
}

impl Oracle {
    /// On the chain of the bench, which has its first block only.
    pub(super) fn new(bench: &Bench) -> Self {
        let descriptor = |id| bench.wallet.account(id).unwrap().descriptor().to_string();
        let (descriptors, genesis) = (ACCOUNTS.map(descriptor), bench.tip().hash);
        let wallets = empty(&descriptors, genesis);
        Self { wallets, descriptors, genesis, told: Vec::new(), evicted: BTreeSet::new() }
    }

    /// Hands out as many addresses as the bench's wallet has.
    pub(super) fn reveal(&mut self, bench: &Bench) {
        for (account, wallet) in ACCOUNTS.into_iter().zip(&mut self.wallets) {
            let kinds = [KeychainKind::External, KeychainKind::Internal];
            for (branch, kind) in [Branch::Receive, Branch::Change].into_iter().zip(kinds) {
                let state = bench.wallet.keychains[&KeychainId { account, branch }];
                if let Some(last) = state.issued.max(state.used).checked_sub(1) {
                    wallet.reveal_addresses_to(kind, last).for_each(drop);
                }
            }
        }
    }

    /// A transaction is in the mempool.
    pub(super) fn see(&mut self, transaction: &Transaction, now: WallTime) {
        let txid = transaction.compute_txid();
        let mut seen = TxUpdate::default();
        seen.txs.push(Arc::new(transaction.clone()));
        seen.seen_ats.insert((txid, now.to_unix()));
        self.evicted.remove(&txid);
        self.tell(seen, None);
    }

    /// A transaction is in the mempool no longer.
    pub(super) fn evict(&mut self, txid: Txid, now: WallTime) {
        let mut gone = TxUpdate::default();
        gone.evicted_ats.insert((txid, now.to_unix()));
        self.evicted.insert(txid);
        self.tell(gone, None);
    }

    /// A block holds these, in the place of all that was at its height and above.
    pub(super) fn mine(&mut self, at: BlockId, transactions: &[Transaction]) {
        let block_id = Anchor { height: at.height.to_u32(), hash: at.hash };
        let anchor = ConfirmationBlockTime { block_id, confirmation_time: 0 };
        let mut mined = TxUpdate::default();
        for transaction in transactions {
            mined.txs.push(Arc::new(transaction.clone()));
            mined.anchors.insert((anchor, transaction.compute_txid()));
        }
        self.forget_evictions(transactions);
        self.tell(mined, Some(block_id));
    }

    /// These were never there.
    pub(super) fn forget(&mut self, gone: &BTreeSet<Txid>) {
        self.evicted.retain(|txid| !gone.contains(txid));
        self.tell_anew(|update| {
            update.txs.retain(|transaction| !gone.contains(&transaction.compute_txid()));
            update.seen_ats.retain(|(txid, _)| !gone.contains(txid));
            update.evicted_ats.retain(|(txid, _)| !gone.contains(txid));
            update.anchors.retain(|(_, txid)| !gone.contains(txid));
        });
    }

    /// An eviction lasts for ever here, even when a block holds the transaction later and is left:
    /// who uses this wallet tells it then what the mempools hold. Ours is told by the block.
    fn forget_evictions(&mut self, mined: &[Transaction]) {
        let mined: BTreeSet<Txid> = mined.iter().map(Transaction::compute_txid).collect();
        let back: BTreeSet<Txid> = self.evicted.intersection(&mined).copied().collect();
        self.evicted.retain(|txid| !back.contains(txid));
        if !back.is_empty() {
            self.tell_anew(|update| {
                update.seen_ats.retain(|(txid, _)| !back.contains(txid));
                update.evicted_ats.retain(|(txid, _)| !back.contains(txid));
            });
        }
    }

    fn tell_anew(&mut self, alter: impl Fn(&mut TxUpdate<ConfirmationBlockTime>)) {
        self.wallets = empty(&self.descriptors, self.genesis);
        for (mut update, block) in std::mem::take(&mut self.told) {
            alter(&mut update);
            self.tell(update, block);
        }
    }

    fn tell(&mut self, tx_update: TxUpdate<ConfirmationBlockTime>, block: Option<Anchor>) {
        for wallet in &mut self.wallets {
            let chain = block.map(|block| wallet.latest_checkpoint().insert(block));
            let (tx_update, last_active_indices) = (tx_update.clone(), BTreeMap::new());
            wallet.apply_update(Update { last_active_indices, tx_update, chain }).unwrap();
        }
        self.told.push((tx_update, block));
    }

    /// The coins, with their amounts and heights.
    pub(super) fn coins(&self) -> BTreeMap<OutPoint, (Amount, Option<u32>)> {
        let height = |position: &ChainPosition<ConfirmationBlockTime>| match position {
            ChainPosition::Confirmed { anchor, .. } => Some(anchor.block_id.height),
            ChainPosition::Unconfirmed { .. } => None,
        };
        let unspent = self.wallets.iter().flat_map(Wallet::list_unspent);
        unspent
            .map(|coin| (coin.outpoint, (coin.txout.value, height(&coin.chain_position))))
            .collect()
    }

    /// What every transaction that counts brought or took.
    pub(super) fn history(&self) -> BTreeMap<Txid, SignedAmount> {
        let mut history = BTreeMap::new();
        for wallet in &self.wallets {
            for row in wallet.transactions() {
                let (sent, received) = wallet.sent_and_received(&row.tx_node.tx);
                let net = received.to_signed().unwrap() - sent.to_signed().unwrap();
                *history.entry(row.tx_node.txid).or_insert(SignedAmount::ZERO) += net;
            }
        }
        history
    }

    /// What no block holds and counts.
    pub(super) fn waiting(&self) -> BTreeSet<Txid> {
        let rows = self.wallets.iter().flat_map(Wallet::transactions);
        rows.filter(|row| !row.chain_position.is_confirmed()).map(|row| row.tx_node.txid).collect()
    }
}

fn empty(descriptors: &[String; 2], genesis: BlockHash) -> Vec<Wallet> {
    let wallet = |descriptor: &String| {
        Wallet::create_from_two_path_descriptor(descriptor.clone())
            .network(Network::Regtest)
            .genesis_hash(genesis)
            .lookahead(LOOK_AHEAD)
            .create_wallet_no_persist()
            .unwrap()
    };
    descriptors.iter().map(wallet).collect()
}

/// Scripts watched beyond the last one that was handed out, by all wallets.
pub(super) const LOOK_AHEAD: u32 = 30;

/// The accounts that the test pays.
const ACCOUNTS: [crate::keychain::AccountId; 2] = [TAPROOT, SEGWIT];
