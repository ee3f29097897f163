//! Owns the fetching of matched blocks: who is asked, what arrived, whether it is what its header
//! says.
//!
//! Refuses a block whose transactions or witnesses are not exactly those that its header commits
//! to. Has a budget of its own, so that blocks and filters don't starve each other.

use std::collections::BTreeMap;

use bitcoin::Block;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;

use crate::chain::block_body;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::limits::{BLOCK_TIMEOUT, MAX_BLOCKS_PER_PEER, MAX_MISSES, REPLY_TIMEOUT};
use crate::outbox::Outbox;
use crate::params::Params;
use crate::peer_id::PeerId;
use crate::retry::Retry;
use crate::time::MonoTime;

/// Blocks, with every ready peer.
#[derive(Debug, Default)]
pub(crate) struct BlockSync {
    wants: BTreeMap<BlockId, Want>,
    talks: BTreeMap<PeerId, Talk>,
    fetched: u64,
}

#[derive(Debug)]
enum Want {
    Missing,
    Asked {
        peer: PeerId,
        at: MonoTime,
        /// When a part of it came last.
        progress: MonoTime,
    },
    Here(Box<Block>),
}

impl Want {
    /// When it is late. A part that comes now and then puts that off, but not for ever.
    fn timeout(&self) -> Option<MonoTime> {
        match self {
            Self::Asked { at, progress, .. } => {
                Some(progress.after(REPLY_TIMEOUT).min(at.after(BLOCK_TIMEOUT)))
            }
            Self::Missing | Self::Here(_) => None,
        }
    }
}

#[derive(Debug, Default)]
struct Talk {
    /// Blocks that were asked for and did not come, wanted or not.
    owed: u32,
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

    /// Blocks that were fetched and checked.
    pub(crate) const fn fetched(&self) -> u64 {
        self.fetched
    }

    /// Whether blocks are wanted that are not here.
    pub(crate) fn is_waiting(&self) -> bool {
        self.wants.values().any(|want| !matches!(want, Want::Here(_)))
    }

    /// Sets what is wanted; what is here or asked for stays if it still is.
    pub(crate) fn set_wanted(&mut self, wanted: impl Iterator<Item = BlockId>) {
        let mut kept = BTreeMap::new();
        for block in wanted {
            kept.insert(block, self.wants.remove(&block).unwrap_or(Want::Missing));
        }
        self.wants = kept;
    }

    /// Takes a block that is here.
    pub(crate) fn take(&mut self, block: BlockId) -> Option<Box<Block>> {
        if !matches!(self.wants.get(&block), Some(Want::Here(_))) {
            return None;
        }
        match self.wants.remove(&block) {
            Some(Want::Here(body)) => Some(body),
            _ => None,
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
        talk.owed = talk.owed.checked_sub(1).ok_or(Fault::Unsolicited)?;
        talk.retry.answered();
        let hash = body.block_hash();
        let Some((id, want)) = self.wants.iter_mut().find(|(id, _)| id.hash == hash) else {
            return Ok(());
        };
        if matches!(want, Want::Here(_)) {
            return Ok(());
        }
        block_body::check(params, id.height, &body).map_err(|_| Fault::InvalidBlock)?;
        *want = Want::Here(body);
        self.fetched += 1;
        Ok(())
    }

    /// A peer does not have what was asked.
    pub(crate) fn on_not_found(&mut self, now: MonoTime, peer: PeerId, inventory: &[Inventory]) {
        for item in inventory {
            let (Inventory::Block(hash) | Inventory::WitnessBlock(hash)) = item else { continue };
            let asked = |(id, want): &(&BlockId, &mut Want)| {
                id.hash == *hash && matches!(want, Want::Asked { peer: p, .. } if *p == peer)
            };
            let Some((_, want)) = self.wants.iter_mut().find(asked) else { continue };
            *want = Want::Missing;
            if let Some(talk) = self.talks.get_mut(&peer) {
                talk.owed = talk.owed.saturating_sub(1);
                talk.retry.missed(now);
            }
        }
    }

    /// A part of a block came from a peer: it is slow, not late.
    pub(crate) fn on_progress(&mut self, now: MonoTime, peer: PeerId) {
        for want in self.wants.values_mut() {
            if let Want::Asked { peer: asked, progress, .. } = want
                && *asked == peer
            {
                *progress = now;
            }
        }
    }

    /// Asks for what is missing. `peers` are the ready ones, each with the height up to which it
    /// has the best branch. Returns those that were late too often.
    pub(crate) fn drive(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        outbox: &mut Outbox,
    ) -> Vec<PeerId> {
        let stalled = self.release_late(now);
        let missing: Vec<BlockId> = self
            .wants
            .iter()
            .filter(|(_, want)| matches!(want, Want::Missing))
            .map(|(id, _)| *id)
            .collect();
        for block in missing {
            let Some(peer) = self.choose(now, peers, block.height) else { continue };
            if let Some(talk) = self.talks.get_mut(&peer) {
                talk.owed += 1;
            }
            self.wants.insert(block, Want::Asked { peer, at: now, progress: now });
            let inventory = vec![Inventory::WitnessBlock(block.hash)];
            outbox.send(peer, NetworkMessage::GetData(inventory));
        }
        stalled
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let timeouts = self.wants.values().filter_map(Want::timeout);
        let waits = self.talks.values().map(|talk| talk.retry.until()).filter(|at| *at > now);
        timeouts.chain(waits).min()
    }

    fn release_late(&mut self, now: MonoTime) -> Vec<PeerId> {
        let late = self.wants.values().filter_map(|want| match want {
            Want::Asked { peer, .. } if want.timeout().is_some_and(|due| due <= now) => Some(*peer),
            _ => None,
        });
        let mut late: Vec<PeerId> = late.collect();
        late.sort_unstable();
        late.dedup();
        for peer in &late {
            self.release(*peer);
            if let Some(talk) = self.talks.get_mut(peer) {
                talk.retry.missed(now);
            }
        }
        late.retain(|peer| self.talks.get(peer).is_some_and(|t| t.retry.misses() >= MAX_MISSES));
        late
    }

    fn release(&mut self, from: PeerId) {
        for want in self.wants.values_mut() {
            if matches!(want, Want::Asked { peer, .. } if *peer == from) {
                *want = Want::Missing;
            }
        }
    }

    /// The least busy peer that has the block at `height`.
    fn choose(&self, now: MonoTime, peers: &[(PeerId, Height)], height: Height) -> Option<PeerId> {
        let busy = |peer: PeerId| {
            let asked =
                |want: &&Want| matches!(want, Want::Asked { peer: asked, .. } if *asked == peer);
            self.wants.values().filter(asked).count()
        };
        let able = peers.iter().filter(|(peer, common)| {
            let talk = self.talks.get(peer);
            *common >= height && talk.is_some_and(|talk| talk.retry.may_ask(now))
        });
        let free = able.map(|(peer, _)| (busy(*peer), *peer));
        free.filter(|(busy, _)| *busy < MAX_BLOCKS_PER_PEER).min().map(|(_, peer)| peer)
    }
}
