//! Owns the run of `bip157`, as its own examples use it: its node in a task, and one reader of its
//! events that matches filters and asks for the blocks of those that match.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use billfold_tests::synthetic::recipe::Recipe;
use bip157::{Builder, Client, Event, Network};
use bitcoin::hashes::Hash as _;
use bitcoin::{Amount, ScriptBuf, WPubkeyHash};

use crate::measured::Measured;
use crate::options::Options;

/// Scans for as many scripts as billfold's wallet watches.
pub(crate) fn run(peers: &[SocketAddr], options: &Options, recipe: &Recipe) -> Result<Measured> {
    let scripts = scripts(recipe, options.scripts);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let start = Instant::now();
    let balance = runtime.block_on(scan(peers, &scripts))?;
    Ok(Measured::after(start.elapsed(), balance == recipe.paid_in_all()))
}

async fn scan(peers: &[SocketAddr], scripts: &HashSet<ScriptBuf>) -> Result<Amount> {
    let (node, client) = Builder::new(Network::Regtest)
        .add_peers(peers.iter().map(|peer| (*peer).into()))
        .whitelist_only()
        .required_peers(u8::try_from(peers.len())?)
        // Longer than its default, so that slow links get a figure too.
        .response_timeout(Duration::from_secs(60))
        .build();
    let Client { requester, info_rx: _, warn_rx: _, mut event_rx } = client;
    let node = tokio::spawn(node.run());
    let mut blocks = Vec::new();
    while let Some(event) = event_rx.recv().await {
        match event {
            Event::IndexedFilter(filter) => {
                if filter.contains_any(scripts.iter()) {
                    blocks.push(requester.request_block(filter.block_hash())?);
                }
            }
            Event::FiltersSynced(_) => break,
            Event::ChainUpdate(_) => {}
        }
    }
    let mut balance = Amount::ZERO;
    for block in blocks {
        let block = block.await.context("the node ended")??.block;
        let outputs = block.txdata.iter().flat_map(|transaction| &transaction.output);
        let ours = outputs.filter(|output| scripts.contains(&output.script_pubkey));
        balance += ours.map(|output| output.value).sum::<Amount>();
    }
    requester.shutdown()?;
    node.await??;
    Ok(balance)
}

/// The paid scripts, and others that nobody pays.
fn scripts(recipe: &Recipe, count: u32) -> HashSet<ScriptBuf> {
    let mut scripts: HashSet<ScriptBuf> = recipe.paid.iter().cloned().collect();
    let paid = u32::try_from(scripts.len()).unwrap_or(u32::MAX);
    let others = (0..count.saturating_sub(paid)).map(|number| {
        let mut program = [0xff; 20];
        program[..4].copy_from_slice(&number.to_le_bytes());
        ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array(program))
    });
    scripts.extend(others);
    scripts
}
