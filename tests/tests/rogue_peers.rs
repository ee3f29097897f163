//! Owns what the program does about bad peers on real sockets: one with a vice, which comes first,
//! and an honest one that can be reached once the vice has shown. The tip is reached, the money is
//! there, and memory is bounded.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{Outcome, Program, Running};
use billfold_tests::rogue::{Deed, From, Gate, Message, Rogue, Vice};
use billfold_tests::town::Town;
use billfold_wallet_core::light_client::dial::Wire;
use bitcoin::hashes::Hash;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::p2p::message_filter::{CFHeaders, CFilter};
use bitcoin::{BlockHash, FilterHash, FilterHeader, ScriptBuf, Txid};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn an_oversized_length_prefix() -> Result<()> {
    let outcome = outlives(Wire::V1, || {
        at_first("headers", |headers| {
            let mut frame = headers.frame();
            frame[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
            Deed::Blurt(frame)
        })
    })?;
    blames(&outcome, "sent a message that is too large")
}

#[test]
fn garbage_bytes() -> Result<()> {
    let outcome = outlives(Wire::V1, || at_first("cfheaders", |_| Deed::Blurt(vec![0xa5; 1_000])))?;
    blames(&outcome, "does not speak the Bitcoin protocol of this network")
}

#[test]
fn a_wrong_checksum() -> Result<()> {
    let outcome = outlives(Wire::V1, || {
        at_first("headers", |headers| {
            let mut frame = headers.frame();
            frame[20] ^= 1;
            Deed::Blurt(frame)
        })
    })?;
    blames(&outcome, "sent a message that can't be read")
}

#[test]
fn a_peer_that_is_muted_after_its_handshake() -> Result<()> {
    outlives(Wire::V2, || at_first("headers", |_| Deed::FallSilent)).map(drop)
}

#[test]
fn a_peer_that_stalls_amid_the_filters() -> Result<()> {
    outlives(Wire::V2, || at_nth("cfilter", 20, |_| Deed::FallSilent)).map(drop)
}

#[test]
fn a_peer_that_drips() -> Result<()> {
    outlives(Wire::V1, || at_first("cfilter", |_| Deed::Drip))?;
    outlives(Wire::V2, || at_first("cfheaders", |_| Deed::Drip)).map(drop)
}

#[test]
fn a_peer_that_leaves_in_mid_batch() -> Result<()> {
    outlives(Wire::V2, || at_nth("cfilter", 20, |_| Deed::Leave)).map(drop)
}

#[test]
fn messages_that_nobody_asked_for() -> Result<()> {
    outlives(Wire::V1, || at_first("verack", unsolicited))?;
    outlives(Wire::V2, || at_first("verack", unsolicited)).map(drop)
}

#[test]
fn a_filter_that_is_withheld() -> Result<()> {
    outlives(Wire::V2, || {
        let mut withheld = None;
        Box::new(move |from, message| match (from, block_of_filter(message)) {
            (From::Node, Some(block)) if *withheld.get_or_insert(block) == block => Deed::Swallow,
            _ => Deed::Pass,
        })
    })
    .map(drop)
}

#[test]
fn a_filter_that_does_not_match_its_header() -> Result<()> {
    let outcome = outlives(Wire::V2, || {
        at_nth("cfilter", 5, |message| {
            let mut message = message.clone();
            *message.payload.last_mut().expect("a filter has bytes") ^= 1;
            Deed::Say(vec![message])
        })
    })?;
    blames(&outcome, "sent a filter that does not match its header")
}

#[test]
fn a_flood_of_announcements_takes_no_memory() -> Result<()> {
    for wire in [Wire::V1, Wire::V2] {
        let place = Place::build()?;
        let gate = Gate::before(place.node())?;
        let rogue = Rogue::before(place.node(), wire, || at_first("cfheaders", |_| flood()))?;
        let mut run = place.sync(&[rogue.address, gate.address])?;
        run.await_line("connected")?;
        let before = run.peak_memory()?;
        rogue.await_deed()?;
        // What comes behind the flood ends the connection, so all of it was taken.
        run.await_line(" closed peer=")?;
        let taken = run.peak_memory()?.saturating_sub(before);
        ensure!(taken < 32 << 20, "{taken} bytes");
        gate.open();
        place.check(&run.finish()?)?;
    }
    Ok(())
}

#[test]
fn a_new_block_whose_filter_comes_late() -> Result<()> {
    // The node's index of filters is behind: three times whoever asks up to the tip hears nothing.
    // There is no other peer: it must not be given up, nor blamed.
    let outcome = meets_new_blocks(1, |old| {
        let (old, mut left) = (old.clone(), 3);
        Box::new(move |from, message| {
            let asked = filters_asked_to(message).filter(|_| from == From::Wallet && left > 0);
            let is_late = asked.is_some_and(|stop| !old.contains(&stop));
            left -= u32::from(is_late);
            if is_late { Deed::Swallow } else { Deed::Pass }
        })
    })?;
    ensure!(!outcome.stderr.contains("fault="), "{}", outcome.stderr);
    Ok(())
}

#[test]
fn nine_blocks_at_once_that_are_announced_by_the_tip() -> Result<()> {
    meets_new_blocks(9, |_| Box::new(|_, _| Deed::Pass)).map(drop)
}

#[test]
fn decoys_and_garbage_as_long_as_may_be_are_no_vice() -> Result<()> {
    let place = Place::build()?;
    let honest = Rogue::before(place.node(), Wire::V2, || Box::new(|_, _| Deed::Pass))?;
    place.check(&place.sync(&[honest.address])?.finish()?)
}

#[test]
fn garbage_that_does_not_end() -> Result<()> {
    let place = Place::build()?;
    let gate = Gate::before(place.node())?;
    let rogue = Rogue::blurting(vec![0x5a; 64 + 4_095 + 16 + 1])?;
    let run = place.sync(&[rogue.address, gate.address])?;
    rogue.await_deed()?;
    gate.open();
    place.check(&run.finish()?)
}

#[test]
fn a_packet_that_does_not_authenticate() -> Result<()> {
    let outcome = outlives(Wire::V2, || at_first("cfheaders", |_| Deed::Tamper))?;
    blames(&outcome, "a packet does not authenticate")
}

#[test]
fn a_packet_that_is_too_long() -> Result<()> {
    let outcome = outlives(Wire::V2, || {
        at_first("cfheaders", |message| {
            let payload = vec![0; 4_000_001];
            Deed::Say(vec![Message { payload, ..message.clone() }])
        })
    })?;
    blames(&outcome, "a packet is too long")
}

/// A network, and a wallet that has money on it and does not know yet.
struct Place {
    town: Town,
    program: Program,
}

impl Place {
    fn build() -> Result<Self> {
        let town = Town::build()?;
        let program = Program::new(BILLFOLD)?;
        program.ok(&["new", "--words-out", "words"])?;
        for _ in 0..PAYMENTS {
            town.pay(&program.ok(&["receive", "--new"])?["address"], AMOUNT)?;
            town.network.mine(20, &ScriptBuf::new_op_return([2; 4]));
        }
        Ok(Self { town, program })
    }

    fn node(&self) -> SocketAddr {
        self.town.network.address()
    }

    fn sync(&self, peers: &[SocketAddr]) -> Result<Running> {
        let peers: Vec<_> = peers.iter().map(ToString::to_string).collect();
        let connect = peers.iter().flat_map(|peer| ["--connect", peer]);
        let arguments: Vec<_> = ["-v", "-v"].into_iter().chain(connect).chain(["sync"]).collect();
        self.program.spawn(&arguments)
    }

    fn check(&self, outcome: &Outcome) -> Result<()> {
        ensure!(outcome.code == Some(0), "{outcome:?}");
        ensure!(outcome.json["height"] == self.town.network.tip().0, "{outcome:?}");
        let balance = self.program.ok(&["balance"])?;
        ensure!(balance["confirmed"] == AMOUNT * PAYMENTS, "{balance}");
        Ok(())
    }
}

/// The program comes to its end with this rogue and an honest peer.
fn outlives(wire: Wire, vice: impl Fn() -> Vice + Send + 'static) -> Result<Outcome> {
    let place = Place::build()?;
    let gate = Gate::before(place.node())?;
    let rogue = Rogue::before(place.node(), wire, vice)?;
    let run = place.sync(&[rogue.address, gate.address])?;
    rogue.await_deed()?;
    gate.open();
    let outcome = run.finish()?;
    place.check(&outcome)?;
    Ok(outcome)
}

/// The program hears of new blocks while it waits for its first filters, from a peer with a vice
/// that is made from the blocks of before.
fn meets_new_blocks(
    count: u32,
    vice: impl Fn(&HashSet<BlockHash>) -> Vice + Send + 'static,
) -> Result<Outcome> {
    let place = Place::build()?;
    let (tip, _) = place.town.network.tip();
    let blocks = (0..=tip).filter_map(|height| place.town.network.block_at(height));
    let old: HashSet<_> = blocks.map(|block| block.block_hash()).collect();
    let (ask, asked) = mpsc::channel();
    let rogue = Rogue::before(place.node(), Wire::V2, move || {
        let (ask, mut vice) = (ask.clone(), vice(&old));
        let (mut announced, mut held) = (false, Vec::new());
        Box::new(move |from, message| match message.command.as_str() {
            "cfilter" if !announced => {
                // The test may be over.
                let _ = ask.send(());
                held.push(message.clone());
                Deed::Swallow
            }
            "inv" | "headers" if from == From::Node && !held.is_empty() => {
                announced = true;
                held.insert(0, message.clone());
                Deed::Say(std::mem::take(&mut held))
            }
            _ => vice(from, message),
        })
    })?;
    let run = place.sync(&[rogue.address])?;
    asked.recv_timeout(PATIENCE).context("it never asked for filters")?;
    place.town.network.mine(count, &ScriptBuf::new_op_return([1; 4]));
    let outcome = run.finish()?;
    place.check(&outcome)?;
    Ok(outcome)
}

fn blames(outcome: &Outcome, fault: &str) -> Result<()> {
    ensure!(outcome.stderr.contains(fault), "no word of {fault:?}: {}", outcome.stderr);
    Ok(())
}

/// Does something in place of the node's first message of a kind.
fn at_first(command: &'static str, deed: impl Fn(&Message) -> Deed + Send + 'static) -> Vice {
    at_nth(command, 1, deed)
}

fn at_nth(
    command: &'static str,
    nth: u32,
    deed: impl Fn(&Message) -> Deed + Send + 'static,
) -> Vice {
    let mut count = 0;
    Box::new(move |from, message| {
        count += u32::from(from == From::Node && message.command == command);
        let is_time = from == From::Node && message.command == command && count == nth;
        if is_time { deed(message) } else { Deed::Pass }
    })
}

/// What passes for an answer, to no question; behind a `verack`.
fn unsolicited(verack: &Message) -> Deed {
    let block = BlockHash::hash(b"of no chain");
    let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Regtest);
    let messages = [
        NetworkMessage::Pong(7),
        NetworkMessage::NotFound(vec![Inventory::Block(block)]),
        NetworkMessage::GetData(vec![Inventory::WitnessBlock(block)]),
        NetworkMessage::Headers(Vec::new()),
        NetworkMessage::Tx(genesis.txdata[0].clone()),
        NetworkMessage::Addr(Vec::new()),
        NetworkMessage::FeeFilter(-1),
        NetworkMessage::CFHeaders(CFHeaders {
            filter_type: 0,
            stop_hash: block,
            previous_filter_header: FilterHeader::all_zeros(),
            filter_hashes: vec![FilterHash::all_zeros(); 10],
        }),
        NetworkMessage::CFilter(CFilter { filter_type: 0, block_hash: block, filter: vec![0] }),
        NetworkMessage::Block(genesis),
    ];
    let messages = messages.map(Message::from);
    Deed::Say([verack.clone()].into_iter().chain(messages).collect())
}

/// 20,000 announcements of 35 transactions each that nobody has; then it leaves.
fn flood() -> Deed {
    let mut number = 0_u64;
    let mut txid = || {
        number += 1;
        Inventory::Transaction(Txid::hash(&number.to_le_bytes()))
    };
    let messages = (0..20_000).map(|_| {
        let items = (0..35).map(|_| txid()).collect();
        Message::from(NetworkMessage::Inv(items))
    });
    // Too long for its kind: the connection ends here.
    let end = Message { command: "version".to_owned(), payload: vec![0; 2_000] };
    Deed::Say(messages.chain([end]).collect())
}

fn block_of_filter(message: &Message) -> Option<BlockHash> {
    match message.command.as_str() {
        "cfilter" => BlockHash::from_slice(&message.payload[1..33]).ok(),
        _ => None,
    }
}

/// The block up to which filters or their headers are asked for.
fn filters_asked_to(message: &Message) -> Option<BlockHash> {
    let asks = ["getcfilters", "getcfheaders"].contains(&message.command.as_str());
    asks.then(|| BlockHash::from_slice(&message.payload[5..37]).ok()).flatten()
}

/// The most memory that a running program ever had, in bytes.
const PAYMENTS: u64 = 5;
const AMOUNT: u64 = 20_000;
const PATIENCE: Duration = Duration::from_secs(120);
