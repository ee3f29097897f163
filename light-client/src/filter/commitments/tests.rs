//! Versions, who stands behind them, and what of them is unread.

use bitcoin::hashes::Hash as _;

use super::*;
use crate::limits::MAX_DIFFERENCES;

const BASE: Height = Height::new(99);

fn peer(n: u64) -> PeerId {
    PeerId::new(n)
}

fn at(above: u32) -> Height {
    BASE.up(above)
}

fn hash(n: u8) -> FilterHash {
    FilterHash::from_byte_array([n; 32])
}

fn said(commitments: &mut Commitments, who: u64, first: u32, hashes: &[u8]) {
    commitments.add_once(peer(who));
    let hashes: Vec<_> = hashes.iter().map(|n| hash(*n)).collect();
    let previous = FilterHeader::from_byte_array([u8::try_from(who).unwrap(); 32]);
    commitments.record(peer(who), at(first), previous, &hashes).unwrap();
}

impl Commitments {
    fn add_once(&mut self, peer: PeerId) {
        if !self.ledgers.contains_key(&peer) {
            self.add(peer);
        }
    }

    fn versions_at(&self, above: u32) -> Vec<FilterHash> {
        self.versions(at(above))
    }
}

#[test]
fn every_peers_version_counts_and_the_first_heard_stands_in_front() {
    let mut known = Commitments::new(BASE);
    assert_eq!((known.next(), known.tip()), (at(1), BASE));
    said(&mut known, 1, 1, &[1, 2, 3]);
    said(&mut known, 2, 1, &[1, 9, 3, 4]);
    said(&mut known, 3, 2, &[9, 3]);
    assert_eq!(known.next(), at(5));
    assert_eq!(known.versions_at(1), [hash(1)]);
    assert_eq!(known.versions_at(2), [hash(2), hash(9)]);
    assert_eq!(known.versions_at(4), [hash(4)]);
    assert_eq!(known.versions_at(5), []);
    assert_eq!(known.commits_to(peer(3), at(1)), None, "it has not said");
    assert_eq!(known.committers(at(2), hash(9)).collect::<Vec<_>>(), [peer(2), peer(3)]);
    assert_eq!(known.agreeing(at(2)), Agreement { agreeing: 2, peers: 3 });
    assert_eq!(known.agreeing(at(4)), Agreement { agreeing: 1, peers: 3 });
    assert_eq!(known.base_header(), Some(FilterHeader::from_byte_array([1; 32])));
    assert_eq!(
        (known.reach(peer(1), at(1)), known.reach(peer(2), at(1))),
        (Some(at(3)), Some(at(1)))
    );
}

#[test]
fn a_peer_says_one_thing_of_a_block() {
    let mut known = Commitments::new(BASE);
    said(&mut known, 1, 1, &[1, 2, 3]);
    let (previous, hashes) = (FilterHeader::all_zeros(), [hash(2), hash(9)]);
    let changed = known.record(peer(1), at(2), previous, &hashes);
    assert_eq!(changed, Err(RecordError::Changed(at(3))));
    let gap = known.record(peer(1), at(5), previous, &hashes);
    assert_eq!(gap, Err(RecordError::Gap));
    assert_eq!(known.versions_at(3), [hash(3)]);
}

#[test]
fn what_nobody_present_stands_for_gives_way_above_the_cursor() {
    let hashes = vec![hash(1), hash(2), hash(3)];
    let mut known = Commitments::restored(BASE, at(3), None, hashes);
    known.begin(at(1));
    said(&mut known, 1, 1, &[7, 8, 3]);
    assert_eq!(known.versions_at(2), [hash(8)]);
    assert_eq!(known.front(at(2)), Some(hash(8)));
    // Below, what is stored was matched, and what comes now was not.
    assert_eq!(known.front(at(1)), Some(hash(1)));
    assert_eq!(known.take_reopened(), [(at(1), hash(7))]);
    assert!(!known.is_read());
    assert_eq!((known.unread_since(at(1)), known.unread_since(at(2))), (Some(at(1)), None));
    known.read(at(1), hash(7));
    assert_eq!(known.unread_since(at(1)), None);
    assert!(known.is_read());
    assert_eq!(known.front(at(1)), Some(hash(7)), "somebody stands for it");
    assert_eq!(
        known.take_unstaged().into_iter().collect::<Vec<_>>(),
        [(at(1), hash(7)), (at(2), hash(8))]
    );
}

#[test]
fn what_the_scan_did_not_match_is_unread_once_it_has_passed() {
    let mut known = Commitments::new(BASE);
    said(&mut known, 1, 1, &[1, 2, 3]);
    said(&mut known, 2, 1, &[1, 9, 3]);
    known.begin(BASE);
    known.pass(at(1), &[hash(1)]);
    assert_eq!(known.take_reopened(), []);
    known.pass(at(2), &[hash(9)]);
    assert_eq!(known.front(at(2)), Some(hash(9)), "what is stored is read");
    assert_eq!(known.take_reopened(), [(at(2), hash(2))]);
    assert_eq!(known.take_reopened(), []);
    // A third with the same version opens nothing; a reorganisation closes.
    said(&mut known, 3, 1, &[1, 2, 3]);
    assert_eq!(known.take_reopened(), []);
    assert_eq!((known.unread_of(peer(1)), known.unread_of(peer(3))), (1, 1));
    known.truncate_above(at(1));
    assert!(known.is_read());
    assert_eq!(known.next(), at(2));
}

#[test]
fn a_version_goes_with_its_last_peer_and_comes_back_unread() {
    let mut known = Commitments::new(BASE);
    said(&mut known, 1, 1, &[1]);
    known.begin(BASE);
    known.pass(at(1), &[hash(1)]);
    for _ in 0..2 {
        said(&mut known, 2, 1, &[2]);
        assert_eq!(known.take_reopened(), [(at(1), hash(2))]);
        known.remove(peer(2));
        assert!(known.is_read() && !known.is_unread(at(1), hash(2)));
    }
    // And the front, when what stood against it was read.
    said(&mut known, 2, 1, &[2]);
    known.read(at(1), hash(2));
    known.remove(peer(1));
    assert_eq!(known.front(at(1)), Some(hash(2)));
    said(&mut known, 1, 1, &[1]);
    assert!(known.is_unread(at(1), hash(1)), "nobody remembers that it was read");
}

#[test]
fn nobody_waits_for_a_peer_that_is_set_aside() {
    let mut known = Commitments::new(BASE);
    said(&mut known, 1, 1, &[1, 2]);
    said(&mut known, 2, 1, &[3]);
    known.set_aside(peer(1), true);
    known.begin(BASE);
    known.pass(at(1), &[hash(3)]);
    assert_eq!(known.front(at(1)), Some(hash(3)));
    assert!(known.is_read() && known.is_set_aside(at(1), hash(1)));
    assert_eq!(known.take_reopened(), [(at(1), hash(1))], "it is read all the same, in time");
    assert_eq!(known.set_aside_versions(), 1);
    known.set_aside(peer(1), false);
    assert!(!known.is_read());
    assert_eq!(known.take_reopened(), [(at(1), hash(1))]);
}

#[test]
fn what_was_read_is_unread_for_new_scripts() {
    let mut known = Commitments::new(BASE);
    said(&mut known, 1, 1, &[1]);
    said(&mut known, 2, 1, &[2]);
    known.begin(BASE);
    known.pass(at(1), &[hash(1), hash(2)]);
    assert!(known.is_read());
    known.read_only(at(1), &[hash(2)]);
    assert_eq!(
        (known.front(at(1)), known.take_reopened()),
        (Some(hash(2)), vec![(at(1), hash(1))])
    );
}

#[test]
fn who_has_the_same_checkpoints_says_the_same() {
    let mut known = Commitments::new(BASE);
    said(&mut known, 1, 1, &[1, 2, 3]);
    known.begin(at(2));
    said(&mut known, 2, 1, &[1, 9, 8]);
    known.add(peer(3));
    known.follow(peer(3), peer(2), at(1)..=at(3));
    assert!(known.covers(peer(3), &(at(1)..=at(3))));
    assert_eq!(known.commits_to(peer(3), at(3)), Some(hash(8)));
    known.remove(peer(2));
    assert!(known.is_unread(at(2), hash(9)));
}

#[test]
fn what_is_kept_of_a_peer_that_differs_everywhere_is_bounded() {
    let mut known = Commitments::new(BASE);
    let count = u32::try_from(MAX_DIFFERENCES).unwrap();
    said(&mut known, 1, 1, &vec![1; MAX_DIFFERENCES]);
    said(&mut known, 3, 1, &vec![1; MAX_DIFFERENCES]);
    known.begin(at(count));
    said(&mut known, 2, 1, &vec![2; MAX_DIFFERENCES]);
    assert!(known.is_full(peer(2)));
    known.shed(peer(2));
    assert!(known.is_full(peer(2)), "nothing of it is read");
    for n in 1..=count / 2 {
        known.read(at(n), hash(2));
    }
    known.shed(peer(2));
    assert!(!known.is_full(peer(2)));
    assert_eq!(known.commits_to(peer(2), at(1)), None);
    assert_eq!(known.compared(peer(2)).unwrap().gap(at(1)..=at(count)), None);
    known.reconsider();
    let gap = known.compared(peer(2)).unwrap().gap(at(1)..=at(count));
    assert_eq!(gap, Some(at(1)..=at(count / 2)));
}
