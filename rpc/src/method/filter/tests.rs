//! What is told where no peer answers, and that what was fetched is matched as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use billfold_wallet_core::command::{ChainQuery, Reply};
use billfold_wallet_core::light_client::kept::FilterId;
use billfold_wallet_core::light_client::known_block::KnownBlock;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::light_client::time::WallTime;
use bitcoin::{Network, Work};
use serde_json::json;
use tokio::time::timeout;

use super::*;
use crate::envelope::Params as Given;
use crate::json::Value;
use crate::puppet::Puppet;

const TIP: u32 = 450;

fn block(height: Height) -> BlockId {
    BlockId::new(height, BlockHash::hash(&height.to_u32().to_le_bytes()))
}

/// A chain of which every header is known, and no peer.
fn alone(query: &ChainQuery) -> Option<Result<Reply, CommandError>> {
    let known = |id: BlockId| KnownBlock {
        id,
        header: Params::new(Network::Regtest).genesis,
        median_time: WallTime::new(0),
        work: Work::from_be_bytes([1; 32]),
        next: None,
    };
    Some(Ok(match query {
        ChainQuery::Applied => Reply::Applied(Some(block(Height::new(TIP)))),
        ChainQuery::Block(BlockQuery::Height(height)) => {
            Reply::Block(Some(Box::new(known(block(*height)))))
        }
        ChainQuery::Block(BlockQuery::Hash(hash)) => {
            let at = (1..=TIP).map(|n| block(Height::new(n))).find(|at| at.hash == *hash);
            Reply::Block(at.map(|at| Box::new(known(at))))
        }
        ChainQuery::FilterHeader(_) => Reply::FilterHeader(Some(FilterHeader::all_zeros())),
        ChainQuery::Status => Reply::Status(Box::new(Status::at(block(Height::new(TIP))))),
        _ => return None,
    }))
}

/// Filters of which those of every hundredth block have the genesis' script, by their own keys.
fn served(query: &ChainQuery) -> Option<Result<Reply, CommandError>> {
    let ChainQuery::Filters(range) = query else { return alone(query) };
    let filter = |height: Height| {
        let bytes: &[u8] = if height.to_u32().is_multiple_of(100) { &[0xff] } else { &[0] };
        let id = FilterId { block: block(height), hash: FilterHash::hash(bytes) };
        KeptFilter { id, bytes: bytes.into() }
    };
    let filters = range.heights().map(filter).collect();
    Some(Ok(Reply::Filters(Some(FoundFilters { filters, unread: Vec::new() }))))
}

/// As `served`, but fifty at a time, and of every hundredth block below one a version is unread.
fn told_in_pieces(query: &ChainQuery) -> Option<Result<Reply, CommandError>> {
    let Some(Ok(Reply::Filters(Some(mut found)))) = served(query) else { return alone(query) };
    found.filters.truncate(50);
    let below = |filter: &&KeptFilter| filter.id.block.height.to_u32() % 100 == 99;
    found.unread = found.filters.iter().filter(below).map(|filter| filter.id).collect();
    Some(Ok(Reply::Filters(Some(found))))
}

/// As `served`, but others take the room every other time.
fn crowded(query: &ChainQuery) -> Option<Result<Reply, CommandError>> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let is_crowded = matches!(query, ChainQuery::Filters(_))
        && ASKED.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
    if is_crowded { Some(Err(CommandError::Busy)) } else { served(query) }
}

/// As `served`, but the chain has left all blocks above the first two hundred.
fn reorganised(query: &ChainQuery) -> Option<Result<Reply, CommandError>> {
    let is_left = |hash: &BlockHash| (201..=TIP).any(|n| block(Height::new(n)).hash == *hash);
    match query {
        ChainQuery::Block(BlockQuery::Hash(hash)) if is_left(hash) => Some(Ok(Reply::Block(None))),
        _ => served(query),
    }
}

fn node(chain: fn(&ChainQuery) -> Option<Result<Reply, CommandError>>) -> Node {
    let face = Arc::new(Puppet::new(|_| None).with_chain(chain));
    Node::new(Params::new(Network::Regtest), "0.0.0", None, face)
}

async fn call(node: &Node, name: &str, given: serde_json::Value) -> Outcome {
    let method = Method::named(name).expect("a method");
    let Value::Array(given) = Value::from(given) else { panic!("a list") };
    let given = Given::Positional(given);
    let arguments = Arguments::read(method.parameters, given, String::new).expect("in place");
    let Run::Node(work) = method.run else { panic!("asks the node") };
    work(node, &arguments).await
}

fn start(first: u32) -> serde_json::Value {
    json!(["start", ["raw(00)"], first])
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_no_peer_is_told_so() {
    let node = node(alone);
    let told = call(&node, "scanblocks", start(1)).await.expect_err("no peer");
    assert_eq!((told.code, &told.message[..]), (Code::NotConnected as i32, NO_PEER_TOLD));
    assert!(node.scans.running().is_none(), "the next one may scan");
    let hash = block(Height::new(7)).hash.to_string();
    let told = call(&node, "getblockfilter", json!([hash])).await;
    let told = told.expect_err("no peer");
    assert_eq!((told.code, &told.message[..]), (Code::Misc as i32, NO_FILTER));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_ends_the_scan() {
    let node = node(alone);
    let left = timeout(Duration::from_secs(1), call(&node, "scanblocks", start(1))).await;
    assert!(left.is_err() && node.scans.running().is_none());
}

/// What can't be read may hold anything, so its block is told.
#[tokio::test]
async fn every_range_is_looked_at_once() {
    let node = node(served);
    let told = call(&node, "scanblocks", start(2)).await.expect("a scan");
    let expected: Vec<String> =
        [100, 200, 300, 400].map(|n| block(Height::new(n)).hash.to_string()).into();
    let told: serde_json::Value = serde_json::from_str(told.get()).expect("JSON");
    assert_eq!(told["relevant_blocks"], json!(expected));
    assert_eq!((&told["from_height"], &told["to_height"]), (&2.into(), &TIP.into()));
    assert_eq!(told["completed"], true);
}

/// What was found so far would be lost.
#[tokio::test(start_paused = true)]
async fn a_scan_waits_for_room_that_others_take() {
    let told = call(&node(crowded), "scanblocks", start(2)).await.expect("a scan");
    let told: serde_json::Value = serde_json::from_str(told.get()).expect("JSON");
    assert_eq!((&told["to_height"], &told["completed"]), (&TIP.into(), &true.into()));
}

#[tokio::test]
async fn no_block_of_a_branch_that_was_left_is_told() {
    let told = call(&node(reorganised), "scanblocks", start(2)).await.expect_err("a fork");
    assert_eq!((told.code, &told.message[..]), (Code::Misc as i32, SHORTER));
}

/// A block of which a version is unread may be relevant.
#[tokio::test]
async fn what_was_not_read_is_told_and_what_had_no_room_is_asked_again() {
    let node = node(told_in_pieces);
    let told = call(&node, "scanblocks", start(2)).await.expect("a scan");
    let expected: Vec<String> = [99, 100, 199, 200, 299, 300, 399, 400]
        .map(|n| block(Height::new(n)).hash.to_string())
        .into();
    let told: serde_json::Value = serde_json::from_str(told.get()).expect("JSON");
    assert_eq!((&told["relevant_blocks"], &told["completed"]), (&json!(expected), &true.into()));
    let hash = block(Height::new(99)).hash.to_string();
    let told = call(&node, "getblockfilter", json!([hash])).await.expect_err("contested");
    assert_eq!((told.code, &told.message[..]), (Code::Misc as i32, CONTESTED));
}

/// As the node says it.
const NO_PEER_TOLD: &str = "No peer sends filters: see getpeerinfo, and try again";
