//! Owns a block's basic filter and its place in the chain of filter headers (BIP157, BIP158).

use std::collections::HashMap;

use bitcoin::bip158::{BlockFilter, Error, FilterHash, FilterHeader};
use bitcoin::hashes::Hash;
use bitcoin::{Block, Script};

use crate::utxo_set::Undo;

/// The basic filter of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BasicFilter {
    /// The encoded filter.
    pub(crate) content: Vec<u8>,
    /// Its hash.
    pub(crate) hash: FilterHash,
    /// The filter header, which commits to all filters up to this one.
    pub(crate) header: FilterHeader,
}

impl BasicFilter {
    /// The filter of a block that spent what `undo` holds.
    pub(crate) fn new(block: &Block, undo: &Undo, previous: FilterHeader) -> Self {
        let spent: HashMap<_, &Script> = undo
            .0
            .iter()
            .map(|(outpoint, coin)| (*outpoint, coin.output.script_pubkey.as_script()))
            .collect();
        let filter = BlockFilter::new_script_filter(block, |outpoint| {
            spent.get(outpoint).copied().ok_or(Error::UtxoMissing(*outpoint))
        })
        .expect("the undo data of a block holds every output that it spends");
        let hash = FilterHash::hash(&filter.content);
        Self { header: hash.filter_header(&previous), hash, content: filter.content }
    }
}

/// What stands before the genesis block's filter header.
pub(crate) fn before_genesis() -> FilterHeader {
    FilterHeader::all_zeros()
}
