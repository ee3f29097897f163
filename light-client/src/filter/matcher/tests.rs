//! BIP158's own vectors, the `bitcoin` crate's writer and matcher, and the model.

use bitcoin::bip158::{BlockFilter, GcsFilterWriter};
use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash as _;
use bitcoin::hex::FromHex as _;
use bitcoin::{Block, BlockHash, FilterHash, FilterHeader, ScriptBuf};
use proptest::prelude::*;

use super::{Matcher, SIEVE_FROM, filter_key};
use crate::filter::gcs::{GcsError, M};
use crate::filter::plain;
use crate::filter::siphash::Key;

/// `bip-0158/testnet-19.json` of <https://github.com/bitcoin/bips>.
const VECTORS: &str = include_str!("../../../fixtures/bip158-testnet-19.json");

/// What all matchers and the model say of a filter.
fn matches_any(filter: &[u8], block: BlockHash, scripts: &[ScriptBuf]) -> Result<bool, GcsError> {
    let packed = scripts.iter().collect();
    let found = Matcher::new().matches_any(filter, block, &packed);
    for (kind, mut matcher) in Matcher::of_each_kind() {
        assert_eq!(matcher.matches_any(filter, block, &packed), found, "{kind}");
    }
    assert_eq!(found.ok(), plain::matches_any(filter, block, scripts), "the model");
    if found.is_ok() && !scripts.is_empty() {
        let query = scripts.iter().map(|script| script.as_bytes());
        let theirs = BlockFilter::new(filter).match_any(&block, query).expect("well formed");
        assert_eq!(found, Ok(theirs), "the library");
    }
    found
}

fn script(bytes: &[u8]) -> ScriptBuf {
    ScriptBuf::from_bytes(bytes.to_vec())
}

#[test]
fn every_script_of_the_bip158_vectors_is_found() {
    let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(VECTORS).expect("json");
    assert_eq!(rows.len(), 11, "one heading and ten vectors");
    for row in &rows[1..] {
        let text = |column: usize| row[column].as_str().expect("text");
        let hash: BlockHash = text(1).parse().expect("a hash");
        let block: Block =
            deserialize(&Vec::from_hex(text(2)).expect("hexadecimal")).expect("a block");
        let filter = Vec::from_hex(text(5)).expect("hexadecimal");
        let previous: FilterHeader = text(4).parse().expect("a filter header");
        assert_eq!(FilterHash::hash(&filter).filter_header(&previous).to_string(), text(6));

        let spent = row[3].as_array().expect("a list").iter().map(|spent| {
            script(&Vec::from_hex(spent.as_str().expect("text")).expect("hexadecimal"))
        });
        let paid =
            block.txdata.iter().flat_map(|tx| &tx.output).map(|out| out.script_pubkey.clone());
        for script in spent.chain(paid).filter(|s| !s.is_empty() && !s.is_op_return()) {
            let found = matches_any(&filter, hash, std::slice::from_ref(&script));
            assert_eq!(found, Ok(true), "{row:?} {script}");
        }
        assert_eq!(matches_any(&filter, hash, &[script(b"not in any block")]), Ok(false));
        for cut in 0..filter.len() {
            assert!(matches_any(&filter[..cut], hash, &[]).is_err(), "cut at {cut}");
        }
    }
}

/// A filter of `elements` as the `bitcoin` crate writes it.
fn write(block: BlockHash, elements: &[Vec<u8>]) -> Vec<u8> {
    let Key(k0, k1) = filter_key(block);
    let mut filter = Vec::new();
    let mut writer = GcsFilterWriter::new(&mut filter, k0, k1, M, 19);
    for element in elements {
        writer.add_element(element);
    }
    writer.finish().expect("a vector takes every byte");
    filter
}

/// Scripts of every length that is packed its own way, and beyond.
fn any_elements(most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..most)
}

proptest! {
    #[test]
    fn agrees_with_the_library_and_the_model(
        hash in any::<[u8; 32]>(),
        elements in any_elements(200),
        others in any_elements(200),
        picked in any::<prop::sample::Index>(),
    ) {
        let block = BlockHash::from_byte_array(hash);
        let filter = write(block, &elements);
        let scripts: Vec<_> = others.iter().map(|bytes| script(bytes)).collect();
        prop_assert!(matches_any(&filter, block, &scripts).is_ok());
        if !elements.is_empty() {
            let one = script(picked.get::<Vec<u8>>(&elements));
            prop_assert_eq!(matches_any(&filter, block, &[one]), Ok(true));
        }
    }

    #[test]
    fn one_script_among_many_is_found(
        hash in any::<[u8; 32]>(),
        mut others in any_elements(3 * SIEVE_FROM),
        elements in prop::collection::btree_set(any::<[u8; 22]>(), 1..400),
        picked in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
    ) {
        let block = BlockHash::from_byte_array(hash);
        let elements: Vec<_> = elements.into_iter().map(|bytes| bytes.to_vec()).collect();
        let filter = write(block, &elements);
        others.insert(place.index(others.len() + 1), picked.get::<Vec<u8>>(&elements).clone());
        let scripts: Vec<_> = others.iter().map(|bytes| script(bytes)).collect();
        prop_assert_eq!(matches_any(&filter, block, &scripts), Ok(true));
    }

    #[test]
    fn a_matcher_keeps_nothing_of_the_filter_before(
        first in any_elements(100),
        second in any_elements(100),
        padding in 0..2 * SIEVE_FROM,
    ) {
        let block = BlockHash::all_zeros();
        let mut scripts: Vec<_> = first.iter().map(|bytes| script(bytes)).collect();
        scripts.extend((0..padding).map(|number| script(&number.to_le_bytes())));
        let packed = scripts.iter().collect();
        let (first, second) = (write(block, &first), write(block, &second));
        let mut matcher = Matcher::new();
        for filter in [&first, &second, &vec![1, 2], &second, &first] {
            let fresh = Matcher::new().matches_any(filter, block, &packed);
            prop_assert_eq!(matcher.matches_any(filter, block, &packed), fresh);
        }
    }

    #[test]
    fn nothing_may_follow_the_last_element(elements in any_elements(200), extra in any::<u8>()) {
        let block = BlockHash::all_zeros();
        let mut filter = write(block, &elements);
        filter.push(extra);
        prop_assert!(matches_any(&filter, block, &[]).is_err());
    }
}

#[test]
fn a_filter_that_matches_is_read_to_its_end_all_the_same() {
    let block = BlockHash::all_zeros();
    let elements: Vec<_> = (0_u32..50).map(|number| number.to_le_bytes().to_vec()).collect();
    let mut filter = write(block, &elements);
    let scripts = [script(&elements[0])];
    assert_eq!(matches_any(&filter, block, &scripts), Ok(true));
    filter.pop();
    assert_eq!(matches_any(&filter, block, &scripts), Err(GcsError::Truncated));
}
