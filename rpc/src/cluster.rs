//! Owns `Cluster`: transactions in no block that hang together, one spending from the other, and the
//! parts of them that miners take together.
//!
//! Refuses clusters with a fee that is not known, and to know of transactions that are not the
//! wallet's.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use bitcoin::Txid;

use crate::ledger::Unconfirmed;
use crate::limits::CLUSTER;

/// All that hangs together with one transaction.
#[derive(Debug)]
pub struct Cluster {
    /// The one that was asked for is the first.
    members: Vec<Member>,
}

/// One of them.
#[derive(Debug)]
struct Member {
    txid: Txid,
    part: Part,
    signals: bool,
    parents: Vec<usize>,
    children: Vec<usize>,
}

/// What some of them have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// How many there are.
    pub count: u64,
    /// Their virtual sizes together, in vbytes.
    pub vsize: u64,
    /// Their weights together.
    pub weight: u64,
    /// Their fees together, in satoshi.
    pub fees: u64,
}

impl Cluster {
    /// What hangs together with a transaction; `None` if it does not count, if a fee is not known,
    /// or if there are very many.
    #[must_use]
    pub fn around(pool: &Unconfirmed, txid: Txid) -> Option<Self> {
        let mut known = vec![txid];
        let mut members = Vec::new();
        while let Some(&txid) = known.get(members.len()) {
            let record = pool.counted(txid)?;
            let mut place_of = |txid: Txid| {
                pool.counted(txid)?;
                let place = known.iter().position(|one| *one == txid);
                Some(place.unwrap_or_else(|| {
                    known.push(txid);
                    known.len() - 1
                }))
            };
            let inputs = record.transaction.input.iter().map(|input| input.previous_output.txid);
            let parents: BTreeSet<_> = inputs.filter_map(&mut place_of).collect();
            let spenders = record.outputs.iter().filter_map(|output| output.spender);
            let children: BTreeSet<_> = spenders.filter_map(&mut place_of).collect();
            if known.len() > CLUSTER {
                return None;
            }
            let weight = record.transaction.weight();
            members.push(Member {
                txid,
                part: Part {
                    count: 1,
                    vsize: weight.to_vbytes_ceil(),
                    weight: weight.to_wu(),
                    fees: record.fee?.to_sat(),
                },
                signals: record.transaction.is_explicitly_rbf(),
                parents: parents.into_iter().collect(),
                children: children.into_iter().collect(),
            });
        }
        Some(Self { members })
    }

    /// The one that was asked for.
    #[must_use]
    pub fn own(&self) -> Part {
        self.members[0].part
    }

    /// What it stands on, itself included.
    #[must_use]
    pub fn ancestors(&self) -> Part {
        self.sum(&self.reach(0, |member| &member.parents))
    }

    /// What stands on it, itself included.
    #[must_use]
    pub fn descendants(&self) -> Part {
        self.sum(&self.reach(0, |member| &member.children))
    }

    /// Whose outputs it spends.
    #[must_use]
    pub fn parents(&self) -> Vec<Txid> {
        self.ids(&self.members[0].parents)
    }

    /// What spends its outputs.
    #[must_use]
    pub fn children(&self) -> Vec<Txid> {
        self.ids(&self.members[0].children)
    }

    /// Whether it or something that it stands on says that it may be replaced (BIP125).
    #[must_use]
    pub fn signals(&self) -> bool {
        let mut above = self.reach(0, |member| &member.parents).into_iter();
        above.any(|place| self.members[place].signals)
    }

    /// What a miner who takes the most for the space takes together with it. The order is by the rates
    /// of what each stands on, which is the best one for chains and for trees of payments.
    #[must_use]
    pub fn chunk(&self) -> Part {
        let mut left: BTreeSet<usize> = (0..self.members.len()).collect();
        let mut chunks: Vec<BTreeSet<usize>> = Vec::new();
        let by_rate = |chunk: &BTreeSet<usize>| {
            let part = self.sum(chunk);
            (Rate(part), Reverse(part.weight))
        };
        while let Some(mut next) = left
            .iter()
            .map(|place| &self.reach(*place, |member| &member.parents) & &left)
            .max_by_key(by_rate)
        {
            left = &left - &next;
            // What pays more than what it stands on takes it along.
            while chunks.last().is_some_and(|last| Rate(self.sum(last)) < Rate(self.sum(&next))) {
                next.extend(chunks.pop().into_iter().flatten());
            }
            chunks.push(next);
        }
        chunks
            .iter()
            .find(|chunk| chunk.contains(&0))
            .map(|chunk| self.sum(chunk))
            .unwrap_or_default()
    }

    /// A member with all that is reached from it.
    fn reach(&self, from: usize, next: impl Fn(&Member) -> &Vec<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(place) = waiting.pop() {
            if found.insert(place) {
                waiting.extend(next(&self.members[place]));
            }
        }
        found
    }

    fn sum(&self, places: &BTreeSet<usize>) -> Part {
        places.iter().fold(Part::default(), |sum, place| {
            let Part { count, vsize, weight, fees } = self.members[*place].part;
            Part {
                count: sum.count + count,
                vsize: sum.vsize + vsize,
                weight: sum.weight + weight,
                fees: sum.fees + fees,
            }
        })
    }

    fn ids(&self, places: &[usize]) -> Vec<Txid> {
        places.iter().map(|place| self.members[*place].txid).collect()
    }
}

/// Ordered by what is paid for the weight.
#[derive(Debug, Clone, Copy)]
struct Rate(Part);

impl Ord for Rate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (one, two) = (self.0, other.0);
        let crossed = |fees: u64, weight: u64| u128::from(fees) * u128::from(weight);
        crossed(one.fees, two.weight).cmp(&crossed(two.fees, one.weight))
    }
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rate {}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;

    /// A cluster of members with a fee and a weight, and their parents.
    fn cluster(members: &[(u64, u64, &[usize])]) -> Cluster {
        let children = |of: usize| {
            let those =
                members.iter().enumerate().filter(|(_, (_, _, parents))| parents.contains(&of));
            those.map(|(place, _)| place).collect()
        };
        let member = |(place, (fees, weight, parents)): (usize, &(u64, u64, &[usize]))| Member {
            txid: Txid::all_zeros(),
            part: Part { count: 1, vsize: weight / 4, weight: *weight, fees: *fees },
            signals: false,
            parents: parents.to_vec(),
            children: children(place),
        };
        Cluster { members: members.iter().enumerate().map(member).collect() }
    }

    fn chunk(members: &[(u64, u64, &[usize])]) -> (u64, u64) {
        let chunk = cluster(members).chunk();
        (chunk.fees, chunk.weight)
    }

    #[test]
    fn a_child_that_pays_more_takes_its_parents_along() {
        assert_eq!(chunk(&[(5, 100, &[])]), (5, 100));
        assert_eq!(chunk(&[(5, 100, &[]), (50, 100, &[0])]), (55, 200));
        assert_eq!(chunk(&[(50, 100, &[]), (5, 100, &[0])]), (50, 100));
        assert_eq!(chunk(&[(5, 100, &[]), (5, 100, &[0])]), (5, 100), "the same rate takes nobody");
        // The asked one is in the middle of a chain.
        assert_eq!(chunk(&[(1, 100, &[2]), (90, 100, &[0]), (1, 100, &[])]), (92, 300));
        assert_eq!(chunk(&[(1, 100, &[2]), (9, 100, &[0]), (90, 100, &[])]), (10, 200));
        // Of two parents the child takes along the one that pays less than it.
        assert_eq!(chunk(&[(1, 100, &[]), (99, 100, &[]), (9, 100, &[0, 1])]), (10, 200));
    }

    #[test]
    fn what_stands_around_one_is_counted_once() {
        // A diamond: two spend from the first, and the last from both.
        let all = cluster(&[(4, 400, &[1, 2]), (3, 400, &[3]), (2, 800, &[3]), (1, 400, &[])]);
        let above = all.ancestors();
        assert_eq!((above.count, above.fees, above.vsize), (4, 10, 500));
        assert_eq!(all.descendants(), all.own());
        assert_eq!((all.parents().len(), all.children().len()), (2, 0));
    }
}
