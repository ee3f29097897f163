//! Agreement, contradiction and known filter headers.

use bitcoin::{FilterHash, FilterHeader, Network};

use super::*;

fn hash(n: u8) -> FilterHash {
    FilterHash::from_byte_array([n; 32])
}

fn chained(previous: FilterHeader, hashes: &[FilterHash]) -> FilterHeader {
    hashes.iter().fold(previous, |previous, hash| hash.filter_header(&previous))
}

#[test]
fn a_chain_from_genesis_grows_and_compares() {
    let zero = FilterHeader::all_zeros();
    let mut chain = FilterHeaderChain::new(Network::Regtest, Height::GENESIS);
    assert_eq!((chain.tip(), chain.next()), (None, Height::GENESIS));
    let first = [hash(1), hash(2), hash(3)];
    let wrong_start = chain.offer(Height::GENESIS, chained(zero, &first), &first);
    assert_eq!(wrong_start, Err(Contradiction::Ours(Height::GENESIS)));
    assert_eq!(chain.offer(Height::GENESIS, zero, &first), Ok(Height::new(2)));
    assert_eq!(chain.at(Height::new(2)), Some(chained(zero, &first)));

    // Overlapping: compares what is there, adds what is not.
    let below = chained(zero, &first[..1]);
    let more = [hash(2), hash(3), hash(4)];
    assert_eq!(chain.offer(Height::new(1), below, &more), Ok(Height::new(3)));
    let other = [hash(2), hash(9), hash(4)];
    let differs = chain.offer(Height::new(1), below, &other);
    assert_eq!(differs, Err(Contradiction::Ours(Height::new(2))));
    assert_eq!(chain.offer(Height::new(5), below, &[hash(5)]), Err(Contradiction::Gap));
    assert_eq!(
        chain.offer(Height::new(4), below, &[hash(5)]),
        Err(Contradiction::Ours(Height::new(4)))
    );
    assert_eq!(chain.tip(), Some(Height::new(3)), "nothing was overwritten");

    chain.truncate_above(Height::new(1));
    assert_eq!(chain.tip(), Some(Height::new(1)));
    assert_eq!(chain.before(Height::new(2)), Some(chained(zero, &first[..2])));
}

#[test]
fn above_an_anchor_the_first_answer_says_where_the_chain_starts() {
    let base = Height::new(99_999);
    let mut chain = FilterHeaderChain::new(Network::Regtest, base);
    assert_eq!(chain.next(), base.next());
    let previous = FilterHeader::from_byte_array([8; 32]);
    assert_eq!(chain.offer(base.next(), previous, &[hash(1)]), Ok(base.next()));
    assert_eq!(chain.at(base), Some(previous));
    let (from, headers) = (base, vec![previous, chained(previous, &[hash(1)])]);
    let restored =
        FilterHeaderChain::restored(Network::Regtest, base, base.up(9), from, headers.clone());
    assert_eq!((restored.tip(), restored.at(base)), (Some(base.next()), Some(previous)));
    let misplaced =
        FilterHeaderChain::restored(Network::Regtest, base, base.up(9), base.next(), headers);
    assert_eq!(misplaced.tip(), None);
}

#[test]
fn a_lie_about_an_anchor_ends_at_a_known_filter_header() {
    let base = Height::new(99_998);
    let lie = FilterHeader::from_byte_array([8; 32]);
    let mut chain = FilterHeaderChain::new(Network::Bitcoin, base);
    let offered = chain.offer(base.next(), lie, &[hash(1), hash(2)]);
    assert_eq!(offered, Err(Contradiction::Known(Height::new(100_000))));
    assert_eq!(chain.tip(), None);
}

#[test]
fn every_known_filter_header_can_be_read() {
    let known = known(Network::Bitcoin);
    assert_eq!(known.len(), 26);
    assert_eq!(
        known[&Height::new(481_824)].to_string(),
        "8950b517b9246048f9fd27adeda6802e5b6d08bc7a94f628619c2d4dc4bb4d67"
    );
}
