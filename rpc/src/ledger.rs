//! Owns questions to one wallet that several methods have in common: its tip, its transactions in
//! no block and which of those can be trusted, its accounts.
//!
//! Refuses to keep anything between two calls.

use std::collections::HashMap;

use billfold_wallet_core::command::{
    AccountDescription, Coin, CoinQuery, Command, Draft, HistoryQuery, HistoryRow, Holdings,
    KeyLayerState, KeyState, Label, LabelQuery, Moment, Owner, PaymentState, Reference, Reply,
    TransactionRecord, WalletDescription,
};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use bitcoin::{Address, BlockHash, ScriptBuf, Txid};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::{Code, RpcError, UNLOCK_NEEDED};
use crate::node::Node;

/// Gives a draft's coins free, unless a signature of it may be about.
pub async fn drop_draft(desk: &Desk, draft: &Draft) {
    // A draft that holds nothing has no number; the audit log would have an error of dropping it.
    if draft.expires.is_some() && draft.id.0 != 0 {
        // One that is gone holds nothing.
        let _ = desk.ask(Command::Drop(draft.id)).await;
    }
}

/// The block up to which the wallet has seen the chain.
///
/// # Errors
/// What the wallet answered.
pub async fn tip(node: &Node, desk: &Desk) -> Result<BlockId, RpcError> {
    match desk.ask(Command::Applied).await? {
        Reply::Applied(applied) => Ok(applied.unwrap_or_else(|| node.genesis())),
        _ => Err(RpcError::bug()),
    }
}

/// What the wallet is made of.
///
/// # Errors
/// What the wallet answered.
pub async fn description(desk: &Desk) -> Result<WalletDescription, RpcError> {
    match desk.ask(Command::Describe).await? {
        Reply::Wallet(wallet) => Ok(*wallet),
        _ => Err(RpcError::bug()),
    }
}

/// How the wallet's key layer stands.
///
/// # Errors
/// What the wallet answered.
pub async fn key_layer(desk: &Desk) -> Result<KeyLayerState, RpcError> {
    match desk.ask(Command::KeyLayer).await? {
        Reply::KeyLayer(layer) => Ok(layer),
        _ => Err(RpcError::bug()),
    }
}

/// Refuses what takes keys while they are locked.
///
/// # Errors
/// -13, or what the wallet answered.
pub async fn require_unlocked(desk: &Desk) -> Result<(), RpcError> {
    match key_layer(desk).await? {
        KeyLayerState { has_passphrase: true, state: KeyState::Locked, .. } => {
            Err(RpcError::new(Code::UnlockNeeded, UNLOCK_NEEDED))
        }
        _ => Ok(()),
    }
}

/// Coins.
///
/// # Errors
/// What the wallet answered.
pub async fn coins(desk: &Desk, query: CoinQuery) -> Result<Vec<Coin>, RpcError> {
    match desk.ask(Command::Coins(query)).await? {
        Reply::Coins(coins) => Ok(coins),
        _ => Err(RpcError::bug()),
    }
}

/// What the wallet holds; of the coins in blocks those with at least so many.
///
/// # Errors
/// What the wallet answered.
pub async fn holdings(desk: &Desk, least_depth: u32) -> Result<Holdings, RpcError> {
    match desk.ask(Command::Holdings { least_depth }).await? {
        Reply::Holdings(holdings) => Ok(*holdings),
        _ => Err(RpcError::bug()),
    }
}

/// The addresses that have a label, which is not empty.
///
/// # Errors
/// What the wallet answered.
pub async fn labelled(desk: &Desk, label: &str) -> Result<Vec<Address>, RpcError> {
    let query = LabelQuery::Addresses(label.to_owned());
    let Reply::Labels(labels) = desk.ask(Command::Labels(query)).await? else {
        return Err(RpcError::bug());
    };
    let address = |label: Label| match label.reference {
        Reference::Address(address) => Some(address),
        _ => None,
    };
    Ok(labels.into_iter().filter_map(address).collect())
}

/// A page of the history, newest first.
///
/// # Errors
/// What the wallet answered.
pub async fn history(desk: &Desk, query: HistoryQuery) -> Result<Vec<HistoryRow>, RpcError> {
    match desk.ask(Command::History(query)).await? {
        Reply::History(rows) => Ok(rows),
        _ => Err(RpcError::bug()),
    }
}

/// All that the wallet knows of transactions.
///
/// # Errors
/// What the wallet answered.
pub async fn records(desk: &Desk, txids: Vec<Txid>) -> Result<Vec<TransactionRecord>, RpcError> {
    match desk.ask(Command::Transactions(txids)).await? {
        Reply::Transactions(records) => Ok(records),
        _ => Err(RpcError::bug()),
    }
}

/// A part of the history, newest first, with all that the wallet knows of each transaction.
///
/// # Errors
/// What the wallet answered.
pub async fn record_page(
    desk: &Desk,
    query: HistoryQuery,
) -> Result<Vec<TransactionRecord>, RpcError> {
    match desk.ask(Command::Records(query)).await? {
        Reply::Transactions(records) => Ok(records),
        _ => Err(RpcError::bug()),
    }
}

/// Where in the wallet a script comes from.
///
/// # Errors
/// What the wallet answered.
pub async fn owner(desk: &Desk, spk: ScriptBuf) -> Result<Option<Owner>, RpcError> {
    match desk.ask(Command::Owner(spk)).await? {
        Reply::Owner(owner) => Ok(owner),
        _ => Err(RpcError::bug()),
    }
}

/// How many blocks stand on a height, itself included; 0 for what is in no block. One that came after
/// the tip was read has its own block at least.
#[must_use]
pub fn depth(tip: Height, height: Option<Height>) -> i64 {
    height.map_or(0, |height| (i64::from(tip.to_u32()) - i64::from(height.to_u32()) + 1).max(1))
}

/// The account of a name.
#[must_use]
pub fn account<'a>(
    wallet: &'a WalletDescription,
    name: &billfold_wallet_core::keychain::AccountName,
) -> Option<&'a AccountDescription> {
    wallet.accounts.iter().find(|account| account.name == *name)
}

/// The block up to which a wallet's answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LastBlock {
    hash: BlockHash,
    height: u32,
}

impl From<BlockId> for LastBlock {
    fn from(block: BlockId) -> Self {
        Self { hash: block.hash, height: block.height.to_u32() }
    }
}

/// The wallet's transactions in no block.
#[derive(Debug, Default)]
pub struct Unconfirmed {
    records: HashMap<Txid, TransactionRecord>,
}

impl Unconfirmed {
    /// Reads them.
    ///
    /// # Errors
    /// What the wallet answered.
    pub async fn read(desk: &Desk) -> Result<Self, RpcError> {
        let above_all = Some(Moment::Height(Height::new(u32::MAX)));
        let query = HistoryQuery { since: above_all, ..HistoryQuery::default() };
        let records = record_page(desk, query).await?;
        let by_id = |record: TransactionRecord| (record.transaction.compute_txid(), record);
        Ok(Self { records: records.into_iter().map(by_id).collect() })
    }

    /// Reads them if there is need of them.
    ///
    /// # Errors
    /// What the wallet answered.
    pub async fn read_if(needed: bool, desk: &Desk) -> Result<Self, RpcError> {
        if needed { Self::read(desk).await } else { Ok(Self::default()) }
    }

    /// One of them.
    #[must_use]
    pub fn record(&self, txid: Txid) -> Option<&TransactionRecord> {
        self.records.get(&txid)
    }

    /// One of them that counts.
    #[must_use]
    pub fn counted(&self, txid: Txid) -> Option<&TransactionRecord> {
        let counts = |record: &&TransactionRecord| {
            !matches!(record.state, PaymentState::Replaced | PaymentState::Evicted)
        };
        self.record(txid).filter(counts)
    }

    /// Whether a transaction will not be taken back by somebody else.
    #[must_use]
    pub fn is_trusted(&self, txid: Txid) -> bool {
        self.records.get(&txid).is_none_or(|record| record.trusted)
    }

    /// How many unconfirmed transactions of this wallet one stands on, itself included, with their
    /// virtual sizes and fees together, as far as those are known.
    #[must_use]
    pub fn ancestry(&self, txid: Txid) -> Ancestry {
        let mut seen = std::collections::HashSet::new();
        let mut waiting = vec![txid];
        let mut sum = Ancestry::default();
        while let Some(txid) = waiting.pop() {
            let Some(record) = self.records.get(&txid).filter(|_| seen.insert(txid)) else {
                continue;
            };
            sum.count += 1;
            sum.vsize += record.transaction.weight().to_vbytes_ceil();
            sum.fees += record.fee.map_or(0, bitcoin::Amount::to_sat);
            sum.is_whole &= record.fee.is_some();
            waiting.extend(record.transaction.input.iter().map(|i| i.previous_output.txid));
        }
        sum
    }
}

/// What an unconfirmed transaction stands on, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ancestry {
    /// How many transactions.
    pub count: u64,
    /// Their virtual sizes together, in vbytes.
    pub vsize: u64,
    /// Their fees together, in satoshi.
    pub fees: u64,
    /// Whether the fee of each is known.
    pub is_whole: bool,
}

impl Default for Ancestry {
    fn default() -> Self {
        Self { count: 0, vsize: 0, fees: 0, is_whole: true }
    }
}
