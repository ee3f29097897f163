//! Codes of every length, cut and changed, held against a reader that goes bit by bit.

use proptest::prelude::*;

use super::{GcsError, M, read};
use crate::filter::plain;

/// Distances between elements: mostly small ones, sometimes a long run of ones.
fn any_gaps() -> impl Strategy<Value = Vec<u64>> {
    let gap = prop_oneof![
        8 => 0..M * 2,
        4 => 0_u64..4,
        1 => 0..M * 60,
        1 => 0..M * 200,
    ];
    prop::collection::vec(gap, 0..300)
}

/// A filter with such distances, whether or not they are in its range.
fn write(gaps: &[u64]) -> Vec<u8> {
    let mut bits = Vec::new();
    for gap in gaps {
        bits.extend((0..gap >> 19).map(|_| 1));
        bits.push(0);
        bits.extend((0..19).rev().map(|place| u8::try_from(gap >> place & 1).unwrap()));
    }
    let count = bitcoin::consensus::serialize(&bitcoin::VarInt(gaps.len() as u64));
    let codes = bits
        .chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, |sum, (place, bit)| sum | bit << (7 - place)));
    count.into_iter().chain(codes).collect()
}

fn agree(filter: &[u8]) {
    let mut elements = vec![7; 5];
    let ours = read(filter, &mut elements).ok().map(|range| {
        assert_eq!(range, elements.len() as u64 * M);
        elements.into_iter().map(u128::from).collect::<Vec<_>>()
    });
    assert_eq!(ours, plain::read(filter));
}

proptest! {
    #[test]
    fn reads_what_the_model_reads(gaps in any_gaps()) {
        agree(&write(&gaps));
    }

    #[test]
    fn refuses_what_the_model_refuses(
        gaps in any_gaps(),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut filter = write(&gaps);
        agree(&filter[..cut.index(filter.len())]);
        let place = place.index(filter.len());
        filter[place] ^= change;
        agree(&filter);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        agree(&bytes);
    }
}

#[test]
fn a_run_of_ones_ends_anywhere() {
    // The second element stands in the last place that the count allows, however long the run.
    for length in 0_u64..300 {
        let mut gaps = vec![0; 300];
        gaps[150] = (length << 19) + length;
        let filter = write(&gaps);
        agree(&filter);
        assert!(read(&filter, &mut Vec::new()).is_ok(), "a run of {length}");
    }
}

#[test]
fn hostile_filters_are_refused() {
    let read = |bytes: &[u8]| read(bytes, &mut Vec::new());
    assert_eq!(read(&[]), Err(GcsError::Count));
    assert_eq!(read(&[0]), Ok(0), "an empty filter is one zero byte");
    assert_eq!(read(&[0, 0]), Err(GcsError::Trailing), "and nothing else");
    assert_eq!(read(&[0xfd, 1, 0]), Err(GcsError::Count), "a count in a longer form");
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
    assert_eq!(read(&huge), Err(GcsError::CountTooLarge { count: u64::MAX, bytes: 1 }));
    assert_eq!(read(&[1, 0, 0]), Err(GcsError::CountTooLarge { count: 1, bytes: 2 }));
    assert_eq!(read(&[1, 0xff, 0xff, 0xff]), Err(GcsError::Truncated), "a run of ones to the end");
    assert_eq!(read(&[&[1], &[0xff; 64][..]].concat()), Err(GcsError::Truncated), "a long one");
    assert_eq!(read(&[1, 0b1100_0000, 0, 0]), Err(GcsError::OutOfRange));
    assert_eq!(read(&[1, 0, 0, 1]), Err(GcsError::Trailing), "a one in the padding");
    assert_eq!(read(&[1, 0, 0, 0, 0]), Err(GcsError::Trailing), "a byte too many");
}
