//! BIP158's own vectors, the `bitcoin` crate's writer as a model, and hostile filters.

use bitcoin::bip158::BlockFilter;
use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash as _;
use bitcoin::hex::FromHex as _;
use bitcoin::{Block, BlockHash, FilterHash, FilterHeader, ScriptBuf};
use proptest::prelude::*;

use super::*;

/// `bip-0158/testnet-19.json` of <https://github.com/bitcoin/bips>.
const VECTORS: &str = include_str!("../../../fixtures/bip158-testnet-19.json");

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
            assert_eq!(
                matches_any(&filter, hash, std::slice::from_ref(&script)),
                Ok(true),
                "{row:?} {script}"
            );
        }
        assert_eq!(matches_any(&filter, hash, &[script(b"not in any block")]), Ok(false));
        for cut in 0..filter.len() {
            assert!(matches_any(&filter[..cut], hash, &[]).is_err(), "cut at {cut}");
        }
    }
}

/// A filter of `elements` as the `bitcoin` crate writes it.
fn write(block: BlockHash, elements: &[Vec<u8>]) -> Vec<u8> {
    let (k0, k1) = filter_key(block);
    let mut filter = Vec::new();
    let mut writer = bitcoin::bip158::GcsFilterWriter::new(&mut filter, k0, k1, M, 19);
    for element in elements {
        writer.add_element(element);
    }
    writer.finish().expect("a vector takes every byte");
    filter
}

fn any_elements() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..200)
}

proptest! {
    #[test]
    fn agrees_with_the_model(
        hash in any::<[u8; 32]>(),
        elements in any_elements(),
        others in any_elements(),
        picked in any::<prop::sample::Index>(),
    ) {
        let block = BlockHash::from_byte_array(hash);
        let filter = write(block, &elements);
        let model = BlockFilter::new(&filter);
        let scripts: Vec<_> = others.iter().map(|bytes| script(bytes)).collect();
        let expected = !others.is_empty()
            && model.match_any(&block, others.iter().map(Vec::as_slice)).expect("readable");
        prop_assert_eq!(matches_any(&filter, block, &scripts), Ok(expected));
        if !elements.is_empty() {
            let one = script(picked.get::<Vec<u8>>(&elements));
            prop_assert_eq!(matches_any(&filter, block, &[one]), Ok(true));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(hash in any::<[u8; 32]>(), bytes in any::<Vec<u8>>()) {
        let _ = matches_any(&bytes, BlockHash::from_byte_array(hash), &[script(b"x")]);
    }

    #[test]
    fn nothing_may_follow_the_last_element(elements in any_elements(), extra in any::<u8>()) {
        let block = BlockHash::all_zeros();
        let mut filter = write(block, &elements);
        filter.push(extra);
        prop_assert!(matches_any(&filter, block, &[]).is_err());
    }
}

#[test]
fn hostile_filters_are_refused() {
    let block = BlockHash::all_zeros();
    let read = |bytes: &[u8]| matches_any(bytes, block, &[script(b"x")]);
    assert_eq!(read(&[]), Err(GcsError::Count));
    assert_eq!(read(&[0]), Ok(false), "an empty filter is one zero byte");
    assert_eq!(read(&[0xfd, 1, 0]), Err(GcsError::Count), "a count in a longer form");
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
    assert_eq!(read(&huge), Err(GcsError::CountTooLarge { count: u64::MAX, bytes: 1 }));
    assert_eq!(read(&[1, 0xff, 0xff, 0xff]), Err(GcsError::Truncated), "a run of ones to the end");
    assert_eq!(read(&[1, 0b1100_0000, 0, 0]), Err(GcsError::OutOfRange));
    assert_eq!(read(&[1, 0, 0, 1]), Err(GcsError::Trailing), "a one in the padding");
    assert_eq!(read(&[1, 0, 0, 0, 0]), Err(GcsError::Trailing), "a byte too many");
}
