//! Owns `getdescriptoractivity`: what some blocks pay to descriptors, and what they spend from them.
//!
//! Refuses an answer that may leave out a spend: what an input spends is known if one of the named
//! blocks or an open wallet holds it, and else only what it can't be.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use billfold_wallet_core::command::BlockQuery;
use billfold_wallet_core::light_client::height::BlockId;
use bitcoin::{Block, BlockHash, Network, OutPoint, Transaction, TxOut, Txid};
use serde::Serialize;

use crate::apart::apart_while_awaited;
use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Btc, answer};
use crate::ledger;
use crate::limits::{ACTIVITY_BLOCKS, ACTIVITY_EVENTS};
use crate::method::description::range;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::needles::Needles;
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::provider::Provider;
use crate::script::ScriptForm;

pub(super) const METHODS: &[Method] = &[Method {
    name: "getdescriptoractivity",
    category: Category::Blockchain,
    parameters: &[
        Parameter::required("blockhashes", Kind::Array, "The blocks to look at, in any order"),
        Parameter::required("scanobjects", Kind::Array, "Descriptors to look for"),
        Parameter::optional("include_mempool", Kind::Bool, "Must be false: no mempool is kept"),
    ],
    about: "Get spend and receive activity associated with a set of descriptors for a set of blocks, \
            as scanblocks finds them. Peers are asked for the blocks.",
    standing: Standing::Differs(
        "only with --rpc-fetch-blocks (-32601 without); -8 unless include_mempool is false, and for \
         more than 500 blocks, 1000000 scripts or 200000 events; -5 for a block of a branch that was left; -1 where an input may spend \
         from the descriptors an output that neither the named blocks nor an open wallet of the caller hold: name \
         the block of that output too, and of taproot and bare keys, whose spends do not tell, it \
         may be any; texts of what is wrong with a descriptor are our own",
    ),
    run: Run::Wallets(|node, desks, arguments| Box::pin(activity(node, desks, arguments))),
}];

async fn activity(node: &Node, desks: &[Arc<Desk>], arguments: &Arguments) -> Outcome {
    node.may_fetch("getdescriptoractivity")?;
    // Each holds much in memory.
    let _turn = node.turns.take("getdescriptoractivity").await;
    let mut blocks = BTreeSet::new();
    for text in arguments::array(arguments.required(0))? {
        let hash: BlockHash = arguments::hash(arguments::text(text)?, "blockhash")?;
        let missing = || RpcError::address_or_key("Block not found");
        blocks.insert(node.block(BlockQuery::Hash(hash)).await?.ok_or_else(missing)?.id);
        if blocks.len() > ACTIVITY_BLOCKS {
            return Err(RpcError::parameter(format!("More than {ACTIVITY_BLOCKS} blocks at once")));
        }
    }
    let objects = arguments::array(arguments.required(1))?;
    let provider = Provider::read(objects, node.params.network, range).await?;
    if arguments.flag(2, true)? {
        return Err(RpcError::parameter(NO_MEMPOOL));
    }
    let scripts = apart_while_awaited(move |left| provider.scripts(left).map(Needles::new));
    let needles = scripts.await??;
    let mut seen = Seen::new(&needles, node.params.network);
    for at in blocks {
        let block = node.fetch(at.hash).await?;
        let block = block.ok_or_else(|| RpcError::address_or_key("Block not found"))?;
        let strange = seen.strange(&block);
        for desk in desks {
            let records = ledger::records(desk, strange.iter().copied().collect()).await?;
            for record in &records {
                seen.learn(&record.transaction);
            }
        }
        seen.read(at, &block)?;
        if seen.events.len() > ACTIVITY_EVENTS {
            return Err(RpcError::parameter("Too much for one answer: name fewer blocks"));
        }
    }
    answer(&ActivityForm { activity: seen.events })
}

/// What was found so far, block by block.
struct Seen<'a> {
    needles: &'a Needles,
    network: Network,
    /// Transactions of which every output that matters is in `outputs`.
    known: HashSet<Txid>,
    outputs: BTreeMap<OutPoint, TxOut>,
    events: Vec<EventForm>,
}

impl<'a> Seen<'a> {
    fn new(needles: &'a Needles, network: Network) -> Self {
        let (known, outputs) = (HashSet::new(), BTreeMap::new());
        Self { needles, network, known, outputs, events: Vec::new() }
    }

    /// The transactions below and beside the block from which its inputs may spend.
    fn strange(&self, block: &Block) -> BTreeSet<Txid> {
        let own: HashSet<Txid> = block.txdata.iter().map(Transaction::compute_txid).collect();
        let inputs = block.txdata.iter().flat_map(|transaction| &transaction.input);
        let strange = inputs.filter(|input| {
            let before = input.previous_output.txid;
            !own.contains(&before)
                && !self.known.contains(&before)
                && self.needles.may_be_spent_by(input)
        });
        strange.map(|input| input.previous_output.txid).collect()
    }

    /// What a transaction pays to the descriptors is known from here on.
    fn learn(&mut self, transaction: &Transaction) {
        let txid = transaction.compute_txid();
        for (vout, output) in (0..).zip(&transaction.output) {
            if self.needles.contains(&output.script_pubkey) {
                self.outputs.insert(OutPoint::new(txid, vout), output.clone());
            }
        }
        self.known.insert(txid);
    }

    /// # Errors
    /// -1 where it is not known whether an input spends from the descriptors.
    fn read(&mut self, at: BlockId, block: &Block) -> Result<(), RpcError> {
        for transaction in &block.txdata {
            self.read_spends(at, transaction)?;
            self.learn(transaction);
            let txid = transaction.compute_txid();
            for (vout, output) in (0..).zip(&transaction.output) {
                if self.needles.contains(&output.script_pubkey) {
                    self.events.push(EventForm::Receive {
                        amount: output.value.into(),
                        blockhash: at.hash,
                        height: at.height.to_u32(),
                        txid,
                        vout,
                        output_spk: ScriptForm::new(&output.script_pubkey, self.network),
                    });
                }
            }
        }
        Ok(())
    }

    fn read_spends(&mut self, at: BlockId, transaction: &Transaction) -> Result<(), RpcError> {
        for (spend_vin, input) in (0..).zip(&transaction.input) {
            let previous = input.previous_output;
            let Some(spent) = self.outputs.get(&previous) else {
                if self.known.contains(&previous.txid) || !self.needles.may_be_spent_by(input) {
                    continue;
                }
                let spender = transaction.compute_txid();
                return Err(RpcError::new(
                    Code::Misc,
                    format!(
                        "Input {spend_vin} of {spender} in block {} may spend from these \
                         descriptors: name the block of transaction {} too",
                        at.hash, previous.txid
                    ),
                ));
            };
            self.events.push(EventForm::Spend {
                amount: spent.value.into(),
                blockhash: at.hash,
                height: at.height.to_u32(),
                spend_txid: transaction.compute_txid(),
                spend_vin,
                prevout_txid: previous.txid,
                prevout_vout: previous.vout,
                prevout_spk: ScriptForm::new(&spent.script_pubkey, self.network),
            });
        }
        Ok(())
    }
}

#[derive(Debug, Serialize)]
struct ActivityForm {
    activity: Vec<EventForm>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum EventForm {
    Spend {
        amount: Btc,
        blockhash: BlockHash,
        height: u32,
        spend_txid: Txid,
        spend_vin: u32,
        prevout_txid: Txid,
        prevout_vout: u32,
        prevout_spk: ScriptForm,
    },
    Receive {
        amount: Btc,
        blockhash: BlockHash,
        height: u32,
        txid: Txid,
        vout: u32,
        output_spk: ScriptForm,
    },
}

const NO_MEMPOOL: &str = "No mempool is kept, so include_mempool must be false";
