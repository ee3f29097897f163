//! Filters that others stand for by now than those that the wallet was matched against: they are
//! seen, wherever they are, and nothing else is looked at again.

use std::ops::RangeInclusive;

use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, FilterHash};

use crate::config::LookAhead;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;
use crate::wallet::matched::Matched;

use super::bench::Bench;

/// A wallet that was matched against one filter for each block above the base.
struct Compared {
    bench: Bench,
    /// From the first block above the base on.
    hashes: Vec<FilterHash>,
    base: u32,
}

fn hash(number: u32) -> FilterHash {
    FilterHash::hash(&number.to_le_bytes())
}

impl Compared {
    fn new(base: u32, tip: u32) -> Self {
        let hashes = (base + 1..=tip).map(hash).collect();
        let mut compared = Self { bench: Bench::new(LookAhead::NEW), hashes, base };
        compared.advance(tip, &[]);
        compared
    }

    /// The scan passes blocks, and the wallet notes it.
    fn advance(&mut self, tip: u32, changed: &[u32]) {
        let known = self.base + u32::try_from(self.hashes.len()).unwrap();
        self.hashes.extend((known + 1..=tip).map(hash));
        let at = BlockId::new(Height::new(tip), BlockHash::hash(&tip.to_le_bytes()));
        self.bench.wallet.advance(at, WallTime::new(1_700_000_000)).unwrap();
        self.note(changed);
    }

    fn note(&mut self, changed: &[u32]) {
        let Self { bench, hashes, base } = self;
        let changed: Vec<_> = changed.iter().copied().map(Height::new).collect();
        let (base, first_since) = (*base, |_| Height::new(*base + 1));
        let known = |range| part(hashes, base, range);
        bench.wallet.note_matched(Height::new(base), &first_since, &changed, &known).unwrap();
        bench.wallet.commit().unwrap();
    }

    fn compare(&self) -> Matched {
        self.compare_while(None)
    }

    /// While a block's filter is being matched for others.
    fn compare_while(&self, unread: Option<u32>) -> Matched {
        let known = |range| part(&self.hashes, self.base, range);
        let unread = unread.map(Height::new);
        let unread_since = |from| unread.filter(|height| *height >= from);
        self.bench.wallet.compare_matched(&known, &unread_since).unwrap()
    }

    /// Others stand for a block by now.
    fn replace(&mut self, height: u32) {
        let at = usize::try_from(height - self.base - 1).unwrap();
        self.hashes[at] = hash(height + 1_000_000);
    }

    fn reorganise(&mut self, fork: u32) {
        let at = BlockId::new(Height::new(fork), BlockHash::hash(&fork.to_le_bytes()));
        self.bench.wallet.roll_back(at).unwrap();
        self.hashes.truncate(usize::try_from(fork - self.base).unwrap());
    }
}

fn part(hashes: &[FilterHash], base: u32, range: RangeInclusive<Height>) -> Option<&[FilterHash]> {
    let at = |height: &Height| height.to_usize().checked_sub(base as usize + 1);
    hashes.get(at(range.start())?..=at(range.end())?)
}

const fn from(height: u32) -> Matched {
    Matched::Other(Height::new(height))
}

#[test]
fn every_block_is_compared_up_to_the_cursor_and_none_above() {
    for height in [701, 702, 999, 1_000, 1_999, 2_000, 2_500] {
        let mut compared = Compared::new(700, 2_500);
        assert_eq!(compared.compare(), Matched::Same);
        compared.replace(height);
        assert_eq!(compared.compare(), from((height / 1_000 * 1_000).max(701)), "{height}");
    }
    let mut compared = Compared::new(700, 2_500);
    compared.hashes.push(hash(5));
    assert_eq!(compared.compare(), Matched::Same);
}

#[test]
fn what_is_being_matched_for_others_is_looked_at_too() {
    let mut compared = Compared::new(700, 2_500);
    for (unread, expected) in [
        (700, Matched::Same),
        (701, from(701)),
        (1_999, from(1_999)),
        (2_500, from(2_500)),
        (2_501, Matched::Same),
    ] {
        assert_eq!(compared.compare_while(Some(unread)), expected, "{unread}");
    }
    compared.replace(1_400);
    assert_eq!(compared.compare_while(Some(2_100)), from(1_000));
}

#[test]
fn what_changes_while_it_is_matched_is_noted() {
    let mut compared = Compared::new(700, 2_500);
    for height in [705, 1_500, 2_500] {
        compared.replace(height);
    }
    compared.note(&[705, 1_500, 2_500]);
    assert_eq!(compared.compare(), Matched::Same);
    for tip in 2_501..=3_003 {
        compared.advance(tip, &[]);
    }
    assert_eq!(compared.compare(), Matched::Same);
    // Of what nobody told it, it says so.
    compared.replace(2_999);
    compared.advance(3_004, &[]);
    assert_eq!(compared.compare(), from(2_000));
}

#[test]
fn a_reorganisation_is_noted_and_one_that_was_missed_is_looked_at() {
    let mut compared = Compared::new(700, 2_500);
    compared.reorganise(1_998);
    compared.note(&[]);
    assert_eq!(compared.compare(), Matched::Same);
    compared.hashes.push(hash(77));
    compared.advance(2_010, &[]);
    assert_eq!(compared.compare(), Matched::Same);
    // Nobody was there to note it: what of the run stays can't be told.
    compared.reorganise(2_004);
    assert_eq!(compared.compare(), from(2_000));
}

#[test]
fn what_is_not_known_is_asked_later_and_what_was_not_noted_is_looked_at() {
    let mut compared = Compared::new(700, 2_500);
    let all = std::mem::take(&mut compared.hashes);
    assert_eq!(compared.compare(), Matched::Unknown);
    compared.hashes = all[..1_500].to_vec();
    assert_eq!(compared.compare(), Matched::Unknown);
    compared.replace(900);
    assert_eq!(compared.compare(), from(701), "what is known to differ waits for nothing");
    compared.hashes = all;
    let at = BlockId::new(Height::new(2_600), BlockHash::all_zeros());
    compared.bench.wallet.advance(at, WallTime::new(1_700_000_000)).unwrap();
    compared.hashes.extend((2_501..=2_600).map(hash));
    assert_eq!(compared.compare(), from(2_501));
}

#[test]
fn a_rescan_forgets_what_it_matches_again_and_nothing_below() {
    let mut compared = Compared::new(700, 2_500);
    compared.bench.wallet.rescan_from(Some(Height::new(2_000)), |_| Height::GENESIS).unwrap();
    assert_eq!(compared.compare(), Matched::Same);
    compared.replace(2_100);
    assert_eq!(compared.compare(), Matched::Same, "it is looked at anyway");
    compared.replace(1_100);
    assert_eq!(compared.compare(), from(1_000));
    compared.advance(2_500, &[]);
    assert_eq!(compared.compare(), from(1_000));
    compared.bench.wallet.rescan_from(Some(Height::new(1_000)), |_| Height::GENESIS).unwrap();
    compared.advance(2_500, &[]);
    assert_eq!(compared.compare(), Matched::Same);
    // Headers from lower down, since a search begins there.
    let lower: Vec<_> = (501..=700).map(hash).collect();
    compared.hashes.splice(0..0, lower);
    compared.base = 500;
    compared.bench.wallet.rescan_from(Some(Height::new(501)), |_| Height::GENESIS).unwrap();
    compared.advance(2_501, &[]);
    assert_eq!(compared.compare(), Matched::Same);
    compared.replace(501);
    assert_eq!(compared.compare(), from(501));
}
