//! Owns `Seeds`: which DNS seed is asked next, under which name, and what came of it.
//!
//! A seed learns that somebody starts a client, so none is asked while the book is enough. Without
//! a proxy a name is looked up; with one the seed's name is dialled, so that it is resolved at the
//! far end, and the peer that answers is asked for addresses. Refuses to ask all at once.

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::rand_core::RngCore;

use crate::dial::LookupId;
use crate::limits::{SEED_PAUSE, SEED_REST, SEEDS_AT_ONCE};
use crate::params::dns_seed::DnsSeed;
use crate::time::MonoTime;

/// The DNS seeds of the network.
#[derive(Debug)]
pub(super) struct Seeds {
    all: &'static [DnsSeed],
    /// Those that were not asked in this round, in random order.
    left: Vec<DnsSeed>,
    /// Names to ask now.
    due: VecDeque<Question>,
    asked: BTreeMap<LookupId, Question>,
    next_round: MonoTime,
    next_id: u64,
    /// Seeds asked since the start, and those that told of an address.
    counts: (usize, usize),
}

/// One seed, and the names under which it may still be asked, the next one last.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) host: &'static str,
    names: Vec<Name>,
}

/// A name, and what the peers behind it serve.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) services: u64,
}

impl Seeds {
    pub(super) const fn new(all: &'static [DnsSeed]) -> Self {
        Self {
            all,
            left: Vec::new(),
            due: VecDeque::new(),
            asked: BTreeMap::new(),
            next_round: MonoTime::START,
            next_id: 1,
            counts: (0, 0),
        }
    }

    /// How many there are, were asked, and told of an address.
    pub(super) const fn counts(&self) -> (usize, usize, usize) {
        (self.all.len(), self.counts.0, self.counts.1)
    }

    /// When more seeds may be asked, if they are needed; `None` while some are being asked.
    pub(super) fn next_due(&self) -> Option<MonoTime> {
        let idle = self.due.is_empty() && self.asked.is_empty();
        (idle && !self.all.is_empty()).then_some(self.next_round)
    }

    /// Addresses are needed: the next few seeds are asked if it is time.
    pub(super) fn want(&mut self, now: MonoTime, by_proxy: bool, rng: &mut impl RngCore) {
        if self.next_due().is_none_or(|due| now < due) {
            return;
        }
        if self.left.is_empty() {
            self.left = self.all.to_vec();
            for end in (1..self.left.len()).rev() {
                let bound = u64::try_from(end + 1).unwrap_or(u64::MAX);
                let other = usize::try_from(rng.next_u64() % bound).unwrap_or(0);
                self.left.swap(end, other);
            }
        }
        let from = self.left.len().saturating_sub(SEEDS_AT_ONCE);
        for seed in self.left.split_off(from) {
            self.due.push_back(Question { host: seed.host, names: names(seed, by_proxy) });
            self.counts.0 += 1;
        }
        let pause = if self.left.is_empty() { SEED_REST } else { SEED_PAUSE };
        self.next_round = now.after(pause);
    }

    /// A name to look up.
    pub(super) fn take_lookup(&mut self) -> Option<(LookupId, String)> {
        let question = self.due.pop_front()?;
        let name = question.names.last()?.text.clone();
        let id = LookupId::new(self.next_id);
        self.next_id += 1;
        self.asked.insert(id, question);
        Some((id, name))
    }

    /// A name to dial through the proxy.
    pub(super) fn take_visit(&mut self) -> Option<Name> {
        self.due.pop_front()?.names.pop()
    }

    /// A look-up is over. If it gave nothing, the seed is asked by its next name; else this is
    /// where the addresses come from.
    pub(super) fn on_resolved(&mut self, id: LookupId, found: bool) -> Option<(&'static str, u64)> {
        let mut question = self.asked.remove(&id)?;
        let name = question.names.pop()?;
        if found {
            self.counts.1 += 1;
            return Some((question.host, name.services));
        }
        if !question.names.is_empty() {
            self.due.push_back(question);
        }
        None
    }

    /// A visit brought addresses.
    pub(super) const fn on_visited(&mut self) {
        self.counts.1 += 1;
    }
}

/// Through a proxy any node will do: it is only asked for addresses.
fn names(seed: DnsSeed, by_proxy: bool) -> Vec<Name> {
    let node = Name { text: seed.node_name(), services: DnsSeed::NODE_SERVICES };
    if by_proxy {
        return vec![node];
    }
    let filters = seed.filter_names().into_iter().rev();
    let filters = filters.map(|text| Name { text, services: DnsSeed::FILTER_SERVICES });
    std::iter::once(node).chain(filters).collect()
}
