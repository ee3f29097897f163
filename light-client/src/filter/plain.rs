//! Owns the model: a filter (BIP158) read bit by bit as the BIP says it, and scripts looked for
//! one by one. Slow and obvious; tests and fuzzing hold the matcher against it.
//!
//! Refuses to be part of a product.

use bitcoin::consensus::{Decodable as _, encode::VarInt};
use bitcoin::hashes::{Hash as _, siphash24};
use bitcoin::{BlockHash, ScriptBuf};

/// Whether any of `scripts` is in the filter of `block`; `None` when it can't be read.
pub(crate) fn matches_any(filter: &[u8], block: BlockHash, scripts: &[ScriptBuf]) -> Option<bool> {
    let elements = read(filter)?;
    let range = u128::try_from(elements.len()).ok()? * 784_931;
    let key = &block.as_byte_array()[..16];
    let (k0, k1) = key.split_at(8);
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    Some(scripts.iter().any(|script| {
        let bytes = script.as_bytes();
        let hash = siphash24::Hash::hash_to_u64_with_keys(word(k0), word(k1), bytes);
        elements.contains(&((u128::from(hash) * range) >> 64))
    }))
}

/// The elements of a filter; `None` when it is not one whole well-formed set.
pub(crate) fn read(filter: &[u8]) -> Option<Vec<u128>> {
    let mut codes = filter;
    let VarInt(count) = VarInt::consensus_decode(&mut codes).ok()?;
    let mut bits =
        codes.iter().flat_map(|byte| (0..8).rev().map(move |place| u128::from(byte >> place & 1)));
    let mut elements = Vec::new();
    let mut last = 0;
    for _ in 0..count {
        while bits.next()? == 1 {
            last += 1 << 19;
        }
        let mut remainder = 0;
        for _ in 0..19 {
            remainder = remainder << 1 | bits.next()?;
        }
        last += remainder;
        if last >= u128::from(count) * 784_931 {
            return None;
        }
        elements.push(last);
    }
    let padding: Vec<u128> = bits.collect();
    (padding.len() < 8 && padding.iter().all(|bit| *bit == 0)).then_some(elements)
}
