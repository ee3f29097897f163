//! Owns what becomes of a wallet that was alone with a liar, on real sockets: what was left out of the
//! filters is there once the wallet has met an honest node, also if others met it first.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::rogue::{Deed, From, Message, Rogue, Vice};
use billfold_tests::town::Town;
use billfold_wallet_core::light_client::dial::Wire;
use bitcoin::bip158::BlockFilter;
use bitcoin::consensus::encode::deserialize;
use bitcoin::hashes::Hash;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_filter::{CFHeaders, CFilter};
use bitcoin::{BlockHash, FilterHash, FilterHeader, OutPoint, ScriptBuf};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const AMOUNT: u64 = 70_000;

/// What one says who leaves a block's payments out, with headers that fit (BIP157).
#[derive(Clone)]
struct Lies {
    /// By height.
    filters: Vec<BlockFilter>,
    headers: Vec<FilterHeader>,
    heights: HashMap<BlockHash, usize>,
}

impl Lies {
    /// About the block at a height.
    fn about(town: &Town, lie: u32) -> Result<Self> {
        let mut outputs: HashMap<OutPoint, ScriptBuf> = HashMap::new();
        let (mut filters, mut headers, mut heights) = (Vec::new(), Vec::new(), HashMap::new());
        let mut last = FilterHeader::all_zeros();
        for height in 0..=town.network.tip().0 {
            let block = town.network.block_at(height).context("no block")?;
            for transaction in &block.txdata {
                let txid = transaction.compute_txid();
                for (vout, output) in (0..).zip(&transaction.output) {
                    outputs.insert(OutPoint { txid, vout }, output.script_pubkey.clone());
                }
            }
            let mut filter =
                BlockFilter::new_script_filter(&block, |spent| Ok(outputs[spent].as_script()))?;
            if height == lie {
                filter = BlockFilter::new(&[0]);
            }
            last = filter.filter_header(&last);
            heights.insert(block.block_hash(), filters.len());
            filters.push(filter);
            headers.push(last);
        }
        Ok(Self { filters, headers, heights })
    }

    fn vice(self) -> Vice {
        Box::new(move |from, message| match (from, message.command.as_str()) {
            (From::Node, "cfilter") => self.filter(message).unwrap_or(Deed::Leave),
            (From::Node, "cfheaders") => self.hashes(message).unwrap_or(Deed::Leave),
            _ => Deed::Pass,
        })
    }

    fn filter(&self, message: &Message) -> Option<Deed> {
        let mut said: CFilter = deserialize(&message.payload).ok()?;
        let filter = self.filters.get(*self.heights.get(&said.block_hash)?)?;
        said.filter.clone_from(&filter.content);
        Some(Deed::Say(vec![NetworkMessage::CFilter(said).into()]))
    }

    fn hashes(&self, message: &Message) -> Option<Deed> {
        let mut said: CFHeaders = deserialize(&message.payload).ok()?;
        let stop = *self.heights.get(&said.stop_hash)?;
        let start = (stop + 1).checked_sub(said.filter_hashes.len())?;
        said.previous_filter_header = *self.headers.get(start.checked_sub(1)?)?;
        let hashes = self.filters.get(start..=stop)?.iter();
        said.filter_hashes = hashes.map(|filter| FilterHash::hash(&filter.content)).collect();
        Some(Deed::Say(vec![NetworkMessage::CFHeaders(said).into()]))
    }
}

#[test]
fn what_a_liar_left_out_is_found_though_another_wallet_met_the_honest_node_first() -> Result<()> {
    let town = Town::build()?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ok(&["--wallet", "other", "new", "--words-out", "others"])?;
    let address = program.ok(&["receive"])?["address"].take();
    town.pay(&address, AMOUNT)?;
    let (paid, _) = town.network.tip();
    town.network.mine_empty(5);

    let lies = Lies::about(&town, paid)?;
    let rogue = Rogue::before(town.network.address(), Wire::V2, move || lies.clone().vice())?;
    let sync =
        |peer: &str, wallet: &str| program.ok(&["--connect", peer, "--wallet", wallet, "sync"]);
    let (liar, node) = (rogue.address.to_string(), town.network.address().to_string());
    let told = sync(&liar, "main")?;
    ensure!(told["height"] == town.network.tip().0, "{told}");
    ensure!(program.ok(&["balance"])?["confirmed"] == 0, "the liar is no liar");

    sync(&node, "other")?;
    sync(&node, "main")?;
    let balance = program.ok(&["balance"])?;
    ensure!(balance["confirmed"] == AMOUNT, "{balance}");

    // And nothing more is scanned twice.
    let told = sync(&node, "main")?;
    ensure!(told["filters_matched"] == 0, "{told}");
    Ok(())
}
