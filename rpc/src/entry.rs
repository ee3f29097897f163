//! Owns the entries that transactions of a wallet are told in: one for each payment to others and
//! one for each that came in, with what is known of the whole (`WalletTxToJSON` and
//! `ListTransactions` of Bitcoin Core).
//!
//! Refuses change, unless it is asked for.

use billfold_wallet_core::command::{Owner, PaymentState, RecordedOutput, TransactionRecord};
use billfold_wallet_core::keychain::Branch;
use billfold_wallet_core::light_client::height::Height;
use bitcoin::{Address, Network, Transaction, Txid, Wtxid};
use serde::Serialize;

use crate::branches::Branches;
use crate::json::Btc;
use crate::ledger::{self, Unconfirmed};

/// What entries are made with besides the transaction.
#[derive(Debug)]
pub struct Book<'a> {
    /// The network of the addresses.
    pub network: Network,
    /// The block up to which the wallet has seen the chain.
    pub tip: Height,
    /// Where its addresses come from.
    pub branches: Branches<'a>,
    /// Its transactions in no block.
    pub unconfirmed: &'a Unconfirmed,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only what came in to addresses of this label.
    pub label: Option<&'a str>,
    /// Those of change too.
    pub change: bool,
}

/// A transaction as a whole.
#[derive(Debug, Clone, Serialize)]
pub struct Whole {
    confirmations: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    generated: Option<bool>,
    #[serde(flatten)]
    block: Option<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted: Option<bool>,
    txid: Txid,
    wtxid: Wtxid,
    walletconflicts: Vec<Txid>,
    mempoolconflicts: Vec<Txid>,
    time: u64,
    timereceived: u64,
    #[serde(rename = "bip125-replaceable")]
    replaceable: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by_txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces_txid: Option<Txid>,
}

#[derive(Debug, Clone, Serialize)]
struct Block {
    blockhash: bitcoin::BlockHash,
    blockheight: u32,
    blockindex: u32,
    blocktime: u64,
}

/// One payment out of a transaction, or into the wallet.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// To others, or to oneself where that was meant.
    Sent(Sent),
    /// To the wallet.
    Received(Received),
}

/// A payment to others.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address<bitcoin::address::NetworkUnchecked>>,
    category: &'static str,
    amount: Btc,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    vout: usize,
    fee: Btc,
    #[serde(flatten)]
    whole: Option<Whole>,
    abandoned: bool,
}

/// A payment that came in.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address<bitcoin::address::NetworkUnchecked>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parent_descs: Vec<String>,
    category: &'static str,
    amount: Btc,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    vout: usize,
    abandoned: bool,
    #[serde(flatten)]
    whole: Option<Whole>,
}

impl Whole {
    /// What is known of a transaction.
    #[must_use]
    pub fn new(record: &TransactionRecord, book: &Book<'_>) -> Self {
        let transaction = &record.transaction;
        let txid = transaction.compute_txid();
        let depth = depth(record, book);
        let block = record.block.map(|(block, position, time)| Block {
            blockhash: block.hash,
            blockheight: block.height.to_u32(),
            blockindex: position,
            blocktime: time,
        });
        let contested = matches!(record.state, PaymentState::Replaced | PaymentState::Evicted);
        let in_mempool = |other: &&Txid| {
            contested && book.unconfirmed.record(**other).is_some_and(|r| is_live(r.state))
        };
        let opted_in = depth <= 0 && signals_replacement(transaction, book.unconfirmed);
        Self {
            confirmations: depth,
            generated: transaction.is_coinbase().then_some(true),
            trusted: block.is_none().then(|| book.unconfirmed.is_trusted(txid)),
            block,
            txid,
            wtxid: transaction.compute_wtxid(),
            mempoolconflicts: record.conflicts.iter().filter(in_mempool).copied().collect(),
            walletconflicts: record.conflicts.clone(),
            time: record
                .block
                .map_or(record.first_seen, |(_, _, time)| time.min(record.first_seen)),
            timereceived: record.first_seen,
            replaceable: if opted_in { "yes" } else { "no" },
            comment: record.note.clone(),
            replaced_by_txid: record.replaced_by,
            replaces_txid: record.replaces,
        }
    }
}

/// The entries of a transaction, payments to others first; `long`: each with the whole.
#[must_use]
pub fn entries(
    record: &TransactionRecord,
    book: &Book<'_>,
    filter: Filter<'_>,
    long: bool,
) -> Vec<Entry> {
    let whole = long.then(|| Whole::new(record, book));
    let spent = spent(record);
    let outputs = || record.transaction.output.iter().zip(&record.outputs).enumerate();
    let mut entries = Vec::new();
    if filter.label.is_none() && spent > 0 {
        let paid: u64 = record.transaction.output.iter().map(|output| output.value.to_sat()).sum();
        let fee = Btc(i64::try_from(paid).unwrap_or(i64::MAX).saturating_sub(spent));
        for (vout, (output, known)) in outputs().filter(|(_, (_, known))| !is_change(known, filter))
        {
            entries.push(Entry::Sent(Sent {
                address: address(&output.script_pubkey, book.network),
                category: "send",
                amount: Btc(-Btc::from(output.value).0),
                label: known.note.clone().or_else(|| book_label(known)),
                vout,
                fee,
                whole: whole.clone(),
                abandoned: record.state == PaymentState::Evicted,
            }));
        }
    }
    for (vout, (output, known)) in outputs() {
        let Some(owner) = &known.owner else { continue };
        let is_hidden = spent > 0 && is_change(known, filter);
        let label = known.note.clone().or_else(|| book_label(known));
        let is_wanted = filter.label.is_none_or(|wanted| label.as_deref() == Some(wanted));
        if is_hidden || !is_wanted {
            continue;
        }
        entries.push(Entry::Received(Received {
            address: address(&output.script_pubkey, book.network),
            parent_descs: parent(&book.branches, owner).into_iter().collect(),
            category: category(record, book),
            amount: output.value.into(),
            label,
            vout,
            abandoned: record.state == PaymentState::Evicted,
            whole: whole.clone(),
        }));
    }
    entries
}

/// What the transaction spends from the wallet, in satoshi.
#[must_use]
pub fn spent(record: &TransactionRecord) -> i64 {
    let outputs = record.transaction.output.iter().zip(&record.outputs);
    let own = outputs.filter(|(_, known)| known.owner.is_some());
    let received: u64 = own.map(|(output, _)| output.value.to_sat()).sum();
    i64::try_from(received).unwrap_or(i64::MAX).saturating_sub(record.net.to_sat())
}

/// Confirmations; below zero where a block holds what contradicts it, since so many blocks.
#[must_use]
pub fn depth(record: &TransactionRecord, book: &Book<'_>) -> i64 {
    match (record.block, record.excluded) {
        (None, Some(height)) => -ledger::depth(book.tip, Some(height)),
        (block, _) => ledger::depth(book.tip, block.map(|(block, _, _)| block.height)),
    }
}

/// Only own change, which nobody was told the address of.
fn is_change(known: &RecordedOutput, filter: Filter<'_>) -> bool {
    let is_own = known.owner.as_ref().is_some_and(|owner| owner.branch == Branch::Change);
    is_own && known.note.is_none() && !filter.change
}

/// Addresses that were given out are in Core's address book, with an empty label at least.
fn book_label(known: &RecordedOutput) -> Option<String> {
    let given = known.owner.as_ref().is_some_and(|owner| owner.branch == Branch::Receive);
    given.then(String::new)
}

fn category(record: &TransactionRecord, book: &Book<'_>) -> &'static str {
    let depth = depth(record, book);
    match record.transaction.is_coinbase() {
        false => "receive",
        true if depth < 1 => "orphan",
        true if depth <= i64::from(bitcoin::constants::COINBASE_MATURITY) => "immature",
        true => "generate",
    }
}

fn parent(branches: &Branches<'_>, owner: &Owner) -> Option<String> {
    Some(branches.get(&owner.account, owner.branch)?.text().to_owned())
}

fn address(
    spk: &bitcoin::Script,
    network: Network,
) -> Option<Address<bitcoin::address::NetworkUnchecked>> {
    Address::from_script(spk, network).ok().map(Address::into_unchecked)
}

const fn is_live(state: PaymentState) -> bool {
    !matches!(state, PaymentState::Replaced | PaymentState::Evicted)
}

/// Whether it, or one that it stands on here, says that it may be replaced (BIP125).
fn signals_replacement(transaction: &Transaction, unconfirmed: &Unconfirmed) -> bool {
    let mut waiting = vec![transaction];
    while let Some(transaction) = waiting.pop() {
        if transaction.is_explicitly_rbf() {
            return true;
        }
        let parents = transaction.input.iter().map(|input| input.previous_output.txid);
        let records = parents.filter_map(|parent| unconfirmed.record(parent));
        waiting.extend(records.map(|record| &record.transaction));
    }
    false
}
