//! Owns the fetching of blocks: who is asked, what arrived, whether it is what its header says.
//!
//! Several purposes may want blocks at once, even the same one. Refuses a block whose transactions
//! or witnesses are not exactly those that its header commits to. Has a budget of its own, so that
//! blocks and filters don't starve each other, and no deadline: a peer that is slower than was to
//! be expected is left to finish, while another is asked as well.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Block, BlockHash};

use crate::chain::block_body;
use crate::chain::signet::{self, Solution};
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::limits::{
    BLOCK_MARGIN, BLOCK_PATIENCE, EXPECTED_BLOCK, MAX_BLOCK_ASKS, MAX_BLOCKS_PER_PEER, MAX_MISSES,
    QUIET_PATIENCE, SILENCE_TIMEOUT,
};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::params::Params;
use crate::peer_id::PeerId;
use crate::retry::Retry;
use crate::time::MonoTime;

/// What blocks are fetched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// A filter matched.
    Scan,
    /// Somebody asked for it.
    Asked,
}

/// A block to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedBlock {
    pub(crate) block: BlockId,
    /// Peers to ask only if there is no other: they alone say that it matters.
    pub(crate) avoid: BTreeSet<PeerId>,
}

/// A peer that can be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockPeer {
    pub(crate) peer: PeerId,
    /// It has the best branch up to here.
    pub(crate) common: Height,
    /// How long it will be busy with what else it was asked for.
    pub(crate) busy: Duration,
}

/// Blocks, with every ready peer.
#[derive(Debug, Default)]
pub(crate) struct BlockSync {
    wants: BTreeMap<BlockId, Want>,
    talks: BTreeMap<PeerId, Talk>,
    fetched: u64,
    unchecked: u64,
    /// Blocks that turned out to be invalid, and were not taken yet.
    refused: Vec<BlockId>,
}

#[derive(Debug, Default)]
struct Want {
    purposes: BTreeSet<Purpose>,
    avoid: BTreeSet<PeerId>,
    asked: Vec<Asked>,
    body: Option<Box<Block>>,
}

/// A question for a block that is still open.
#[derive(Debug, Clone, Copy)]
struct Asked {
    peer: PeerId,
    at: MonoTime,
    /// When it should have been answered, with room; then another may be asked too.
    expected: MonoTime,
    /// When it does not count any more, however much of the answer is here.
    ends: MonoTime,
}

#[derive(Debug, Default)]
struct Talk {
    /// When each of the blocks should be here that were asked for and did not come, wanted or not,
    /// in the order of the questions.
    owed: VecDeque<MonoTime>,
    pace: Pace,
    retry: Retry,
}

impl BlockSync {
    pub(crate) fn add(&mut self, peer: PeerId) {
        self.talks.insert(peer, Talk::default());
    }

    /// A peer is gone; what it owed is asked of others.
    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
        self.release(peer);
    }

    /// Blocks of a signet whose challenge can't be checked here.
    pub(crate) const fn unchecked(&self) -> u64 {
        self.unchecked
    }

    /// Blocks that turned out to be invalid, whoever sends them, since the last call.
    pub(crate) fn take_refused(&mut self) -> Vec<BlockId> {
        std::mem::take(&mut self.refused)
    }

    /// Blocks that were fetched and checked.
    pub(crate) const fn fetched(&self) -> u64 {
        self.fetched
    }

    /// The blocks that a peer was asked for, by their heights.
    pub(crate) fn asked(&self, peer: PeerId) -> Vec<Height> {
        let is_asked = |want: &Want| want.asked.iter().any(|asked| asked.peer == peer);
        let asked = self.wants.iter().filter(|(_, want)| is_asked(want));
        asked.map(|(block, _)| block.height).collect()
    }

    /// Whether blocks are wanted that are not here.
    pub(crate) fn is_waiting(&self) -> bool {
        self.wants.values().any(|want| want.body.is_none())
    }

    /// Sets what is wanted for a purpose; what is here or asked for stays if it still is.
    pub(crate) fn set_wanted(
        &mut self,
        purpose: Purpose,
        wanted: impl Iterator<Item = WantedBlock>,
    ) {
        for want in self.wants.values_mut() {
            want.purposes.remove(&purpose);
        }
        for WantedBlock { block, avoid } in wanted {
            let want = self.wants.entry(block).or_default();
            want.purposes.insert(purpose);
            want.avoid = avoid;
        }
        self.wants.retain(|_, want| !want.purposes.is_empty());
    }

    /// Takes a block that is here.
    pub(crate) fn take(&mut self, purpose: Purpose, block: BlockId) -> Option<Box<Block>> {
        let want = self.wants.get_mut(&block)?;
        if want.body.is_none() || !want.purposes.remove(&purpose) {
            return None;
        }
        if want.purposes.is_empty() { self.wants.remove(&block)?.body } else { want.body.clone() }
    }

    /// Bytes of filters or blocks came from a peer, after [`on_block`](Self::on_block).
    pub(crate) fn on_bytes(&mut self, now: MonoTime, peer: PeerId, bytes: usize) {
        if let Some(talk) = self.talks.get_mut(&peer) {
            talk.pace.heard(now, bytes, talk.owed.is_empty());
        }
    }

    /// A peer sent a block.
    ///
    /// # Errors
    /// The fault for which to close the connection.
    pub(crate) fn on_block(
        &mut self,
        peer: PeerId,
        body: Box<Block>,
        params: &Params,
    ) -> Result<(), Fault> {
        let Some(talk) = self.talks.get_mut(&peer) else { return Ok(()) };
        talk.owed.pop_front().ok_or(Fault::Unsolicited)?;
        talk.retry.answered();
        let Some((id, want)) = find(&mut self.wants, body.block_hash()) else { return Ok(()) };
        if want.body.is_some() {
            return Ok(());
        }
        block_body::check(params, id.height, &body).map_err(|_| Fault::InvalidBlock)?;
        if let Some(challenge) = &params.signet_challenge
            && id.height > Height::GENESIS
        {
            let Ok(solution) = signet::check(challenge, &body) else {
                // Nobody can have a better one: the header commits to this.
                self.refused.push(id);
                return Err(Fault::InvalidBlock);
            };
            self.unchecked += u64::from(solution == Solution::Unchecked);
        }
        want.body = Some(body);
        want.asked.clear();
        self.fetched += 1;
        Ok(())
    }

    /// A peer does not have what was asked.
    pub(crate) fn on_not_found(&mut self, now: MonoTime, peer: PeerId, inventory: &[Inventory]) {
        for item in inventory {
            let (Inventory::Block(hash) | Inventory::WitnessBlock(hash)) = item else { continue };
            let Some(talk) = self.talks.get_mut(&peer) else { return };
            if talk.owed.pop_front().is_none() {
                return;
            }
            talk.retry.missed(now);
            if let Some((_, want)) = find(&mut self.wants, *hash) {
                want.asked.retain(|asked| asked.peer != peer);
            }
        }
    }

    /// Asks for what is missing. `peers` are the ready ones. Returns those that were silent too
    /// often.
    pub(crate) fn drive(
        &mut self,
        now: MonoTime,
        peers: &[BlockPeer],
        outbox: &mut Outbox,
    ) -> Vec<PeerId> {
        if self.wants.values().all(|want| want.body.is_some()) && !self.owes() {
            return Vec::new();
        }
        let stalled = self.release_late(now);
        let open = self.wants.iter().filter(|(_, want)| want.is_open(now)).map(|(id, _)| *id);
        for block in open.collect::<Vec<_>>() {
            self.ask(now, block, peers, outbox);
        }
        stalled
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let open = self.wants.values().filter(|want| want.is_open(now));
        let ends_at = |want: &Want, patience| want.last_asked().map(|at| at.after(patience));
        let patience = |want| [ends_at(want, BLOCK_MARGIN), ends_at(want, QUIET_PATIENCE)];
        let expected =
            open.flat_map(|want| patience(want).into_iter().chain([self.expected(want)]));
        let expected = expected.flatten();
        let ends = self.wants.values().flat_map(|want| &want.asked).map(|asked| asked.ends);
        let late = self.talks.values().filter_map(Talk::late_at);
        let late = late.chain(self.talks.values().filter_map(|talk| talk.owed.front().copied()));
        let waits = self.talks.values().map(|talk| talk.retry.until());
        expected.chain(ends).chain(late).chain(waits).filter(|due| *due > now).min()
    }

    /// When the last of those that were asked should have answered, or would have been silent for
    /// long.
    fn expected(&self, want: &Want) -> Option<MonoTime> {
        let due = |asked: &Asked| {
            let quiet = self.talks.get(&asked.peer).map(|talk| talk.pace.last_heard());
            quiet.map_or(asked.expected, |at| asked.expected.min(at.after(QUIET_PATIENCE)))
        };
        want.asked.iter().map(due).max()
    }

    fn owes(&self) -> bool {
        self.talks.values().any(|talk| !talk.owed.is_empty())
    }

    fn ask(&mut self, now: MonoTime, block: BlockId, peers: &[BlockPeer], outbox: &mut Outbox) {
        let Some(able) = self.choose(now, peers, block) else { return };
        let Some(expected) = self.expectation(now, able) else { return };
        if !self.is_due(now, block, able.peer, expected) {
            return;
        }
        let peer = able.peer;
        let (Some(talk), Some(want)) = (self.talks.get_mut(&peer), self.wants.get_mut(&block))
        else {
            return;
        };
        if talk.owed.is_empty() {
            talk.pace.begin(now);
        }
        let ends = now.after(BLOCK_PATIENCE);
        let expected = expected.min(ends);
        talk.owed.push_back(expected);
        want.asked.push(Asked { peer, at: now, expected, ends });
        let inventory = vec![Inventory::WitnessBlock(block.hash)];
        outbox.send(peer, NetworkMessage::GetData(inventory));
    }

    /// When a peer should have answered if it were asked for one block more, with room.
    fn expectation(&self, now: MonoTime, able: BlockPeer) -> Option<MonoTime> {
        let talk = self.talks.get(&able.peer)?;
        let work = (talk.owed.len() as u64 + 1) * EXPECTED_BLOCK;
        let time = able.busy + talk.pace.latency() + talk.pace.time_for(work);
        Some(now.after(time.saturating_mul(2) + BLOCK_MARGIN))
    }

    /// Whether one more peer is to be asked, that should have answered when it is `expected`: if
    /// those that were asked should have by now, or if it would be earlier than all of them at the
    /// rate that they have now, who were given a moment to surprise; a longer one before a peer is
    /// asked that is to be avoided.
    fn is_due(&self, now: MonoTime, block: BlockId, peer: PeerId, expected: MonoTime) -> bool {
        let Some(want) = self.wants.get(&block) else { return false };
        let hoped = |asked: &Asked| {
            let needs = self.talks.get(&asked.peer).map(|talk| talk.pace.time_for(EXPECTED_BLOCK));
            asked.expected.max(now.after(needs.unwrap_or_default()))
        };
        let earlier = want.asked.iter().all(|asked| expected.after(BLOCK_MARGIN) < hoped(asked));
        let patience_ended = want.patience_ends(peer).is_none_or(|end| end <= now);
        self.expected(want).is_none_or(|due| due <= now) || (earlier && patience_ended)
    }

    /// The peer that has the block, was not asked for it, and is free first. One that is to be
    /// avoided is none while there is another, be it busy, that is not behind with its answers.
    fn choose(&self, now: MonoTime, peers: &[BlockPeer], block: BlockId) -> Option<BlockPeer> {
        let want = self.wants.get(&block)?;
        let able = |able: &&BlockPeer| {
            let unasked = want.asked.iter().all(|asked| asked.peer != able.peer);
            let ready = self.talks.get(&able.peer).is_some_and(|talk| talk.retry.may_ask(now));
            able.common >= block.height && unasked && ready
        };
        let others = peers.iter().filter(able).filter(|able| !want.avoid.contains(&able.peer));
        let avoids = others.clone().any(|able| !self.is_behind(now, able.peer));
        let free = peers.iter().filter(able).filter_map(|able| {
            let owed = self.talks.get(&able.peer)?.owed.len();
            let avoided = want.avoid.contains(&able.peer);
            let free = owed < MAX_BLOCKS_PER_PEER && !(avoided && avoids);
            free.then_some(((avoided, able.busy, owed, able.peer), *able))
        });
        free.min_by_key(|(key, _)| *key).map(|(_, able)| able)
    }

    /// Whether a peer takes longer for a block than was to be expected, be it one that came from
    /// another meanwhile.
    fn is_behind(&self, now: MonoTime, peer: PeerId) -> bool {
        let oldest = self.talks.get(&peer).and_then(|talk| talk.owed.front());
        oldest.is_some_and(|expected| *expected <= now)
    }

    fn release_late(&mut self, now: MonoTime) -> Vec<PeerId> {
        let late = |(peer, talk): (&PeerId, &Talk)| {
            talk.late_at().is_some_and(|due| due <= now).then_some(*peer)
        };
        let mut late: Vec<PeerId> = self.talks.iter().filter_map(late).collect();
        for peer in &late {
            self.release(*peer);
            if let Some(talk) = self.talks.get_mut(peer) {
                // From now on, so that it is not late again at once.
                talk.pace.begin(now);
                talk.retry.missed(now);
            }
        }
        late.retain(|peer| self.talks.get(peer).is_some_and(|t| t.retry.misses() >= MAX_MISSES));
        late
    }

    fn release(&mut self, from: PeerId) {
        for want in self.wants.values_mut() {
            want.asked.retain(|asked| asked.peer != from);
        }
    }
}

impl Want {
    /// Whether it is not here and one more peer may be asked. Those that drip don't keep out the
    /// next one for ever.
    fn is_open(&self, now: MonoTime) -> bool {
        let counting = self.asked.iter().filter(|asked| asked.ends > now).count();
        self.body.is_none() && counting < MAX_BLOCK_ASKS
    }

    /// When the last that was asked has had a moment, before `next` is asked as well.
    fn patience_ends(&self, next: PeerId) -> Option<MonoTime> {
        let avoided = |peer: &PeerId| self.avoid.contains(peer);
        let turns = avoided(&next) && !self.asked.iter().all(|asked| avoided(&asked.peer));
        let patience = if turns { QUIET_PATIENCE } else { BLOCK_MARGIN };
        self.last_asked().map(|at| at.after(patience))
    }

    fn last_asked(&self) -> Option<MonoTime> {
        self.asked.iter().map(|asked| asked.at).max()
    }
}

impl Talk {
    /// When the peer is late, unless something comes.
    fn late_at(&self) -> Option<MonoTime> {
        (!self.owed.is_empty()).then(|| self.pace.last_heard().after(SILENCE_TIMEOUT))
    }
}

fn find(wants: &mut BTreeMap<BlockId, Want>, hash: BlockHash) -> Option<(BlockId, &mut Want)> {
    wants.iter_mut().find(|(id, _)| id.hash == hash).map(|(id, want)| (*id, want))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use bitcoin::hashes::Hash as _;
    use bitcoin::p2p::Magic;

    use super::*;
    use crate::io::Io;
    use crate::output::Output;

    const DRIPPING: PeerId = PeerId::new(1);
    const SLOW: PeerId = PeerId::new(2);

    /// Its bytes keep coming, so that it is never silent, and at the rate that it had the block
    /// would be here soon. The other is asked even if it alone says that the block matters.
    #[test]
    fn a_slow_peer_is_asked_soon_for_what_another_drips() {
        for avoid in [BTreeSet::new(), BTreeSet::from([SLOW])] {
            let mut world = World::new();
            world.want(1, &avoid);
            world.drip(10..25);
            assert_eq!(world.asked(), [(DRIPPING, 1), (SLOW, 1)]);
        }
    }

    /// What it drips came from another meanwhile, and its bytes keep coming all the same.
    #[test]
    fn a_peer_that_drips_does_not_keep_others_from_being_asked_for_more() {
        let mut world = World::new();
        let avoid = BTreeSet::from([SLOW]);
        world.want(1, &avoid);
        world.want(2, &avoid);
        world.drip(10..25);
        world.wanted.clear();
        world.asked();
        world.sync.talks.get_mut(&SLOW).unwrap().owed.clear();
        world.want(3, &avoid);
        world.drip(25..90);
        assert_eq!(world.asked(), [(SLOW, 3)]);
    }

    struct World {
        sync: BlockSync,
        outbox: Outbox,
        wanted: Vec<WantedBlock>,
    }

    impl World {
        /// Two peers that were not fast so far, the one that will drip a little faster.
        fn new() -> Self {
            let mut sync = BlockSync::default();
            for (peer, rate) in [(DRIPPING, 4_000), (SLOW, 3_000)] {
                sync.add(peer);
                let pace = &mut sync.talks.get_mut(&peer).unwrap().pace;
                pace.begin(MonoTime::START);
                for second in 0..=2 {
                    pace.heard(at(second), rate, second == 2);
                }
            }
            Self { sync, outbox: Outbox::new(Magic::REGTEST), wanted: Vec::new() }
        }

        fn want(&mut self, height: u32, avoid: &BTreeSet<PeerId>) {
            let hash = BlockHash::from_byte_array([u8::try_from(height).unwrap(); 32]);
            let block = BlockId::new(Height::new(height), hash);
            self.wanted.push(WantedBlock { block, avoid: avoid.clone() });
            self.sync.set_wanted(Purpose::Scan, self.wanted.clone().into_iter());
        }

        /// Eighty bytes come in each of these seconds.
        fn drip(&mut self, seconds: Range<u64>) {
            let common = Height::new(9);
            let peers = [DRIPPING, SLOW];
            let peers = peers.map(|peer| BlockPeer { peer, common, busy: Duration::ZERO });
            for second in seconds {
                self.sync.on_bytes(at(second), DRIPPING, 80);
                self.sync.drive(at(second), &peers, &mut self.outbox);
            }
        }

        /// Who was asked for which of the blocks, since the last look.
        fn asked(&mut self) -> Vec<(PeerId, u32)> {
            let mut asked = Vec::new();
            while let Some(output) = self.outbox.pop() {
                let Output::Io(Io::Send { peer, bytes }) = output else { panic!("{output:?}") };
                asked.push((peer, u32::from(*bytes.last().unwrap())));
            }
            asked
        }
    }

    fn at(second: u64) -> MonoTime {
        MonoTime::new(Duration::from_secs(second))
    }
}
