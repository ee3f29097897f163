//! What a peer says of itself: it must fit its own checkpoints, and what everybody knows.

use bitcoin::hashes::Hash as _;
use bitcoin::{BlockHash, FilterHash};

use super::*;
use crate::chain::mine::{extend, regtest_tree};

/// A chain of 1,200 filter hashes from height 1 on, with the filter header at each height.
fn chain() -> (Vec<FilterHash>, Vec<FilterHeader>) {
    let mut headers = vec![FilterHeader::from_byte_array([1; 32])];
    let mut hashes = Vec::new();
    for n in 0..1_200_u32 {
        let mut bytes = [2; 32];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        hashes.push(FilterHash::from_byte_array(bytes));
        headers.push(hashes[n as usize].filter_header(&headers[n as usize]));
    }
    (hashes, headers)
}

fn with_checkpoint(header: FilterHeader) -> Talk {
    let mut talk = Talk::default();
    talk.checkpoints.push(header);
    talk
}

/// What a peer answers from `start` to the end of the chain.
fn reply(start: usize) -> FilterHeaders {
    let (hashes, headers) = chain();
    FilterHeaders {
        stop: BlockHash::all_zeros(),
        previous: headers[start - 1],
        hashes: hashes[start - 1..].to_vec(),
    }
}

#[test]
fn a_peer_that_fits_its_checkpoint_and_the_known_ones_is_heard() {
    let (_, headers) = chain();
    let talk = with_checkpoint(headers[1_000]);
    let known = KnownHeaders::of([(Height::new(500), headers[500])]);
    for start in [1, 2, 501, 1_000, 1_001, 1_200] {
        let checked = check_chain(Height::new(start), &reply(start as usize), &known, &talk);
        assert_eq!(checked, Ok(()), "{start}");
    }
}

#[test]
fn a_peer_that_contradicts_itself_or_what_everybody_knows_is_caught() {
    let lie = FilterHeader::from_byte_array([9; 32]);
    let (fits, none) = (Talk::default(), KnownHeaders::of([]));
    let liar = with_checkpoint(lie);
    let known = KnownHeaders::of([(Height::new(500), lie)]);
    for start in [1, 2, 1_000, 1_001, 1_002] {
        let at = Height::new(start);
        let checked = check_chain(at, &reply(start as usize), &none, &liar);
        assert_eq!(checked.is_err(), start <= 1_001, "its own checkpoint, from {start}");
        let checked = check_chain(at, &reply(start as usize), &known, &fits);
        assert_eq!(checked.is_err(), start <= 501, "a known header, from {start}");
    }
}

#[test]
fn intervals_end_with_checkpoints() {
    for (height, first, last) in
        [(1, 1, 1_000), (999, 1, 1_000), (1_000, 1, 1_000), (1_001, 1_001, 2_000)]
    {
        let expected = Height::new(first)..=Height::new(last);
        assert_eq!(interval_of(Height::new(height)), expected);
    }
}

/// Whoever sends true checkpoints and false hashes makes nobody else say the same.
#[test]
fn nobody_is_taken_at_the_word_of_a_peer_whose_hashes_its_checkpoints_do_not_hold() {
    let [liar, honest, late] = [1, 2, 3].map(PeerId::new);
    let mut tree = regtest_tree();
    extend(&mut tree, 2_000);
    let truth: Vec<_> = (0..2_000_u32).map(|n| FilterHash::hash(&n.to_le_bytes())).collect();
    let base = FilterHeader::all_zeros();
    let chained =
        |hashes: &[FilterHash]| hashes.iter().fold(base, |at, hash| hash.filter_header(&at));
    let checkpoints = vec![chained(&truth[..1_000]), chained(&truth)];
    let at = Height::new(1_500);
    let mut lies = truth.clone();
    lies[1_499] = FilterHash::hash(b"nothing is paid here");

    let mut sync = FilterHeaderSync::new(Network::Regtest);
    let mut commitments = Commitments::new(Height::GENESIS);
    for peer in [liar, honest, late] {
        sync.add(peer);
        commitments.add(peer);
        sync.talks.get_mut(&peer).unwrap().checkpoints.clone_from(&checkpoints);
    }
    commitments.record(liar, Height::new(1), base, &lies).unwrap();
    let compare = |sync: &mut FilterHeaderSync, commitments: &mut Commitments| {
        let told = [liar, honest, late].map(|peer| (peer, Height::new(2_000)));
        let standing = Standing { peers: &told, told: &told, tree: &tree, is_loading: false };
        sync.compare(standing, commitments);
    };
    let says = |commitments: &Commitments, peer| commitments.commits_to(peer, at);
    compare(&mut sync, &mut commitments);
    assert_eq!([honest, late].map(|peer| says(&commitments, peer)), [None; 2], "they are asked");

    commitments.record(honest, Height::new(1), base, &truth).unwrap();
    sync.talks.get_mut(&late).unwrap().missed.clear();
    compare(&mut sync, &mut commitments);
    assert_eq!(says(&commitments, late), Some(truth[1_499]), "one who says the same is followed");
    assert_eq!(says(&commitments, liar), Some(lies[1_499]));
}
